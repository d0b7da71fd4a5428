//! The product as a table of rows.

use std::fs;

use chrono::{TimeDelta, Utc};
use health::product::{Board, Detail, Filter, Sort, State, Watched, Which};
use pipeline::DataDir;
use pipeline::handoff::Source;
use serde_json::{Value, json};

use crate::product::{
    document, document_of, full_match, in_phase, match_of, merged, quote, result_quote,
    spread_quote,
};

fn board(matches: &[Value]) -> Board {
    Board::parse(&document(matches), &Source::Stdin).unwrap()
}

#[test]
fn a_row_says_the_contracts_example_as_a_bettor_reads_it() {
    let board = board(&[full_match("m1")]);
    let row = &board.matches[0];
    let result = row.result.as_ref().unwrap();
    assert_eq!(result.prices, [3.25, 3.6, 1.95]);
    assert_eq!(result.fair[0], Some(0.276_284));
    assert_eq!(
        (result.state, result.bookmaker.as_str()),
        (State::Open, "bet365")
    );
    // The feed's -0.5 (away gives half a goal) is home +0.5.
    assert_eq!(row.handicap.as_ref().unwrap().line, 0.5);
    assert_eq!(row.goals.as_ref().unwrap().line, 2.75);
    assert_eq!(
        (row.score.as_str(), row.clock.as_str(), row.books),
        ("1-3", "74'", 14)
    );
    assert_eq!(row.reds, [Some(1), Some(0)]);
    // Home fell from .343 to .276284, which is 6.7 points; away rose less.
    let moved = row.largest_move().unwrap();
    assert!((moved + 0.066_716).abs() < 1e-9, "{moved}");
}

#[test]
fn what_one_can_not_bet_on_is_never_shown_as_open() {
    let with = |own: Value| {
        match_of(
            "m",
            json!({"full_time_result": merged(result_quote(), own)}),
        )
    };
    for (own, state) in [
        (json!({}), State::Open),
        (json!({"score_current": false}), State::OldScore),
        (json!({"score_current": null}), State::Open),
        (json!({"stale": true, "score_current": false}), State::Stale),
        (json!({"stale": true, "suspended": true}), State::Suspended),
    ] {
        let found = board(&[with(own.clone())]).matches[0]
            .first_quote()
            .unwrap()
            .0;
        assert_eq!(found, state, "{own}");
    }
}

#[test]
fn data_gets_older_while_nobody_writes_and_is_fresh_no_longer() {
    let fetched = Utc::now() - TimeDelta::seconds(90);
    let mut text = document_of("sandbox", fetched, &[full_match("m1")]);
    let until = pipeline::handoff::instant(fetched + TimeDelta::seconds(120));
    text = text.replacen(
        "\"data_age_s\"",
        &format!("\"fresh_until\":\"{until}\",\"data_age_s\""),
        1,
    );
    let board = Board::parse(&text, &Source::Stdin).unwrap();
    assert!(board.fresh(fetched + TimeDelta::seconds(119)));
    assert!(
        !board.fresh(fetched + TimeDelta::seconds(121)),
        "a dead pipeline's file looks fresh for ever"
    );
    assert_eq!(board.age_s(fetched + TimeDelta::seconds(500)), 500);
    assert_eq!(board.age_s(fetched - TimeDelta::seconds(5)), 0);
    assert_eq!(board.not_real(), Some("SIMULATED"));
}

#[test]
fn rows_are_chosen_and_ordered_as_asked() {
    let mut big = full_match("big");
    big["bookmakers"] = json!(3);
    big["home_team"] = json!("Ñublense");
    let small = match_of(
        "small",
        json!({"bookmakers": 9, "full_time_result": quote(json!({
            "home": result_quote()["home"], "draw": result_quote()["draw"], "away": result_quote()["away"], "margin": 0.02,
        }))}),
    );
    let board = board(&[
        in_phase("done", "Alfa", 8, "Finished", "finished", 1),
        in_phase("soon", "Beta", 1, "Not started", "upcoming", 9),
        small,
        big,
    ]);
    let ids = |filter: Filter| -> Vec<String> {
        filter
            .apply(&board.matches)
            .iter()
            .map(|row| row.id.clone())
            .collect()
    };
    let sorted = |sort| {
        ids(Filter {
            sort,
            ..Filter::default()
        })
    };
    // By status (first half before second half), then what has not begun, then what is over.
    assert_eq!(sorted(Sort::Time), ["small", "big", "soon", "done"]);
    assert_eq!(sorted(Sort::Move)[0], "big");
    assert_eq!(sorted(Sort::Margin)[..2], ["small", "big"]);
    assert_eq!(sorted(Sort::Books)[..2], ["small", "big"]);
    let which = |which| {
        ids(Filter {
            which,
            ..Filter::default()
        })
    };
    assert_eq!(which(Which::Upcoming), ["soon"]);
    assert_eq!(which(Which::Live), ["small", "big"]);
    let text = |text: &str| {
        ids(Filter {
            text: text.to_owned(),
            ..Filter::default()
        })
    };
    assert_eq!(text(" ñUBL "), ["big"]);
    assert_eq!(text("suomen").len(), 4);
    assert_eq!(text("nobody").len(), 0);
    assert_eq!(
        ids(Filter {
            min_books: 5,
            ..Filter::default()
        }),
        ["small"]
    );
}

