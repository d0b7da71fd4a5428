//! The price histories, checked by what the feed's description says and not by how they are made.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use sandbox::Evening;
use serde_json::Value;

const START: i64 = 1_764_442_800;

/// Each series of each match at `now`: match id, bookmaker, market, ticks newest first.
fn series(evening: &Evening, now: i64) -> Vec<(String, String, String, Vec<Value>)> {
    let live = evening.live_matches(now);
    let ids = live["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap());
    let mut all = Vec::new();
    for id in ids {
        let body = evening.odds_history(id, now).unwrap();
        assert_eq!(body["code"], 0);
        for (book, markets) in body["results"].as_object().unwrap() {
            for (market, ticks) in markets.as_object().unwrap() {
                let ticks = ticks.as_array().unwrap().clone();
                all.push((id.to_owned(), book.clone(), market.clone(), ticks));
            }
        }
    }
    all
}

fn number(tick: &Value, place: usize) -> f64 {
    tick[place].as_f64().unwrap()
}

fn is_open(tick: &Value) -> bool {
    tick[6] == 0
}

/// What is wrong with a tick of this market, if anything.
fn fault(market: &str, tick: &Value) -> Option<&'static str> {
    let fields = tick.as_array()?;
    if fields.len() != 8 {
        return Some("not eight elements");
    }
    let types = [0, 5, 6]
        .iter()
        .all(|n| fields[*n].is_i64() || fields[*n].is_u64())
        && [1, 7].iter().all(|n| fields[*n].is_string())
        && [2, 3, 4].iter().all(|n| fields[*n].is_f64());
    if !types {
        return Some("wrong types");
    }
    let minute = fields[1].as_str()?;
    let known = ["", "45+", "midfield"].contains(&minute)
        || minute.parse().is_ok_and(|m: u8| (1..=120).contains(&m));
    if !known {
        return Some("unknown minute");
    }
    let status = fields[5].as_i64()?;
    if ![1, 2, 3, 4, 5, 9, 10, 12, 13].contains(&status) {
        return Some("a status without odds");
    }
    if (minute.is_empty()) != [1, 9, 12, 13].contains(&status) && status != 10 {
        return Some("minute and status disagree");
    }
    if ![0, 1].contains(&fields[6].as_i64()?) {
        return Some("sealed is neither 0 nor 1");
    }
    let (home, away) = fields[7].as_str()?.split_once('-')?;
    let total = home.parse::<u8>().ok()? + away.parse::<u8>().ok()?;
    let prices = [number(tick, 2), number(tick, 3), number(tick, 4)];
    if prices
        .iter()
        .any(|p| (p * 100.0 - (p * 100.0).round()).abs() > 1e-9)
    {
        return Some("more than two decimals");
    }
    if !is_open(tick) {
        return None;
    }
    let line = prices[1];
    let quarters = |step: f64| (line / step).fract() == 0.0;
    match market {
        "eu" if !prices.iter().all(|p| *p > 1.0 && *p <= 501.0) => Some("decimal out of range"),
        "eu" => None,
        _ if ![prices[0], prices[2]]
            .iter()
            .all(|p| *p > 0.0 && *p <= 15.0) =>
        {
            Some("Hong Kong out of range")
        }
        "asia" if !(quarters(0.25) && line.abs() <= 6.0) => Some("handicap"),
        "bs" if !(quarters(0.25) && line > f64::from(total) && line <= 15.0) => Some("goal line"),
        "cr" if !(quarters(0.5) && line > f64::from(total)) => Some("corner line"),
        _ => None,
    }
}

#[test]
fn every_tick_has_the_feed_s_shape_and_the_newest_comes_first() {
    let evening = Evening::new(1, 100, START);
    let (mut ticks, mut markets) = (0, 0);
    for (id, book, market, series) in series(&evening, START + 900) {
        for tick in &series {
            assert_eq!(fault(&market, tick), None, "{id} {book} {market} {tick}");
        }
        for pair in series.windows(2) {
            assert!(
                number(&pair[0], 0) >= number(&pair[1], 0),
                "{id} {book} {market}: {pair:?}"
            );
            assert_ne!(pair[0], pair[1], "an exact duplicate");
        }
        assert!(
            number(&series[0], 0) <= (START + 900) as f64,
            "a tick from the future"
        );
        ticks += series.len();
        markets += 1;
    }
    assert!((2200..3600).contains(&markets), "{markets} series");
    assert!((80_000..350_000).contains(&ticks), "{ticks} ticks");
}

