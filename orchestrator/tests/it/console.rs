//! Who reads what we show: a person, a pager, or nobody at all.

use std::fs::File;
use std::io::{PipeReader, Read, pipe};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use journal::StepOutcome;
use nix::sys::signal::Signal;

use crate::support::{Bench, cycles, until};

/// The view of one cycle: more than a pipe holds.
const VIEW: &str = "seq -f 'match %g' 10000";

/// Reads to the end, from some time on.
fn reads(mut console: PipeReader, after: Duration) -> JoinHandle<String> {
    thread::spawn(move || {
        sleep(after);
        let mut text = Vec::new();
        console.read_to_end(&mut text).unwrap();
        String::from_utf8(text).unwrap()
    })
}

fn matches(text: &str) -> Vec<&str> {
    let is_match = |line: &&str| line.starts_with("match ");
    text.lines().filter(is_match).collect()
}

#[test]
fn a_console_that_nobody_reads_costs_no_cycle_no_timeout_and_no_stop() {
    let bench = Bench::new();
    bench.limits(2, "300ms", "300ms");
    let hang = bench.path("hang");
    bench.step(
        2,
        &format!("[ -e '{}' ] && exec sleep 50; succeed", hang.display()),
    );
    // More than is kept for a reader that may come.
    bench.step(6, "yes 'a match' | head -c 3000000; succeed");
    let (running, console) = bench.start_with_full_console(&["--show", "--interval", "200ms"]);
    until("cycles go on", || cycles(&bench) >= 5);
    assert!(bench.reader().totals().unwrap().ok >= 5);
    until("the day log says so", || {
        bench
            .day_log()
            .contains("the console takes nothing more (nobody reads it)")
    });
    std::fs::write(&hang, "").unwrap();
    until("the step that hangs is ended at its timeout", || {
        let reader = bench.reader();
        let newest = reader.newest(2).unwrap();
        newest.iter().any(|cycle| {
            reader
                .steps(cycle)
                .unwrap()
                .iter()
                .any(|step| step.outcome == Some(StepOutcome::TimedOut { forced: false }))
        })
    });
    let asked = Instant::now();
    running.signal(Signal::SIGTERM);
    let ran = running.wait();
    assert_eq!(ran.code, 143);
    // The grace, a second, and what a busy machine takes.
    assert!(asked.elapsed() < Duration::from_millis(2500));
    let log = bench.day_log();
    assert!(log.contains(" lines did not reach the console"), "{log}");
    drop(console);
}

#[test]
fn who_reads_again_sees_how_many_lines_are_missing_and_where() {
    let bench = Bench::new();
    bench.step(6, "yes 'a match' | head -c 3000000; succeed");
    let (running, console) = bench.start_with_full_console(&["--show", "--interval", "100ms"]);
    until("lines are dropped", || {
        cycles(&bench) >= 3 && bench.day_log().contains("the console takes nothing more")
    });
    let read = reads(console, Duration::ZERO);
    until("it goes on", || {
        bench
            .day_log()
            .contains(" lines were not shown on the console")
    });
    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code, 143);
    let text = read.join().unwrap();
    let (before, after) = text
        .split_once(" lines are not shown: nobody read\n")
        .expect("the gap is marked");
    let count = before.rsplit(' ').next().unwrap();
    assert!(count.parse::<u64>().unwrap() > 1000, "{count}");
    assert!(after.contains("a match\n"), "and then it goes on");
}

#[test]
fn what_is_shown_comes_whole_and_between_the_lines_it_belongs_between() {
    let bench = Bench::new();
    bench.step(6, VIEW);
    let (console, writer) = pipe().unwrap();
    let mut command = bench.command(&["--show", "--cycles", "3", "--interval", "100ms"]);
    command.stdout(writer.try_clone().unwrap()).stderr(writer);
    let running = bench.spawn(command);
    let read = reads(console, Duration::ZERO);
    assert_eq!(running.wait().code, 0);
    let text = read.join().unwrap();
    assert_eq!(matches(&text).len(), 30_000);
    // Three times the view in one piece, and behind it that the cycle was good.
    let mut rest = &text[..];
    let view: String = (1..=10_000).map(|n| format!("match {n}\n")).collect();
    for _ in 0..3 {
        let (_, after) = rest.split_once(&view).expect("in one piece");
        let next = after.lines().next().unwrap();
        assert!(next.contains(" good: "), "{next}");
        rest = after;
    }
}

#[test]
fn a_pager_gets_everything_however_long_it_is_looked_at() {
    let bench = Bench::new();
    bench.step(6, VIEW);
    let (console, writer) = pipe().unwrap();
    let mut command = bench.command(&["--show", "--once"]);
    command.stdout(writer);
    let running = bench.spawn(command);
    // Longer than the end waits for anything else.
    let read = reads(console, Duration::from_secs(3));
    assert_eq!(running.wait().code, 0);
    assert_eq!(matches(&read.join().unwrap()).len(), 10_000);
}

#[test]
fn who_waits_for_a_pager_hears_a_stop_at_once() {
    let bench = Bench::new();
    bench.step(6, VIEW);
    let (console, writer) = pipe().unwrap();
    let mut command = bench.command(&["--show", "--once"]);
    command.stdout(writer);
    let mut running = bench.spawn(command);
    until("the cycle is done", || {
        cycles(&bench) == 1 && bench.reader().totals().unwrap().ok == 1
    });
    sleep(Duration::from_millis(1500));
    assert!(running.child.try_wait().unwrap().is_none(), "it waits");
    running.signal(Signal::SIGTERM);
    let asked = Instant::now();
    running.wait();
    assert!(asked.elapsed() < Duration::from_secs(2));
    drop(console);
}

#[test]
fn a_full_disk_under_the_console_costs_lines_that_are_counted_and_no_cycle() {
    let bench = Bench::new();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let mut command = bench.command(&["--show", "--cycles", "4", "--interval", "100ms"]);
    command.stdout(full()).stderr(full());
    assert_eq!(bench.spawn(command).wait().code, 0);
    assert_eq!(bench.reader().totals().unwrap().ok, 4);
    let log = bench.day_log();
    let said = "the console takes nothing more (No space left on device";
    assert_eq!(log.matches(said).count(), 1, "{log}");
    assert_eq!(log.matches(" lines were not shown").count(), 0, "{log}");
    let lost = log
        .split(" lines did not reach the console")
        .next()
        .unwrap();
    let lost: u64 = lost.rsplit(' ').next().unwrap().parse().unwrap();
    let lines = log.matches(" orchestrator: ").count() as u64;
    // What is shown, and of the log all but what is said there alone.
    assert_eq!(lost, lines - 2 + 4, "{log}");
}

#[test]
fn a_reader_that_has_seen_enough_ends_nothing() {
    let bench = Bench::new();
    bench.step(6, VIEW);
    let (mut console, writer) = pipe().unwrap();
    let mut command = bench.command(&["--show", "--cycles", "3", "--interval", "100ms"]);
    command.stdout(writer);
    let running = bench.spawn(command);
    console.read_exact(&mut [0; 100]).unwrap();
    drop(console);
    assert_eq!(running.wait().code, 0);
    assert_eq!(bench.reader().totals().unwrap().ok, 3);
    let log = bench.day_log();
    assert_eq!(log.matches("the console is gone").count(), 1, "{log}");
}
