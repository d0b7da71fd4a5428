//! Step 6: show the matches, on the console and in the readable log.
//!
//! In: `step5/step5.json`. Out: a page on standard output for the one who looks now, and the same page
//! as a block of `step6_matches.log` for the one who looks later. [`render`] is a pure function from the
//! product file to text; [`matches_log`] keeps the log whole, bounded and in one piece.

mod brief;
mod columns;
mod command;
mod compact;
mod facts;
mod full;
mod header;
mod markets;
pub mod matches_log;
mod order;
mod page;
pub mod price;
mod rotation;
pub mod scoreboard;
mod terminal;
mod text;
mod view;

use std::process::ExitCode;

use pipeline::Envelope;
use step5::Output;

pub use brief::Brief;
pub use command::command;
pub use text::{screen_text, width};
pub use view::{FORMATS, Filter, View, WIDTHS, parse_format, parse_phase};

/// The program.
pub fn main() -> ExitCode {
    pipeline::harness::run(command::execute)
}

/// The product file as it is read here: its matches are parsed when they are shown.
pub type Product<'a> = Output<'a, Brief<'a>>;

/// The page of a cycle, every line ended and none wider than `view.width` columns.
///
/// # Errors
/// When a match that is to be shown is not as step 5 writes it.
pub fn render(
    output: &Product<'_>,
    envelope: &Envelope,
    view: &View,
) -> Result<String, serde_json::Error> {
    let mut page = page::Page::new(view.width, view.color);
    let shown: Vec<_> = output
        .matches
        .iter()
        .map(|(_, one)| one)
        .filter(|one| view.filter.wants(one))
        .collect();
    header::write(&mut page, output, envelope, view, &shown);
    let today = envelope.fetched_at.date_naive();
    let groups = order::groups(shown);
    if view.compact {
        compact::write(&mut page, &groups, view, today)?;
    } else {
        full::write(&mut page, &groups, view, today)?;
    }
    Ok(page.finish())
}
