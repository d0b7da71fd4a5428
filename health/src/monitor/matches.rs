//! The table of matches: one line each, with as many columns as the terminal has room for.

use chrono::{DateTime, Utc};
use football::{Format, Phase};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use step6::price::{self, Movement};
use step6::scoreboard::red_cards;
use step6::{screen_text, width};

use super::paint::{Paint, Tone, thinned};
use crate::product::{Quote, Row, State};

const CLOCK: usize = 7;
const SCORE: usize = 5;
const PRICE: usize = 7;
const LINE: usize = 6;
const MOVE: usize = 6;
const AGE: usize = 4;

/// Which columns there are, and how wide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Columns {
    league: usize,
    name: usize,
    odds: bool,
    book: usize,
    lines: bool,
    line_prices: bool,
    moves: bool,
    spark: usize,
    margin: bool,
    books: bool,
    age: bool,
    state: usize,
}

impl Columns {
    /// As much as fits into `total` columns, in the order of what a bettor asks for first.
    pub fn of(total: usize) -> Columns {
        let mut columns = Columns {
            name: 8,
            ..Columns::default()
        };
        let mut left = total.saturating_sub(CLOCK + SCORE + 3 + 2 * 8);
        let mut take = |cost: usize| {
            let fits = left >= cost;
            left -= if fits { cost } else { 0 };
            fits
        };
        columns.moves = take(MOVE + 1);
        columns.odds = take(3 * PRICE);
        columns.age = take(AGE + 1);
        columns.lines = take(2 * (LINE + 1));
        // Names that can be told apart come before the rest.
        columns.name += if take(2 * 4) { 4 } else { 0 };
        columns.state = if take(6) { 6 } else { 0 };
        columns.spark = if take(11) { 10 } else { 0 };
        columns.books = take(4);
        columns.book = if take(10) { 9 } else { 0 };
        columns.margin = take(6);
        columns.name += if take(2 * 4) { 4 } else { 0 };
        columns.line_prices = take(4 * PRICE);
        columns.league = if take(19) { 18 } else { 0 };
        columns.spark += if take(12) { 12 } else { 0 };
        let more = if columns.league > 0 { left.min(12) } else { 0 };
        columns.league += more;
        left -= more;
        columns.name += (left / 2).min(14);
        columns
    }

    /// The line above the table.
    pub fn header(&self) -> String {
        let mut text = format!("{:<CLOCK$} ", "TIME");
        let name = self.name;
        text += &format!("{:>name$} {:^SCORE$} {:<name$}", "HOME", "", "AWAY");
        let mut put = |wanted: bool, title: &str, columns: usize| {
            if wanted {
                text += &format!("{title:>columns$}");
            }
        };
        for title in ["1", "X", "2"] {
            put(self.odds, title, PRICE);
        }
        put(self.book > 0, " BOOK    ", self.book + 1);
        put(self.lines, "HCAP", LINE + 1);
        put(self.lines && self.line_prices, "H", PRICE);
        put(self.lines && self.line_prices, "A", PRICE);
        put(self.lines, "GOALS", LINE + 1);
        put(self.lines && self.line_prices, "O", PRICE);
        put(self.lines && self.line_prices, "U", PRICE);
        put(self.moves, "MOVE", MOVE + 1);
        if self.spark > 0 {
            text += &format!(" {:<1$}", "HOME WIN", self.spark);
        }
        let mut put = |wanted: bool, title: &str, columns: usize| {
            if wanted {
                text += &format!("{title:>columns$}");
            }
        };
        put(self.books, "BKS", 4);
        put(self.margin, "MARG", 6);
        put(self.age, "AGE", AGE + 1);
        if self.state > 0 {
            text += &format!(" {:<1$}", "", self.state - 1);
        }
        if self.league > 0 {
            text += " COMPETITION";
        }
        text
    }
}

/// What the lines of the table have in common.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The columns.
    pub columns: Columns,
    /// How to draw.
    pub paint: Paint,
    /// How prices are written.
    pub format: Format,
    /// Seconds since the fetch: every age grows by them.
    pub since_fetch: i64,
    /// Now.
    pub now: DateTime<Utc>,
}

