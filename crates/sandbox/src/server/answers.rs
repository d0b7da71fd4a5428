//! What the provider says to a question.
//!
//! Order of its checks: who asks, which path, how often, which id. Unknown parameters are ignored, as
//! there: who filters `match/detail_live` by an id gets everything.

use std::collections::HashSet;
use std::time::Instant;

use serde_json::{Map, Value, json};

use super::ask::Ask;
use super::reply::Reply;
use super::{Clock, Server, Source};
use crate::Evening;

/// The interface's answer to `ask`, now.
pub(super) fn answer(server: &Server, ask: &Ask) -> Reply {
    if !server.credentials.admit(ask) {
        return Reply::unauthorized();
    }
    if let Some(limited) = limited(ask)
        && !server.limiter.admit(limited, Instant::now())
    {
        return Reply::too_many_requests();
    }
    match &server.source {
        Source::Evening(evening, clock) => simulated(evening, clock, server.odds_updates, ask),
        Source::Recording(recording) => recording.answer(ask),
    }
}

/// The endpoint whose limit a question counts against: those that are asked for one id at a time.
fn limited(ask: &Ask) -> Option<&'static str> {
    match ask.path() {
        "odds/history" => Some("odds/history"),
        _ if ask.parameter("uuid").is_none() => None,
        "match/recent/list" => Some("match/recent/list"),
        "team/additional/list" => Some("team/additional/list"),
        "competition/additional/list" => Some("competition/additional/list"),
        _ => None,
    }
}

fn simulated(evening: &Evening, clock: &Clock, odds_updates: usize, ask: &Ask) -> Reply {
    let now = clock.now();
    match ask.path() {
        "match/detail_live" => Reply::of(&evening.live_matches(now)),
        "match/recent/list" => match_list(evening, ask, now),
        "match/diary" => {
            let rows = evening.diary(ask.number("tsp").unwrap_or(now), now);
            Reply::of(&json!({"code": 0, "results": rows}))
        }
        "odds/history" => by_id(ask, |id| {
            evening.odds_history_text(id, now).map(Reply::text)
        }),
        "odds/live" => Reply::of(&odds_live(evening, now)),
        "odds/update" => Reply::of(&odds_update(evening, now, odds_updates)),
        "team/additional/list" => team_list(evening, ask),
        "competition/additional/list" => competition_list(evening, ask),
        "country/list" => Reply::of(&evening.countries()),
        "data/update" => Reply::of(&data_update(evening, now)),
        "deleted" => Reply::of(&json!({"code": 0, "results": {}})),
        _ => Reply::unknown_path(),
    }
}

/// The answer about one id.
fn by_id(ask: &Ask, answer: impl Fn(&str) -> Option<Reply>) -> Reply {
    let id = ask.parameter("uuid");
    id.and_then(answer)
        .unwrap_or_else(|| Reply::invalid("uuid"))
}

fn match_list(evening: &Evening, ask: &Ask, now: i64) -> Reply {
    if ask.parameter("uuid").is_some() {
        return by_id(ask, |id| {
            evening.match_detail(id, now).map(|body| Reply::of(&body))
        });
    }
    rows_by_page_or_time(
        ask,
        |page| evening.match_page(page, now),
        |time| evening.matches_changed_since(time, now),
    )
}

fn team_list(evening: &Evening, ask: &Ask) -> Reply {
    if ask.parameter("uuid").is_some() {
        return by_id(ask, |id| evening.team(id).map(|body| Reply::of(&body)));
    }
    let all = || (1..).map(|page| evening.team_page(page));
    rows_by_page_or_time(
        ask,
        |page| evening.team_page(page),
        |time| changed_since(all().take_while(|rows| !rows.is_empty()).flatten(), time),
    )
}

fn competition_list(evening: &Evening, ask: &Ask) -> Reply {
    if ask.parameter("uuid").is_some() {
        return by_id(ask, |id| {
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
pub(super) fn rows_by_page_or_time(
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

/// The rows of a page, in the order of their ids.
pub(super) fn page_of(rows: impl Iterator<Item = Value>, page: usize) -> Vec<Value> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by_cached_key(|row| row["id"].to_string());
    let skipped = page.saturating_sub(1).saturating_mul(PAGE);
    rows.into_iter().skip(skipped).take(PAGE).collect()
}

/// Rows of a page.
const PAGE: usize = 1000;

/// At most a page of the rows changed since `time`, oldest change first.
pub(super) fn changed_since(rows: impl Iterator<Item = Value>, time: i64) -> Vec<Value> {
    let changed_at = |row: &Value| row["updated_at"].as_i64().unwrap_or(0);
    let mut rows: Vec<_> = rows.filter(|row| changed_at(row) >= time).collect();
    rows.sort_by_key(changed_at);
    rows.truncate(PAGE);
    rows
}

/// How far back the `odds/live` and `odds/update` lists reach, in seconds.
const ODDS_WINDOW: i64 = 60;

/// `{"2": [[match, market, tuple, "h-a"], …], …}`: price changes of the last minute.
fn odds_live(evening: &Evening, now: i64) -> Value {
    let mut books: Map<String, Value> = Map::new();
    for it in evening.listed(now) {
        let t = now - it.fixture.kickoff;
        for (book, kind, tick) in it.odds(evening).changes(t - ODDS_WINDOW, t) {
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

/// Which match has a price change of which bookmaker in the last minute, newest first; of no more than
/// `most` matches.
fn odds_update(evening: &Evening, now: i64, most: usize) -> Value {
    let mut updates = Vec::new();
    for it in evening.listed(now) {
        let t = now - it.fixture.kickoff;
        let mut seen = Vec::new();
        for (book, _, tick) in it.odds(evening).changes(t - ODDS_WINDOW, t) {
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
    let mut named = HashSet::new();
    updates.retain(|(_, id, _)| {
        named.contains(id) || (named.len() < most && named.insert(id.clone()))
    });
    let row = |(at, id, book)| json!({"id": id, "company_id": book, "update_time": at});
    json!({"code": 0, "results": updates.into_iter().map(row).collect::<Vec<_>>()})
}

/// What else changed in the last two minutes: line-ups (type 1), half an hour before kick-off.
fn data_update(evening: &Evening, now: i64) -> Value {
    let rows: Vec<_> = evening
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
