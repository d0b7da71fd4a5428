//! What went wrong, by kind: lines that differ only in numbers, times and ids are of one kind.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use log::Level;
use serde::Serialize;

use super::{Filter, Line, backwards};
use crate::words::{clock, grouped, instant, wrapped};

/// Kinds that are shown.
const SHOWN: usize = 50;

#[derive(Debug, Serialize)]
struct Kind {
    count: u64,
    level: String,
    who: String,
    first: Option<DateTime<Utc>>,
    last: Option<DateTime<Utc>>,
    example: String,
}

pub(super) fn print(
    files: &[PathBuf],
    filter: &Filter,
    as_json: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let mut kinds: HashMap<(String, String), Kind> = HashMap::new();
    backwards::each(files, |text| {
        let line = Line::of(text);
        if filter.ends_at(&line) {
            return false;
        }
        // Without a wish of its own a summary is of warnings and errors.
        let wrong = filter.level.is_some() || line.level.is_some_and(|level| level <= Level::Warn);
        if wrong && filter.wants(&line) {
            let who = line.who.unwrap_or("?").to_owned();
            let key = (who.clone(), shape(line.words));
            let kind = kinds.entry(key).or_insert_with(|| Kind {
                count: 0,
                level: line.level.map_or("?", |level| level.as_str()).to_owned(),
                who,
                first: line.at,
                last: line.at,
                example: line.words.to_owned(),
            });
            kind.count += 1;
            kind.first = kind.first.min(line.at);
        }
        true
    })?;
    let mut kinds: Vec<_> = kinds.into_values().collect();
    kinds.sort_by(|a, b| {
        b.count
            .cmp(&a.count)
            .then_with(|| a.example.cmp(&b.example))
    });
    if as_json {
        for kind in &kinds {
            serde_json::to_writer(&mut *out, kind)?;
            out.write_all(b"\n")?;
        }
        return out.flush();
    }
    let since = filter.since.map(instant).unwrap_or_default();
    if kinds.is_empty() {
        writeln!(out, "nothing went wrong since {since}")?;
        return out.flush();
    }
    let lines: u64 = kinds.iter().map(|kind| kind.count).sum();
    writeln!(
        out,
        "{} lines of {} kinds since {since}, the most frequent first",
        grouped(lines),
        grouped(kinds.len() as u64)
    )?;
    for kind in kinds.iter().take(SHOWN) {
        let span = match (kind.first, kind.last) {
            (Some(first), Some(last)) if first != last => {
                format!("{} to {}", instant(first), clock(last))
            }
            (Some(first), _) => instant(first),
            _ => String::new(),
        };
        writeln!(
            out,
            "\n{:>6} × {:<5} {:<12} {span}",
            grouped(kind.count),
            kind.level,
            kind.who
        )?;
        out.write_all(wrapped("         ", &kind.example).as_bytes())?;
    }
    if kinds.len() > SHOWN {
        writeln!(out, "\nand {} kinds more", kinds.len() - SHOWN)?;
    }
    out.flush()
}

/// The words with every run that has a digit in it replaced: numbers, times, ids, addresses.
fn shape(words: &str) -> String {
    let mut shape = String::with_capacity(words.len());
    let mut word = String::new();
    let flush = |word: &mut String, shape: &mut String| {
        if word.chars().any(|c| c.is_ascii_digit()) {
            shape.push('#');
        } else {
            shape.push_str(word);
        }
        word.clear();
    };
    for c in words.chars() {
        if c.is_alphanumeric() || matches!(c, '.' | '_' | '-') {
            word.push(c);
        } else {
            flush(&mut word, &mut shape);
            shape.push(c);
        }
    }
    flush(&mut word, &mut shape);
    shape
}

#[cfg(test)]
mod tests {
    use super::shape;

    #[test]
    fn lines_that_differ_only_in_numbers_are_of_one_kind() {
        let kind = shape("cycle 20261124T070000Z failed at step1 after 3.4 s");
        assert_eq!(
            kind,
            shape("cycle 20261124T070100Z failed at step2 after 12 s")
        );
        assert_ne!(shape("HTTP error"), shape("DNS error"));
    }
}
