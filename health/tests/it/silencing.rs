//! Silences that several set at the same time: a terminal, a dashboard and a page share one file.

use std::fs::{self, File};
use std::process::Stdio;

use health::alerts::rules;
use health::alerts::state::{self, Silences};

use crate::place::Place;

#[test]
fn of_silences_that_many_programs_set_at_once_none_is_lost() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    let names: Vec<_> = rules::ALL.iter().map(|rule| rule.name).collect();
    let programs: Vec<_> = names
        .iter()
        .map(|name| {
            let args = ["alerts", "silence", name, "--for", "1h"];
            let mut command = place.command(&args);
            command.stdout(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut program in programs {
        assert!(program.wait().unwrap().success());
    }
    let found: Silences = state::load(&Silences::path(&place.data("state"))).unwrap();
    let mut silenced: Vec<_> = found.silences.into_iter().map(|one| one.name).collect();
    silenced.sort_unstable();
    let mut all = names;
    all.sort_unstable();
    assert!(all.len() >= 16);
    assert_eq!(silenced, all);
}

#[test]
fn a_program_that_stands_still_while_it_silences_keeps_others_waiting_for_seconds_and_is_named() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    let said = place.health(&["alerts", "silence", "ServiceDown", "--for", "1h"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let before = fs::read(place.data("state/silences.json")).unwrap();
    let holder = File::create(place.data("state/silences.lock")).unwrap();
    holder.lock().unwrap();
    for args in [
        &["alerts", "silence", "DataStale", "--for", "1h"][..],
        &["alerts", "unsilence", "ServiceDown"],
    ] {
        let said = place.health(args);
        assert_eq!((said.code, said.stdout.as_str()), (3, ""));
        assert!(
            said.stderr.contains("nothing was changed. Try again")
                && said.stderr.contains("state/silences.lock"),
            "{}",
            said.stderr
        );
    }
    // Who only looks does not wait for it.
    assert_eq!(place.health(&["alerts"]).code, 0);
    let after = fs::read(place.data("state/silences.json")).unwrap();
    assert_eq!(after, before);
    drop(holder);
    let said = place.health(&["alerts", "silence", "DataStale", "--for", "1h"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
}

#[test]
fn who_silences_nothing_in_a_place_that_is_not_there_leaves_no_trace_and_who_silences_makes_it() {
    let place = Place::new();
    let health =
        |what: &[&str]| place.health(&[&["alerts"], what, &["--data-dir", "misspelt"]].concat());
    let there = || place.data(".").with_file_name("misspelt").exists();
    let said = health(&["unsilence", "DataStale"]);
    assert_eq!(
        said.stdout, "DataStale was not silenced\n",
        "{}",
        said.stderr
    );
    assert_eq!((said.code, there()), (0, false));
    // No incident to wait for is no reason either.
    assert_eq!(
        (health(&["silence", "DataStale"]).code, there()),
        (3, false)
    );
    // An alert may be silenced before the first start.
    let said = health(&["silence", "DataStale", "--for", "1h"]);
    assert_eq!((said.code, there()), (0, true), "{}", said.stderr);
    let said = health(&["unsilence", "DataStale"]);
    assert_eq!(said.stdout, "DataStale is no longer silenced\n");
}
