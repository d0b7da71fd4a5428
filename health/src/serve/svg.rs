//! Charts as inline SVG, made here: no script, no font, no other file. Their colours are the text's, so
//! they follow a dark page; their title says in words what a reader would see.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

/// The drawing's own measures; it is stretched to the place that it has, its labels are not.
const WIDTH: f64 = 600.0;
const HEIGHT: f64 = 120.0;
const EDGE: f64 = 3.0;

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
    let mut paths = String::new();
    for one in series {
        let dash = if one.dashed {
            " stroke-dasharray=\"5 4\""
        } else {
            ""
        };
        let place = (EDGE, EDGE, WIDTH - EDGE, HEIGHT - 1.0);
        // Writing to a string can't fail.
        let line = path(one.values, 0.0, high, place);
        let _ = write!(paths, "<path class=\"{}\"{dash} d=\"{line}\"/>", one.class);
        let dots = dots(one.values, 0.0, high, place);
        if !dots.is_empty() {
            let _ = write!(paths, "<path class=\"{} dots\" d=\"{dots}\"/>", one.class);
        }
    }
    html! {
        figure {
            figcaption {
                (title)
                @if series.len() > 1 {
                    @for one in series { " · " span class=(one.class) { (one.name) } }
                }
            }
            div class="plot" {
                span class="y" { span { (number(high / 1.05)) (unit) } span { "0" } }
                svg viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) preserveAspectRatio="none" role="img" aria-label=(words) {
                    title { (words) }
                    (PreEscaped(paths))
                }
                span class="x" { span { (from) } span { (until) } }
            }
        }
    }
}

/// The points of a line; `M` begins a new piece behind a gap.
fn path(values: &[Option<f64>], low: f64, high: f64, place: (f64, f64, f64, f64)) -> String {
    let mut text = String::new();
    let mut drawn = false;
    for (at, value) in values.iter().enumerate() {
        if let Some(value) = value {
            let (x, y) = point(values.len(), at, (*value, low, high), place);
            // Writing to a string can't fail.
            let _ = write!(text, "{}{x:.0} {y:.1}", if drawn { 'L' } else { 'M' });
        }
        drawn = value.is_some();
    }
    text
}

/// The points that have no neighbour, and so no line: each a line of no length, which has round ends.
fn dots(values: &[Option<f64>], low: f64, high: f64, place: (f64, f64, f64, f64)) -> String {
    let mut text = String::new();
    let there = |at: usize| values.get(at).is_some_and(Option::is_some);
    for (at, value) in values.iter().enumerate() {
        let alone = !there(at.wrapping_sub(1)) && !there(at + 1);
        if let Some(value) = value.filter(|_| alone) {
            let (x, y) = point(values.len(), at, (value, low, high), place);
            let _ = write!(text, "M{x:.0} {y:.1}h0");
        }
    }
    text
}

/// Where a value stands.
fn point(
    values: usize,
    at: usize,
    (value, low, high): (f64, f64, f64),
    (left, top, right, bottom): (f64, f64, f64, f64),
) -> (f64, f64) {
    let step = (right - left) / (values.max(2) - 1) as f64;
    let span = if high > low { high - low } else { 1.0 };
    let y = bottom - (value - low) / span * (bottom - top);
    (left + step * at as f64, y)
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
    let place = (1.5, 2.0, 70.5, 16.0);
    let (path, dots) = (
        path(values, low, high, place),
        dots(values, low, high, place),
    );
    html! {
        svg class="spark" viewBox="0 0 72 18" role="img" aria-label=(words) {
            path d=(path) {}
            @if !dots.is_empty() { path class="dots" d=(dots) {} }
        }
    }
}

/// A strip of pieces of time, the newest right: how many good and bad cycles each had. Good is low and bad
/// stands on top of it, the higher the larger its share, so that no colour is needed.
pub fn strip(pieces: &[(u64, u64)], words: &str) -> Markup {
    let wide = WIDTH / pieces.len().max(1) as f64;
    let (mut good, mut bad) = (String::new(), String::new());
    let bar = |text: &mut String, at: usize, top: f64, bottom: f64| {
        // Writing to a string can't fail.
        let _ = write!(
            text,
            "M{:.1} {top:.0}h{:.1}V{bottom:.0}h-{:.1}z",
            wide * at as f64,
            wide * 0.8,
            wide * 0.8
        );
    };
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            (0, 0) => {}
            (0, _) => bar(&mut bad, at, 0.0, 20.0),
            (_, 0) => bar(&mut good, at, 10.0, 20.0),
            (well, ill) => {
                // One among thousands is still to be seen.
                let share = *ill as f64 / (well + ill) as f64;
                let top = 10.0 - (10.0 * share).max(3.0);
                bar(&mut good, at, 10.0, 20.0);
                bar(&mut bad, at, top, 10.0);
            }
        }
    }
    html! {
        svg class="strip" viewBox=(format!("0 0 {WIDTH} 20")) preserveAspectRatio="none" role="img" aria-label=(words) {
            title { (words) }
            path class="ok" d=(good) {}
            path class="bad" d=(bad) {}
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
        let place = (0.0, 0.0, 3.0, 10.0);
        assert_eq!(path(&values, 0.0, 2.0, place), "M0 5.0L1 0.0M3 0.0");
        // What stands alone has no line, and is seen all the same.
        assert_eq!(dots(&values, 0.0, 2.0, place), "M3 0.0h0");
    }

    #[test]
    fn a_strip_is_high_where_cycles_were_bad_and_has_a_gap_where_none_was() {
        let text = strip(&[(60, 0), (0, 3), (0, 0), (30, 30)], "words").into_string();
        let line = |class: &str| {
            let rest = text
                .split(&format!("class=\"{class}\" d=\""))
                .nth(1)
                .unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        assert_eq!(
            line("ok"),
            "M0.0 10h120.0V20h-120.0zM450.0 10h120.0V20h-120.0z"
        );
        assert_eq!(
            line("bad"),
            "M150.0 0h120.0V20h-120.0zM450.0 5h120.0V10h-120.0z"
        );
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