impl Table {
    /// The line of a match.
    pub fn line(&self, row: &Row) -> Line<'static> {
        let mut cells = Cells {
            spans: Vec::new(),
            paint: self.paint,
        };
        let columns = &self.columns;
        let clock = match row.phase {
            Phase::Live => Tone::Good,
            Phase::Upcoming => Tone::Plain,
            Phase::Finished => Tone::Dim,
            _ => Tone::Warn,
        };
        cells.left(clock, &row.clock, CLOCK);
        cells.gap(1);
        self.teams(&mut cells, row);
        let open = |state: State| if row.over() { State::Suspended } else { state };
        let result = row.result.as_ref();
        if columns.odds {
            self.prices(&mut cells, result, true);
        }
        if columns.book > 0 {
            cells.gap(1);
            let name = result.map_or("", |quote| &quote.bookmaker);
            cells.left(Tone::Dim, &screen_text(name, columns.book), columns.book);
        }
        if columns.lines {
            self.market(&mut cells, row.handicap.as_ref(), price::handicap);
            self.market(&mut cells, row.goals.as_ref(), price::total);
        }
        if columns.moves {
            self.movement(&mut cells, row);
        }
        if columns.spark > 0 {
            cells.gap(1);
            let trail = row.trail.as_ref().map_or(&[][..], |trail| &trail.home);
            let strip = self.paint.spark(&thinned(trail, columns.spark));
            cells.left(Tone::Plain, &strip, columns.spark);
        }
        if columns.books {
            let books = match row.books {
                0 => String::new(),
                n => n.to_string(),
            };
            cells.right(Tone::Dim, &books, 4);
        }
        if columns.margin {
            let margin = result.map(|quote| price::percent(quote.margin, 1));
            cells.right(Tone::Dim, &margin.unwrap_or_default(), 6);
        }
        let quoted = row.first_quote();
        if columns.age {
            let age = quoted.map(|(_, age)| price::age(age + self.since_fetch));
            cells.right(Tone::Plain, &age.unwrap_or_default(), AGE + 1);
        }
        if columns.state > 0 {
            cells.gap(1);
            let state = quoted.map(|(state, _)| open(state));
            let (tone, word) = match state {
                Some(_) if row.over() => (Tone::Dim, "over"),
                Some(state) => (tone(state), state.short()),
                None => (Tone::Dim, "-"),
            };
            cells.left(tone, word, columns.state - 1);
        }
        if columns.league > 0 {
            cells.gap(1);
            cells.left(
                Tone::Dim,
                &screen_text(&league(row), columns.league),
                columns.league,
            );
        }
        Line::from(cells.spans)
    }

    fn teams(&self, cells: &mut Cells, row: &Row) {
        let name = self.columns.name;
        let [home_reds, away_reds] = row.reds.map(|count| self.paint.plain(&red_cards(count)));
        let over = if row.over() { Tone::Dim } else { Tone::Plain };
        let home = team(row.home.as_deref(), name - width(&home_reds));
        cells.gap(name - width(&home_reds) - width(&home));
        cells.put(Tone::Bad, &home_reds);
        cells.put(over, &home);
        cells.gap(1);
        let score = format!("{:^SCORE$}", screen_text(&row.score, SCORE));
        let bold = if row.phase == Phase::Live {
            Tone::Head
        } else {
            over
        };
        cells.left(bold, &score, SCORE);
        cells.gap(1);
        let neutral = if row.neutral && name > 10 { " N" } else { "" };
        let away = team(
            row.away.as_deref(),
            name - width(&away_reds) - neutral.len(),
        );
        cells.put(over, &away);
        cells.put(Tone::Bad, &away_reds);
        cells.put(Tone::Dim, neutral);
        cells.gap(name - width(&away) - width(&away_reds) - neutral.len());
    }

    fn prices<const N: usize>(&self, cells: &mut Cells, quote: Option<&Quote<N>>, marked: bool) {
        let Some(quote) = quote else {
            cells.gap(N * PRICE);
            return;
        };
        for (at, decimal) in quote.prices.iter().enumerate() {
            let text = self.paint.plain(&price::price(*decimal, self.format));
            // A price that is cut would be another price.
            let text = if width(&text) >= PRICE {
                "..".to_owned()
            } else {
                text
            };
            let mark = if at == 0 && marked {
                quote.state.mark()
            } else {
                ""
            };
            cells.gap(PRICE - width(&text) - mark.len());
            cells.put(tone(quote.state), mark);
            cells.put(number(quote.state), &text);
        }
    }

    fn market(&self, cells: &mut Cells, quote: Option<&Quote<2>>, text: fn(f64) -> String) {
        match quote {
            Some(found) => {
                let line = text(found.line);
                let mark = found.state.mark();
                cells.gap((LINE + 1).saturating_sub(line.len() + mark.len()));
                cells.put(tone(found.state), mark);
                cells.put(number(found.state), &line);
            }
            None => cells.gap(LINE + 1),
        }
        if self.columns.line_prices {
            self.prices(cells, quote, false);
        }
    }

    /// How far the home side's probability has gone since the opening, in percentage points.
    fn movement(&self, cells: &mut Cells, row: &Row) {
        let quote = row.result.as_ref().filter(|_| !row.over());
        let movement = quote.and_then(|quote| {
            let opening = quote.opening.as_ref()?;
            Movement::between(opening.fair[0], quote.fair[0])
        });
        let text = movement.map(Movement::text).unwrap_or_default();
        let tone = match movement.map(Movement::sign) {
            Some(sign) if sign > 0 => Tone::Good,
            Some(sign) if sign < 0 => Tone::Bad,
            _ => Tone::Dim,
        };
        cells.right(tone, &self.paint.plain(&text), MOVE + 1);
    }
}