#[test]
fn a_later_history_only_adds_to_an_earlier_one() {
    let evening = Evening::new(2, 50, START);
    let (now, later) = (START + 300, START + 900);
    let fresh = Evening::new(2, 50, START);
    let mut grown = 0;
    for (id, book, market, old) in series(&evening, now) {
        // Another instance, which has never been asked before, must know the same past.
        let body = fresh.odds_history(&id, later).unwrap();
        let new = body["results"][&book][&market].as_array().unwrap();
        assert!(new.len() >= old.len(), "{id} {book} {market} lost ticks");
        assert_eq!(
            new[new.len() - old.len()..],
            old[..],
            "{id} {book} {market} changed its past"
        );
        grown += usize::from(new.len() > old.len());
    }
    assert!(grown > 200, "only {grown} series moved in ten minutes");
}

#[test]
fn margins_are_a_bookmaker_s_and_pinnacle_s_are_the_lowest() {
    let evening = Evening::new(3, 60, START);
    let mut mean_of_1x2 = std::collections::BTreeMap::<String, Vec<f64>>::new();
    for (id, book, market, series) in series(&evening, START) {
        for tick in series.iter().filter(|tick| is_open(tick)) {
            let stake = if market == "eu" { 0.0 } else { 1.0 };
            let legs: &[usize] = if market == "eu" { &[2, 3, 4] } else { &[2, 4] };
            let sum: f64 = legs
                .iter()
                .map(|leg| 1.0 / (number(tick, *leg) + stake))
                .sum();
            let favourite = number(tick, 2).min(number(tick, 3)).min(number(tick, 4));
            let allowed = match market.as_str() {
                // There is little room for a margin on a sure thing.
                "eu" if favourite < 1.2 => 1.015..1.15,
                "eu" => 1.04..1.15,
                _ => 1.02..1.11,
            };
            assert!(allowed.contains(&sum), "{id} {book} {market} {tick}: {sum}");
            if market == "eu" {
                mean_of_1x2.entry(book.clone()).or_default().push(sum);
            }
        }
    }
    let mean = |sums: &Vec<f64>| sums.iter().sum::<f64>() / sums.len() as f64;
    let pinnacle = mean(&mean_of_1x2["22"]);
    for (book, sums) in &mean_of_1x2 {
        assert!(
            book == "22" || mean(sums) > pinnacle,
            "{book} is cheaper than Pinnacle"
        );
    }
    assert!(
        mean_of_1x2.len() >= 15,
        "only {} bookmakers",
        mean_of_1x2.len()
    );
}

#[test]
fn the_favourite_of_1x2_gives_the_handicap() {
    let evening = Evening::new(4, 60, START);
    let all = series(&evening, START);
    let before = |market: &str, id: &str, book: &str| {
        let of_book = all
            .iter()
            .find(|(i, b, m, _)| i == id && b == book && m == market)?;
        of_book.3.iter().find(|tick| tick[5] == 1).cloned()
    };
    let (mut agree, mut disagree) = (0, 0);
    for (id, book, market, _) in &all {
        if market != "asia" {
            continue;
        }
        let (Some(asia), Some(eu)) = (before("asia", id, book), before("eu", id, book)) else {
            continue;
        };
        let (line, edge) = (number(&asia, 3), number(&eu, 4) - number(&eu, 2));
        if line != 0.0 && edge != 0.0 {
            if (line > 0.0) == (edge > 0.0) {
                agree += 1;
            } else {
                disagree += 1;
            }
        }
    }
    assert!(
        agree > 200 && disagree * 100 <= agree,
        "{agree} agree, {disagree} do not"
    );
}

#[test]
fn a_goal_closes_the_markets_and_moves_the_prices() {
    let evening = Evening::new(5, 60, START);
    let (mut goals, mut closed) = (0, 0);
    for (_, _, market, series) in series(&evening, START) {
        if market != "eu" {
            continue;
        }
        for pair in series.windows(2) {
            let in_play = pair[1][5] == 2 || pair[1][5] == 4;
            if in_play && pair[0][7] != pair[1][7] {
                goals += 1;
                closed += i32::from(!is_open(&pair[1]));
                assert_ne!(
                    (&pair[0][2], &pair[0][4]),
                    (&pair[1][2], &pair[1][4]),
                    "{pair:?}"
                );
            }
        }
    }
    assert!(
        goals > 200 && closed * 100 > goals * 95,
        "{closed} of {goals} closed first"
    );
}

#[test]
fn a_match_without_odds_answers_with_nothing_and_an_unknown_id_not_at_all() {
    let evening = Evening::new(1, 100, START);
    let live = evening.live_matches(START);
    let ids = live["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_str().unwrap());
    let bodies: Vec<_> = ids
        .map(|id| evening.odds_history(id, START).unwrap())
        .collect();
    let empty = serde_json::json!({"code": 0, "results": {}});
    assert!(bodies.contains(&empty));
    assert_eq!(evening.odds_history("nobodyknowsthis", START), None);
    assert_eq!(evening.match_detail("", START), None);
    assert_eq!(evening.team("y0or5jh8l922qwz"), None);
}
