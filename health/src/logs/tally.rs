//! How many errors and warnings each program has said since we began to listen: counted from what is
//! appended to the day logs, so that nothing is read twice and nothing that was there before at all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use log::Level;

use super::cursor::Cursor;
use super::line::Line;

/// What one look reads at most, in bytes: whatever comes at once, nobody waits for it. The next looks go on.
const MOST: u64 = 8 * 1024 * 1024;
/// What is kept of a line, in bytes: time, level and speaker stand at its start.
const HEAD: usize = 256;
/// Speakers that have a label of their own; the others share one.
const SPEAKERS: usize = 12;
/// The label that the others share.
const OTHER: &str = "other";

/// Errors and warnings by speaker.
#[derive(Debug, Default)]
pub struct Tally {
    open: Option<Cursor>,
    /// The start of a line whose end has not been read yet.
    head: Vec<u8>,
    /// Whether a look was taken: what the first one finds is old.
    begun: bool,
    counts: BTreeMap<(String, &'static str), u64>,
}

impl Tally {
    /// Counts what was appended to the day logs in `folder` since the last look. `steps` are the names that
    /// are counted by themselves, beside the orchestrator's. A file that can't be read counts nothing.
    pub fn look(&mut self, folder: &Path, steps: &[String]) {
        let names: BTreeSet<&str> = steps
            .iter()
            .map(String::as_str)
            .chain(["orchestrator"])
            .take(SPEAKERS)
            .collect();
        for name in &names {
            let key = ((*name).to_owned(), "error");
            self.counts.entry(key).or_default();
        }
        if !self.begun {
            self.begun = true;
            self.open = Cursor::at_end(folder);
            return;
        }
        let mut left = MOST;
        // Each turn ends a file; more than a few of them in one look are for the next one.
        for _ in 0..8 {
            self.drain(&names, &mut left);
            if left == 0 {
                return;
            }
            let Some(next) = Cursor::next(self.open.as_ref(), folder) else {
                return;
            };
            let Ok(open) = Cursor::at_start(&next) else {
                return;
            };
            // What was written between the last reading and the change.
            self.drain(&names, &mut left);
            self.open = Some(open);
            self.head.clear();
        }
    }

    /// What was counted: speaker, level, how often.
    pub fn counts(&self) -> impl Iterator<Item = (&str, &'static str, u64)> {
        let counts = self.counts.iter();
        counts.map(|((who, level), n)| (who.as_str(), *level, *n))
    }

    fn drain(&mut self, names: &BTreeSet<&str>, left: &mut u64) {
        let Some(open) = &mut self.open else { return };
        if open.cut_off().unwrap_or(false) {
            self.head.clear();
        }
        let mut piece = vec![0; 64 * 1024];
        while *left > 0 {
            let Ok(n @ 1..) = open.read(&mut piece) else {
                return;
            };
            *left = left.saturating_sub(n as u64);
            let mut rest = &piece[..n];
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                keep(&mut self.head, &rest[..end]);
                if let Some(key) = spoken(&self.head, names) {
                    *self.counts.entry(key).or_default() += 1;
                }
                self.head.clear();
                rest = &rest[end + 1..];
            }
            keep(&mut self.head, rest);
        }
    }
}

/// Adds `piece` as far as there is room.
fn keep(head: &mut Vec<u8>, piece: &[u8]) {
    let room = HEAD.saturating_sub(head.len()).min(piece.len());
    head.extend_from_slice(&piece[..room]);
}

