//! What a program we started says: read without pause, kept without growing.
//!
//! A pipe that nobody reads stops its writer, so both are read as long as they are open. A line goes
//! to the day log under the program's name, cut at a length; a program that floods is still read, but
//! what is over its budget is only counted. Of everything the last words are kept, since a failure's
//! reason is usually among them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use log::Level;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest line that is logged, in bytes.
const MAX_LINE: usize = 2000;

/// What one pipe may put into the log, in bytes, until [`Said::refill`].
const BUDGET: usize = 256 * 1024;

/// Last lines that are remembered, for [`Said::tail`].
const TAIL: usize = 5;

/// First lines that are remembered, for [`Said::after`].
const FIRST: usize = 5;

/// Log targets that begin so are the words of another program, whose name follows.
pub const TARGET: &str = "said by ";

/// What was said on one pipe.
#[derive(Clone, Debug)]
pub struct Said(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    program: String,
    target: String,
    line: Vec<u8>,
    cut: u64,
    left: usize,
    dropped: u64,
    first: Vec<String>,
    tail: VecDeque<String>,
    last_error: Option<String>,
}

impl Said {
    /// Nothing yet.
    pub fn new(program: &str) -> Said {
        Said(Arc::new(Mutex::new(State {
            program: program.to_owned(),
            target: format!("{TARGET}{program}"),
            line: Vec::new(),
            cut: 0,
            left: BUDGET,
            dropped: 0,
            first: Vec::new(),
            tail: VecDeque::new(),
            last_error: None,
        })))
    }

    /// Reads `pipe` to its end.
    pub async fn listen(self, mut pipe: impl AsyncRead + Unpin) {
        let mut piece = vec![0; 64 * 1024];
        // A broken pipe is the end of what can be heard, like an orderly one.
        while let Ok(n) = pipe.read(&mut piece).await {
            if n == 0 {
                break;
            }
            self.state().hear(&piece[..n]);
        }
    }

    /// No more will come: logs an unfinished line, and how much was left out.
    pub fn finish(&self) {
        let mut state = self.state();
        state.end_line();
        let dropped = std::mem::take(&mut state.dropped);
        if dropped > 0 {
            log::warn!(
                "{} said more than is kept: {} kB are not in the log",
                state.program,
                dropped.div_ceil(1000)
            );
        }
    }

    /// Gives a program that lives on a new budget, and says how much was left out until now.
    pub fn refill(&self) {
        let mut state = self.state();
        state.left = BUDGET;
        let dropped = std::mem::take(&mut state.dropped);
        if dropped > 0 {
            log::warn!(
                "{} said more than is kept: {} kB are not in the log",
                state.program,
                dropped.div_ceil(1000)
            );
        }
    }

    /// The last error that was said, else the last line.
    pub fn last_words(&self) -> Option<String> {
        let state = self.state();
        state
            .last_error
            .clone()
            .or_else(|| state.tail.back().cloned())
    }

    /// The last lines, oldest first.
    pub fn tail(&self) -> Vec<String> {
        self.state().tail.iter().cloned().collect()
    }

