//! The head of a page: whose data it is, how old, how much of it, and what the signs mean.

use pipeline::Envelope;

use crate::Product;
use crate::brief::Brief;
use crate::order::{is_live, is_over};
use crate::page::{Cell, Page, Style};
use crate::price::age_words;
use crate::text::screen_text;
use crate::view::View;

/// Writes the head; `shown` are the matches that passed the filter.
pub(crate) fn write(
    page: &mut Page,
    output: &Product<'_>,
    envelope: &Envelope,
    view: &View,
    shown: &[&Brief<'_>],
) {
    page.list(&title(envelope, view), 0);
    page.list(&instants(envelope), 0);
    page.list(&counts(output, shown), 0);
    if let Some(words) = view.filter.words() {
        let words = format!(
            "only {}",
            screen_text(&words, page.width().saturating_sub(5))
        );
        page.list(&[Cell::of(Style::Yellow, words)], 0);
    }
    if shown.is_empty() {
        page.line();
        page.list(&[Cell::of(Style::Bold, why_empty(output, view))], 0);
    } else {
        page.list(&legend(view), 0);
    }
}

fn title(envelope: &Envelope, view: &View) -> Vec<Cell<'static>> {
    let mut title = vec![Cell::of(Style::Bold, "FOOTBALL ODDS")];
    match envelope.provider.as_str() {
        "sandbox" => title.push(Cell::of(Style::Yellow, "SIMULATED")),
        "recording" => title.push(Cell::of(Style::Yellow, "RECORDED")),
        other => title.push(Cell::of(
            Style::Plain,
            format!("from {}", screen_text(other, 30)),
        )),
    }
    title.push(if view.fresh {
        Cell::of(Style::Green, "FRESH")
    } else {
        Cell::of(Style::Red, "STALE")
    });
    // A recording's clock stands still; when it was fetched is said below.
    if !(envelope.is_recording() && view.age.is_zero()) {
        let age = age_words(view.age.num_seconds());
        title.push(Cell::of(Style::Plain, format!("data {age} old")));
    }
    title
}

fn instants(envelope: &Envelope) -> [Cell<'static>; 2] {
    let fetched = envelope.fetched_at.format("fetched %Y-%m-%d %H:%M:%S UTC");
    let cycle = screen_text(envelope.cycle.as_str(), 64).into_owned();
    [
        Cell::of(Style::Dim, fetched.to_string()),
        Cell::of(Style::Dim, format!("cycle {cycle}")),
    ]
}

fn counts(output: &Product<'_>, shown: &[&Brief<'_>]) -> Vec<Cell<'static>> {
    let count =
        |wanted: &dyn Fn(&Brief<'_>) -> bool| shown.iter().filter(|one| wanted(one)).count();
    let live = count(&|one| is_live(&one.phase));
    let upcoming = count(&|one| &*one.phase == "upcoming");
    let finished = count(&|one| &*one.phase == "finished");
    let quotes = quote_counts(shown);
    let of_all = if shown.len() == output.matches.len() {
        String::new()
    } else {
        format!(" of {}", output.matches.len())
    };
    let plural = if shown.len() == 1 && of_all.is_empty() {
        ""
    } else {
        "es"
    };
    [
        format!("{}{of_all} match{plural}", shown.len()),
        format!("{live} live"),
        format!("{upcoming} upcoming"),
        format!("{finished} finished"),
        format!("{} other", shown.len() - live - upcoming - finished),
        format!("{} with odds", count(&|one| one.quoted().next().is_some())),
        format!("{} rejected", output.rejected.len()),
        format!("quotes: {} suspended, {} stale", quotes.0, quotes.1),
    ]
    .into_iter()
    .enumerate()
    .map(|(index, text)| {
        Cell::of(
            if index == 0 {
                Style::Bold
            } else {
                Style::Plain
            },
            text,
        )
    })
    .collect()
}

/// Suspended and stale quotes of the matches that one could still bet on.
fn quote_counts(shown: &[&Brief<'_>]) -> (usize, usize) {
    shown
        .iter()
        .filter(|one| !is_over(&one.phase))
        .flat_map(|one| one.quoted())
        .fold((0, 0), |(suspended, stale), quote| {
            (
                suspended + usize::from(quote.0),
                stale + usize::from(quote.1),
            )
        })
}

fn why_empty(output: &Product<'_>, view: &View) -> String {
    if !output.matches.is_empty() {
        let count = output.matches.len();
        let verb = if count == 1 {
            "match is"
        } else {
            "matches are"
        };
        return format!("No match fits the filter; {count} {verb} in the feed.");
    }
    if !output.rejected.is_empty() {
        return format!(
            "No matches: all {} of the feed's were unusable.",
            output.rejected.len()
        );
    }
    if view.filter.words().is_some() {
        return "No matches: the feed is empty, whatever the filter.".to_owned();
    }
    "No matches: the feed is empty.".to_owned()
}

fn legend(view: &View) -> Vec<Cell<'static>> {
    let mut legend = vec![format!("{} odds", view.format.as_str().replace('_', " "))];
    if view.compact {
        legend.push("! suspended".to_owned());
        legend.push("~ stale or old score".to_owned());
    } else {
        legend.push("% fair".to_owned());
        legend.push("▲▼ its change since opening".to_owned());
    }
    if !view.compact {
        legend.push("AT 0-0 old score".to_owned());
    }
    legend.push("■ red card".to_owned());
    legend.push("N neutral".to_owned());
    legend
        .into_iter()
        .map(|text| Cell::of(Style::Dim, text))
        .collect()
}