/// Who said a line and how urgently; none of what is neither error nor warning, or no line of ours.
fn spoken(head: &[u8], names: &BTreeSet<&str>) -> Option<(String, &'static str)> {
    let text = String::from_utf8_lossy(head);
    let line = Line::of(&text);
    let level = match line.level? {
        Level::Error => "error",
        Level::Warn => "warn",
        _ => return None,
    };
    let who = line.who.filter(|who| names.contains(who)).unwrap_or(OTHER);
    Some((who.to_owned(), level))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::io::Write;
    use std::path::PathBuf;

    struct Place {
        folder: tempfile::TempDir,
        tally: Tally,
    }

    impl Place {
        fn new() -> Place {
            Place {
                folder: tempfile::tempdir().unwrap(),
                tally: Tally::default(),
            }
        }

        fn day(&self, n: u8) -> PathBuf {
            let name = format!("continuous_orchestrator_202611{n:02}.log");
            self.folder.path().join(name)
        }

        fn say(&self, n: u8, words: &str) {
            let path = self.day(n);
            let mut file = File::options()
                .append(true)
                .create(true)
                .open(path)
                .unwrap();
            file.write_all(words.as_bytes()).unwrap();
        }

        fn look(&mut self) -> Vec<String> {
            let steps = ["step1".to_owned(), "step2".to_owned()];
            self.tally.look(self.folder.path(), &steps);
            let counted = self.tally.counts().filter(|(_, _, n)| *n > 0);
            counted
                .map(|(who, level, n)| format!("{who} {level} {n}"))
                .collect()
        }
    }

    fn line(level: &str, who: &str) -> String {
        format!("2026-11-24T07:00:00.123+02:00 {level} {who}: odds: HTTP 502 (3×)\n")
    }

    #[test]
    fn what_is_appended_is_counted_once_and_what_was_there_before_never() {
        let mut place = Place::new();
        place.say(23, &line("ERROR", "step1"));
        assert!(place.look().is_empty());
        let known: Vec<_> = place
            .tally
            .counts()
            .map(|(who, level, _)| (who, level))
            .collect();
        let zeros = [
            ("orchestrator", "error"),
            ("step1", "error"),
            ("step2", "error"),
        ];
        assert_eq!(
            known, zeros,
            "an error's series is there before the first one"
        );
        place.say(23, &line("WARN ", "step1"));
        place.say(23, &line("INFO ", "step1"));
        place.say(23, &line("ERROR", "orchestrator"));
        place.say(23, &line("ERROR", "a stranger"));
        place.say(23, "no line of ours\n");
        let (first, second) = ("2026-11-24T07:00:00.123+02:00 WA", "RN  step1: half\n");
        place.say(23, first);
        assert_eq!(
            place.look(),
            ["orchestrator error 1", "other error 1", "step1 warn 1"]
        );
        place.say(23, second);
        assert_eq!(place.look()[2], "step1 warn 2");
        assert_eq!(place.look()[2], "step1 warn 2");
    }

    #[test]
    fn midnight_a_deleted_a_replaced_and_a_cut_off_file_lose_and_double_nothing() {
        let mut place = Place::new();
        place.say(23, &line("WARN", "step1"));
        place.look();
        place.say(23, &line("WARN", "step1"));
        place.say(24, &line("WARN", "step1"));
        place.say(25, &line("WARN", "step1"));
        assert_eq!(place.look(), ["step1 warn 3"]);
        fs::remove_file(place.day(25)).unwrap();
        assert_eq!(place.look(), ["step1 warn 3"]);
        // Another file of the same name while the old one is still open: it has another inode.
        place.say(25, &line("WARN", "step1"));
        assert_eq!(place.look(), ["step1 warn 4"]);
        fs::write(place.day(25), "").unwrap();
        assert_eq!(place.look(), ["step1 warn 4"]);
        place.say(25, &line("WARN", "step1"));
        assert_eq!(place.look(), ["step1 warn 5"]);
    }

    #[test]
    fn a_huge_file_and_an_endless_line_hold_nobody_up_and_take_no_memory() {
        let mut place = Place::new();
        place.say(23, "");
        place.look();
        // A gigabyte of nothing, as a hole: no line ends in it.
        let file = File::options().append(true).open(place.day(23)).unwrap();
        file.set_len(1 << 30).unwrap();
        place.look();
        let open = place.tally.open.as_ref().unwrap();
        assert!(open.at <= MOST + 64 * 1024, "{} bytes at once", open.at);
        assert!(place.tally.head.capacity() <= 4 * HEAD);
        // One that was there when we began is not read at all.
        place.tally = Tally::default();
        place.look();
        place.say(23, &format!("\n{}", line("ERROR", "step2")));
        assert_eq!(place.look(), ["step2 error 1"]);
        assert!(Tally::default().counts().next().is_none());
    }
}
