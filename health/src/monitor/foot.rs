//! The last line, or lines: what is asked, what is being typed, a message, or else the keys that act now.

use ratatui::text::Line;
use step6::{screen_text, width};

use super::app::App;
use super::help::fold;
use super::keys;
use super::overview::text;
use super::paint::Tone;
use crate::look::Look;

/// The last lines: one, or as many of `most` as a question or a message needs.
pub fn lines(app: &App, look: &Look, columns: usize, most: usize) -> Vec<Line<'static>> {
    let words = if let Some(ask) = &app.ask {
        ask.words()
    } else if let Some(typing) = &app.typing {
        let room = columns.saturating_sub(9).clamp(1, 40);
        let shown = screen_text(&crate::words::tail(typing, room), room).into_owned();
        let more = "   Enter to search, Esc to leave";
        let room = columns.saturating_sub(9 + width(&shown)) >= more.len();
        format!("find: {shown}_{}", if room { more } else { "" })
    } else if let Some(message) = &app.message {
        message.clone()
    } else {
        return vec![text(
            app.paint,
            Tone::Dim,
            &keys(app, look, columns),
            columns,
        )];
    };
    let mut folded = fold(&words, columns.saturating_sub(1).max(1));
    folded.truncate(most.max(1));
    folded
        .iter()
        .map(|line| {
            let line = text(app.paint, Tone::Head, &format!(" {line}"), columns);
            line.style(app.paint.selected())
        })
        .collect()
}

/// As many keys as there is room for.
fn keys(app: &App, look: &Look, columns: usize) -> String {
    let mut line = String::new();
    for (key, word) in keys::hints(app, look) {
        let hint = format!(" [{key}]{word}");
        // A later, shorter one may still fit.
        if width(&line) + width(&hint) <= columns {
            line += &hint;
        }
    }
    line
}
