//! One match in full: its quotes, the course of its probability, what happened, every book's prices.

use chrono::{DateTime, Utc};
use football::{Format, Phase};
use maud::{Markup, html};
use step6::price;

use super::matches::{RESULTS, class, formats, name};
use super::svg::{self, Series};
use crate::look::Look;
use crate::monitor::matches::league;
use crate::product::{Detail, Quote, Row, State};

/// What the page of one match shows.
pub struct One<'a> {
    /// The match.
    pub row: &'a Row,
    /// What step 2 knows of it, or why it can't be had.
    pub detail: Result<&'a Detail, &'a str>,
    /// The fair 1X2 probabilities over time.
    pub history: &'a [(i64, Option<[f64; 3]>)],
    /// How prices are written.
    pub format: Format,
}

/// The page of one match.
pub fn one(look: &Look, page: &One<'_>) -> Markup {
    let row = page.row;
    let now = look.facts.now;
    let since = look.board().map_or(0, |board| board.age_s(now));
    html! {
        h2 { (name(row.home.as_deref())) " " (row.score) " " (name(row.away.as_deref())) }
        p {
            b { (row.clock) } " · " (row.score_more) @if !row.score_more.is_empty() { " · " } (league(row)) " · " (row.status)
            @if let Some(at) = row.kickoff { " · kick-off " (at.format("%Y-%m-%d %H:%M UTC")) }
            @if let Some(weather) = &row.weather { " · " (weather) }
            " · id " code { (row.id) }
        }
        div class="pick" { @for (one, word) in formats() {
            a href=(format!("/matches/{}?format={word}", row.id)) aria-current=[(one == page.format).then_some("true")] { (word.replace('_', " ")) }
        } }
        div class="scroll" { table {
            thead { tr { th scope="col" class="l" { "Market" } th scope="col" { "Line" } th scope="col" class="l outcomes" { "Prices, fair probability" } th scope="col" class="l" { "Opened" } th scope="col" class="l" { "Book" } th scope="col" { "Margin" } th scope="col" { "Age" } th scope="col" class="l" { "State" } } }
            tbody {
                (quote("1X2", RESULTS, row.result.as_ref(), |_| String::new(), page.format, since))
                (quote("Handicap", ["home", "away"], row.handicap.as_ref(), price::handicap, page.format, since))
                (quote("Goals", ["over", "under"], row.goals.as_ref(), price::total, page.format, since))
                (quote("Corners", ["over", "under"], row.corners.as_ref(), price::total, page.format, since))
            }
        } }
        @if let Some(best) = &row.best {
            p class="outcomes" { "Best price: " @for ((decimal, book), outcome) in best.iter().zip(RESULTS) {
                span { (outcome) " " b { (price::price(*decimal, page.format)) } " " span class="dim" { (book) } } " "
            } }
        }
        @if let Some((books, fair)) = row.consensus {
            p class="outcomes" { "Consensus of " (books) " books, margin removed: " @for (p, outcome) in fair.into_iter().zip(RESULTS) {
                span { (outcome) " " b { (price::percent(p, 1)) } } " "
            } }
        }
        div class="charts" {
            (history("Fair probability (margin removed) at the quoted book", page.history, now))
            @if let Some(trail) = row.trail.as_ref().filter(|_| row.phase == Phase::Live) {
                (history("The same since kick-off", since_kickoff(page.history, trail.from), now))
            }
        }
        @match page.detail {
            Ok(detail) => {
                (incidents(detail))
                @for grid in &detail.markets { (books(grid, page.format, now)) }
                @if !detail.markets.is_empty() { p class="dim" { "* the best price that can be had. ~ stale, or from an old score. Struck through: suspended, not to be had. At score: the score when the price was set. Prices: how often it was set." } }
            },
            Err(why) => p class="warn" { (why) },
        }
    }
}

fn quote<const N: usize>(
    market: &str,
    outcomes: [&str; N],
    quote: Option<&Quote<N>>,
    line: fn(f64) -> String,
    format: Format,
    since: i64,
) -> Markup {
    let Some(quote) = quote else { return html! {} };
    let opened = quote.opening.as_ref().map_or(String::new(), |opening| {
        let prices = opening
            .prices
            .map(|decimal| price::price(decimal, format))
            .join(" / ");
        format!("{} {prices}", line(opening.line))
    });
    html! {
        tr {
            th scope="row" class="l" { (market) } td { (line(quote.line)) }
            td class="l outcomes" {
                @for ((at, decimal), outcome) in quote.prices.iter().enumerate().zip(outcomes) {
                    span {
                        span class="dim" { (outcome) } " "
                        b class=(if quote.state == State::Suspended { "susp" } else { "" }) { (price::price(*decimal, format)) }
                        " " span class="dim" { (quote.fair[at].map_or(String::new(), |fair| price::percent(fair, 1))) }
                    } " "
                }
            }
            td class="l dim" { (opened) } td class="l" { (quote.bookmaker) }
            td { (price::percent(quote.margin, 1)) } td { (price::age(quote.age_s + since)) }
            td class=(format!("l {}", class(quote.state))) { (quote.state.word()) }
        }
    }
}

