//! What a reader sees: order, marks, formats, filters.

mod common;

use common::*;
use football::{Format, Phase};
use serde_json::json;
use step6::{FORMATS, Filter, View};

/// In which order these words occur, by their first places.
fn order<'w>(page: &str, words: &[&'w str]) -> Vec<&'w str> {
    let mut found: Vec<_> = words
        .iter()
        .map(|word| {
            (
                page.find(word)
                    .unwrap_or_else(|| panic!("no {word} in\n{page}")),
                *word,
            )
        })
        .collect();
    found.sort();
    found.into_iter().map(|(_, word)| word).collect()
}

#[test]
fn groups_with_a_live_match_come_first_then_by_country_and_competition() {
    let at = |id: &str, country: &str, competition: &str, phase: &str| {
        let status = if phase == "live" { 2 } else { 8 };
        match_of(
            id,
            json!({"country": country, "competition": competition, "phase": phase, "status_id": status}),
        )
    };
    let matches = [
        at("a", "Albania", "Superiore", "finished"),
        at("b", "Sweden", "Division 2", "live"),
        at("c", "Sweden", "Allsvenskan", "finished"),
        at("d", "Finland", "Suomen Cup", "live"),
        at("e", "Sweden", "Division 2", "finished"),
    ];
    let words = [
        "Finland · Suomen Cup",
        "Sweden · Division 2",
        "Albania · Superiore",
        "Sweden · Allsvenskan",
    ];
    for view in [view(100), compact(100)] {
        let page = page(&matches, &view);
        assert_eq!(order(&page, &words), words);
        assert_eq!(lines_with(&page, "Division 2").len(), 1, "{page}");
        assert!(
            lines_with(&page, "Division 2")[0].contains("1 live of 2"),
            "{page}"
        );
    }
}

#[test]
fn within_a_group_live_by_period_and_minute_then_upcoming_then_hanging_then_finished() {
    let live = |id: &str, home: &str, status: i64, minute: Option<u32>| {
        match_of(
            id,
            json!({"home_team": home, "status_id": status, "minute": minute}),
        )
    };
    let matches = [
        in_phase("a", "Finished", 8, "Finished", "finished", 1),
        in_phase("b", "Cancelled", 12, "Cancelled", "off", 1),
        in_phase("c", "Delayed", 9, "Delayed", "interrupted", 1),
        in_phase("d", "Late", 1, "Not started", "upcoming", 20),
        in_phase("e", "Soon", 13, "To be determined", "upcoming", 5),
        live("f", "Second", 4, Some(60)),
        live("g", "Break", 3, None),
        live("h", "First20", 2, Some(20)),
        live("i", "First40", 2, Some(40)),
        live("j", "Shootout", 7, None),
        live("k", "Extra", 5, Some(95)),
    ];
    let words = [
        "First40",
        "First20",
        "Break",
        "Second",
        "Extra",
        "Shootout",
        "Soon",
        "Late",
        "Delayed  ",
        "Cancelled  ",
        "Finished  ",
    ];
    assert_eq!(order(&page(&matches, &view(100)), &words), words);
}

#[test]
fn a_match_shows_everything_that_is_known_of_it() {
    let page = page(&[full_match("m1")], &view(100));
    for word in [
        "74'",
        "HJK ■  1 - 3  Ilves",
        "(HT: 1 - 2)",
        "  N",
        "m1",
        "+225",
        "27.6%",
        "▼6.7",
        "▲0.5",
        "▲6.2",
        "bet365 12s",
        "margin 9.8%",
        "opened",
        "+160",
        "Crown",
        "18Bet",
        "32.4%",
        "consensus, 4 books",
        "+0.5 ",
        "-0.5 ",
        "line was +0.25",
        "O2.75",
        "U2.75",
        "▲2.0",
        "+100/-125",
        "O9.5",
        "corners 4-2",
        "yellow 2-0",
        "red 1-0",
        "aggregate 2-4",
        "neutral ground",
        "Partly cloudy 16 °C / 61 °F",
        "Gentle breeze 4.0 m/s (8.9 mph)",
        "14 books",
    ] {
        assert!(page.contains(word), "no {word} in\n{page}");
    }
}

#[test]
fn what_is_not_known_is_left_out_and_never_called_none() {
    let bare = match_of(
        "m1",
        json!({"home_team": null, "away_team": null, "competition": null, "country": null, "kickoff": null,
            "score": "", "score_detail": {"home": null, "away": null, "half_time": null, "extra_time": null,
                "penalties": null, "aggregate": null}, "minute": null, "clock": "First half"}),
    );
    for view in [view(100), view(40), compact(100), compact(40)] {
        let page = page(std::slice::from_ref(&bare), &view);
        for word in ["None", "null", "NaN", "Some("] {
            assert!(!page.contains(word), "{page}");
        }
        assert!(page.contains("1st h."), "{page}");
        assert!(page.contains("(unkno"), "{page}");
    }
    assert!(page(&[bare], &view(100)).contains("no odds"));
}

