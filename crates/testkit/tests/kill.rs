//! Kill -9 at random moments: every file parses whole and belongs to one cycle, and nothing is left lying
//! around. If this fails, a user finds half a JSON after a power cut.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{collections::BTreeSet, fs};

use testkit::{Chain, program, recording};

/// Kills of each step.
const ROUNDS: u64 = 200;
/// After so many kills the cycle changes.
const SAME_CYCLE: u64 = 10;
/// On a machine so busy that they take longer, the kills that came until then must do, and the test says so.
const ENOUGH: Duration = Duration::from_secs(90);

/// Matches of the input.
const MATCHES: usize = 4;

/// So many rounds, or those that fit into [`ENOUGH`].
fn in_time(rounds: u64) -> impl Iterator<Item = u64> {
    let started = Instant::now();
    (0..rounds).take_while(move |round| {
        let in_time = started.elapsed() < ENOUGH;
        if !in_time {
            eprintln!("a busy machine: {round} kills in place of {rounds}");
        }
        in_time
    })
}

/// Moments between a process's start and its usual end.
struct Moments(u64);

impl Moments {
    fn next(&mut self, usual: Duration) -> Duration {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usual.mul_f64((self.0 >> 40) as f64 / f64::from(1 << 24))
    }

    /// Kills the command at one of them; whether that came before its end.
    fn kill(&mut self, command: &mut Command, usual: Duration) -> bool {
        let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = quiet.spawn().unwrap();
        sleep(self.next(usual));
        child.kill().unwrap();
        !child.wait().unwrap().success()
    }
}

/// The sandbox as a server on loopback, ended with the test.
struct Sandbox(Child, String);

