//! `/matches`: the table of matches.

use football::{Format, Phase};
use maud::{Markup, html};
use step6::price::{self, Movement};

use super::svg;
use crate::look::Look;
use crate::monitor::matches::league;
use crate::monitor::overview::short;
use crate::product::{Filter, Quote, Row, Sort, State, Which};

/// Rows on one page.
pub const MOST: usize = 50;

/// How the outcomes of a match are written.
pub(super) const RESULTS: [&str; 3] = ["1", "X", "2"];

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
        Err(why) => {
            // What step 6 says of a missing file is for who runs it by hand.
            let missing = look.facts.product_file().found.is_none();
            return html! { p class="bad" {
                "No matches to show: "
                @if missing { "no cycle has written any yet, or their file was removed. The overview says what to do." }
                @else { (why.message) }
            } };
        }
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

/// The class that colours a state.
pub(super) fn class(state: State) -> &'static str {
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