#[test]
fn suspended_and_stale_quotes_and_prices_of_another_score_say_so_in_words() {
    let with = |own| {
        match_of(
            "m1",
            json!({"full_time_result": merged(result_quote(), own)}),
        )
    };
    for (own, word, glyph) in [
        (json!({"suspended": true}), "SUSPENDED", "!+225"),
        (json!({"stale": true}), "STALE", "~+225"),
        (
            json!({"score_current": false, "score": "0-0"}),
            "AT 0-0",
            "~+225",
        ),
    ] {
        let long = page(&[with(own.clone())], &view(100));
        assert!(lines_with(&long, "bet365")[0].contains(word), "{long}");
        let short = page(&[with(own)], &compact(100));
        assert!(short.contains(glyph), "{short}");
    }
    assert!(!page(&[with(json!({}))], &view(100)).contains("SUSPENDED"));
}

#[test]
fn best_prices_that_are_too_good_together_are_doubted() {
    let tail = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut one = full_match("m1");
        change(&mut one["best"]);
        let page = page(&[one], &view(100));
        lines_with(&page, "best").concat()
    };
    let usual = tail(&|_| ());
    assert!(
        usual.contains("margin 4.0%") && !usual.contains("OUTDATED?"),
        "{usual}"
    );
    assert!(tail(&|best| best["implied_sum"] = json!(0.796)).contains("OUTDATED? margin -20.4%"));
    assert!(tail(&|best| best["away"]["score_current"] = json!(false)).contains("OLD SCORE"));
    assert_eq!(tail(&|best| best["suspended"] = json!(true)), "");
}

#[test]
fn the_head_says_whose_data_it_is_and_how_old() {
    let fetched = "2026-11-24T03:42:00Z".parse().unwrap();
    for (provider, word) in [
        ("sandbox", "SIMULATED"),
        ("recording", "RECORDED"),
        ("thesports", "thesports"),
    ] {
        let page = render(
            &document_of(provider, fetched, &[full_match("m1")]),
            &view(100),
        );
        assert!(page.lines().next().unwrap().contains(word), "{page}");
        assert!(
            page.contains("FRESH") && page.contains("data 3 seconds old"),
            "{page}"
        );
        assert!(
            page.contains(CYCLE) && page.contains("2026-11-24 03:42:00 UTC"),
            "{page}"
        );
        assert!(
            page.contains("1 match · 1 live · 0 upcoming · 0 finished · 0 other · 1 with odds"),
            "{page}"
        );
    }
    let old = View {
        fresh: false,
        ..view(100)
    };
    assert!(
        page(&[full_match("m1")], &old)
            .lines()
            .next()
            .unwrap()
            .contains("STALE")
    );
}

#[test]
fn every_format_is_written_as_bettors_write_it() {
    for (format, [home, away]) in FORMATS.into_iter().zip([
        ["+225", "-105"],
        ["3.25", "1.95"],
        ["2.25", "0.95"],
        ["9/4", "19/20"],
    ]) {
        for view in [view(100), compact(100)] {
            let page = page(&[full_match("m1")], &View { format, ..view });
            assert!(
                page.contains(home) && page.contains(away),
                "{format}\n{page}"
            );
        }
    }
}

#[test]
fn filters_keep_what_they_name_and_say_so() {
    let matches = [
        match_of("m1", json!({})),
        in_phase("m2", "KuPS", 8, "Finished", "finished", 1),
        match_of(
            "m3",
            json!({"country": "Sweden", "competition": "Allsvenskan", "home_team": "Malmö"}),
        ),
    ];
    let shown = |filter: Filter| {
        let page = page(
            &matches,
            &View {
                filter,
                ..view(100)
            },
        );
        let homes = ["HJK", "KuPS", "Malmö"].map(|home| page.contains(home));
        assert!(
            page.contains("only ") && page.contains(" of 3 match"),
            "{page}"
        );
        homes
    };
    let phases = vec![Phase::Finished];
    assert_eq!(
        shown(Filter {
            phases,
            ..Filter::default()
        }),
        [false, true, false]
    );
    let competition = Some("SWED".to_owned());
    assert_eq!(
        shown(Filter {
            competition,
            ..Filter::default()
        }),
        [false, false, true]
    );
    let competition = Some("suomen".to_owned());
    assert_eq!(
        shown(Filter {
            competition,
            ..Filter::default()
        }),
        [true, true, false]
    );
    let only = vec!["m1".to_owned()];
    assert_eq!(
        shown(Filter {
            only,
            ..Filter::default()
        }),
        [true, false, false]
    );
}

