//! `/matches`: the table of matches, and one match in full.

use chrono::{DateTime, Utc};
use football::{Format, Phase};
use maud::{Markup, html};
use step6::price::{self, Movement};

use super::svg::{self, Series};
use crate::look::Look;
use crate::monitor::matches::league;
use crate::monitor::overview::short;
use crate::product::{Detail, Filter, Quote, Row, Sort, State, Which};

/// Rows on one page.
pub const MOST: usize = 50;

/// How the outcomes of a match are written.
const RESULTS: [&str; 3] = ["1", "X", "2"];

/// The names of the prices that can be chosen.
pub fn formats() -> impl Iterator<Item = (Format, &'static str)> {
    step6::FORMATS
        .into_iter()
        .map(|format| (format, format.as_str()))
}

/// The table.
pub fn table(look: &Look, filter: &Filter, format: Format, page: usize) -> Markup {
    let now = look.facts.now;
    let board = match look.board.as_ref() {
        Ok(board) => board,
        Err(why) => return html! { p class="bad" { "No matches to show: " (why.message) } },
    };
    let rows = filter.apply(&board.matches);
    let since = board.age_s(now);
    html! {
        @if !board.fresh(now) {
            section class="alert" { p { b { "STALE: fetched " (short(now - board.envelope.fetched_at)) " ago; no price here may be bet on" } } }
        }
        (form(filter, format))
        p class="dim" {
            (rows.len()) " of " (board.matches.len()) " matches, fetched " (short(now - board.envelope.fetched_at)) " ago, cycle " (board.envelope.cycle)

        }
        @if board.matches.is_empty() { p { "The feed lists no match now." } }
        @else if rows.is_empty() { p { "No match fits this search." } }
        @else {
            div class="scroll" { table class="m" {
                thead { tr {
                    th scope="col" class="l" { "Time" } th scope="col" { "Home" } th scope="col" { "" }
                    th scope="col" class="l" { "Away" } th scope="col" { "1" } th scope="col" { "X" } th scope="col" { "2" }
                    th scope="col" { "Move" } th scope="col" class="l" { "Home win" }
                    th scope="col" { "Handicap" } th scope="col" { "Goals" } th scope="col" class="l" { "Book" }
                    th scope="col" { "Margin" } th scope="col" { "Age" } th scope="col" class="l" { "Competition" }
                } }
                tbody { @for row in rows.iter().skip((page - 1) * MOST).take(MOST) { (line(row, format, since)) } }
            } }
            @if rows.len() > MOST {
                div class="pick" { "Page " @for n in 1..=rows.len().div_ceil(MOST) {
                    a href=(address(filter, format, n)) aria-current=[(n == page).then_some("page")] { (n) }
                } }
            }
            p class="dim" {
                "Struck through: suspended, not to be had. ~ stale, or from an old score. N: neutral ground. Handicap (Hcp): the home side's line. "
                "Move: by how many points the probability of a home win, margin removed, has changed since the opening. "
                "Home win: its course since kick-off, else since the opening. Age: since the price was set."
            }
        }
    }
}

/// The address of a page of the table.
fn address(filter: &Filter, format: Format, page: usize) -> String {
    // A text that is searched for may hold anything: what is not a letter or digit is given by its bytes.
    let mut text = String::new();
    for byte in filter.text.bytes() {
        if byte.is_ascii_alphanumeric() {
            text.push(char::from(byte));
        } else {
            text += &format!("%{byte:02X}");
        }
    }
    format!(
        "/matches?q={text}&status={}&sort={}&format={}&books={}&page={page}",
        filter.which.word(),
        filter.sort.word(),
        format.as_str(),
        filter.min_books
    )
}

fn form(filter: &Filter, format: Format) -> Markup {
    html! {
        form method="get" action="/matches" {
            input type="search" name="q" value=(filter.text) placeholder="Team or competition" aria-label="Team or competition" maxlength="60";
            select name="status" aria-label="Which" {
                @for which in Which::ALL { option value=(which.word()) selected[which == filter.which] { (which.word()) } }
            }
            select name="sort" aria-label="Order" {
                @for sort in Sort::ALL { option value=(sort.word()) selected[sort == filter.sort] { "by " (sort.word()) } }
            }
            select name="format" aria-label="Odds" {
                @for (one, word) in formats() { option value=(word) selected[one == format] { (word.replace('_', " ")) } }
            }
            select name="books" aria-label="Books" {
                @for n in [0, 1, 3, 5, 10] { option value=(n) selected[n == filter.min_books] { @if n == 0 { "any books" } @else { (n) " or more books" } } }
            }
            button { "Show" }
        }
    }
}

