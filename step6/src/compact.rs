//! The compact form: one aligned line a match. What the width has no room for is left out column by
//! column, the least important first; names share what is left.

use std::borrow::Cow;

use chrono::NaiveDate;
use football::Format;
use step5::{Match, PriceView};

use crate::columns::{AGE, CLOCK, CORNERS, Columns, LINE, MARGIN, MOVES, SCORE};
use crate::full::group_line;
use crate::markets;
use crate::order::{Group, is_over};
use crate::page::{Page, Style};
use crate::price::{self, Movement};
use crate::scoreboard::{clock_or_shootout, clock_style, red_cards, score, team};
use crate::text::width;
use crate::view::View;

/// Of a quote whether it is suspended, and whether it is stale or from before a goal.
macro_rules! state {
    ($quote:expr) => {
        (
            $quote.suspended,
            $quote.stale || $quote.score_current == Some(false),
        )
    };
}

/// Writes a heading and the groups, a line a match.
pub(crate) fn write(
    page: &mut Page,
    groups: &[Group<'_>],
    view: &View,
    today: NaiveDate,
) -> Result<(), serde_json::Error> {
    if groups.is_empty() {
        return Ok(());
    }
    let mut widest = 0;
    for one in groups.iter().flat_map(|group| &group.matches) {
        let one = one.whole()?;
        let wide = prices(&one).map(|p| width(&price::price(p.decimal, view.format)));
        widest = widest.max(wide.max().unwrap_or(0));
    }
    let columns = Columns::fit(page.width(), widest.clamp(4, 8));
    page.line();
    heading(page, &columns);
    for group in groups {
        group_line(page, group);
        for one in &group.matches {
            Line {
                page,
                columns: &columns,
                format: view.format,
                one: &one.whole()?,
            }
            .write(today);
        }
    }
    Ok(())
}

/// Every price that the form may show.
fn prices<'m>(one: &'m Match<'m>) -> impl Iterator<Item = &'m PriceView<'m>> {
    let result = one
        .full_time_result
        .iter()
        .flat_map(|q| [&q.home, &q.draw, &q.away]);
    let spread = one.spread.iter().flat_map(|q| [&q.home, &q.away]);
    let total = one.over_under.iter().flat_map(|q| [&q.over, &q.under]);
    result.chain(spread).chain(total)
}

fn heading(page: &mut Page, columns: &Columns) {
    let dim = Style::Dim;
    page.gap(1);
    page.put(dim, "TIME");
    page.to(CLOCK);
    page.put_right(dim, "HOME", columns.name + 1);
    page.to(CLOCK + columns.name + 1 + SCORE);
    page.put(dim, "AWAY");
    let mut at = CLOCK + 2 * columns.name + 2 + SCORE;
    page.to(at);
    let mut column = |page: &mut Page, shown: bool, words: &[&str], each: usize, before: usize| {
        if shown {
            at += before;
            page.to(at);
            for word in words {
                page.put_right(dim, word, each);
            }
            at += each * words.len();
        }
    };
    let each = columns.price + 1;
    column(page, columns.result, &["1", "X", "2"], each, 1);
    column(
        page,
        columns.moves,
        &["1 ±%", "X ±%", "2 ±%"],
        MOVES / 3,
        MOVES % 3,
    );
    column(page, columns.margin, &["MARGIN"], MARGIN, 0);
    column(page, columns.lines, &["HCAP"], LINE, 0);
    column(page, columns.line_prices, &["HOME", "AWAY"], each, 0);
    column(page, columns.lines, &["GOALS"], LINE, 0);
    column(page, columns.line_prices, &["OVER", "UNDER"], each, 0);
    column(page, columns.corners, &["CORNER"], CORNERS, 0);
    column(page, columns.age, &["AGE"], AGE, 0);
    page.line();
}

/// A line while it is being written.
struct Line<'l> {
    page: &'l mut Page,
    columns: &'l Columns,
    format: Format,
    one: &'l Match<'l>,
}

