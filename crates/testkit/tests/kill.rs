//! Kill -9 at random moments: every file parses whole and belongs to one cycle, and nothing is left lying
//! around. If this fails, a user finds half a JSON after a power cut.

use std::thread::sleep;
use std::time::{Duration, Instant};
use std::{fs, process::Stdio};

use testkit::{Chain, recording};

const ROUNDS: u64 = 50;

#[test]
fn two_hundred_kills_tear_nothing() {
    let chain = Chain::new();
    let bodies = recording(12);
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut killed = 0;
    for round in 0..ROUNDS {
        let cycle = format!("cycle-{round:04}");
        chain.write_step1(&cycle, &bodies);
        for number in 2..=5 {
            let started = Instant::now();
            chain.run_ok(number, ["--cycle", &cycle]);
            let usual = started.elapsed();
            // The same step once more, killed somewhere within the time that it takes.
            let mut child = chain.command(number).stderr(Stdio::null()).spawn().unwrap();
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            sleep(usual.mul_f64((random >> 40) as f64 / f64::from(1 << 24)));
            child.kill().unwrap();
            killed += u32::from(!child.wait().unwrap().success());
            let document = chain.json(number);
            assert_eq!(
                document["cycle"],
                cycle.as_str(),
                "step{number} in round {round}"
            );
            assert!(document["matches"].as_object().unwrap().len() > 5);
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
    chain.write_step1("c", &recording(12));
    chain.run_from_2_to(5);
    let started = Instant::now();
    chain.run_ok(6, ["--no-display"]);
    let usual = started.elapsed();
    for round in 0..ROUNDS {
        let mut child = chain
            .command(6)
            .arg("--no-display")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(usual.mul_f64(round as f64 / ROUNDS as f64));
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
        sleep(Duration::from_millis(150));
        let sent = std::process::Command::new("kill")
            .args(["-s", signal, &child.id().to_string()])
            .status()
            .unwrap();
        assert!(sent.success());
        let started = Instant::now();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert!(started.elapsed() < Duration::from_secs(1));
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
    let deadline = Instant::now() + Duration::from_secs(2);
    while std::net::TcpStream::connect(address).is_ok() {
        assert!(
            Instant::now() < deadline,
            "the sandbox outlives a killed orchestrator"
        );
        sleep(Duration::from_millis(20));
    }
}
