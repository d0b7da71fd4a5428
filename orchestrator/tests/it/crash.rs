//! Kill -9, removed folders, full disks, mixed versions: after everything the files are whole and the
//! counts add up.

use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use journal::CycleOutcome;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::{Bench, lines, lives, until};

#[test]
fn what_a_killed_orchestrator_left_is_ended_before_the_first_cycle() {
    let bench = Bench::new();
    bench.step(
        2,
        "setsid sleep 50 >/dev/null 2>&1 & echo $! > \"$DATA/escaped\"; echo $$ > \"$DATA/leader\"; while :; do sleep 50; done",
    );
    let running = bench.start(&[]);
    until("step2 runs", || !lines(&bench.data("leader")).is_empty());
    let (leader, escaped) = (bench.pid("leader"), bench.pid("escaped"));
    running.signal(Signal::SIGKILL);
    running.wait();
    assert!(
        lives(leader) && lives(escaped),
        "a foreign program does not end with us"
    );
    bench.step(
        1,
        "grep -q 'State:.[RSDT]' /proc/$(cat \"$DATA/leader\")/status && exit 9; succeed",
    );
    bench.step(2, "succeed");
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(!lives(leader) && !lives(escaped));
    assert!(
        ran.stderr
            .contains("an earlier orchestrator left these behind"),
        "{}",
        ran.stderr
    );
    let crashed = bench.reader().newest_that(CycleOutcome::Crashed).unwrap();
    assert_eq!(crashed.unwrap().failed_step.as_deref(), Some("step2"));
    let again = bench.run(&["--once"]);
    assert!(
        !again.stderr.contains("left these behind"),
        "{}",
        again.stderr
    );
}