/// The three fair probabilities over the time of the series.
fn history(title: &str, points: &[(i64, Option<[f64; 3]>)], now: DateTime<Utc>) -> Markup {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return html! { p class="dim" { "No price history in the newest fetch." } };
    };
    const WIDE: usize = 160;
    let span = (last.0 - first.0).max(1);
    let mut series = [const { Vec::new() }; 3];
    let mut next = 0;
    let mut standing = None;
    for point in 0..WIDE as i64 {
        let at = first.0 + span * point / (WIDE as i64 - 1);
        while let Some((_, fair)) = points.get(next).filter(|(when, _)| *when <= at) {
            standing = *fair;
            next += 1;
        }
        for (outcome, values) in series.iter_mut().enumerate() {
            values.push(standing.map(|fair: [f64; 3]| fair[outcome] * 100.0));
        }
    }
    let stamp = |at: i64| {
        DateTime::from_timestamp(at, 0)
            .unwrap_or(now)
            .format("%d %b %H:%M")
            .to_string()
    };
    let line = |name, outcome: usize, class, dashed| Series {
        name,
        values: &series[outcome],
        dashed,
        class,
    };
    svg::chart(
        &format!("{title}, {} prices", points.len()),
        &stamp(first.0),
        &stamp(last.0),
        "%",
        &[
            line("home", 0, "ok", false),
            line("draw (dashed)", 1, "dim", true),
            line("away", 2, "bad", false),
        ],
    )
}

/// The points from the last one before kick-off on.
fn since_kickoff(points: &[(i64, Option<[f64; 3]>)], from: i64) -> &[(i64, Option<[f64; 3]>)] {
    let at = points.partition_point(|(at, _)| *at < from);
    &points[at.saturating_sub(1)..]
}

fn incidents(detail: &Detail) -> Markup {
    html! {
        h2 { "What happened" }
        @if detail.incidents.is_empty() { p class="dim" { "Nothing that the feed tells of." } }
        div class="scroll" { table class="narrow" { tbody { @for one in &detail.incidents {
            tr {
                td { (one.minute) } td class="l" { (one.side) } td { (one.score.map_or(String::new(), |[h, a]| format!("{h}-{a}"))) }
                td class="l" { (step6::screen_text(&one.what, 60)) } td class="l dim" { (step6::screen_text(one.player.as_deref().unwrap_or_default(), 60)) }
            }
        } } } }
        @if !detail.stats.is_empty() {
            p class="dim outcomes" { "Home-away: " @for (what, home, away) in &detail.stats {
                span { (step6::screen_text(what, 40)) " " b { (home.map_or("?".to_owned(), |n| n.to_string())) "-" (away.map_or("?".to_owned(), |n| n.to_string())) } } " "
            } }
        }
    }
}

fn books(grid: &crate::product::detail::Grid, format: Format, now: DateTime<Utc>) -> Markup {
    let best = Detail::best(grid);
    let lines = grid.books.iter().any(|book| book.line.is_some());
    let line = |value: Option<f64>| match value {
        Some(value) if grid.market == "Handicap" => price::handicap(value),
        Some(value) => price::total(value),
        None => String::new(),
    };
    html! {
        h2 { (grid.market) " at every book" }
        div class="scroll" { table {
            thead { tr {
                th scope="col" class="l" { "Book" } @if lines { th scope="col" { "Line" } }
                @for outcome in grid.outcomes { th scope="col" class="cap" { (outcome) } }
                th scope="col" { "Margin" } th scope="col" { "Age" } th scope="col" title="how often the price was set" { "Prices" } th scope="col" title="when the price was set" { "At score" } th scope="col" class="l" { "Opened" } th scope="col" class="l" { "State" }
            } }
            tbody { @for book in &grid.books {
                tr {
                    th scope="row" class="l" { (book.bookmaker) } @if lines { td { (line(book.line)) } }
                    @for (at, decimal) in book.prices.iter().enumerate() {
                        @let text = price::price(*decimal, format);
                        @if book.suspended { td class="susp" { (text) } }
                        @else if book.stale { td class="dim" { "~" (text) } }
                        @else if best.get(at).copied().flatten() == Some(*decimal) { td { b class="ok" { (text) " *" } } }
                        @else { td { (text) } }
                    }
                    td { (price::percent(book.margin, 1)) } td { (price::age((now.timestamp() - book.at).max(0))) } td { (book.ticks) } td { (book.score) }
                    td class="l dim" {
                        @if let Some((opened, prices)) = &book.opening { (line(*opened)) " " @for decimal in prices { (price::price(*decimal, format)) " " } }
                    }
                    td class=(if book.suspended { "l bad" } else { "l warn" }) { @if book.suspended { "suspended" } @else if book.stale { "stale" } }
                }
            } }
        } }
    }
}