fn place() -> (tempfile::TempDir, DataDir) {
    let folder = tempfile::tempdir().unwrap();
    let data = DataDir::new(folder.path());
    for n in [2, 5] {
        fs::create_dir_all(data.output(n).parent().unwrap()).unwrap();
    }
    (folder, data)
}

#[test]
fn the_trail_begins_at_kick_off_and_has_a_gap_while_the_book_was_closed() {
    let (_folder, data) = place();
    let now = Utc::now();
    let t = now.timestamp();
    fs::write(
        data.output(5),
        document_of("thesports", now, &[full_match("m1")]),
    )
    .unwrap();
    // Newest first, as the feed has them: opening, kick-off, closed, open again at another price.
    let ticks = json!([
        [t - 100, "60", 3.25, 3.6, 1.95, 4, 0, "0-0"],
        [t - 1200, "40", 0, 0, 0, 2, 1, "0-0"],
        [t - 2300, "1", 2.0, 3.5, 4.0, 2, 0, "0-0"],
        [t - 90_000, "", 2.2, 3.4, 3.4, 1, 0, "0-0"],
    ]);
    let step1 = json!({"match_odds": {
        "other": {"code": 0, "results": []},
        "m1": {"code": 0, "results": {"9": {"eu": [[t, "", 9.0, 9.0, 1.1, 4, 0, "0-0"]]}, "2": {"asia": [], "eu": ticks}}},
    }});
    fs::write(data.output(1), step1.to_string()).unwrap();
    let board = Board::read(&data).unwrap();
    let trail = board.matches[0].trail.as_ref().unwrap();
    assert_eq!(trail.from, t - 2300);
    let newest = trail.home.last().unwrap().unwrap();
    // The contract's example: 3.25 / 3.60 / 1.95 is .276284 without the margin.
    assert!((newest - 0.276_284).abs() < 1e-6, "{newest}");
    assert!(trail.home[0].unwrap() > 0.45);
    assert!(trail.home.contains(&None), "a closed market has no price");
    let whole = |places| health::product::trail::whole(&data.output(1), places, "m1", 2);
    let found = whole(&board.histories);
    assert_eq!(found.len(), 4);
    assert_eq!((found[0].0, found[2].1), (t - 90_000, None));
    // The same is found without knowing where it stands, and when the file has become another one.
    let nowhere = Default::default();
    assert_eq!(whole(&nowhere), found);
    let moved = json!({"moved": "x".repeat(1000), "match_odds": step1["match_odds"]});
    let next = data.output(1).with_extension("new");
    fs::write(&next, moved.to_string()).unwrap();
    fs::rename(next, data.output(1)).unwrap();
    assert_eq!(whole(&board.histories), found);
    assert_eq!(
        health::product::trail::whole(&data.output(1), &board.histories, "m2", 2),
        []
    );
}

#[test]
fn a_history_that_is_missing_or_broken_costs_only_the_trails() {
    let (_folder, data) = place();
    fs::write(data.output(5), document(&[full_match("m1")])).unwrap();
    assert_eq!(Board::read(&data).unwrap().matches[0].trail, None);
    for broken in [
        "",
        "{",
        "[]",
        r#"{"match_odds":[]}"#,
        r#"{"match_odds":{"m1":{"results":{"2":{"eu":[[1,"#,
    ] {
        fs::write(data.output(1), broken).unwrap();
        assert_eq!(Board::read(&data).unwrap().matches.len(), 1, "{broken}");
    }
}

#[test]
fn the_table_is_read_again_when_its_file_is_replaced_and_only_then() {
    let (_folder, data) = place();
    let mut watched = Watched::default();
    assert_eq!(
        watched
            .look(&data)
            .as_ref()
            .as_ref()
            .unwrap_err()
            .exit
            .code(),
        66
    );
    fs::write(data.output(5), document(&[full_match("m1")])).unwrap();
    let first = watched.look(&data);
    assert!(std::sync::Arc::ptr_eq(&first, &watched.look(&data)));
    let next = data.output(5).with_extension("new");
    fs::write(&next, document(&[full_match("m1"), full_match("m2")])).unwrap();
    fs::rename(next, data.output(5)).unwrap();
    let second = watched.look(&data);
    assert_eq!(second.as_ref().as_ref().unwrap().matches.len(), 2);
}