/// The whole object, and of which cycle.
fn cycle_of(text: &str) -> String {
    assert!(text.starts_with('{') && text.ends_with('}'), "{text}");
    text.split("\"cycle\":\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

#[test]
fn a_hundred_kills_leave_whole_files_and_counts_that_add_up() {
    let bench = Bench::new();
    for number in 1..=5 {
        // As our steps do it: written beside, then renamed.
        let output = match number {
            1 => "$DATA/step1.json".to_owned(),
            n => format!("$DATA/step{n}/step{n}.json"),
        };
        bench.step(
            number,
            &format!("mkdir -p \"$(dirname \"{output}\")\"; printf '{{\"schema\":\"football-bot/step{number}/1\",\"cycle\":\"%s\",\"generated_at\":\"2026-01-01T00:00:00Z\",\"fetched_at\":\"2026-01-01T00:00:00Z\",\"provider\":\"sandbox\",\"total_matches\":7}}' \"$CYCLE\" > \"{output}.new\"; mv \"{output}.new\" \"{output}\""),
        );
    }
    bench.config("[schedule]\nbackoff = \"10ms\"\n");
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut next = |limit: u64| {
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (random >> 33) % limit
    };
    for round in 0..100 {
        let before = bench.ran().len();
        let mut running = bench.start(&["--interval", "30ms"]);
        if round % 2 == 0 {
            // Every other one in the middle of a cycle, however slow the machine is.
            until("a step runs", || bench.ran().len() > before);
            sleep(Duration::from_millis(next(60)));
        } else {
            sleep(Duration::from_millis(15 + next(90)));
        }
        if round % 3 == 0 {
            // A step, at random, and then a moment later the orchestrator.
            let pid = running.child.id();
            let children =
                fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
            if let Some(child) = children.split_whitespace().next() {
                let _ = kill(Pid::from_raw(child.parse().unwrap()), Signal::SIGKILL);
            }
            sleep(Duration::from_millis(next(20)));
        }
        running.child.kill().unwrap();
        running.child.wait().unwrap();
        for number in 1..=5 {
            let path = match number {
                1 => bench.data("step1.json"),
                n => bench.data(&format!("step{n}/step{n}.json")),
            };
            if let Ok(text) = fs::read_to_string(path) {
                cycle_of(&text);
            }
        }
    }
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let reader = bench.reader();
    let totals = reader.totals().unwrap();
    let rows = reader.newest(u32::MAX).unwrap();
    assert_eq!(totals.cycles(), rows.len() as u64, "every cycle once");
    let count = |outcome| {
        rows.iter()
            .filter(|cycle| cycle.outcome == Some(outcome))
            .count() as u64
    };
    assert_eq!(totals.ok, count(CycleOutcome::Ok));
    assert_eq!(totals.failed, count(CycleOutcome::Failed));
    assert_eq!(totals.crashed, count(CycleOutcome::Crashed));
    assert!(totals.crashed > 20, "the kills came in time: {totals:?}");
    assert!(
        rows.windows(2).all(|pair| pair[0].id > pair[1].id),
        "ids sort"
    );
    assert!(!bench.data("state/journal.sqlite.corrupt").exists());
    let litter: Vec<_> = fs::read_dir(bench.data("state"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("corrupt") || name.ends_with(".tmp"))
        .collect();
    assert!(litter.is_empty(), "{litter:?}");
}

#[test]
fn a_file_in_place_of_the_logs_costs_no_cycle() {
    let bench = Bench::new();
    fs::create_dir_all(bench.path("data")).unwrap();
    fs::write(bench.data("logs"), "not a folder").unwrap();
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("lines could not be written to the day log"),
        "{}",
        ran.stderr
    );
}

#[test]
fn too_little_room_skips_the_cycle_with_a_clear_error() {
    let bench = Bench::new();
    bench.config("[disk]\nmin_free_bytes = 9000000000000000\n");
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 74);
    assert!(
        ran.stderr.contains("no cycle: the disk of `"),
        "{}",
        ran.stderr
    );
    assert!(bench.ran().is_empty());
    let running = bench.start(&["--interval", "50ms"]);
    until("skips are counted", || {
        journal::Reader::open(&bench.data("state/journal.sqlite"))
            .and_then(|reader| reader.totals())
            .is_ok_and(|totals| totals.skipped_disk >= 3)
    });
    let said = fs::read_to_string(bench.path("stderr")).unwrap();
    assert_eq!(said.matches("no cycle: ").count(), 1, "said once");
    bench.config("");
    running.signal(Signal::SIGHUP);
    until("room again", || bench.ran().len() >= 6);
    drop(running);
}

#[test]
fn a_mixed_set_of_programs_is_refused_with_the_list() {
    let bench = Bench::new();
    bench.step(
        3,
        &format!("# {}9.9.9 (abc)]\nsucceed", pipeline::MARK_START),
    );
    let ran = bench.run(&["--once"]);
    assert_eq!(ran.code, 78);
    assert!(
        ran.stderr
            .contains("several builds: step3 9.9.9 (abc), orchestrator "),
        "{}",
        ran.stderr
    );
    assert!(bench.ran().is_empty());
    bench.step(3, "succeed");
    let running = bench.start(&["--interval", "100ms"]);
    until("a cycle", || bench.ran().len() >= 6);
    bench.step(
        3,
        &format!("# {}9.9.9 (abc)]\nsucceed", pipeline::MARK_START),
    );
    until("seen between two cycles", || {
        fs::read_to_string(bench.path("stderr"))
            .unwrap()
            .contains("the programs are of several builds")
    });
    drop(running);
}

#[test]
fn a_whole_upgrade_takes_effect_between_two_cycles() {
    let bench = Bench::new();
    // The orchestrator's own file must be one that can be replaced.
    fs::copy(
        env!("CARGO_BIN_EXE_orchestrator"),
        bench.path("bin/orchestrator"),
    )
    .unwrap();
    let mut command = std::process::Command::new(bench.path("bin/orchestrator"));
    bench.dress(&mut command);
    command
        .args(["--interval", "200ms", "--data-dir"])
        .arg(bench.path("data"));
    let running = bench.spawn(command);
    until("a cycle", || bench.ran().len() >= 6);
    let mark = format!("# {}9.9.9 (abc)]", pipeline::MARK_START);
    bench.program("new", &format!("{mark}\necho \"$*\" > data/new; exit 42"));
    bench.step(3, &format!("{mark}\nsucceed"));
    fs::rename(bench.path("bin/new"), bench.path("bin/orchestrator")).unwrap();
    let ran = running.wait();
    assert_eq!(
        ran.code, 42,
        "the same process goes on as the new program: {}",
        ran.stderr
    );
    let args = fs::read_to_string(bench.data("new")).unwrap();
    assert!(args.starts_with("--interval 200ms --data-dir"), "{args}");
    assert!(
        ran.stderr.contains("goes on as 9.9.9 (abc)"),
        "{}",
        ran.stderr
    );
}

#[test]
fn stopped_for_five_intervals_there_is_no_burst_and_every_tick_is_accounted_for() {
    let bench = Bench::new();
    let running = bench.start(&["--interval", "400ms"]);
    until("two cycles", || bench.ran().len() >= 12);
    running.signal(Signal::SIGSTOP);
    sleep(Duration::from_secs(2));
    running.signal(Signal::SIGCONT);
    let count = bench.ran().len();
    until("it goes on", || bench.ran().len() >= count + 12);
    running.signal(Signal::SIGTERM);
    let ran = running.wait();
    let reader = bench.reader();
    let mut starts: Vec<_> = reader
        .newest(100)
        .unwrap()
        .iter()
        .map(|cycle| cycle.started_at)
        .collect();
    starts.reverse();
    let gaps: Vec<_> = starts
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).num_milliseconds())
        .collect();
    assert!(gaps.iter().all(|gap| *gap >= 150), "no burst: {gaps:?}");
    assert!(reader.totals().unwrap().skipped_overlap >= 3);
    account(&ran.stderr, reader.totals().unwrap());
}

