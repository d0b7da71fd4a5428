//! The page of the day log.

use ratatui::text::Line;
use step6::screen_text;

use super::app::App;
use super::draw::Beside;
use super::overview::text;
use super::paint::Tone;

/// A title, and the lines that are wanted, as many as there is room for. What is searched for is marked
/// and stands among its neighbours.
pub fn lines(app: &mut App, beside: &Beside, columns: usize, rows: usize) -> Vec<Line<'static>> {
    let rows = rows.saturating_sub(1);
    let step = app.log_of.as_ref().map(|name| format!(" {name}: "));
    let wanted = |line: &&String| {
        (!app.errors_only || level(line) != Tone::Plain)
            && step.as_ref().is_none_or(|step| line.contains(step))
    };
    let shown: Vec<_> = beside.log.iter().filter(wanted).collect();
    let find = app.find.to_lowercase();
    let found = |line: &str| !find.is_empty() && line.to_lowercase().contains(&find);
    // From the newest on, as they are gone through.
    let hits: Vec<_> = (0..shown.len())
        .rev()
        .filter(|at| found(shown[*at]))
        .collect();
    app.hits = hits.len();
    app.hit = app.hit.min(hits.len().saturating_sub(1));
    let hit = hits.get(app.hit).copied();
    if let (true, Some(hit)) = (std::mem::take(&mut app.follow), hit) {
        app.scroll = shown.len().saturating_sub(hit + 1 + rows / 2);
    }
    app.scroll = app.scroll.min(shown.len().saturating_sub(rows));
    let end = shown.len() - app.scroll;
    let from = end.saturating_sub(rows);
    let mut lines = vec![text(
        app.paint,
        Tone::Head,
        &title(app, shown.len()),
        columns,
    )];
    for (at, line) in shown.iter().enumerate().take(end).skip(from) {
        let mark = match (Some(at) == hit, found(line)) {
            (true, _) => '>',
            (false, true) => '*',
            (false, false) => ' ',
        };
        let line = text(app.paint, level(line), &format!("{mark}{line}"), columns);
        lines.push(if mark == '>' {
            line.style(app.paint.selected())
        } else {
            line
        });
    }
    if shown.is_empty() {
        lines.push(text(
            app.paint,
            Tone::Dim,
            " no such line in the day log",
            columns,
        ));
    }
    lines
}

/// What is shown, how far back, and what of it is searched for.
fn title(app: &App, count: usize) -> String {
    let mut title = match &app.log_of {
        Some(step) => format!(" LOG of {step}, newest last"),
        None => " LOG, newest last".to_owned(),
    };
    if app.errors_only {
        title += ", errors and warnings only";
    }
    if app.scroll > 0 {
        title += &format!(", {} of {count} lines back", app.scroll);
    }
    if !app.find.is_empty() {
        let find = screen_text(&app.find, 20);
        title += &match app.hits {
            0 => format!(", nothing with `{find}`"),
            n => format!(", `{find}` {} of {n}", app.hit + 1),
        };
    }
    title
}

/// How a line looks: lines of the day log have their level as a word.
fn level(line: &str) -> Tone {
    if line.contains("ERROR") {
        Tone::Bad
    } else if line.contains("WARN") {
        Tone::Warn
    } else {
        Tone::Plain
    }
}
