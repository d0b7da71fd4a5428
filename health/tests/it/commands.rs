//! Every command that health names works as it is printed, in a shell, where it was printed: here with a
//! data directory and a configuration that must be named and quoted.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use journal::CycleOutcome::{Failed, Ok as Good};
use pipeline::config::Source;
use serde_json::Value;

use crate::place::Place;

const FLAGS: [&str; 4] = ["--config", "my co'nf.toml", "--data-dir", "my $data"];
const SHOWN: &str = r"--config 'my co'\''nf.toml' --data-dir 'my $data'";

/// A data directory that must be told, with a day log and a configuration with this in it.
fn place(configuration: &str) -> Place {
    let place = Place::called("my $data");
    fs::create_dir_all(place.data("logs")).unwrap();
    let line = format!("{} ERROR step1: trouble\n", Utc::now().to_rfc3339());
    let log = "logs/continuous_orchestrator_20260101.log";
    fs::write(place.data(log), line).unwrap();
    let text = format!("[feed]\nprovider = \"sandbox\"\n{configuration}");
    fs::write(place.data("../my co'nf.toml"), text).unwrap();
    place
}

/// All commands that the report, the alerts and the explanation name now.
fn named(place: &Place) -> BTreeSet<String> {
    let run = |args: &[&str]| place.health(&[args, &FLAGS[..]].concat()).stdout;
    let mut found = BTreeSet::new();
    for args in [&["report"][..], &["check"], &["alerts"], &["explain"]] {
        for line in run(args).lines() {
            for label in ["next: ", "  do:   ", "  its log:  "] {
                found.extend(line.strip_prefix(label).map(str::to_owned));
            }
        }
    }
    let json: Value = serde_json::from_str(&run(&["report", "--json"])).unwrap();
    for problem in json["problems"].as_array().unwrap() {
        found.insert(problem["next"].as_str().unwrap().to_owned());
    }
    for active in json["facts"]["alerts"]["firing"].as_array().unwrap() {
        let name = active["name"].as_str().unwrap();
        let text = run(&["alerts", "explain", name]);
        let next = text
            .lines()
            .find_map(|line| line.strip_prefix("  do:         "));
        found.insert(next.unwrap().to_owned());
    }
    found
}

/// Runs it. It must be understood, and say neither that it was wrong usage nor that there is no state.
fn works(place: &Place, line: &str) {
    let begun = Instant::now();
    let output = place.shell(line).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    let code = output.status.code().unwrap();
    let good: &[i32] = if line.starts_with("health") {
        &[0, 1, 2]
    } else {
        &[0]
    };
    assert!(good.contains(&code), "`{line}` ended with {code}: {said}");
    assert!(begun.elapsed() < Duration::from_secs(120), "{line}");
}

/// Runs one that goes on until it is stopped: by then the watcher or the orchestrator must hold its lock.
fn goes_on(place: &Place, line: &str, until: &str) {
    let mut child = place
        .shell(line)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    loop {
        let said = place.health(&[&["report", "--json"], &FLAGS[..]].concat());
        let json: Value = serde_json::from_str(&said.stdout).unwrap();
        if json
            .pointer(until)
            .is_some_and(|v| v == "running" || v == true)
        {
            break;
        }
        assert_eq!(child.try_wait().unwrap(), None, "`{line}` ended");
        assert!(begun.elapsed() < Duration::from_secs(60), "{line}");
        std::thread::sleep(Duration::from_millis(50));
    }
    let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    child.wait().unwrap();
}

fn expect(place: &Place, lines: &[&str]) -> BTreeSet<String> {
    let found = named(place);
    for line in lines {
        let line = format!("{line} {SHOWN}");
        assert!(found.contains(&line), "no `{line}` in {found:#?}");
    }
    for line in found.iter().filter(|line| line.starts_with("health")) {
        assert!(line.ends_with(SHOWN), "{line}");
    }
    found
}

#[test]
fn where_nothing_ran_the_first_cycle_is_one_command() {
    let place = place("");
    let found = expect(&place, &["orchestrator --once --provider sandbox"]);
    for line in found {
        works(&place, &line);
    }
    let said = place.health(&[&["check"], &FLAGS[..]].concat());
    assert_eq!(said.code, 0, "it has run now: {}", said.stdout);
    for line in expect(&place, &["orchestrator --provider sandbox"]) {
        if line.starts_with("orchestrator") {
            goes_on(
                &place,
                &line,
                "/checks/orchestrator:presence/0/observedValue",
            );
        } else {
            works(&place, &line);
        }
    }
}

