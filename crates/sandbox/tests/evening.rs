//! What the evening must be for those who build on it: repeatable, complete, and true to itself.

#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use std::collections::{BTreeMap, BTreeSet, HashSet};

use sandbox::Evening;
use serde_json::Value;

const START: i64 = 1_764_442_800;
const MINUTE: i64 = 60;

fn rows(body: &Value) -> &[Value] {
    assert_eq!(body["code"], 0);
    body["results"].as_array().unwrap()
}

/// Match id and status of each row of the live list.
fn statuses(live: &Value) -> Vec<(String, i64)> {
    let status = |row: &Value| {
        let id = row["id"].as_str().unwrap().to_owned();
        (id, row["score"][1].as_i64().unwrap())
    };
    rows(live).iter().map(status).collect()
}

fn goals(scores: &Value) -> i64 {
    let at = |place: usize| scores[place].as_i64().unwrap();
    at(0).max(at(5))
}

#[test]
fn the_same_seed_and_instant_give_the_same_bytes_in_whatever_order_they_are_asked_for() {
    let first = Evening::new(11, 30, START).recording(START + 1000);
    let other = Evening::new(11, 30, START);
    for minute in [300, 7, 0, 20] {
        other.live_matches(START + minute * MINUTE);
    }
    assert_eq!(first.to_string(), other.recording(START + 1000).to_string());
    let another_seed = Evening::new(12, 30, START).recording(START + 1000);
    assert_ne!(first.to_string(), another_seed.to_string());
}

#[test]
fn every_status_occurs_at_the_start_and_most_matches_are_live() {
    for (seed, matches, start) in [
        (1, 100, START),
        (2, 40, START + 77),
        (99, 250, 1_700_000_001),
    ] {
        let live = Evening::new(seed, matches, start).live_matches(start);
        let statuses = statuses(&live);
        assert_eq!(statuses.len(), matches);
        let occurring: BTreeSet<_> = statuses.iter().map(|(_, status)| *status).collect();
        assert_eq!(
            occurring,
            BTreeSet::from([1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13]),
            "seed {seed}, {matches} matches"
        );
        let share = |wanted: &[i64]| {
            let count = statuses.iter().filter(|(_, s)| wanted.contains(s)).count();
            count as f64 / matches as f64
        };
        assert!(
            (0.45..0.72).contains(&share(&[2, 3, 4, 5, 7])),
            "seed {seed}"
        );
        assert!((0.06..0.25).contains(&share(&[8])), "seed {seed}");
    }
}

#[test]
fn matches_go_on_kicking_off_for_days_under_ids_of_their_own() {
    let evening = Evening::new(5, 60, START);
    let mut seen = BTreeSet::new();
    for hour in (0..12).chain([500, 5000]) {
        let now = START + hour * 60 * MINUTE;
        let live = evening.live_matches(now);
        let playing = statuses(&live)
            .iter()
            .filter(|(_, s)| (2..=7).contains(s))
            .count();
        assert!(playing >= 24, "{playing} of 60 are live after {hour} hours");
        let before = seen.len();
        seen.extend(statuses(&live).into_iter().map(|(id, _)| id));
        let new = seen.len() - before;
        assert!(new >= 10, "only {new} new matches after {hour} hours");
    }
}

#[test]
fn a_match_goes_through_its_statuses_in_order_and_its_clock_follows_the_kick_off() {
    let evening = Evening::new(3, 100, START);
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    let next: BTreeMap<i64, &[i64]> = BTreeMap::from([
        (1, &[2, 9, 12][..]),
        (2, &[3, 10]),
        (3, &[4]),
        (4, &[5, 7, 8, 10]),
        (5, &[7, 8]),
        (7, &[8]),
        (9, &[2]),
        (10, &[2, 4, 11]),
    ]);
    for step in 0..200 {
        let now = START + step * MINUTE;
        for row in rows(&evening.live_matches(now)) {
            let (id, status) = (
                row["id"].as_str().unwrap(),
                row["score"][1].as_i64().unwrap(),
            );
            if let Some(before) = last.insert(id.to_owned(), status)
                && before != status
            {
                assert!(
                    next[&before].contains(&status),
                    "{id}: {before} to {status}"
                );
            }
            let kickoff = row["score"][4].as_i64().unwrap();
            if [2, 4, 5].contains(&status) {
                assert!((0..=60 * MINUTE).contains(&(now - kickoff)), "{row}");
            } else {
                assert_eq!(kickoff, 0);
            }
        }
    }
}

#[test]
fn the_goals_told_are_the_goals_of_the_score() {
    let evening = Evening::new(4, 100, START);
    let mut told = 0;
    for hour in 0..6 {
        let live = evening.live_matches(START + hour * 60 * MINUTE + 17);
        for row in rows(&live) {
            let incidents = row["incidents"].as_array().unwrap();
            for (position, scores) in [(1, &row["score"][2]), (2, &row["score"][3])] {
                let counted = |types: &[i64]| {
                    let of_side = |i: &&Value| {
                        i["position"] == position && types.contains(&i["type"].as_i64().unwrap())
                    };
                    incidents.iter().filter(of_side).count() as i64
                };
                assert_eq!(counted(&[1, 8, 17]), goals(scores), "{row}");
                assert_eq!(counted(&[29]), scores[6].as_i64().unwrap(), "{row}");
                told += goals(scores);
            }
        }
    }
    assert!((300..1600).contains(&told), "{told} goals in six looks");
}

