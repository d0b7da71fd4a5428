//! Charts as inline SVG, made here: no script, no font, no other file. Their colours are the text's, so
//! they follow a dark page; their title says in words what a reader would see.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 140.0;
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 16.0;

/// One line of a chart: values at equal distances of time, with gaps where there is none.
#[derive(Debug)]
pub struct Series<'a> {
    /// Its name in the legend.
    pub name: &'a str,
    /// The values.
    pub values: &'a [Option<f64>],
    /// Whether it is dashed: a forecast.
    pub dashed: bool,
    /// The class that colours it.
    pub class: &'static str,
}

/// A chart with its caption; `unit` stands behind the numbers at the left.
pub fn chart(title: &str, from: &str, until: &str, unit: &str, series: &[Series<'_>]) -> Markup {
    let all = || {
        series
            .iter()
            .flat_map(|one| one.values.iter().flatten().copied())
    };
    let high = all().fold(f64::NEG_INFINITY, f64::max);
    if !high.is_finite() {
        return html! { figure { figcaption { (title) ": nothing recorded yet" } } };
    }
    let high = if high > 0.0 { high * 1.05 } else { 1.0 };
    let last = series
        .first()
        .and_then(|one| one.values.iter().rev().flatten().next());
    let words = format!(
        "{title}: newest {}{unit}, highest {}{unit}, {from} to {until}",
        number(last.copied().unwrap_or(0.0)),
        number(high / 1.05)
    );
    let paths = series.iter().map(|one| {
        let dash = if one.dashed { " stroke-dasharray=\"5 4\"" } else { "" };
        format!(
            "<path class=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.5\"{dash} d=\"{}\"/>",
            one.class,
            path(one.values, 0.0, high, (LEFT, 4.0, WIDTH - 4.0, HEIGHT - BOTTOM))
        )
    });
    let paths: String = paths.collect();
    html! {
        figure {
            figcaption {
                (title)
                @if series.len() > 1 {
                    @for one in series { " · " span class=(one.class) { (one.name) } }
                }
            }
            svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(words) {
                title { (words) }
                line class="grid" x1=(LEFT) x2=(WIDTH) y1=(HEIGHT - BOTTOM) y2=(HEIGHT - BOTTOM) {}
                line class="grid" x1=(LEFT) x2=(WIDTH) y1="4" y2="4" {}
                text class="axis" x=(LEFT - 4.0) y="12" text-anchor="end" { (number(high)) (unit) }
                text class="axis" x=(LEFT - 4.0) y=(HEIGHT - BOTTOM) text-anchor="end" { "0" }
                text class="axis" x=(LEFT) y=(HEIGHT - 3.0) { (from) }
                text class="axis" x=(WIDTH) y=(HEIGHT - 3.0) text-anchor="end" { (until) }
                (PreEscaped(paths))
            }
        }
    }
}

/// The points of a line; `M` begins a new piece behind a gap. A point alone is a short dash.
fn path(
    values: &[Option<f64>],
    low: f64,
    high: f64,
    (left, top, right, bottom): (f64, f64, f64, f64),
) -> String {
    let mut text = String::new();
    let step = (right - left) / (values.len().max(2) - 1) as f64;
    let span = if high > low { high - low } else { 1.0 };
    let mut drawn = false;
    for (at, value) in values.iter().enumerate() {
        let Some(value) = value else {
            drawn = false;
            continue;
        };
        let x = left + step * at as f64;
        let y = bottom - (value - low) / span * (bottom - top);
        // Writing to a string can't fail.
        let _ = if drawn {
            write!(text, "L{x:.0} {y:.1}")
        } else {
            write!(text, "M{x:.0} {y:.1}h1")
        };
        drawn = true;
    }
    text
}

/// A line for a table's cell, without axes.
pub fn spark(values: &[Option<f64>], words: &str) -> Markup {
    let there = || values.iter().flatten().copied();
    let (low, high) = (
        there().fold(f64::INFINITY, f64::min),
        there().fold(f64::NEG_INFINITY, f64::max),
    );
    if !high.is_finite() {
        return html! {};
    }
    let path = path(values, low, high, (0.0, 2.0, 71.0, 16.0));
    html! {
        svg class="spark" viewBox="0 0 72 18" role="img" aria-label=(words) {
            path fill="none" stroke="currentColor" d=(path) {}
        }
    }
}

/// What a cell of a strip is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// All good.
    Good,
    /// Some good and some bad.
    Mixed,
    /// All bad.
    Bad,
    /// Nothing ran.
    Nothing,
}

/// A strip of cells, the newest right. What is bad is higher too, so that no colour is needed.
pub fn strip(cells: &[Cell], words: &str) -> Markup {
    let wide = WIDTH / cells.len().max(1) as f64;
    let mut rects = String::new();
    for (at, cell) in cells.iter().enumerate() {
        let (class, top) = match cell {
            Cell::Good => ("ok", 10),
            Cell::Mixed => ("warn", 5),
            Cell::Bad => ("bad", 0),
            Cell::Nothing => continue,
        };
        let x = wide * at as f64;
        let _ = write!(
            rects,
            "<rect class=\"{class}\" fill=\"currentColor\" x=\"{x:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{}\"/>",
            wide * 0.8,
            20 - top
        );
    }
    html! {
        svg viewBox=(format!("0 0 {WIDTH} 20")) role="img" aria-label=(words) {
            title { (words) }
            (PreEscaped(rects))
        }
    }
}

/// A number with as many places as it needs.
fn number(value: f64) -> String {
    match value.abs() {
        n if n >= 100.0 => format!("{value:.0}"),
        n if n >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_breaks_the_line_and_is_never_drawn_as_zero() {
        let values = [Some(1.0), Some(2.0), None, Some(2.0)];
        let text = path(&values, 0.0, 2.0, (0.0, 0.0, 3.0, 10.0));
        assert_eq!(text, "M0 5.0h1L1 0.0M3 0.0h1");
    }

    #[test]
    fn a_chart_says_in_words_what_it_shows_and_names_nothing_outside() {
        let series = [Series {
            name: "cycle",
            values: &[Some(1.0), Some(2.0)],
            dashed: false,
            class: "ok",
        }];
        let text = chart("Cycle <time>", "13:00", "14:00", " s", &series).into_string();
        assert!(text.contains("newest 2.00 s, highest 2.00 s"));
        assert!(text.contains("Cycle &lt;time&gt;") && !text.contains("http"));
    }
}