#[test]
fn an_empty_feed_and_a_filter_that_fits_nothing_are_told_apart() {
    for form in [view(100), compact(60)] {
        let empty = page(&[], &form);
        assert!(empty.contains("the feed is empty"), "{empty}");
        let filter = Filter {
            competition: Some("nowhere".to_owned()),
            ..Filter::default()
        };
        let unfit = page(&[full_match("m1")], &View { filter, ..form });
        assert!(
            unfit.contains("No match fits the filter") && !unfit.contains("empty"),
            "{unfit}"
        );
    }
}

#[test]
fn colour_says_nothing_that_the_text_does_not_say() {
    let matches = [
        full_match("m1"),
        in_phase("m2", "KuPS", 8, "Finished", "finished", 1),
    ];
    for view in [view(100), compact(120)] {
        let plain = page(&matches, &view);
        let colored = page(
            &matches,
            &View {
                color: true,
                ..view
            },
        );
        assert!(!plain.contains('\x1b') && colored.contains("\x1b[1m"));
        let mut stripped = String::new();
        for (index, part) in colored.split("\x1b[").enumerate() {
            stripped.push_str(if index == 0 {
                part
            } else {
                part.split_once('m').unwrap().1
            });
        }
        assert_eq!(stripped, plain);
    }
}

#[test]
fn an_upcoming_match_shows_its_kick_off_and_no_score() {
    let matches = [in_phase("m1", "HJK", 1, "Not started", "upcoming", 18)];
    let page = page(&matches, &view(100));
    assert!(
        page.contains(" 18:00 ") && page.contains("HJK  v  Ilves"),
        "{page}"
    );
    assert!(page.contains("kick-off 18:00 UTC"), "{page}");
    assert!(!page.contains("1 - 0"), "{page}");
}

#[test]
fn an_unknown_status_is_shown_as_it_is() {
    let matches = [in_phase("m1", "HJK", 77, "Unknown (77)", "unknown", 1)];
    let page = page(
        &matches,
        &View {
            format: Format::Decimal,
            ..view(100)
        },
    );
    assert!(page.contains("Unknown (77)"), "{page}");
}

#[test]
fn a_score_is_never_cut_whatever_the_width_and_the_names() {
    let names = [
        ("HJK", "Ilves"),
        (
            "Real Deportivo de la Montaña Alta",
            "Club Atlético Universitario del Sur",
        ),
    ];
    for (home, away) in names {
        let shootout = match_of(
            "a-long-identifier-01",
            json!({"home_team": home, "away_team": away, "status_id": 7, "minute": null, "clock": "PEN", "neutral": true,
                "score": "12 - 12 (HT: 10 - 11) AET 13 - 13 PEN 14 - 13",
                "score_detail": {"home": 12, "away": 12, "half_time": [10, 11], "extra_time": [13, 13],
                    "penalties": [14, 13], "aggregate": null}}),
        );
        for columns in 40..=160 {
            let page = page(std::slice::from_ref(&shootout), &view(columns));
            for part in ["12 - 12", "(HT: 10 - 11)", "AET 13 - 13", "PEN 14 - 13"] {
                assert!(
                    page.contains(part),
                    "{columns} columns: no {part} in\n{page}"
                );
            }
            let title = lines_with(&page, "12 - 12")[0];
            assert!(
                title.contains(&home[..3]) && title.contains(&away[..3]),
                "{columns} columns: {title}"
            );
        }
    }
}

#[test]
fn the_compact_form_shows_how_a_shoot_out_stands() {
    let shootout = |status: i64, phase: &str, goals: [i64; 2]| {
        match_of(
            "m1",
            json!({"status_id": status, "phase": phase, "minute": null, "clock": if status == 7 { "PEN" } else { "FT" },
                "score": "2 - 2",
                "score_detail": {"home": 2, "away": 2, "half_time": null, "extra_time": null,
                    "penalties": goals, "aggregate": null}}),
        )
    };
    let cases = [
        (7, "live", [4, 3], " PEN 4-3 "),
        (7, "live", [14, 13], " P 14-13 "),
        (8, "finished", [4, 3], " AP 4-3 "),
        (8, "finished", [14, 13], " AP14-13 "),
        (7, "live", [100, 101], " PEN "),
        (8, "finished", [100, 101], " FT "),
    ];
    for (status, phase, goals, shown) in cases {
        for columns in [40, 80, 160] {
            let page = page(&[shootout(status, phase, goals)], &compact(columns));
            let line = lines_with(&page, "2-2")[0];
            assert!(line.contains(shown), "{columns} columns: {line}");
            assert_eq!(line.find("HJK"), page_column_of_home(columns), "{line}");
        }
    }
}

/// Where a plain match's home team begins.
fn page_column_of_home(columns: usize) -> Option<usize> {
    let plain = page(&[match_of("m1", json!({}))], &compact(columns));
    lines_with(&plain, "HJK")[0].find("HJK")
}
