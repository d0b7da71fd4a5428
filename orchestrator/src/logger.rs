//! Where messages go: the day log gets all, the console (stderr) gets the orchestrator's own.
//!
//! Both ends swallow their errors: a closed stderr or a full disk must not end a daemon, which is why
//! nothing in this program prints by macro. What the steps say is in the day log; with `-v` here too.
//! Libraries only speak from warnings up.

use std::io::{self, Write};
use std::sync::{Mutex, OnceLock};

use chrono::Local;
use log::{Level, LevelFilter, Log, Metadata, Record};
use pipeline::logging::{Color, level_word, tint};

use crate::daylog::{DayLog, Weight};
use crate::output;

static LOGGER: OnceLock<Logger> = OnceLock::new();

struct Logger {
    console: LevelFilter,
    colored: bool,
    /// Whether stderr is systemd's journal, which reads a priority from the start of a line.
    priorities: bool,
    day: Mutex<Option<DayLog>>,
}

/// Starts logging to the console.
pub fn start(console: LevelFilter, color: Color) {
    let logger = LOGGER.get_or_init(|| Logger {
        console,
        colored: color.on(&io::stderr()),
        priorities: stderr_is_the_journal(),
        day: Mutex::new(None),
    });
    // Starting twice is harmless: the first one stays.
    if log::set_logger(logger).is_ok() {
        log::set_max_level(console.max(LevelFilter::Info));
    }
}

/// From now on the day log gets everything too.
pub fn attach(day: DayLog) {
    with_day(|slot| *slot = Some(day));
}

/// Changes to today's file and removes what is too old or too much; says when lines were lost.
pub fn tidy() {
    let mut lost = 0;
    with_day(|slot| {
        if let Some(day) = slot {
            day.tidy(Local::now());
            lost = day.lost();
        }
    });
    if lost > 0 {
        log::warn!("{lost} lines could not be written to the day log (is the disk full?)");
    }
}

fn with_day(act: impl FnOnce(&mut Option<DayLog>)) {
    if let Some(logger) = LOGGER.get() {
        // One thread; after a panic in here the log is still whole.
        act(&mut logger
            .day
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()));
    }
}

/// Whether `$JOURNAL_STREAM` names what stderr is.
fn stderr_is_the_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    nix::sys::stat::fstat(io::stderr())
        .is_ok_and(|meta| stream == format!("{}:{}", meta.st_dev, meta.st_ino))
}

/// The priority of a level as systemd's journal reads it.
const fn priority(level: Level) -> &'static str {
    match level {
        Level::Error => "<3>",
        Level::Warn => "<4>",
        Level::Info => "<6>",
        Level::Debug | Level::Trace => "<7>",
    }
}

/// Who speaks: a program we started, ourselves, or a library.
enum Speaker<'a> {
    Program(&'a str),
    Us,
    Library(&'a str),
}

impl Speaker<'_> {
    fn of(target: &str) -> Speaker<'_> {
        if let Some(program) = target.strip_prefix(output::TARGET) {
            return Speaker::Program(program);
        }
        match target.split("::").next() {
            Some("orchestrator" | "journal" | "pipeline") => Speaker::Us,
            _ => Speaker::Library(target),
        }
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        match Speaker::of(metadata.target()) {
            Speaker::Library(_) => metadata.level() <= Level::Warn,
            _ => true,
        }
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level = record.level();
        let (who, weight, on_console) = match Speaker::of(record.target()) {
            Speaker::Program(name) => (name, Weight::Said, self.console >= LevelFilter::Debug),
            Speaker::Us => ("orchestrator", Weight::Own, true),
            Speaker::Library(name) => (name, Weight::Own, true),
        };
        let words = record.args().to_string();
        if on_console && level <= self.console {
            let (start, end) = if self.colored {
                (tint(level), "\x1b[0m")
            } else {
                ("", "")
            };
            let priority = if self.priorities { priority(level) } else { "" };
            let line = format!(
                "{priority}{start}{}{end} {who}: {words}\n",
                level_word(level)
            );
            // One write, so that lines of several programs do not mix; a closed stderr is no fault.
            let _ = io::stderr().lock().write_all(line.as_bytes());
        }
        with_day(|slot| {
            if let Some(day) = slot {
                day.write(Local::now(), level, who, &words, weight);
            }
        });
    }

    fn flush(&self) {}
}
