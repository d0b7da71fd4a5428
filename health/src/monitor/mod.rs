//! `health monitor`: a live view in the terminal.
//!
//! It is drawn only when something on it changes and at most four times a second, so that it works over
//! a slow line and costs next to nothing. It ends with its terminal: a closed one is noticed by a thread
//! that waits for nothing else. What it shows it looks up itself, whether or not an orchestrator lives. It
//! writes nothing but what a key asks for and a person confirms.

pub mod alerts;
pub mod app;
pub mod ask;
pub mod draw;
pub mod find;
pub mod foot;
pub mod head;
pub mod help;
pub mod keys;
pub mod logs;
pub mod match_detail;
pub mod matches;
pub mod overview;
pub mod paint;
pub mod panes;
pub mod screen;
pub mod situation;
pub mod snapshot;
pub mod steps;

use std::io::{self, IsTerminal, Write};

use football::Format;
use pipeline::Config;
use pipeline::cli::Common;

pub use app::{App, View};
pub use paint::Paint;

use crate::facts::{Depth, Facts};
use crate::verdict::{Level, Verdict};

/// `health monitor`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Which view to begin with
    #[arg(long, value_enum, default_value_t)]
    pub view: View,
    /// Without keys that write anything
    #[arg(long)]
    pub read_only: bool,
    /// Print one frame to standard output and end; needs no terminal
    #[arg(long)]
    pub once: bool,
    /// The size of that frame, COLUMNSxROWS
    #[arg(long, value_name = "SIZE", value_parser = size, requires = "once")]
    pub size: Option<(u16, u16)>,
    /// Draw with ASCII only [default: unless the locale is UTF-8]
    #[arg(long)]
    pub ascii: bool,
}

/// `80x24`.
fn size(text: &str) -> Result<(u16, u16), String> {
    let wrong = || format!("`{text}` is no size such as 80x24 (at most 500x200)");
    let (columns, rows) = text.split_once('x').ok_or_else(wrong)?;
    let parsed = columns.parse().ok().zip(rows.parse().ok());
    parsed
        .filter(|(columns, rows)| (1..=500).contains(columns) && (1..=200).contains(rows))
        .ok_or_else(wrong)
}

/// Runs it; the exit code is the verdict's for `--once` and without a terminal, 3 for one that can't be
/// used, else 0.
pub fn run(options: &Options, common: &Common, config: Config) -> u8 {
    let format = step6::parse_format(&config.display.format).unwrap_or(Format::American);
    let ascii = options.ascii || !utf8();
    let paint = Paint {
        color: common.color.on(&io::stdout()),
        ascii,
    };
    let app = App::new(paint, options.view, format, options.read_only);
    if options.once {
        return once(options, common, config, app);
    }
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if dumb || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return report(common, &config);
    }
    match screen::run(app, common, config) {
        Ok(()) => Level::Ok.code(),
        // The terminal is gone: there is nobody to tell.
        Err(why) if screen::gone(&why) => Level::Ok.code(),
        Err(why) => {
            log::error!("failed to draw on the terminal: {why}");
            Level::Unknown.code()
        }
    }
}

fn once(options: &Options, common: &Common, config: Config, mut app: App) -> u8 {
    let mut looker = crate::look::Looker::new(common.clone(), config);
    let look = looker.look(app.range);
    let size = options.size.unwrap_or((80, 24));
    app.paint.color = false;
    let text = snapshot::text(&mut app, &look, size);
    print(&text, look.verdict.level())
}

/// What can be said where no cursor can be moved: the report, once.
fn report(common: &Common, config: &Config) -> u8 {
    log::info!("no terminal to draw on (or TERM is `dumb`): this is `health report`");
    let facts = Facts::gather(common, config, Depth::Full);
    let verdict = Verdict::of(&facts);
    let color = common.color.on(&io::stdout());
    print(
        &crate::report::text(&facts, &verdict, color),
        verdict.level(),
    )
}

/// Prints; the level's exit code.
fn print(text: &str, level: Level) -> u8 {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
            log::error!("failed to write to standard output: {why}");
            Level::Unknown.code()
        }
        _ => level.code(),
    }
}

/// Whether the locale says that the terminal speaks UTF-8.
fn utf8() -> bool {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL")
        .or_else(|| set("LC_CTYPE"))
        .or_else(|| set("LANG"));
    // Containers often set none, and every terminal of today speaks it.
    locale.is_none_or(|name| {
        let name = name.to_lowercase();
        name.contains("utf-8") || name.contains("utf8")
    })
}