#[test]
fn a_cancelled_goal_vanishes_from_incidents_and_score() {
    let evening = Evening::new(1, 100, START);
    let mut before: BTreeMap<String, i64> = BTreeMap::new();
    let mut cancelled = 0;
    for step in 0..300 {
        for row in rows(&evening.live_matches(START + step * 36)) {
            let total = goals(&row["score"][2]) + goals(&row["score"][3]);
            let id = row["id"].as_str().unwrap().to_owned();
            let earlier = before.insert(id, total).unwrap_or(0);
            if total < earlier {
                cancelled += 1;
                let told = row["incidents"].as_array().unwrap().iter();
                let told = told.filter(|i| [1, 8, 17].contains(&i["type"].as_i64().unwrap()));
                assert_eq!(told.count() as i64, total);
            }
        }
    }
    assert!(
        (2..60).contains(&cancelled),
        "{cancelled} goals were taken back"
    );
}

#[test]
fn ties_have_a_winner_and_say_how() {
    let evening = Evening::new(6, 300, START);
    let (mut kicks, mut extra_time) = (0, 0);
    for slot_hour in 0..10 {
        let now = START + slot_hour * 40 * MINUTE;
        for (id, status) in statuses(&evening.live_matches(now)) {
            let body = evening.match_detail(&id, now).unwrap();
            let row = &body["results"][0];
            if status != 8 || row.get("has_ot").is_none() {
                continue;
            }
            let [home, away] = [&row["home_scores"], &row["away_scores"]];
            assert!(row["note"].as_str().unwrap().ends_with(" win"), "{row}");
            if home[6] != away[6] {
                kicks += 1;
                assert_eq!(goals(home), goals(away), "kicks without a draw: {row}");
            } else {
                extra_time += 1;
                assert_ne!(home[5], away[5], "{row}");
                assert_eq!(home[0], away[0], "{row}");
            }
        }
    }
    assert!(
        kicks > 0 && extra_time > 0,
        "{kicks} shoot-outs, {extra_time} in extra time"
    );
}

#[test]
fn whatever_a_match_refers_to_can_be_looked_up() {
    let recording = Evening::new(7, 60, START).recording(START);
    let countries: HashSet<_> = rows(&recording["countries"])
        .iter()
        .map(|c| c["id"].clone())
        .collect();
    let (mut names, mut missing_country) = (BTreeSet::new(), 0);
    for (id, body) in recording["match_details"].as_object().unwrap() {
        let row = &body["results"][0];
        assert_eq!(row["id"], id.as_str());
        assert_eq!(row["home_scores"].as_array().unwrap().len(), 7);
        assert_eq!(row["away_scores"].as_array().unwrap().len(), 7);
        let competition = row["competition_id"].as_str().unwrap();
        assert!(recording["competition_info"][competition]["results"][0]["name"].is_string());
        for side in ["home_team_id", "away_team_id"] {
            let team = &recording["team_info"][row[side].as_str().unwrap()]["results"][0];
            names.insert(team["name"].as_str().unwrap().to_owned());
            let country = &team["country_id"];
            missing_country += i32::from(country == "");
            assert!(country == "" || countries.contains(country), "{team}");
        }
    }
    assert_eq!(names.len(), 120, "two teams share a name");
    assert!(
        (5..30).contains(&missing_country),
        "{missing_country} teams without a country"
    );
    assert!(
        names.iter().any(|name| name.chars().count() > 60),
        "no long name"
    );
    assert!(
        names.iter().any(|name| name.contains('東')),
        "no Japanese name"
    );
}

#[test]
fn the_usual_share_of_things_is_missing() {
    let recording = Evening::new(8, 150, START).recording(START);
    let details = recording["match_details"].as_object().unwrap();
    let share = |missing: &dyn Fn(&Value) -> bool| {
        let rows = details.values().map(|body| &body["results"][0]);
        rows.filter(|row| missing(row)).count() as f64 / 150.0
    };
    assert!((0.15..0.35).contains(&share(&|row| row.get("environment").is_none())));
    assert!((0.25..0.60).contains(&share(&|row| row["season_id"] == "")));
    assert!((0.35..0.55).contains(&share(&|row| row["venue_id"] == "")));
    let without_odds = |body: &&Value| body["results"].as_object().unwrap().is_empty();
    let odds = recording["match_odds"].as_object().unwrap();
    let without = odds.values().filter(without_odds).count() as f64 / 150.0;
    assert!((0.06..0.24).contains(&without), "{without} without odds");
    let live = rows(&recording["live_matches"]);
    let differs = |row: &&Value| {
        let detail = &details[row["id"].as_str().unwrap()]["results"][0];
        detail["home_scores"] != row["score"][2] || detail["away_scores"] != row["score"][3]
    };
    let behind = live.iter().filter(differs).count();
    assert!((1..16).contains(&behind), "{behind} of 150 rows lag behind");
}
