//! Colour only where it helps: never in a pipe, on a dumb terminal, or where somebody does not want it.

use std::fs::File;
use std::io::Read;
use std::process::Stdio;
use std::thread;

use journal::CycleOutcome::{Failed, Ok as Good};

use crate::place::Place;

fn place() -> Place {
    let mut place = Place::new();
    place.cycle(90, Good);
    place.cycle(14, Failed);
    place.files(14, "sandbox");
    place
}

/// What it writes to a terminal, with these variables.
fn on_a_terminal(place: &Place, args: &[&str], variables: &[(&str, &str)]) -> String {
    let pair = nix::pty::openpty(None, None).unwrap();
    let slave = File::from(pair.slave);
    let mut command = place.command(args);
    command
        .env_remove("NO_COLOR")
        .env("TERM", "xterm-256color")
        .envs(variables.iter().copied())
        .stdout(Stdio::from(slave.try_clone().unwrap()))
        .stderr(Stdio::from(slave));
    let mut child = command.spawn().unwrap();
    drop(command);
    let mut master = File::from(pair.master);
    let reader = thread::spawn(move || {
        let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
        // The end of a terminal is an error, EIO.
        while let Ok(n @ 1..) = master.read(&mut piece) {
            seen.extend_from_slice(&piece[..n]);
        }
        String::from_utf8_lossy(&seen).into_owned()
    });
    child.wait().unwrap();
    let text = reader.join().unwrap();
    assert!(!text.is_empty(), "{args:?}");
    text
}

const ALL: [&[&str]; 7] = [
    &["report"],
    &["check"],
    &["alerts"],
    &["alerts", "explain", "DataStale"],
    &["explain"],
    &["report", "--json"],
    &["logs"],
];

#[test]
fn a_terminal_gets_colour_and_one_that_does_not_want_it_none() {
    let place = place();
    let colored = on_a_terminal(&place, &["report"], &[]);
    assert!(colored.contains("\x1b["), "so that the rest can fail");
    for args in ALL {
        for variables in [&[("NO_COLOR", "1")][..], &[("TERM", "dumb")]] {
            let text = on_a_terminal(&place, args, variables);
            assert!(!text.contains('\x1b'), "{args:?} {variables:?}: {text}");
        }
        let never = on_a_terminal(&place, &[args, &["--color", "never"]].concat(), &[]);
        assert!(!never.contains('\x1b'), "{args:?}: {never}");
    }
}

#[test]
fn a_pipe_gets_none() {
    let place = place();
    for args in ALL {
        let said = place.health(args);
        assert!(!said.stdout.contains('\x1b'), "{args:?}: {}", said.stdout);
        assert!(!said.stderr.contains('\x1b'), "{args:?}: {}", said.stderr);
    }
}