impl Line<'_> {
    fn write(mut self, today: NaiveDate) {
        self.page.gap(1);
        self.page
            .put(clock_style(self.one), &clock_or_shootout(self.one, today));
        self.page.to(CLOCK);
        self.teams();
        if markets::any(self.one) {
            self.markets();
        } else if self.columns.result {
            self.page.gap(2);
            self.page.put(Style::Dim, "no odds");
        }
        self.page.line();
    }

    /// Home to the right, away to the left, the score between them.
    fn teams(&mut self) {
        let (name, one) = (self.columns.name, self.one);
        let home_red = red_cards(one.cards.home.red);
        let home = team(
            one.home_team.as_deref(),
            name.saturating_sub(width(&home_red)),
        );
        let home_wide = width(&home) + width(&home_red);
        self.page.gap((name + 1).saturating_sub(home_wide));
        self.page.put(Style::Red, &home_red);
        self.page.put(Style::Plain, &home);
        let score = score(one, "-");
        let before = SCORE.saturating_sub(width(&score)) / 2;
        let away_at = self.page.column() + SCORE;
        self.page.gap(before.max(1));
        self.page.put(Style::Bold, &score);
        self.page.to(away_at);
        self.away(name + 1);
    }

    fn away(&mut self, columns: usize) {
        let one = self.one;
        let red = red_cards(one.cards.away.red);
        let neutral = if one.neutral { " N" } else { "" };
        let end = self.page.column() + columns;
        let room = (columns - 1).saturating_sub(width(&red) + neutral.len());
        self.page
            .put(Style::Plain, &team(one.away_team.as_deref(), room));
        self.page.put(Style::Red, &red);
        if one.neutral {
            self.page.gap(1);
            self.page.put(Style::Yellow, neutral.trim_start());
        }
        self.page.to(end);
    }

    fn markets(&mut self) {
        let (columns, one) = (self.columns, self.one);
        let result = one.full_time_result.as_ref();
        let each = columns.price + 1;
        if columns.result {
            let views = result.map(|q| [&q.home, &q.draw, &q.away]);
            let state = State::of(result.map(|q| state!(q)));
            self.page.gap(1);
            self.prices(
                views.as_ref().map_or(&[], |v| v),
                3 * each,
                state,
                state.glyph(),
            );
        }
        if columns.moves {
            self.moves();
        }
        if columns.margin {
            let live = result.filter(|q| state!(q) == (false, false));
            let margin = live
                .map(|q| price::percent(q.margin, 1))
                .unwrap_or_default();
            self.page.put_right(Style::Dim, &margin, MARGIN);
        }
        if columns.lines {
            self.handicap(each);
            self.goals(each);
        }
        self.rest();
    }

    fn handicap(&mut self, each: usize) {
        let quote = self.one.spread.as_ref();
        let state = State::of(quote.map(|q| state!(q)));
        self.line(quote.map(|q| price::handicap(q.line)), state);
        if self.columns.line_prices {
            let views = quote.map(|q| [&q.home, &q.away]);
            self.prices(views.as_ref().map_or(&[], |v| v), 2 * each, state, "");
        }
    }

    fn goals(&mut self, each: usize) {
        let quote = self.one.over_under.as_ref();
        let state = State::of(quote.map(|q| state!(q)));
        self.line(quote.map(|q| price::total(q.line)), state);
        if self.columns.line_prices {
            let views = quote.map(|q| [&q.over, &q.under]);
            self.prices(views.as_ref().map_or(&[], |v| v), 2 * each, state, "");
        }
    }

    /// Corners, and of the first market its age and what is wrong with it in a word.
    fn rest(&mut self) {
        let (columns, one) = (self.columns, self.one);
        if columns.corners {
            let corners = match (one.corners.home, one.corners.away) {
                (Some(home), Some(away)) => format!("{home}-{away}"),
                _ => String::new(),
            };
            self.page.put_right(Style::Dim, &corners, CORNERS);
        }
        let Some((age, suspended, stale)) = first_quote(one) else {
            return;
        };
        if columns.age {
            self.page.put_right(Style::Dim, &price::age(age), AGE);
        }
        if columns.word {
            self.page.gap(1);
            match (suspended, stale) {
                (true, _) => self.page.put(Style::Red, "SUSP"),
                (_, true) => self.page.put(Style::Yellow, "STALE"),
                _ => {}
            }
        }
    }

    /// A line with the mark of its quote before it, to the right of its column.
    fn line(&mut self, line: Option<String>, state: State) {
        let line = line.unwrap_or_default();
        let wide = width(&line) + state.glyph().len();
        self.page.gap(LINE.saturating_sub(wide));
        self.page.put(state.style(), state.glyph());
        self.page.put(state.number_style(Style::Bold), &line);
    }

    /// Prices to the right of their columns, a mark before the first; nothing in `columns` columns
    /// when there are none.
    fn prices(&mut self, views: &[&PriceView<'_>], columns: usize, state: State, mark: &str) {
        let end = self.page.column() + columns;
        for (index, view) in views.iter().enumerate() {
            let text = price::price(view.decimal, self.format);
            // A price that is cut would be another price.
            let text = if width(&text) > self.columns.price {
                Cow::Borrowed("…")
            } else {
                Cow::Owned(text)
            };
            let mark = if index == 0 { mark } else { "" };
            let wide = width(&text) + mark.len();
            self.page.gap((self.columns.price + 1).saturating_sub(wide));
            self.page.put(state.style(), mark);
            self.page.put(state.number_style(Style::Plain), &text);
        }
        self.page.to(end);
    }

    fn moves(&mut self) {
        let end = self.page.column() + MOVES;
        self.page.gap(MOVES % 3);
        let quote = self
            .one
            .full_time_result
            .as_ref()
            .filter(|_| !is_over(&self.one.phase));
        if let Some(quote) = quote
            && let Some(opened) = &quote.opening
        {
            let pairs = [
                (&opened.home, &quote.home),
                (&opened.draw, &quote.draw),
                (&opened.away, &quote.away),
            ];
            for (then, now) in pairs {
                let movement = Movement::between(then.fair, now.fair);
                let style = movement.map_or(Style::Dim, |m| markets::arrow_style(m, Style::Plain));
                let text = movement.map(Movement::text).unwrap_or_default();
                self.page.put_right(style, &text, MOVES / 3);
            }
        }
        self.page.to(end);
    }
}