    /// The first word behind `announcement`, once a line began with that.
    pub fn after(&self, announcement: &str) -> Option<String> {
        let state = self.state();
        let found = state
            .first
            .iter()
            .find_map(|line| line.strip_prefix(announcement))?;
        found.split_whitespace().next().map(str::to_owned)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // One thread: a poisoned lock means that a panic is under way, and the state is still whole.
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl State {
    fn hear(&mut self, mut bytes: &[u8]) {
        while let Some(end) = bytes.iter().position(|b| *b == b'\n') {
            self.extend(&bytes[..end]);
            self.end_line();
            bytes = &bytes[end + 1..];
        }
        self.extend(bytes);
    }

    fn extend(&mut self, bytes: &[u8]) {
        let room = MAX_LINE - self.line.len();
        let kept = bytes.len().min(room);
        self.line.extend_from_slice(&bytes[..kept]);
        self.cut += (bytes.len() - kept) as u64;
    }

    fn end_line(&mut self) {
        let mut text = plain(&String::from_utf8_lossy(&self.line));
        self.line.clear();
        let cut = std::mem::take(&mut self.cut);
        if text.trim().is_empty() {
            self.dropped += cut;
            return;
        }
        if cut > 0 {
            text.push_str(&format!(" … ({cut} bytes more)"));
        }
        let (level, words) = level_of(&text, &self.program);
        if level == Level::Error {
            self.last_error = Some(words.to_owned());
        }
        if self.first.len() < FIRST {
            self.first.push(words.to_owned());
        }
        if self.tail.len() == TAIL {
            self.tail.pop_front();
        }
        self.tail.push_back(words.to_owned());
        if text.len() <= self.left {
            self.left -= text.len();
            log::log!(target: &self.target, level, "{words}");
        } else {
            // Once over, over: else short lines between the long ones would go on.
            self.left = 0;
            self.dropped += text.len() as u64 + cut;
        }
    }
}

/// Level and words of a line such as `ERROR step1: no credentials`; any other line is information,
/// except a panic's.
fn level_of<'a>(line: &'a str, program: &str) -> (Level, &'a str) {
    for (word, level) in [
        ("ERROR ", Level::Error),
        ("WARN ", Level::Warn),
        ("INFO ", Level::Info),
        ("DEBUG ", Level::Debug),
        ("TRACE ", Level::Trace),
    ] {
        if let Some(rest) = line.strip_prefix(word) {
            let rest = rest.trim_start();
            let named = rest
                .strip_prefix(program)
                .and_then(|rest| rest.strip_prefix(": "));
            return (level, named.unwrap_or(rest));
        }
    }
    let panic = line.starts_with("thread '") && line.contains(" panicked at ");
    let level = if panic { Level::Error } else { Level::Info };
    (level, line)
}

/// The text without escape sequences and control characters: a log line is one line, and no
/// program writes to the terminal of who reads it.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.trim_end().chars();
    while let Some(c) = chars.next() {
        match c {
            '\x1b' => {
                // `ESC [ … letter`; anything else after ESC is one character.
                if chars.next() == Some('[') {
                    chars.by_ref().find(|c| ('@'..='~').contains(c));
                }
            }
            '\t' => plain.push(' '),
            c if c.is_control() => {}
            c => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &[u8]) -> Said {
        let said = Said::new("step1");
        for piece in text.chunks(7) {
            said.state().hear(piece);
        }
        said.finish();
        said
    }

    #[test]
    fn the_last_error_is_what_counts_and_not_the_last_line() {
        let said = heard(b"INFO  step1: begins\nERROR step1: no credentials\nbye\n");
        assert_eq!(said.last_words().as_deref(), Some("no credentials"));
        assert_eq!(said.tail().last().map(String::as_str), Some("bye"));
        let panicked = heard(b"thread 'main' panicked at src/x.rs:1:1:\nboom\n");
        assert!(panicked.last_words().unwrap().contains("panicked at"));
    }

    #[test]
    fn colours_control_characters_and_bad_utf8_do_not_reach_the_log() {
        let said = heard(b"\x1b[31mERROR\x1b[0m step1: a\x07\xff\tb\r\n");
        assert_eq!(said.last_words().as_deref(), Some("a\u{fffd} b"));
    }

    #[test]
    fn a_line_without_an_end_is_cut_and_counted() {
        let said = heard(&vec![b'x'; 100_000]);
        let line = said.tail().pop().unwrap();
        assert!(line.ends_with("(98000 bytes more)"), "{line}");
        assert!(line.len() < MAX_LINE + 50);
    }

    #[test]
    fn what_is_over_the_budget_is_counted_and_not_logged() {
        let said = Said::new("step1");
        for _ in 0..10_000 {
            said.state().hear(&[b'y'; 99]);
            said.state().hear(b"\n");
        }
        let dropped = said.state().dropped;
        assert_eq!(dropped, 990_000 - (BUDGET / 99 * 99) as u64);
        said.refill();
        assert_eq!(said.state().left, BUDGET);
    }
}
