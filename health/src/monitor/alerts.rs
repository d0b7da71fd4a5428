//! The page of what is wrong.

use ratatui::text::Line;

use super::app::App;
use super::overview::text;
use super::paint::Tone;
use super::{help, steps};
use crate::look::Look;

/// All that is wrong, why, and what to do.
pub fn lines(app: &App, look: &Look, columns: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for problem in &look.verdict.problems {
        let head = format!("{} {}", problem.level.word(), problem.what);
        lines.push(text(
            app.paint,
            steps::tone_of(problem.level),
            &head,
            columns,
        ));
        for part in [problem.why.clone(), Some(format!("do: {}", problem.next))] {
            let part = part.unwrap_or_default();
            let folded = help::fold(&part, columns.saturating_sub(2));
            let folded = folded.iter().filter(|line| !line.is_empty());
            lines.extend(
                folded.map(|line| text(app.paint, Tone::Plain, &format!("  {line}"), columns)),
            );
        }
    }
    if lines.is_empty() {
        lines.push(text(app.paint, Tone::Good, " nothing is wrong", columns));
    }
    lines
}