/// What is wrong with a quote.
#[derive(Clone, Copy)]
enum State {
    Open,
    Stale,
    Suspended,
}

impl State {
    /// Of what `state!` says; the former outweighs the latter.
    fn of(quote: Option<(bool, bool)>) -> State {
        match quote {
            Some((true, _)) => State::Suspended,
            Some((_, true)) => State::Stale,
            _ => State::Open,
        }
    }

    const fn glyph(self) -> &'static str {
        match self {
            State::Open => "",
            State::Stale => "~",
            State::Suspended => "!",
        }
    }

    const fn style(self) -> Style {
        match self {
            State::Open => Style::Plain,
            State::Stale => Style::Yellow,
            State::Suspended => Style::Red,
        }
    }

    /// How the numbers of a quote look that would be `open` if it were.
    const fn number_style(self, open: Style) -> Style {
        match self {
            State::Open => open,
            _ => Style::Dim,
        }
    }
}

/// Age, suspended and stale of the first market that is quoted.
fn first_quote(one: &Match<'_>) -> Option<(i64, bool, bool)> {
    let result = one
        .full_time_result
        .as_ref()
        .map(|q| (q.age_s, q.suspended, q.stale));
    let spread = || one.spread.as_ref().map(|q| (q.age_s, q.suspended, q.stale));
    let goals = || {
        one.over_under
            .as_ref()
            .map(|q| (q.age_s, q.suspended, q.stale))
    };
    let corners = || {
        one.corners_over_under
            .as_ref()
            .map(|q| (q.age_s, q.suspended, q.stale))
    };
    result.or_else(spread).or_else(goals).or_else(corners)
}
