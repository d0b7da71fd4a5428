//! One frame as text, and the files that the key `w` writes for a report of a fault.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::app::App;
use super::draw::{self, Beside};
use crate::look::Look;

/// The frame as lines without colour.
pub fn text(app: &mut App, look: &Look, size: (u16, u16)) -> String {
    let beside = Beside::default();
    text_with(app, look, &beside, size)
}

/// The same with what only the loop has read.
pub fn text_with(
    app: &mut App,
    look: &Look,
    beside: &Beside,
    (columns, rows): (u16, u16),
) -> String {
    let backend = TestBackend::new(columns, rows);
    let Ok(mut terminal) = Terminal::new(backend);
    let clock = look.facts.now + TimeDelta::from_std(beside.age).unwrap_or_default();
    let drawn = terminal.draw(|frame| draw::frame(frame, app, look, beside, clock));
    let Ok(frame) = drawn;
    let buffer = frame.buffer;
    let mut text = String::new();
    for y in 0..rows {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..columns {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buffer[(x, y)].symbol();
            // The cell behind a wide letter is a filler.
            skip = step6::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Writes the frame and the facts below `folder`; the names of the two files.
///
/// # Errors
/// When they can't be written.
pub fn write(app: &App, look: &Look, beside: &Beside, folder: &Path) -> io::Result<[PathBuf; 2]> {
    let stem = format!("health-{}", look.facts.now.format("%Y%m%dT%H%M%SZ"));
    let [frame, facts] = ["txt", "json"].map(|end| folder.join(format!("{stem}.{end}")));
    fs::write(&frame, text_with(&mut app.clone(), look, beside, (120, 40)))?;
    fs::write(&facts, crate::json::report(&look.facts, &look.verdict))?;
    Ok([frame, facts])
}
