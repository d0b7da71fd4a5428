//! The last line: the keys, or what is being typed, or a message.

use ratatui::text::{Line, Span};
use step6::{screen_text, width};

use super::app::{App, Over, View};
use super::overview::text;
use super::paint::Tone;

/// The last line.
pub fn line(app: &App, columns: usize) -> Line<'static> {
    let paint = app.paint;
    if let Some(typing) = &app.typing {
        let words = format!(
            " find: {}_   Enter to search, Esc to leave",
            screen_text(typing, 40)
        );
        return text(paint, Tone::Head, &words, columns);
    }
    if let Some(message) = &app.message {
        return text(paint, Tone::Head, &format!(" {message}"), columns);
    }
    let keys: &[&str] = match (app.over, app.view) {
        (Over::Nothing, View::Overview) => &[
            "?help",
            "m matches",
            "q quit",
            "Enter step",
            "l logs",
            "a alerts",
            "e errors",
            "/ find",
            "t time",
            "f freeze",
            "j/k move",
            "w snapshot",
        ],
        (Over::Nothing, View::Matches) => &[
            "?help",
            "1 overview",
            "q quit",
            "Enter details",
            "s sort",
            "v which",
            "/ find",
            "o odds",
            "b books",
            "f freeze",
            "j/k move",
            "w snapshot",
        ],
        (Over::Help | Over::Details | Over::Alerts, _) => &["Esc back", "j/k scroll", "q quit"],
        (Over::Logs, _) => &["Esc back", "j/k scroll", "e errors", "/ find", "q quit"],
    };
    let mut line = String::new();
    for key in keys {
        if app.read_only && key.starts_with("w ") {
            continue;
        }
        if width(&line) + key.len() + 3 > columns {
            break;
        }
        line += &format!(" [{key}]");
    }
    Line::from(Span::styled(line, paint.of(Tone::Dim)))
}