#[test]
fn the_detail_has_every_book_the_best_price_and_what_happened() {
    let (_folder, data) = place();
    let tick =
        |at: i64, a: f64, b: f64, c: f64, sealed: i64| json!([at, "16", a, b, c, 2, sealed, "0-0"]);
    let at = "2026-11-24T03:42:00.000Z";
    let t = chrono::DateTime::parse_from_rfc3339(at)
        .unwrap()
        .timestamp();
    let open = tick(t - 60, 3.25, 3.6, 1.95, 0);
    let better = tick(t - 60, 3.4, 3.5, 1.9, 0);
    let one = json!({
        "match_id": "m1", "status_id": 2, "kickoff": null, "period_kickoff": null, "competition_id": null, "competition": null,
        "country": null, "home_team_id": null, "home_team": null, "away_team_id": null, "away_team": null, "venue_id": null,
        "neutral": false, "note": null, "home_scores": [1,0,0,0,0,0,0], "away_scores": [0,0,0,0,0,0,0], "aggregate": null,
        "updated_at": null, "environment": null, "stats": [{"type": 21, "home": 4, "away": 2}],
        "incidents": [{"type": 1, "what": "Goal", "side": "home", "minute": 45, "added": 2, "player": "Ä", "score": [1, 0], "var_result": null}],
        "ticks": 5, "bookmakers": [2, 22, 3],
        "odds": {
            "2": {"full_time_result": {"ticks": 2, "newest": open, "newest_open": open}, "spread": {"ticks": 1, "newest": tick(t - 60, 0.8, -0.5, 1.0, 0), "newest_open": tick(t - 60, 0.8, -0.5, 1.0, 0)}},
            "22": {"full_time_result": {"ticks": 1, "newest": better, "newest_open": better}},
            "3": {"full_time_result": {"ticks": 2, "newest": tick(t - 10, 0.0, 0.0, 0.0, 1), "newest_open": tick(t - 100, 9.0, 3.6, 1.5, 0)}},
            // Nobody would give this one any more.
            "9": {"full_time_result": {"ticks": 1, "newest": tick(t - 400, 9.5, 9.6, 9.7, 0), "newest_open": tick(t - 400, 9.5, 9.6, 9.7, 0)}},
        },
    });
    let text = format!(
        r#"{{"schema":"football-bot/step2/1","cycle":"20261124T034200000Z","generated_at":"{at}","fetched_at":"{at}","provider":"thesports","total_matches":1,"rejected":[],"anomalies":{{}},"matches":{{"m1":{one}}}}}"#
    );
    fs::write(data.output(2), text).unwrap();
    let detail = Detail::read(&data, "m1").unwrap().unwrap();
    let grid = &detail.markets[0];
    assert_eq!((grid.market, grid.books.len()), ("1X2", 4));
    assert!(
        grid.books[2].suspended,
        "a newer closed tick closes the older open one"
    );
    let stale: Vec<_> = grid.books.iter().map(|book| book.stale).collect();
    assert_eq!(stale, [false, false, false, true]);
    // Neither the closed book's 9.0 nor the stale 9.5 is a best price.
    assert_eq!(Detail::best(grid), [Some(3.4), Some(3.6), Some(1.95)]);
    let spread = &detail.markets[1].books[0];
    assert_eq!(
        (spread.line, spread.prices.as_slice()),
        (Some(0.5), &[1.8, 2.0][..])
    );
    let goal = &detail.incidents[0];
    assert_eq!(
        (goal.minute.as_str(), goal.side, goal.score),
        ("45+2'", "home", Some([1, 0]))
    );
    assert_eq!(detail.stats[0].0, "Shot on target");
    assert!(Detail::read(&data, "m2").unwrap().is_none());
    // Where it is known where the record stands, the same is read; also when the file was replaced since.
    fs::write(data.output(5), document(&[full_match("m1")])).unwrap();
    let records = Board::read(&data).unwrap().records;
    let same = || {
        let again = Detail::read_at(&data, &records, "m1").unwrap().unwrap();
        serde_json::to_value(again).unwrap() == serde_json::to_value(&detail).unwrap()
    };
    assert!(same());
    let text = fs::read_to_string(data.output(2)).unwrap();
    let next = data.output(2).with_extension("new");
    fs::write(
        &next,
        text.replace("\"anomalies\":{}", "\"anomalies\":{\"other\":1}"),
    )
    .unwrap();
    fs::rename(next, data.output(2)).unwrap();
    assert!(same());
    assert_eq!(
        board(&[match_of("m", json!({"spread": spread_quote()}))]).matches[0]
            .first_quote()
            .unwrap()
            .0,
        State::Open
    );
}
