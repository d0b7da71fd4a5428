//! The terminal it was started from, and what becomes of it when that is closed.

use std::fs;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::Duration;

use journal::EventKind;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Bench, cycles, lines, lives, until};

/// A terminal in which a shell runs `words`; ORCHESTRATOR in them is ours. None where there can be none.
fn terminal(bench: &Bench, words: &str) -> Option<Child> {
    let ours = format!(
        "'{}' --interval 200ms --data-dir data --bin-dir bin",
        env!("CARGO_BIN_EXE_orchestrator")
    );
    bench.program("shell", &words.replace("ORCHESTRATOR", &ours));
    let mut command = Command::new("script");
    bench.dress(&mut command);
    // The shell must be one that a program can be disowned in.
    command.args(["-qec", "exec bash bin/shell", "/dev/null"]);
    match command.spawn() {
        Ok(terminal) => Some(terminal),
        Err(why) => {
            eprintln!("skipped: no terminal to run in (`script`: {why})");
            None
        }
    }
}

/// Closes it, as a broken connection does.
fn close(mut terminal: Child) {
    terminal.kill().unwrap();
    terminal.wait().unwrap();
}

/// The orchestrator, from what it says of itself.
fn holder(bench: &Bench) -> i32 {
    let lock = lines(&bench.data("state/orchestrator.lock"));
    lock[0].trim().parse().unwrap()
}

#[test]
fn a_terminal_that_is_closed_ends_what_runs_in_it_in_good_order() {
    for words in ["exec ORCHESTRATOR", "ORCHESTRATOR; exit"] {
        let bench = Bench::new();
        bench.step(3, "echo $$ > \"$DATA/step\"; sleep 0.3; succeed");
        let Some(terminal) = terminal(&bench, words) else {
            return;
        };
        until("two cycles", || cycles(&bench) >= 2);
        let (us, step) = (holder(&bench), bench.pid("step"));
        close(terminal);
        until("it has ended", || !lives(us));
        assert!(!lives(step));
        let last = bench.reader().events(1).unwrap().remove(0);
        assert_eq!(last.kind, EventKind::Stop, "{words}");
        assert!(last.text.contains("SIGHUP"), "{}", last.text);
        assert_eq!(bench.reader().failures_in_a_row().unwrap(), 0);
    }
}

#[test]
fn one_that_was_disowned_outlives_the_terminal_and_sighup_means_the_configuration_again() {
    let bench = Bench::new();
    let words = "set -m; ORCHESTRATOR & disown; exec sleep 100";
    let Some(terminal) = terminal(&bench, words) else {
        return;
    };
    until("a cycle", || cycles(&bench) >= 1);
    let us = holder(&bench);
    close(terminal);
    // As long as its end may still be on the way it would mean that.
    sleep(Duration::from_secs(5));
    let before = cycles(&bench);
    until("it goes on", || cycles(&bench) > before);
    bench.config("[schedule]\ninterval = \"nonsense\"\n");
    kill(Pid::from_raw(us), Signal::SIGHUP).unwrap();
    until("it has read it", || {
        let reload = bench.reader().newest_event(&[EventKind::Reload]);
        reload.unwrap().is_some()
    });
    assert!(lives(us));
    let log = bench.day_log();
    assert_eq!(log.matches("the console is gone").count(), 1, "{log}");
    kill(Pid::from_raw(us), Signal::SIGTERM).unwrap();
    until("it has ended", || !lives(us));
    assert!(fs::metadata(bench.data("state/orchestrator.lock")).is_ok());
}
