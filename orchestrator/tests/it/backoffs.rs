//! Backoffs over restarts: who waits, and who tries at once.

use std::thread::sleep;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use journal::EventKind;
use journal::control::{Control, Pause};
use nix::sys::signal::Signal;

use crate::support::{Bench, cycles, said, until};

/// Runs until it backs off because of `code`, then stops it.
fn backed_off(bench: &Bench, settings: &str, code: i32) {
    bench.config(&format!(
        "[schedule]\ninterval = \"100ms\"\nbackoff = \"1h\"\nbackoff_after = 1\n{settings}"
    ));
    bench.step(1, &format!("exit {code}"));
    let running = bench.start(&[]);
    until("it backs off", || said(bench, ": waiting "));
    assert_eq!(cycles(bench), 1);
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
}

#[test]
fn refused_credentials_wait_long_at_once() {
    let bench = Bench::new();
    bench.config("[schedule]\ninterval = \"100ms\"\nbackoff = \"1h\"\n");
    bench.step(1, "exit 77");
    let running = bench.start(&[]);
    until("it backs off", || {
        said(
            &bench,
            "in a way that another try will not change: waiting ",
        )
    });
    sleep(Duration::from_millis(500));
    assert_eq!(cycles(&bench), 1);
    running.signal(Signal::SIGTERM);
    let asked = Instant::now();
    assert_eq!(running.wait().code, 143);
    assert!(
        asked.elapsed() < Duration::from_secs(2),
        "a backoff hears a stop at once"
    );
}

#[test]
fn a_backoff_survives_a_restart_until_a_person_asks_for_a_cycle() {
    let bench = Bench::new();
    backed_off(&bench, "", 65);
    bench.step(1, "succeed");
    let running = bench.start(&[]);
    until("it still waits", || {
        said(&bench, "still waiting after failures (step1: exit 65")
    });
    sleep(Duration::from_millis(500));
    assert_eq!(cycles(&bench), 1);
    let control = journal::control::Control::new(&bench.data("state"));
    control.ask_for_run().unwrap();
    until("a person is stronger", || cycles(&bench) > 2);
    assert_eq!(control.backoff(), None, "over");
    drop(running);
}

#[test]
fn who_restarts_it_after_mending_the_credentials_does_not_wait() {
    for code in [77, 78] {
        let bench = Bench::new();
        backed_off(&bench, "restart_wait = \"10ms\"\n", code);
        bench.step(1, "succeed");
        let running = bench.start(&[]);
        until("it goes on at once", || cycles(&bench) > 2);
        assert!(said(&bench, "one try before the rest of the wait"));
        until("the word of the backoff is gone", || {
            !bench.data("state/backoff").exists()
        });
        drop(running);
    }
}

#[test]
fn who_mends_the_configuration_and_reloads_does_not_wait_either() {
    let wait = |restart: &str| {
        format!(
            "[schedule]\ninterval = \"100ms\"\nbackoff = \"1h\"\nrestart_wait = \"{restart}\"\n"
        )
    };
    let bench = Bench::new();
    bench.config(&wait("1h"));
    bench.step(1, "exit 78");
    let running = bench.start(&[]);
    until("it backs off", || said(&bench, ": waiting "));

    // Refused: nobody has mended anything.
    bench.config("[schedule]\ninterval = \"soon\"\n");
    running.signal(Signal::SIGHUP);
    until("it is refused", || said(&bench, "the old one stays"));
    // Mended, but too close to the last try.
    bench.step(1, "succeed");
    bench.config(&wait("1h"));
    running.signal(Signal::SIGHUP);
    until("it will be tried", || said(&bench, "one try with it in "));
    sleep(Duration::from_millis(300));
    assert_eq!(cycles(&bench), 1);

    bench.config(&wait("10ms"));
    running.signal(Signal::SIGHUP);
    until("it goes on", || cycles(&bench) > 2);
    until("the word of the backoff is gone", || {
        !bench.data("state/backoff").exists()
    });
    drop(running);
}

#[test]
fn restarts_in_a_row_do_not_hammer_whoever_refuses_us_however_a_try_ends() {
    let bench = Bench::new();
    backed_off(&bench, "restart_wait = \"1h\"\n", 77);
    for _ in 0..3 {
        let running = bench.start(&[]);
        until("it waits", || {
            said(&bench, "the last try was a moment ago (step1: exit 77")
        });
        sleep(Duration::from_millis(300));
        drop(running);
    }
    assert_eq!(cycles(&bench), 1);

    // The one try of a new life is killed before it has an end.
    let bench = Bench::new();
    backed_off(&bench, "restart_wait = \"10ms\"\n", 77);
    bench.config("[schedule]\ninterval = \"100ms\"\nbackoff = \"1h\"\nrestart_wait = \"1h\"\n");
    bench.step(1, ": > \"$DATA/trying\"; exec sleep 50");
    let running = bench.start(&[]);
    until("it tries", || bench.data("trying").exists());
    drop(running);
    let running = bench.start(&[]);
    until("it waits", || said(&bench, "the last try was a moment ago"));
    assert!(
        !said(&bench, "still waiting after failures"),
        "those words make scripts/deploy_service.sh end the wait"
    );
    sleep(Duration::from_millis(300));
    assert_eq!(bench.ran().len(), 2);
    drop(running);
}

#[test]
fn what_the_record_says_of_times_to_come_means_the_same_wherever_it_is_read() {
    let bench = Bench::new();
    bench.config("[schedule]\ninterval = \"100ms\"\nbackoff = \"1h\"\nbackoff_after = 1\n");
    bench.step(1, "exit 65");
    let mut command = bench.command(&[]);
    command.env("TZ", "Asia/Tokyo");
    let running = bench.spawn(command);
    let event = |kind| bench.reader().newest_event(&[kind]).unwrap();
    until("it backs off", || {
        cycles(&bench) == 1 && event(EventKind::Backoff).is_some()
    });
    let end = |text: &str, behind: &str| -> DateTime<Utc> {
        let at = text.split(behind).nth(1).unwrap_or_default();
        let at = NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M:%SZ");
        at.unwrap_or_else(|why| panic!("{text}: {why}")).and_utc()
    };
    let backoff = event(EventKind::Backoff).unwrap();
    let off = end(&backoff.text, "next cycle at ") - (backoff.at + TimeDelta::hours(1));
    assert!(off.abs() < TimeDelta::minutes(1), "{}", backoff.text);

    let until_then = Utc::now() + TimeDelta::hours(30);
    let pause = Pause {
        since: None,
        until: Some(until_then),
    };
    Control::new(&bench.data("state")).set_pause(pause).unwrap();
    until("it is paused", || event(EventKind::Pause).is_some());
    let text = event(EventKind::Pause).unwrap().text;
    let off = end(&text, "paused until ") - until_then;
    assert!(off.abs() < TimeDelta::seconds(2), "{text}");
    drop(running);
}
