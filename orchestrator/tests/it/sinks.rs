//! A sink that takes a message and never answers: what it may cost, which is nothing.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use journal::reader::Cycle;
use serde_json::Value;

use crate::support::{Bench, cycles, said, until};

/// How long `health watch` waits for the sink: whoever waited with it would be late by so much.
const HANGS_FOR: Duration = Duration::from_secs(100);

/// Far below that, and far above what a busy machine adds.
const SLACK: TimeDelta = TimeDelta::seconds(25);

const CYCLES: usize = 6;

/// A sink that hands on what it is sent and when, and answers if it `answers`.
fn sink(answers: bool) -> (u16, Receiver<(DateTime<Utc>, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, received) = mpsc::channel();
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let message = read(&stream);
            // The test may be over.
            let _ = sender.send((Utc::now(), message));
            if answers {
                let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
                let _ = stream.write_all(ok);
            } else {
                held.push(stream);
            }
        }
    });
    (port, received)
}

/// The JSON of one request.
fn read(stream: &TcpStream) -> Value {
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_lowercase();
        if let Some(n) = line.strip_prefix("content-length: ") {
            length = n.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    serde_json::from_slice(&body).unwrap()
}

fn alert(message: &Value) -> &str {
    message["alerts"][0]["labels"]["alertname"]
        .as_str()
        .unwrap_or_default()
}

/// When the watcher last evaluated.
fn evaluated(bench: &Bench) -> Option<DateTime<Utc>> {
    let text = std::fs::read(bench.data("state/alerts.json")).ok()?;
    let state: Value = serde_json::from_slice(&text).ok()?;
    state["evaluated_at"].as_str()?.parse().ok()
}

#[test]
fn a_sink_that_hangs_holds_up_no_cycle_no_evaluation_and_no_other_sink() {
    let watcher = Path::new(env!("CARGO_BIN_EXE_orchestrator")).with_file_name("health");
    assert!(
        watcher.is_file(),
        "`health` is not built; run `cargo build --workspace` first (scripts/test does)"
    );
    let bench = Bench::new();
    bench.program("health", &format!("exec '{}' \"$@\"", watcher.display()));
    let (hanging, hung) = sink(false);
    let (well, told) = sink(true);
    let one = |name: &str, port: u16| {
        format!(
            "[[sink]]\nname = \"{name}\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:{port}/\"\ntimeout = \"{}s\"\n",
            HANGS_FOR.as_secs()
        )
    };
    // One alert fires from the beginning, another with the first cycle that fails.
    bench.config(&format!(
        "[schedule]\ninterval = \"1s\"\n[alerts]\nevery = \"250ms\"\n\
         [alerts.rule.MemoryHigh]\nthreshold = 0.001\nclear = 0\nfor = \"0s\"\n\
         [alerts.rule.FailedCycles]\nthreshold = 0.5\nclear = 0.2\nfor = \"0s\"\n{}{}",
        one("hangs", hanging),
        one("well", well)
    ));
    let running = bench.start(&[]);
    let (since, first) = hung.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(alert(&first), "MemoryHigh");
    let hangs_from = Instant::now();

    // From now on somebody is kept waiting. The cycles go on …
    let before = cycles(&bench) as usize;
    until("cycles go on", || {
        cycles(&bench) as usize >= before + CYCLES
    });
    let good: Vec<Cycle> = bench
        .reader()
        .newest(u32::try_from(CYCLES + 1).unwrap())
        .unwrap()
        .into_iter()
        .filter(|cycle| cycle.outcome.is_some())
        .collect();

    // … the evaluations go on …
    until("an evaluation ends", || evaluated(&bench).is_some());
    let last = evaluated(&bench);
    until("evaluations go on", || evaluated(&bench) > last);

    // … and what happens meanwhile is told to who listens.
    bench.step(3, "exit 65");
    until("a cycle fails", || {
        bench.reader().totals().unwrap().failed > 0
    });
    let heard = |name: &str| {
        let wait = Duration::from_secs(60);
        loop {
            let (at, message) = told.recv_timeout(wait).unwrap();
            if alert(&message) == name {
                return at;
            }
        }
    };
    heard("MemoryHigh");
    let late = heard("FailedCycles");
    let failed = bench
        .reader()
        .newest_that(journal::CycleOutcome::Failed)
        .unwrap()
        .unwrap();
    let failed = failed.started_at;
    assert!(
        hangs_from.elapsed() < HANGS_FOR && hung.try_recv().is_err(),
        "the sink was let off, so that nothing was shown"
    );
    assert!(late - failed < SLACK, "told after {}", late - failed);
    for pair in good.windows(2) {
        let (newer, older) = (&pair[0], &pair[1]);
        let gap = newer.started_at - older.started_at;
        assert!(gap < SLACK, "no start for {gap} since {since}");
    }
    for cycle in &good {
        let steps = bench.reader().steps(cycle).unwrap();
        let own: Duration = steps.iter().filter_map(|step| step.wall).sum();
        let beside = cycle.wall.unwrap().saturating_sub(own);
        assert!(beside < Duration::from_secs(10), "{beside:?} beside steps");
    }
    running.signal(nix::sys::signal::Signal::SIGTERM);
    assert_eq!(running.wait().code, 143, "and the end does not wait either");
    assert!(!said(&bench, "health ended"), "the watcher lived through");
}
