//! The page of the day log.

use ratatui::text::Line;

use super::app::App;
use super::draw::Beside;
use super::overview::text;
use super::paint::Tone;

/// The newest lines that are wanted, as many as there is room for.
pub fn lines(app: &mut App, beside: &Beside, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let find = app.find.to_lowercase();
    let wanted = |line: &&String| {
        let bad = line.contains("ERROR") || line.contains("WARN");
        (!app.errors_only || bad) && (find.is_empty() || line.to_lowercase().contains(&find))
    };
    let shown: Vec<_> = beside.log.iter().filter(wanted).collect();
    // The newest line is the last one; scrolling goes back from there.
    let scroll = app.scroll.min(shown.len().saturating_sub(rows));
    let end = shown.len() - scroll;
    let lines = shown[end.saturating_sub(rows)..end].iter().map(|line| {
        let tone = if line.contains("ERROR") {
            Tone::Bad
        } else if line.contains("WARN") {
            Tone::Warn
        } else {
            Tone::Plain
        };
        text(app.paint, tone, line, columns)
    });
    let lines: Vec<_> = lines.collect();
    app.scroll = scroll;
    if lines.is_empty() {
        return vec![text(
            app.paint,
            Tone::Dim,
            " no such line in the day log",
            columns,
        )];
    }
    lines
}
