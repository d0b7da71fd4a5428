//! Messages to stderr: one line each, level first, so that the orchestrator and a person can read them.

use std::io::{IsTerminal, Write};

use clap::ValueEnum;
use env_logger::{Builder, Target, WriteStyle};
use log::{Level, LevelFilter};

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    /// Whether to colour what goes to `stream`.
    pub fn on(self, stream: &impl IsTerminal) -> bool {
        match self {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|v| v == "dumb");
                !no_color && !dumb && stream.is_terminal()
            }
        }
    }
}

/// The level for `-q` and `-v` counted together: -1 warnings, 0 information, 1 debug, 2 trace.
pub fn level(verbose: u8, quiet: u8) -> LevelFilter {
    match i16::from(verbose) - i16::from(quiet) {
        ..=-2 => LevelFilter::Error,
        -1 => LevelFilter::Warn,
        0 => LevelFilter::Info,
        1 => LevelFilter::Debug,
        2.. => LevelFilter::Trace,
    }
}

/// The word a level is written as, five letters wide.
pub const fn level_word(level: Level) -> &'static str {
    match level {
        Level::Error => "ERROR",
        Level::Warn => "WARN ",
        Level::Info => "INFO ",
        Level::Debug => "DEBUG",
        Level::Trace => "TRACE",
    }
}

/// Starts logging to stderr: `LEVEL program: message`.
///
/// Libraries only speak from warnings up: at debug level an HTTP client would print the URL, which
/// with this provider holds the secret.
pub fn start(program: &'static str, level: LevelFilter, color: Color) {
    let colored = color.on(&std::io::stderr());
    Builder::new()
        .filter_level(LevelFilter::Off)
        .filter_module(program, level)
        .filter_module("pipeline", level)
        .filter_module("feed", level)
        .filter_module("journal", level)
        .target(Target::Stderr)
        .write_style(if colored {
            WriteStyle::Always
        } else {
            WriteStyle::Never
        })
        .format(move |out, record| {
            let (start, end) = if colored {
                (tint(record.level()), "\x1b[0m")
            } else {
                ("", "")
            };
            writeln!(
                out,
                "{start}{}{end} {program}: {}",
                level_word(record.level()),
                record.args()
            )
        })
        .init();
}

/// The colour of a level; the word stands there too, so nothing depends on it.
pub const fn tint(level: Level) -> &'static str {
    match level {
        Level::Error => "\x1b[31m",
        Level::Warn => "\x1b[33m",
        Level::Info => "\x1b[32m",
        Level::Debug | Level::Trace => "\x1b[2m",
    }
}
