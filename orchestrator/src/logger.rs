//! Where messages go: the day log gets all, the console (stderr) gets the orchestrator's own.
//!
//! Nothing here holds up or ends who speaks: the console is a queue with a thread of its own, errors of
//! both ends are counted and said by the other one, and so is a panic, which is a bug of ours and no
//! reason to stop supervising. That is why nothing in this program prints by macro. What the steps say
//! is in the day log; with `-v` here too. Libraries only speak from warnings up.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, OnceLock};

use chrono::Local;
use log::{Level, LevelFilter, Log, Metadata, Record};
use nix::sys::stat::fstat;
use pipeline::logging::{Color, level_word, tint};

use crate::console::Console;
use crate::daylog::{DayLog, Weight};
use crate::output;

static LOGGER: OnceLock<Logger> = OnceLock::new();

struct Logger {
    console: LevelFilter,
    colored: bool,
    /// Whether stderr is systemd's journal, which reads a priority from the start of a line.
    priorities: bool,
    /// None if there can be no thread for it.
    stderr: Option<Console>,
    /// What a step shows; made when it is first asked for.
    stdout: OnceLock<Option<Console>>,
    day: Mutex<Option<DayLog>>,
}

thread_local! {
    static LAST_PANIC: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Starts logging to the console.
pub fn start(console: LevelFilter, color: Color) {
    let logger = LOGGER.get_or_init(|| Logger {
        console,
        colored: color.on(&io::stderr()),
        priorities: stderr_is_the_journal(),
        stderr: open(io::stderr(), |lines| {
            let warn = level_word(Level::Warn);
            format!("{warn} orchestrator: {lines} lines are not shown: nobody read\n")
        }),
        stdout: OnceLock::new(),
        day: Mutex::new(None),
    });
    // Starting twice is harmless: the first one stays.
    if log::set_logger(logger).is_ok() {
        log::set_max_level(console.max(LevelFilter::Info));
        panic::set_hook(Box::new(|panic| logger.heard_of(panic)));
    }
}

/// Our standard output, for what a step shows. None if there can be no thread for it.
pub fn stdout() -> Option<Console> {
    let logger = LOGGER.get()?;
    let open = || match (fstat(io::stdout()), fstat(io::stderr())) {
        (Ok(out), Ok(err)) if (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino) => {
            logger.stderr.clone()
        }
        _ => open(io::stdout(), |lines| {
            format!("… {lines} lines are not shown: nobody read\n")
        }),
    };
    logger.stdout.get_or_init(open).clone()
}

fn open(end: impl AsFd, note: crate::console::Note) -> Option<Console> {
    let file = File::from(end.as_fd().try_clone_to_owned().ok()?);
    Console::new(file, note).ok()
}

/// From now on the day log gets everything too.
pub fn attach(day: DayLog) {
    if let Some(logger) = LOGGER.get() {
        *logger.day() = Some(day);
        if logger.stderr.is_none() {
            log::warn!("no thread can be started for the console: this is said only here");
        }
    }
}

/// Changes to today's file and removes what is too old or too much; says when lines were lost.
pub fn tidy() {
    let Some(logger) = LOGGER.get() else { return };
    let (mut lost, mut why) = (0, String::new());
    let act = |day: &mut DayLog| {
        day.tidy(Local::now());
        lost = day.lost();
        day.lost_why().clone_into(&mut why);
    };
    if let Err(panic) = logger.with_day(act) {
        logger.say(Level::Error, "orchestrator", &panic);
    }
    if lost > 0 {
        log::warn!("{lost} lines could not be written to the day log: {why}");
    }
    logger.tell_of_consoles(Console::news);
}

/// Gives the console a moment for what is still to be seen, and the day log the count of what is not.
pub fn finish() {
    let Some(logger) = LOGGER.get() else { return };
    for console in logger.consoles() {
        console.flush();
    }
    logger.tell_of_consoles(Console::last_news);
}

/// What the last panic of this thread said, and where.
pub fn last_panic() -> String {
    LAST_PANIC.with_borrow(Clone::clone)
}

impl Logger {
    fn day(&self) -> MutexGuard<'_, Option<DayLog>> {
        // One thread; after a panic in here the log is still whole.
        self.day
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Does something with the day log, if there is one. If that panics a new log begins, which knows of
    /// the loss.
    ///
    /// # Errors
    /// What is to be said of it elsewhere.
    fn with_day(&self, act: impl FnOnce(&mut DayLog)) -> Result<(), String> {
        let mut slot = self.day();
        let Some(day) = slot.as_mut() else {
            return Ok(());
        };
        catch_unwind(AssertUnwindSafe(|| act(day))).map_err(|_| {
            let why = format!("a bug: the day log panicked: {}", last_panic());
            *day = day.anew(&why);
            why
        })
    }

    fn consoles(&self) -> impl Iterator<Item = &Console> {
        let stdout = self.stdout.get().and_then(Option::as_ref);
        let other = stdout.filter(|out| !self.stderr.as_ref().is_some_and(|err| err.is(out)));
        self.stderr.iter().chain(other)
    }

    /// What a console has lost goes to the day log alone.
    fn tell_of_consoles(&self, news: impl Fn(&Console) -> Option<String>) {
        for console in self.consoles() {
            if let Some(words) = news(console) {
                self.write(Level::Warn, "orchestrator", &words, Weight::Own);
            }
        }
    }

    /// Any panic, before it goes its way. Only what can't panic itself is done here.
    fn heard_of(&self, panic: &panic::PanicHookInfo<'_>) {
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let words = text.or(payload.downcast_ref::<&str>().copied());
        let words = words.unwrap_or("no words");
        let place = panic
            .location()
            .map_or_else(String::new, |place| format!("at {place}: "));
        let text = format!("{place}{words}");
        self.show(Level::Error, "orchestrator", &format!("panicked {text}"));
        LAST_PANIC.set(text);
    }

    fn say(&self, level: Level, who: &str, words: &str) {
        self.show(level, who, words);
        self.write(level, who, words, Weight::Own);
    }

    /// On the console.
    fn show(&self, level: Level, who: &str, words: &str) {
        let Some(console) = &self.stderr else { return };
        if level > self.console {
            return;
        }
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
        console.show(line.into_bytes());
    }

    /// In the day log.
    fn write(&self, level: Level, who: &str, words: &str, weight: Weight) {
        let act = |day: &mut DayLog| day.write(Local::now(), level, who, words, weight);
        if let Err(why) = self.with_day(act) {
            self.show(Level::Error, "orchestrator", &why);
        }
    }
}

/// Whether `$JOURNAL_STREAM` names what stderr is.
fn stderr_is_the_journal() -> bool {
    let Ok(stream) = std::env::var("JOURNAL_STREAM") else {
        return false;
    };
    fstat(io::stderr()).is_ok_and(|meta| stream == format!("{}:{}", meta.st_dev, meta.st_ino))
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
        // The words are put together here, by whatever they are made of.
        match catch_unwind(AssertUnwindSafe(|| record.args().to_string())) {
            Ok(words) => {
                if on_console {
                    self.show(level, who, &words);
                }
                self.write(level, who, &words, weight);
            }
            Err(_) => {
                let words = format!("a bug: a line of the log panicked: {}", last_panic());
                self.say(Level::Error, who, &words);
            }
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daylog::{self, Retention};
    use std::fmt;
    use std::fs;
    use std::io::{Read, pipe};

    /// Something that can't be put into words.
    struct Bug;

    impl fmt::Display for Bug {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("as a bug would")
        }
    }

    fn day(folder: &std::path::Path) -> DayLog {
        let keep = Retention {
            keep_days: 1,
            keep_bytes: 1_000_000,
        };
        DayLog::new(folder, keep)
    }

    #[test]
    fn a_panic_in_the_log_costs_one_line_which_is_said_and_the_log_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let (mut reader, writer) = pipe().unwrap();
        let logger = Logger {
            console: LevelFilter::Info,
            colored: false,
            priorities: false,
            stderr: Some(Console::new(writer, |_| String::new()).unwrap()),
            stdout: OnceLock::new(),
            day: Mutex::new(Some(day(folder.path()))),
        };
        let log = |words: fmt::Arguments<'_>| {
            let mut record = Record::builder();
            let record = record.target("orchestrator").level(Level::Info);
            logger.log(&record.args(words).build());
        };
        log(format_args!("one"));
        log(format_args!("{Bug}"));
        let broken = logger.with_day(|_| panic!("as another bug would"));
        assert!(
            broken
                .unwrap_err()
                .starts_with("a bug: the day log panicked")
        );
        log(format_args!("two"));
        logger.stderr.as_ref().unwrap().flush();
        let mut seen = vec![0; 65536];
        let n = reader.read(&mut seen).unwrap();
        let seen = String::from_utf8_lossy(&seen[..n]).into_owned();
        let path = folder.path().join(daylog::name(Local::now().date_naive()));
        let kept = fs::read_to_string(path).unwrap();
        for text in [&seen, &kept] {
            assert!(text.contains("INFO  orchestrator: one\n"), "{text}");
            assert!(
                text.contains("ERROR orchestrator: a bug: a line of the log panicked"),
                "{text}"
            );
            assert!(text.ends_with("INFO  orchestrator: two\n"), "{text}");
        }
        assert!(
            kept.contains("1 log lines were lost: a bug: the day log panicked"),
            "{kept}"
        );
    }
}
