//! What the provider says to a question.
//!
//! Order of its checks: who asks, which path, how often, which id. Unknown parameters are ignored, as
//! there: who filters `match/detail_live` by an id gets everything.

use std::time::Instant;

use serde_json::{Map, Value, json};

use super::Server;
use super::ask::Ask;
use super::reply::Reply;

/// The interface's answer to `ask`, now.
pub(super) fn answer(server: &Server, ask: &Ask) -> Reply {
    if !server.credentials.admit(ask) {
        return Reply::unauthorized();
    }
    let (evening, now) = (&server.evening, server.clock.now());
    match ask.path() {
        "match/detail_live" => Reply::of(&evening.live_matches(now)),
        "match/recent/list" => match_list(server, ask, now),
        "match/diary" => {
            let rows = evening.diary(ask.number("tsp").unwrap_or(now), now);
            Reply::of(&json!({"code": 0, "results": rows}))
        }
        "odds/history" => by_id(server, ask, "odds/history", |id| {
            evening.odds_history_text(id, now).map(Reply::text)
        }),
        "odds/live" => Reply::of(&odds_live(server, now)),
        "odds/update" => Reply::of(&odds_update(server, now)),
        "team/additional/list" => team_list(server, ask),
        "competition/additional/list" => competition_list(server, ask),
        "country/list" => Reply::of(&evening.countries()),
        "data/update" => Reply::of(&data_update(server, now)),
        "deleted" => Reply::of(&json!({"code": 0, "results": {}})),
        _ => Reply::unknown_path(),
    }
}

/// One id of an endpoint with a limit.
fn by_id(
    server: &Server,
    ask: &Ask,
    endpoint: &'static str,
    answer: impl Fn(&str) -> Option<Reply>,
) -> Reply {
    if !server.limiter.admit(endpoint, Instant::now()) {
        return Reply::too_many_requests();
    }
    let id = ask.parameter("uuid");
    id.and_then(answer)
        .unwrap_or_else(|| Reply::invalid("uuid"))
}

fn match_list(server: &Server, ask: &Ask, now: i64) -> Reply {
    let evening = &server.evening;
    if ask.parameter("uuid").is_some() {
        return by_id(server, ask, "match/recent/list", |id| {
            evening.match_detail(id, now).map(|body| Reply::of(&body))
        });
    }
    rows_by_page_or_time(
        ask,
        |page| evening.match_page(page, now),
        |time| evening.matches_changed_since(time, now),
    )
}

fn team_list(server: &Server, ask: &Ask) -> Reply {
    let evening = &server.evening;
    if ask.parameter("uuid").is_some() {
        return by_id(server, ask, "team/additional/list", |id| {
            evening.team(id).map(|body| Reply::of(&body))
        });
    }
    let all = || (1..).map(|page| evening.team_page(page));
    rows_by_page_or_time(
        ask,
        |page| evening.team_page(page),
        |time| changed_since(all().take_while(|rows| !rows.is_empty()).flatten(), time),
    )
}

fn competition_list(server: &Server, ask: &Ask) -> Reply {
    let evening = &server.evening;
    if ask.parameter("uuid").is_some() {
        return by_id(server, ask, "competition/additional/list", |id| {
            evening.competition(id).map(|body| Reply::of(&body))
        });
    }
    rows_by_page_or_time(
        ask,
        |page| evening.competition_page(page),
        |time| changed_since(evening.competition_page(1).into_iter(), time),
    )
}

/// The list endpoints' other two questions; without any it is the first page.
fn rows_by_page_or_time(
    ask: &Ask,
    page: impl Fn(usize) -> Vec<Value>,
    time: impl Fn(i64) -> Vec<Value>,
) -> Reply {
    let (kind, asked, rows) = if ask.parameter("time").is_some() {
        let Some(since) = ask.number("time") else {
            return Reply::invalid("time");
        };
        ("time", since, time(since))
    } else {
        let number = ask
            .parameter("page")
            .map_or(Some(1), |_| ask.number("page"));
        let Some(number) = number.filter(|number| *number >= 1) else {
            return Reply::invalid("page");
        };
        (
            "page",
            number,
            page(usize::try_from(number).unwrap_or(usize::MAX)),
        )
    };
    let changes = || rows.iter().filter_map(|row| row["updated_at"].as_i64());
    let mut query = Map::new();
    query.insert("total".to_owned(), json!(rows.len()));
    query.insert("type".to_owned(), json!(kind));
    query.insert(kind.to_owned(), json!(asked));
    if let (Some(min), Some(max)) = (changes().min(), changes().max()) {
        query.insert("min_time".to_owned(), json!(min));
        query.insert("max_time".to_owned(), json!(max));
    }
    Reply::of(&json!({"code": 0, "query": query, "results": rows}))
}

/// At most a page of the rows changed since `time`, oldest change first.
fn changed_since(rows: impl Iterator<Item = Value>, time: i64) -> Vec<Value> {
    let changed_at = |row: &Value| row["updated_at"].as_i64().unwrap_or(0);
    let mut rows: Vec<_> = rows.filter(|row| changed_at(row) >= time).collect();
    rows.sort_by_key(changed_at);
    rows.truncate(1000);
    rows
}

/// How far back the `odds/live` and `odds/update` lists reach, in seconds.
const ODDS_WINDOW: i64 = 60;

/// `{"2": [[match, market, tuple, "h-a"], …], …}`: price changes of the last minute.
fn odds_live(server: &Server, now: i64) -> Value {
    let mut books: Map<String, Value> = Map::new();
    for it in server.evening.listed(now) {
        let t = now - it.fixture.kickoff;
        for (book, kind, tick) in it.odds(&server.evening).changes(t - ODDS_WINDOW, t) {
            let tuple = json!(tick.tuple(it.fixture.kickoff));
            let row = json!([it.id, kind.key(), tuple, tick.score_text().as_str()]);
            let rows = books.entry(book.key).or_insert_with(|| json!([]));
            rows.as_array_mut()
                .into_iter()
                .for_each(|rows| rows.push(row.clone()));
        }
    }
    json!({"code": 0, "results": books})
}

/// Which match has a price change of which bookmaker in the last minute, newest first.
fn odds_update(server: &Server, now: i64) -> Value {
    let mut updates = Vec::new();
    for it in server.evening.listed(now) {
        let t = now - it.fixture.kickoff;
        let mut seen = Vec::new();
        for (book, _, tick) in it.odds(&server.evening).changes(t - ODDS_WINDOW, t) {
            if !seen.contains(&book.id) {
                seen.push(book.id);
                updates.push((
                    it.fixture.kickoff + i64::from(tick.at),
                    it.id.clone(),
                    book.id,
                ));
            }
        }
    }
    updates.sort_by(|a, b| b.cmp(a));
    let row = |(at, id, book)| json!({"id": id, "company_id": book, "update_time": at});
    json!({"code": 0, "results": updates.into_iter().map(row).collect::<Vec<_>>()})
}

/// What else changed in the last two minutes: line-ups (type 1), half an hour before kick-off.
fn data_update(server: &Server, now: i64) -> Value {
    let rows: Vec<_> = server
        .evening
        .listed(now)
        .map(|it| (it.id.clone(), it.fixture.scheduled - 1800))
        .filter(|(_, at)| (now - 120..=now).contains(at))
        .map(|(id, at)| json!({"match_id": id, "pub_time": at, "update_time": at}))
        .collect();
    let mut types = Map::new();
    if !rows.is_empty() {
        types.insert("1".to_owned(), json!(rows));
    }
    json!({"code": 0, "results": types})
}