/// Country and competition, as far as they are known.
pub fn league(row: &Row) -> String {
    match (row.country.as_deref(), row.competition.as_deref()) {
        (Some(country), Some(competition)) => format!("{country} · {competition}"),
        (None, Some(one)) | (Some(one), None) => one.to_owned(),
        (None, None) => String::new(),
    }
}

/// A team's name, or that it is not known.
pub fn team(name: Option<&str>, max_width: usize) -> String {
    let shown = screen_text(name.unwrap_or_default(), max_width);
    if shown.is_empty() {
        return screen_text("(unknown team)", max_width).into_owned();
    }
    shown.into_owned()
}

/// The tone of a quote's mark and word.
pub fn tone(state: State) -> Tone {
    match state {
        State::Open => Tone::Plain,
        State::OldScore | State::Stale => Tone::Warn,
        State::Suspended => Tone::Bad,
    }
}

/// The tone of a quote's numbers: those that one can't have are dim.
pub fn number(state: State) -> Tone {
    match state {
        State::Open => Tone::Plain,
        _ => Tone::Dim,
    }
}

/// A line as it is made, cell by cell.
struct Cells {
    spans: Vec<Span<'static>>,
    paint: Paint,
}

impl Cells {
    fn put(&mut self, tone: Tone, text: &str) {
        if !text.is_empty() {
            self.spans
                .push(Span::styled(text.to_owned(), self.paint.of(tone)));
        }
    }

    fn gap(&mut self, columns: usize) {
        if columns > 0 {
            self.spans
                .push(Span::styled(" ".repeat(columns), Style::default()));
        }
    }

    fn left(&mut self, tone: Tone, text: &str, columns: usize) {
        self.put(tone, text);
        self.gap(columns.saturating_sub(width(text)));
    }

    fn right(&mut self, tone: Tone, text: &str, columns: usize) {
        self.gap(columns.saturating_sub(width(text)));
        self.put(tone, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_fill_what_there_is_and_no_more() {
        for total in 40..=220 {
            let columns = Columns::of(total);
            let wide = width(&columns.header());
            assert!(wide <= total, "{wide} of {total}");
        }
        let narrow = Columns::of(40);
        assert!(!narrow.odds && narrow.moves);
        let usual = Columns::of(80);
        assert!(usual.odds && usual.lines && usual.age);
        let wide = Columns::of(200);
        assert!(wide.line_prices && wide.league > 0 && wide.spark > 10);
    }
}