fn line(row: &Row, format: Format, since: i64) -> Markup {
    let clock = match row.phase {
        Phase::Live => "l ok",
        Phase::Finished => "l dim",
        Phase::Upcoming => "l",
        _ => "l warn",
    };
    let quoted = row.first_quote();
    let movement = row
        .result
        .as_ref()
        .filter(|_| !row.over())
        .and_then(|quote| Movement::between(quote.opening.as_ref()?.fair[0], quote.fair[0]));
    html! {
        tr class=[row.result.is_none().then_some("none")] {
            td class=(clock) { (row.clock) }
            td class="name" { (cards(row.reds[0])) a href=(format!("/matches/{}", row.id)) { (name(row.home.as_deref())) } }
            td { b { (row.score) } }
            td class="l name" { (name(row.away.as_deref())) (cards(row.reds[1])) @if row.neutral { span class="dim" title="neutral ground" { " N" } } }
            @match &row.result {
                Some(quote) => @for decimal in quote.prices { (cell(quote.state, &price::price(decimal, format))) },
                None => td class="dim" colspan="3" { "no odds" },
            }
            td class=(match movement.map(Movement::sign) { Some(sign) if sign > 0 => "ok", Some(sign) if sign < 0 => "bad", _ => "dim" }) {
                (movement.map(Movement::text).unwrap_or_default())
            }
            td class="l" { @if let Some(trail) = &row.trail { (svg::spark(&trail.home, "fair probability of a home win")) } }
            (market(row.handicap.as_ref(), price::handicap, format))
            (market(row.goals.as_ref(), price::total, format))
            td class="l dim" {
                (row.result.as_ref().map_or("", |quote| &quote.bookmaker))
                @if row.books > 0 { " " small { @if row.result.is_some() { "of " } (row.books) @if row.books == 1 { " book" } @else { " books" } } }
            }
            td class="dim" { (row.result.as_ref().map_or(String::new(), |quote| price::percent(quote.margin, 1))) }
            td { @if let Some((state, age)) = quoted {
                span class="age" { (price::age(age + since)) }
                @if row.over() { " " small { "over" } }
                @else if state != State::Open { " " small class=(class(state)) { (state.word()) } }
            } }
            td class="l league dim" { (league(row)) }
        }
    }
}

fn class(state: State) -> &'static str {
    match state {
        State::Open => "",
        State::OldScore | State::Stale => "warn",
        State::Suspended => "bad",
    }
}

fn cell(state: State, text: &str) -> Markup {
    match state {
        State::Open => html! { td { (text) } },
        State::OldScore | State::Stale => {
            html! { td class="warn" title=(state.word()) { "~" (text) } }
        }
        State::Suspended => html! { td class="susp" title=(state.word()) { (text) } },
    }
}

/// Line and prices of a market with two sides.
fn market(quote: Option<&Quote<2>>, line: fn(f64) -> String, format: Format) -> Markup {
    let Some(quote) = quote else {
        return html! { td {} };
    };
    let prices = quote.prices.map(|decimal| price::price(decimal, format));
    let text = line(quote.line);
    let (class, mark) = match quote.state {
        State::Open => ("", ""),
        State::Suspended => ("susp", ""),
        _ => ("warn", "~"),
    };
    html! { td class=[(!class.is_empty()).then_some(class)] { (mark) (text) " " small { (prices[0]) "/" (prices[1]) } } }
}

/// A name as a page shows it: controls and the marks that turn text around are gone, whatever else is
/// escaped by the page.
pub fn name(name: Option<&str>) -> String {
    let shown = step6::screen_text(name.unwrap_or_default(), 80);
    if shown.is_empty() {
        "(unknown team)".to_owned()
    } else {
        shown.into_owned()
    }
}

fn cards(reds: Option<i64>) -> Markup {
    let n = reds.unwrap_or(0);
    html! { @if n > 0 { span class="bad" title=(format!("{n} red")) { " " (step6::scoreboard::red_cards(reds)) " " } } }
}

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
