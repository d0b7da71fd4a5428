//! What a user would lose: the cadence, when nobody reads; or lines, and not know of it.

use super::*;
use std::io::{PipeReader, Read};
use std::sync::mpsc::{Receiver, Sender, channel};

const LONG: Duration = Duration::from_secs(20);

fn note(lines: u64) -> String {
    format!("({lines} lines are not shown)\n")
}

/// Waits until it is so.
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        assert!(begun.elapsed() < LONG, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// What can be read now, to the end of what is written.
fn read_all(console: Console, mut reader: PipeReader) -> String {
    let (sender, read) = channel();
    thread::spawn(move || {
        let mut piece = vec![0; 65536];
        while let Ok(n @ 1..) = reader.read(&mut piece) {
            if sender.send(piece[..n].to_vec()).is_err() {
                return;
            }
        }
    });
    until("all is written", || console.is_done());
    let mut text = Vec::new();
    while let Ok(piece) = read.recv_timeout(Duration::from_millis(300)) {
        text.extend(piece);
    }
    String::from_utf8(text).unwrap()
}

#[test]
fn what_is_read_comes_whole_and_in_order() {
    let (reader, writer) = io::pipe().unwrap();
    let console = Console::new(writer, note).unwrap();
    for n in 0..20_000 {
        console.show(format!("line {n}\n").into_bytes());
    }
    let text = read_all(console.clone(), reader);
    assert!(text.lines().eq((0..20_000).map(|n| format!("line {n}"))));
    assert_eq!(console.news(), None);
    assert_eq!(console.0.state().not_shown(), 0);
}

#[test]
fn what_nobody_reads_holds_nobody_up_and_the_gap_is_counted_where_it_is() {
    let (reader, writer) = io::pipe().unwrap();
    let console = Console::new(writer, note).unwrap();
    let begun = Instant::now();
    for n in 0..200_000 {
        console.show(format!("line {n}\n").into_bytes());
    }
    assert!(begun.elapsed() < LONG, "nothing waits for a reader");
    assert!(console.0.state().bytes <= ROOM, "it does not grow");
    let said = console.news().expect("the day log hears of it");
    assert!(
        said.contains("takes nothing more (nobody reads it)"),
        "{said}"
    );
    assert_eq!(console.news(), None, "once");

    let text = read_all(console.clone(), reader);
    let lines: Vec<_> = text.lines().collect();
    let shown = lines.len() as u64 - 1;
    let kept = lines[..lines.len() - 1].iter();
    assert!(kept.copied().eq((0..shown).map(|n| format!("line {n}"))));
    let lost = 200_000 - shown;
    assert_eq!(lines.last().unwrap(), &note(lost).trim_end());
    assert_eq!(console.0.state().not_shown(), 0, "the reader knows of it");
    let said = console.last_news().expect("and how many it was");
    assert!(
        said.starts_with(&format!("{lost} lines were not shown")),
        "{said}"
    );
}

#[test]
fn after_a_gap_it_goes_on_behind_the_count() {
    let (mut reader, writer) = io::pipe().unwrap();
    let console = Console::new(writer, note).unwrap();
    let line = [b"x".repeat(STRIDE - 1), b"\n".to_vec()].concat();
    for _ in 0..2 * ROOM / STRIDE {
        console.show(line.clone());
    }
    let mut piece = vec![0; 65536];
    while console.0.state().bytes > ROOM / 2 - 2 * STRIDE {
        assert!(reader.read(&mut piece).unwrap() > 0);
    }
    console.show(b"after\n".to_vec());
    let text = read_all(console, reader);
    let mut last = text.lines().rev();
    assert_eq!(last.next(), Some("after"));
    assert!(last.next().unwrap().contains("lines are not shown"));
}

#[test]
fn at_the_end_it_waits_for_who_reads_and_not_for_who_does_not() {
    let (reader, writer) = io::pipe().unwrap();
    let console = Console::new(writer, note).unwrap();
    for _ in 0..50_000 {
        console.show(b"a line\n".to_vec());
    }
    let begun = Instant::now();
    console.flush();
    assert!(begun.elapsed() < LONG / 4, "it leaves");
    assert!(!console.is_done());
    assert!(console.0.state().not_shown() >= 50_000 - 65_536 / 7 - STRIDE as u64);
    let said = console.last_news().unwrap();
    assert!(said.ends_with(" lines did not reach the console"), "{said}");
    read_all(console.clone(), reader);
    console.flush();
    assert_eq!(console.last_news(), None);
}

#[test]
fn a_reader_that_has_gone_is_said_once_and_nothing_is_kept_for_it() {
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let console = Console::new(writer, note).unwrap();
    console.show(b"a line\n".to_vec());
    until("it is noticed", || console.0.state().gone.is_some());
    console.show(b"a line\n".to_vec());
    assert!(console.is_done());
    let said = console.news().unwrap();
    assert!(said.contains("gone (Broken pipe"), "{said}");
    assert_eq!(console.news(), None);
    assert_eq!(console.0.state().not_shown(), 0);
}

/// A console that does with each write what it is told to.
struct Odd {
    now: Receiver<Does>,
    shown: Sender<Vec<u8>>,
}

enum Does {
    Write,
    Fail,
    Panic,
}

impl Write for Odd {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        match self.now.recv().expect("told what to do") {
            Does::Write => {}
            Does::Fail => return Err(io::Error::from_raw_os_error(nix::libc::ENOSPC)),
            Does::Panic => panic!("as a bug would"),
        }
        self.shown.send(text.to_vec()).unwrap();
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_panic_or_a_full_disk_under_it_costs_lines_that_are_counted_and_not_the_console() {
    let (tell, now) = channel();
    let (shown, seen) = channel();
    let console = Console::new(Odd { now, shown }, note).unwrap();
    let seen = || String::from_utf8(seen.recv_timeout(LONG).unwrap()).unwrap();
    let lost = |n| until("it is lost", || console.0.state().unsaid == n);
    tell.send(Does::Panic).unwrap();
    console.show(b"one\n".to_vec());
    lost(1);
    let said = console.news().unwrap();
    assert!(
        said.contains("takes nothing more (a bug: the console panicked)"),
        "{said}"
    );
    // The count, and then the line.
    tell.send(Does::Fail).unwrap();
    tell.send(Does::Fail).unwrap();
    console.show(b"two\n".to_vec());
    lost(2);
    tell.send(Does::Write).unwrap();
    tell.send(Does::Write).unwrap();
    console.show(b"three\n".to_vec());
    assert_eq!(seen(), note(2));
    assert_eq!(seen(), "three\n");
    until("all is written", || console.is_done());
    assert_eq!(
        console.news().as_deref(),
        Some("2 lines were not shown on the console, which took nothing for a while")
    );
}