#[test]
fn a_pause_is_ended_and_a_wait_cut_short() {
    let mut place = place("");
    let _lock = place.orchestrator();
    place.cycle(14, Good);
    place.files(14, "sandbox");
    let all_well = expect(&place, &["health report --json", "health alerts history"]);
    fs::write(place.data("state/pause"), "").unwrap();
    let until = (Utc::now() + TimeDelta::minutes(4)).to_rfc3339();
    let mut found = expect(&place, &["orchestrator resume"]);
    found.extend(all_well);
    for line in found {
        works(&place, &line);
    }
    assert!(!place.data("state/pause").exists(), "it was resumed");
    fs::write(place.data("state/backoff"), format!("until {until}\n")).unwrap();
    for line in expect(&place, &["orchestrator run-now"]) {
        works(&place, &line);
    }
    assert!(
        place.data("state/run-now").exists(),
        "a cycle was asked for"
    );
}

#[test]
fn what_fails_is_looked_up() {
    let mut place = place(
        "[alerts.rule.MemoryHigh]\nthreshold = 0.001\nclear = 0.001\nfor = \"0s\"\n\
         [alerts.rule.FailedCycles]\nthreshold = 1\nclear = 1\n",
    );
    let _lock = place.orchestrator();
    place.cycle(300, Good);
    for n in 0..4 {
        place.cycle(200 - n, Failed);
    }
    place.files(300, "sandbox");
    let lines = [
        "health logs --level error --since 1h",
        "health logs --cycle c5",
        "health alerts explain MemoryHigh",
    ];
    for line in expect(&place, &lines) {
        // What the rule of memory names.
        if line != "free -h" {
            works(&place, &line);
        }
    }
}

#[test]
fn a_sink_is_tried_and_the_watcher_started() {
    let mut place =
        place("[[sink]]\nname = \"w\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:1/\"\n");
    let _lock = place.orchestrator();
    place.settled();
    place.cycle(14, Good);
    place.files(14, "sandbox");
    fs::create_dir_all(place.data("state/sinks")).unwrap();
    let since = (Utc::now() - TimeDelta::minutes(20)).to_rfc3339();
    let status = format!(r#"{{"name":"w","queued":3,"failing_since":"{since}"}}"#);
    fs::write(place.data("state/sinks/w.json"), status).unwrap();
    for line in expect(&place, &["health watch", "health alerts test --sink w"]) {
        if line.starts_with("health watch") {
            goes_on(&place, &line, "/facts/alerts/watched");
        } else {
            works(&place, &line);
        }
    }
}

#[test]
fn a_damaged_record_is_checked_and_a_hanging_process_named() {
    let mut place = place("");
    let _lock = place.orchestrator();
    place.close();
    fs::write(place.data("state/journal.sqlite"), vec![b'x'; 9000]).unwrap();
    for line in expect(&place, &["orchestrator check"]) {
        works(&place, &line);
    }
    place.late_by(305);
    // Not run: it would end this test.
    let kill = format!("kill {}", std::process::id());
    assert!(named(&place).contains(&kill));
}

#[test]
fn a_bad_edit_of_the_configuration_blinds_nobody_and_is_told() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    place.cycle(5, Good);
    let file = place.data("../football-bot.toml");
    let copy = place.data("state/accepted.toml");
    let accept = |text: &str| {
        fs::write(&file, text).unwrap();
        let source = Source::of(Some(file.canonicalize().unwrap())).unwrap();
        fs::write(&copy, source.copy()).unwrap();
    };
    fs::write(&file, "[schedule]\ninterval = \"never").unwrap();
    let blind = place.health(&["report"]);
    assert_eq!(blind.code, 3, "nothing was ever accepted: {}", blind.stdout);

    accept("[feed]\nprovider = \"sandbox\"\n");
    let well = place.health(&["report"]);
    assert!(!well.stdout.contains("Settings:"), "{}", well.stdout);

    fs::write(&file, "[schedule]\ninterval = \"never").unwrap();
    let seen = place.health(&["report"]);
    for words in [
        "the configuration is not valid: a restart would fail",
        "NOT VALID as edited, not in force: `orchestrator check`",
    ] {
        assert!(seen.stdout.contains(words), "{words}: {}", seen.stdout);
    }
    assert!(
        seen.stderr.contains("not a valid configuration") && seen.stderr.contains("accepted.toml"),
        "{}",
        seen.stderr
    );
    assert_eq!(seen.code, well.code.max(1));
    // Who stays does not begin with what somebody has changed.
    let served = place.health(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(served.code, 3, "{}", served.stdout);

    // A valid edit that was not taken is no fault; what to do stands there.
    fs::write(&file, "[feed]\nprovider = \"thesports\"\n").unwrap();
    let edited = place.health(&["report"]);
    let words = "edited, not in force yet: `orchestrator check`, then";
    assert!(edited.stdout.contains(words), "{}", edited.stdout);
    assert_eq!(edited.code, well.code);
}