/// The ticks that the orchestrator counted are the cycles and skips in the journal.
fn account(stderr: &str, totals: journal::reader::Totals) {
    let ticks: u64 = stderr
        .lines()
        .filter_map(|line| {
            line.split("orchestrator: ")
                .nth(1)?
                .split(" ticks: ")
                .next()?
                .parse()
                .ok()
        })
        .next_back()
        .unwrap();
    let skipped = totals.skipped_overlap
        + totals.skipped_backoff
        + totals.skipped_pause
        + totals.skipped_suspend
        + totals.skipped_disk;
    assert_eq!(totals.cycles() + skipped, ticks, "{totals:?}");
}

#[test]
fn three_hundred_cycles_with_random_faults_leave_everything_flat() {
    let bench = Bench::new();
    bench.config("[schedule]\nbackoff = \"60ms\"\nbackoff_after = 3\n[pipeline]\ngrace = \"50ms\"\n[[pipeline.step]]\nname = \"a\"\nprogram = \"./bin/fake\"\ntimeout = \"60ms\"\n[[pipeline.step]]\nname = \"b\"\nprogram = \"./bin/fake\"\ntimeout = \"300ms\"\nrequired = false\n");
    bench.program(
        "fake",
        "case $(($(od -An -N2 -tu2 /dev/urandom) % 23)) in 1) exit 65;; 2) kill -9 $$;; 3) setsid sleep 9 & ;; 4) sleep 9 & ;; 5) trap '' TERM; sleep 9;; 6) head -c 300000 /dev/zero;; esac; exit 0",
    );
    let mut running = bench.start(&["--cycles", "300", "--interval", "20ms", "-q"]);
    let pid = running.child.id();
    let mut samples: Vec<(u64, usize, usize)> = Vec::new();
    let started = Instant::now();
    until("the cycles are done", || {
        let read =
            |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let rss = read("statm")
            .split_whitespace()
            .nth(1)
            .and_then(|n| n.parse().ok())
            .unwrap_or(0);
        let open = fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
        let threads = fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count);
        if rss > 0 && started.elapsed() > Duration::from_millis(500) {
            samples.push((rss, open, threads));
        }
        running.child.try_wait().unwrap().is_some()
    });
    running.wait();
    let totals = bench.reader().totals().unwrap();
    assert_eq!(totals.ok + totals.failed, 300);
    assert!(totals.failed > 5, "{totals:?}");
    let third = samples.len() / 3;
    let most = |part: &[(u64, usize, usize)]| part.iter().map(|s| s.0).max().unwrap();
    let (early, late) = (most(&samples[..third]), most(&samples[2 * third..]));
    assert!(
        late <= early + 512,
        "memory grew from {early} to {late} pages"
    );
    assert!(
        samples.iter().all(|s| s.1 < 40 && s.2 <= 3),
        "descriptors and threads"
    );
    let last = bench.reader().events(1).unwrap().remove(0).text;
    account(
        &format!("x orchestrator: {}", last.split("; ").nth(1).unwrap()),
        totals,
    );
}