impl Sandbox {
    fn start() -> Sandbox {
        let mut child = Command::new(program("sandbox"))
            .args(["--listen", "127.0.0.1:0", "--matches", "4", "-q"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line.split_whitespace().last().unwrap().to_owned();
        Sandbox(child, url)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Kills step 1 with these arguments; after each kill `step1.json` is whole and of one cycle.
fn kill_step1(chain: &Chain, args: &[&str], rounds: u64) {
    let command = |cycle: &str| {
        let mut command = chain.command(1);
        command
            .args(args)
            .args(["-qq", "--cycle", cycle])
            .env("THESPORTS_USER", "someone")
            .env("THESPORTS_SECRET", "something")
            .env("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "0");
        command
    };
    let mut moments = Moments(0x1234_5678_9ABC_DEF1);
    let (mut killed, mut before, mut usual) = (0, String::new(), Duration::ZERO);
    for round in in_time(rounds) {
        if round % SAME_CYCLE == 0 {
            before = format!("whole-{round}");
            let started = Instant::now();
            assert!(command(&before).status().unwrap().success());
            usual = started.elapsed();
        }
        let cycle = format!("killed-{round}");
        killed += u32::from(moments.kill(&mut command(&cycle), usual));
        let document = chain.json(1);
        let found = document["cycle"].as_str().unwrap();
        assert!(
            found == before || found == cycle,
            "{found} in round {round}"
        );
        before = found.to_owned();
        let live = document["live_matches"]["results"].as_array().unwrap();
        let ids: BTreeSet<_> = live.iter().map(|row| row["id"].as_str().unwrap()).collect();
        assert!(ids.len() > 2);
        for key in ["match_details", "match_odds"] {
            let bodies = document[key].as_object().unwrap();
            assert!(bodies.keys().all(|id| ids.contains(id.as_str())), "{key}");
        }
    }
    assert!(killed > 5, "only {killed} of the kills came in time");
    assert!(command("last").status().unwrap().success());
    let left: Vec<_> = fs::read_dir(chain.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".tmp"))
        .collect();
    assert!(
        left.is_empty(),
        "temporary files were left behind: {left:?}"
    );
}

#[test]
fn a_killed_fetch_leaves_a_whole_file_of_one_cycle() {
    let sandbox = Sandbox::start();
    let args = ["--provider", "sandbox", "--base-url", &sandbox.1];
    kill_step1(&Chain::new(), &args, ROUNDS / 4);
}

#[test]
fn a_killed_replay_leaves_a_whole_file_of_one_cycle() {
    let chain = Chain::new();
    let path = chain.path().join("recording.json");
    fs::write(&path, recording(MATCHES).to_string()).unwrap();
    kill_step1(
        &chain,
        &["--replay", path.to_str().unwrap()],
        ROUNDS * 3 / 4,
    );
}

#[test]
fn two_hundred_kills_of_each_step_tear_nothing() {
    let chain = Chain::new();
    let bodies = recording(MATCHES);
    let mut moments = Moments(0x9E37_79B9_7F4A_7C15);
    let (mut killed, mut cycle, mut usual) = (0, String::new(), [Duration::ZERO; 6]);
    for round in in_time(ROUNDS) {
        if round % SAME_CYCLE == 0 {
            cycle = format!("cycle-{round:04}");
            chain.write_step1(&cycle, &bodies);
            for number in 2..=5 {
                let started = Instant::now();
                chain.run_ok(number, ["--cycle", &cycle]);
                usual[usize::from(number)] = started.elapsed();
            }
        }
        for number in 2..=5 {
            // The same step once more, killed somewhere within the time that it takes.
            let in_time = moments.kill(&mut chain.command(number), usual[usize::from(number)]);
            killed += u32::from(in_time);
            let document = chain.json(number);
            assert_eq!(
                document["cycle"],
                cycle.as_str(),
                "step{number} in round {round}"
            );
            assert!(document["matches"].as_object().unwrap().len() > 2);
        }
    }
    assert!(
        killed > 20,
        "only {killed} of the kills came in time to be a test"
    );
    for number in 2..=5 {
        chain.run_ok(number, []);
        let names: Vec<_> = fs::read_dir(chain.output(number).parent().unwrap())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(
            names,
            [format!("step{number}.json").as_str()],
            "temporary files were left behind"
        );
    }
}

#[test]
fn a_killed_display_leaves_no_half_block_in_the_log() {
    let chain = Chain::new();
    chain.write_step1("c", &recording(MATCHES));
    chain.run_from_2_to(5);
    let started = Instant::now();
    chain.run_ok(6, ["--no-display"]);
    let usual = started.elapsed();
    let mut moments = Moments(0xF00D_F00D_F00D_F00D);
    for _ in in_time(ROUNDS) {
        let mut child = chain
            .command(6)
            .arg("--no-display")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(moments.next(usual));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    chain.run_ok(6, ["--no-display"]);
    let log = fs::read_to_string(chain.output(6)).unwrap();
    let count = |word: &str| {
        log.lines()
            .filter(|line| line.starts_with("===") && line.contains(word))
            .count()
    };
    assert!(count("begin") >= 2);
    assert_eq!(count("begin"), count("end"));
    assert!(log.lines().last().unwrap().contains("end"));
}

/// Waits until the process has a handler for SIGTERM and SIGINT.
fn until_caught(pid: u32) {
    let both = 1 << 14 | 1 << 1;
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        assert!(Instant::now() < deadline, "no handlers");
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.unwrap().trim(), 16).unwrap();
        if caught & both == both {
            return;
        }
        sleep(Duration::from_millis(10));
    }
}

#[test]
fn sigterm_and_sigint_end_a_step_at_once_with_their_codes_and_without_litter() {
    for (signal, code) in [("TERM", 143), ("INT", 130)] {
        let chain = Chain::new();
        // Standard input that never ends: the step waits for it.
        let mut child = chain
            .command(2)
            .args(["--input", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Held until the end: `wait` would close it, and the step would see an empty input.
        let held = child.stdin.take();
        until_caught(child.id());
        let sent = std::process::Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        let started = Instant::now();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert!(started.elapsed() < Duration::from_secs(10));
        assert!(!chain.output(2).exists());
        drop(held);
    }
}

#[test]
fn a_killed_orchestrator_takes_its_sandbox_along() {
    let chain = Chain::new();
    let mut orchestrator = std::process::Command::new(testkit::program("orchestrator"))
        .args([
            "run",
            "--provider",
            "sandbox",
            "--sandbox-matches",
            "5",
            "--interval",
            "1h",
            "--data-dir",
        ])
        .arg(chain.path())
        .current_dir(chain.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(30);
    while !chain.output(5).exists() {
        assert!(Instant::now() < deadline, "no cycle came to its end");
        sleep(Duration::from_millis(50));
    }
    let folder = chain.path().join("logs");
    let log = fs::read_dir(folder)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    let log = fs::read_to_string(log).unwrap();
    let address = log
        .split("http://")
        .nth(1)
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap();
    assert!(
        std::net::TcpStream::connect(address).is_ok(),
        "the sandbox is there"
    );
    orchestrator.kill().unwrap();
    orchestrator.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while std::net::TcpStream::connect(address).is_ok() {
        assert!(
            Instant::now() < deadline,
            "the sandbox outlives a killed orchestrator"
        );
        sleep(Duration::from_millis(20));
    }
}
