//! `health logs`: the orchestrator's day logs, one file a day, read from their ends.
//!
//! [`line`] takes a line apart, [`backwards`] reads files from the end, [`follow`] waits for what
//! comes, also over midnight, [`summary`] groups what went wrong, [`tally`] counts it.

mod backwards;
mod cursor;
mod follow;
mod line;
mod summary;
mod tally;

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, ValueEnum};
use journal::Reader;
use log::Level;
use pipeline::DataDir;
use pipeline::config::alerts::Span;
use regex::Regex;

pub use line::Line;
pub use tally::Tally;

/// `health logs`.
#[derive(Clone, Debug, Args)]
pub struct Logs {
    /// So many lines, the newest (a summary counts all)
    #[arg(long, short = 'n', default_value_t = 100)]
    pub lines: usize,
    /// Only lines younger than this, such as 10m
    #[arg(long, value_name = "TIME")]
    pub since: Option<Span>,
    /// Only lines at least so urgent
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub level: Option<LevelWord>,
    /// Only what this step said: 1 to 6, a name, or orchestrator
    #[arg(long, value_name = "STEP")]
    pub step: Option<String>,
    /// Only what was said during this cycle (the beginning of its id is enough)
    #[arg(long, value_name = "ID")]
    pub cycle: Option<String>,
    /// Only lines that this regular expression matches
    #[arg(long, value_name = "RE")]
    pub grep: Option<String>,
    /// Go on with what comes, until stopped
    #[arg(long, short = 'f', conflicts_with = "summary")]
    pub follow: bool,
    /// Group warnings and errors by kind, with how often, first, last and an example
    #[arg(long)]
    pub summary: bool,
    /// Print one JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// How urgent a line must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LevelWord {
    /// Errors.
    Error,
    /// Warnings too.
    Warn,
    /// Information too.
    Info,
    /// Details too.
    Debug,
    /// Everything.
    Trace,
}

impl From<LevelWord> for Level {
    fn from(word: LevelWord) -> Level {
        match word {
            LevelWord::Error => Level::Error,
            LevelWord::Warn => Level::Warn,
            LevelWord::Info => Level::Info,
            LevelWord::Debug => Level::Debug,
            LevelWord::Trace => Level::Trace,
        }
    }
}

/// Which lines are wanted.
#[derive(Debug)]
struct Filter {
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    level: Option<Level>,
    who: Option<String>,
    grep: Option<Regex>,
}

impl Filter {
    fn wants(&self, line: &Line<'_>) -> bool {
        let at = line.at;
        self.since
            .is_none_or(|since| at.is_some_and(|at| at >= since))
            && self
                .until
                .is_none_or(|until| at.is_some_and(|at| at <= until))
            && self
                .level
                .is_none_or(|level| line.level.is_some_and(|found| found <= level))
            && self.who.as_ref().is_none_or(|who| line.who == Some(who))
            && self.grep.as_ref().is_none_or(|re| re.is_match(line.text))
    }

    /// Whether everything before this line is too old.
    fn ends_at(&self, line: &Line<'_>) -> bool {
        // Lines may stand a little out of order when the clock was corrected.
        let slack = TimeDelta::minutes(5);
        matches!((self.since, line.at), (Some(since), Some(at)) if at < since - slack)
    }
}

impl Logs {
    /// Prints what is asked for.
    ///
    /// # Errors
    /// A sentence for the person.
    pub fn run(&self, data: &DataDir, out: &mut impl Write) -> Result<(), String> {
        let filter = self.filter(data, Utc::now())?;
        let files = files(data.logs());
        if files.is_empty() && !self.follow {
            let why = if data.journal().exists() || data.lock().exists() {
                "they were removed, or the service that runs on this data directory keeps them elsewhere ($LOGS_DIRECTORY)"
            } else {
                "no orchestrator has run on this data directory yet; name another with --data-dir"
            };
            let folder = data.logs().display();
            return Err(format!("there is no day log in `{folder}`: {why}"));
        }
        let result = if self.summary {
            summary::print(&files, &filter, self.json, out)
        } else {
            self.print(data, &files, &filter, out)
        };
        match result {
            // A reader that has had enough is no fault.
            Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
                Err(format!("failed to read or print the log: {why}"))
            }
            _ => Ok(()),
        }
    }

    fn print(
        &self,
        data: &DataDir,
        files: &[PathBuf],
        filter: &Filter,
        out: &mut impl Write,
    ) -> io::Result<()> {
        // Where following goes on is settled before the past is read, so that no line falls between.
        let mut follower = self.follow.then(|| follow::Follower::at_end(data.logs()));
        let mut lines = Vec::new();
        backwards::each(files, |text| {
            let line = Line::of(text);
            if lines.len() >= self.lines || filter.ends_at(&line) {
                return false;
            }
            if filter.wants(&line) {
                lines.push(text.to_owned());
            }
            true
        })?;
        for text in lines.iter().rev() {
            self.say(text, out)?;
        }
        out.flush()?;
        if let Some(follower) = &mut follower {
            follower.run(|text| {
                if filter.wants(&Line::of(text)) {
                    self.say(text, out)?;
                    out.flush()?;
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn say(&self, text: &str, out: &mut impl Write) -> io::Result<()> {
        if self.json {
            serde_json::to_writer(&mut *out, &Line::of(text))?;
            out.write_all(b"\n")
        } else {
            writeln!(out, "{text}")
        }
    }

    fn filter(&self, data: &DataDir, now: DateTime<Utc>) -> Result<Filter, String> {
        let mut filter = Filter {
            since: match self.since {
                Some(span) => TimeDelta::from_std(span.0).ok().map(|span| now - span),
                None if self.summary => Some(now - TimeDelta::hours(24)),
                None => None,
            },
            until: None,
            level: self.level.map(Level::from),
            who: self.step.as_ref().map(|step| match step.parse::<u8>() {
                Ok(number) => format!("step{number}"),
                Err(_) => step.clone(),
            }),
            grep: None,
        };
        if let Some(pattern) = &self.grep {
            let parsed = Regex::new(pattern)
                .map_err(|why| format!("`{pattern}` is no regular expression: {why}"))?;
            filter.grep = Some(parsed);
        }
        if let Some(id) = &self.cycle {
            let found = Reader::open(&data.journal())
                .and_then(|reader| reader.cycle_by_id(id))
                .map_err(|why| why.to_string())?;
            let cycle = found.ok_or_else(|| format!("there is no cycle `{id}` in the record"))?;
            let slack = TimeDelta::milliseconds(50);
            let begun = cycle.started_at - slack;
            filter.since = Some(filter.since.map_or(begun, |since| since.max(begun)));
            filter.until = cycle.ended_at.map(|at| at + slack);
        }
        Ok(filter)
    }
}

/// The day logs in a folder, the newest first.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| is_day_log(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    files.sort_unstable_by(|a, b| b.cmp(a));
    files
}

/// `continuous_orchestrator_YYYYMMDD.log`.
fn is_day_log(name: &str) -> bool {
    name.strip_prefix("continuous_orchestrator_")
        .and_then(|rest| rest.strip_suffix(".log"))
        .is_some_and(|day| day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit()))
}
