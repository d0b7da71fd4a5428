//! A match's markets, one line each: prices with fair probability and its movement, then whose, how
//! old, and what is wrong with them. Below the 1X2: how it opened, the best prices, the consensus.

use football::Format;
use step5::{BestPrices, Consensus, Match, PriceView, ResultQuote, SpreadQuote, TotalQuote};

use crate::full::Layout;
use crate::order::is_over;
use crate::page::{Cell, Page, Style};
use crate::price::{self, Movement};
use crate::text::{screen_text, width};

macro_rules! head {
    ($quote:expr) => {
        Head {
            bookmaker: &$quote.bookmaker,
            age_s: $quote.age_s,
            suspended: $quote.suspended,
            stale: $quote.stale,
            margin: $quote.margin,
            old_score: (!$quote.suspended && !$quote.stale && $quote.score_current == Some(false))
                .then_some(&*$quote.score),
        }
    };
}

/// Writes the lines of the markets that are quoted, or "no odds".
pub(crate) fn write(page: &mut Page, one: &Match<'_>, layout: &Layout, format: Format) {
    let over = is_over(&one.phase);
    let rows = Rows {
        layout,
        format,
        over,
    };
    if let Some(quote) = &one.full_time_result {
        rows.result(page, quote);
    }
    if let Some(best) = one.best.as_ref().filter(|best| !best.suspended) {
        rows.best(page, best);
    }
    if let Some(consensus) = &one.consensus {
        rows.consensus(page, consensus);
    }
    if let Some(quote) = &one.spread {
        rows.spread(page, quote);
    }
    if let Some(quote) = &one.over_under {
        rows.total(page, ["Goals", "O/U"], quote);
    }
    if let Some(quote) = &one.corners_over_under {
        rows.total(page, ["Corners", "Crn"], quote);
    }
}

/// Whether any market is quoted.
pub(crate) fn any(one: &Match<'_>) -> bool {
    one.full_time_result.is_some()
        || one.spread.is_some()
        || one.over_under.is_some()
        || one.corners_over_under.is_some()
}

/// The margin of each market with prices that one can take.
pub(crate) fn margins(one: &Match<'_>) -> impl Iterator<Item = (&'static str, f64)> {
    let heads = [
        ("1X2", one.full_time_result.as_ref().map(|q| head!(q))),
        ("AH", one.spread.as_ref().map(|q| head!(q))),
        ("O/U", one.over_under.as_ref().map(|q| head!(q))),
        ("corners", one.corners_over_under.as_ref().map(|q| head!(q))),
    ];
    heads
        .into_iter()
        .filter_map(|(market, head)| Some((market, head.filter(Head::open)?.margin)))
}

/// What all quotes have in common.
struct Head<'q> {
    bookmaker: &'q str,
    age_s: i64,
    suspended: bool,
    stale: bool,
    margin: f64,
    /// The score at which the prices were made, when another one stands now.
    old_score: Option<&'q str>,
}

impl Head<'_> {
    /// Whether one can take the prices.
    fn open(&self) -> bool {
        !self.suspended && !self.stale && self.old_score.is_none() && self.margin.is_finite()
    }

    /// How the numbers of the quote look.
    fn style(&self) -> Style {
        if self.stale || self.suspended {
            Style::Dim
        } else {
            Style::Plain
        }
    }

    /// `bet365 12s`, its marks, and the margin of prices that one can take.
    fn tail(&self, margin: bool) -> Vec<Cell<'static>> {
        let book = screen_text(self.bookmaker, 16);
        let mut tail = vec![Cell::of(
            Style::Dim,
            format!("{book} {}", price::age(self.age_s)),
        )];
        if self.suspended {
            tail.push(Cell::of(Style::Red, "SUSPENDED"));
        }
        if self.stale {
            tail.push(Cell::of(Style::Yellow, "STALE"));
        }
        if let Some(score) = self.old_score {
            let score = screen_text(score, 7);
            tail.push(Cell::of(Style::Yellow, format!("AT {score}")));
        }
        if margin && self.open() {
            tail.push(Cell::of(
                Style::Dim,
                format!("margin {}", price::percent(self.margin, 1)),
            ));
        }
        tail
    }
}

struct Rows<'r> {
    layout: &'r Layout,
    format: Format,
    /// The match is over: how its prices moved is history.
    over: bool,
}

impl Rows<'_> {
    /// Label, three cells in their columns, the tail in one piece after another.
    fn row(
        &self,
        page: &mut Page,
        label: [&str; 2],
        style: Style,
        cells: &[Cell<'_>],
        tail: &[Cell<'_>],
    ) {
        let start = self.layout.start();
        page.to(self.layout.indent);
        page.put(style, label[usize::from(!self.layout.long)]);
        let mut column = start;
        page.to(column);
        for (cell, wide) in cells.iter().zip(self.layout.cells) {
            page.to(column);
            page.flow(cell, usize::from(page.column() > column), start);
            column += wide;
        }
        page.to(start + self.layout.cells.iter().sum::<usize>() - 1);
        for piece in tail {
            page.flow(piece, 1, start);
        }
        page.line();
    }

    /// `+225 27.6% ▼6.7`.
    fn outcome(
        &self,
        view: &PriceView<'_>,
        opened: Option<&PriceView<'_>>,
        style: Style,
    ) -> Cell<'static> {
        let mut cell = Cell::of(
            style,
            format!("{:<5}", price::price(view.decimal, self.format)),
        );
        if let Some(fair) = view.fair.and_then(|fair| self.layout.fair_text(fair)) {
            cell = cell.and(Style::Dim, fair);
        }
        let movement = opened.and_then(|opened| Movement::between(opened.fair, view.fair));
        match movement {
            Some(movement) if !self.over => cell.and(
                arrow_style(movement, style),
                format!(" {}", movement.text()),
            ),
            _ => cell,
        }
    }

    fn result(&self, page: &mut Page, quote: &ResultQuote<'_>) {
        let head = head!(quote);
        let now = [&quote.home, &quote.draw, &quote.away];
        let opened = quote.opening.as_ref().map(|o| [&o.home, &o.draw, &o.away]);
        let cells: [Cell<'_>; 3] =
            std::array::from_fn(|i| self.outcome(now[i], opened.map(|o| o[i]), head.style()));
        self.row(
            page,
            ["1X2"; 2],
            Style::Plain,
            &cells,
            &head.tail(self.layout.margin),
        );
        if self.layout.fair.is_none() && !self.over {
            let fair = now.map(|view| {
                Cell::of(
                    Style::Dim,
                    view.fair
                        .map(|fair| price::percent(fair, 1))
                        .unwrap_or_default(),
                )
            });
            self.row(page, ["fair"; 2], Style::Dim, &fair, &[]);
        }
        if let Some(opened) = opened
            && !self.over
        {
            let cells =
                opened.map(|view| Cell::of(Style::Dim, price::price(view.decimal, self.format)));
            self.row(page, ["opened", "open"], Style::Dim, &cells, &[]);
        }
    }

    fn best(&self, page: &mut Page, best: &BestPrices<'_>) {
        let outcomes = [&best.home, &best.draw, &best.away];
        let cells: [Cell<'_>; 3] = std::array::from_fn(|i| {
            let text = format!("{:<5}", price::price(outcomes[i].decimal, self.format));
            let room = self.layout.cells[i].saturating_sub(width(&text) + 2);
            let book = screen_text(&outcomes[i].bookmaker, room);
            Cell::of(Style::Plain, text).and(Style::Dim, format!(" {book}"))
        });
        let mut tail = Vec::new();
        if outcomes
            .iter()
            .any(|best| best.score_current == Some(false))
        {
            tail.push(Cell::of(Style::Yellow, "OLD SCORE"));
        } else if best.implied_sum < 1.0 {
            // It looks like a sure win and is nearly always a price that somebody has not updated yet.
            tail.push(Cell::of(Style::Yellow, "OUTDATED?"));
        }
        if self.layout.margin {
            let margin = price::percent(best.implied_sum - 1.0, 1);
            tail.push(Cell::of(Style::Dim, format!("margin {margin}")));
        }
        self.row(page, ["best"; 2], Style::Dim, &cells, &tail);
    }

    fn consensus(&self, page: &mut Page, consensus: &Consensus) {
        let cells = [consensus.home, consensus.draw, consensus.away].map(|p| {
            let text = match self.layout.fair_text(p) {
                // Below the fair probabilities of the quote.
                Some(text) => format!("{:5}{text}", ""),
                None => price::percent(p, 1),
            };
            Cell::of(Style::Dim, text)
        });
        let books = Cell::of(Style::Dim, format!("consensus, {} books", consensus.books));
        self.row(page, ["market", "mkt"], Style::Dim, &cells, &[books]);
    }

    fn spread(&self, page: &mut Page, quote: &SpreadQuote<'_>) {
        let head = head!(quote);
        let line = |line: f64| format!("{:<5} ", price::handicap(line));
        let since = quote.opening.as_ref().and_then(|o| {
            self.since(
                &quote.home,
                [&o.home, &o.away],
                (o.line != quote.line).then(|| price::handicap(o.line)),
                head.style(),
            )
        });
        let cells = [
            self.lined(line(quote.line), &quote.home, head.style()),
            // Added to zero, so that a level line is not -0.
            self.lined(line(0.0 - quote.line), &quote.away, head.style()),
            since.unwrap_or_default(),
        ];
        self.row(
            page,
            ["Handicap", "AH"],
            Style::Plain,
            &cells,
            &head.tail(self.layout.margin),
        );
    }

    fn total(&self, page: &mut Page, label: [&str; 2], quote: &TotalQuote<'_>) {
        let head = head!(quote);
        let line = |side: &str| format!("{:<5} ", format!("{side}{}", price::total(quote.line)));
        let since = quote.opening.as_ref().and_then(|o| {
            self.since(
                &quote.over,
                [&o.over, &o.under],
                (o.line != quote.line).then(|| price::total(o.line)),
                head.style(),
            )
        });
        let cells = [
            self.lined(line("O"), &quote.over, head.style()),
            self.lined(line("U"), &quote.under, head.style()),
            since.unwrap_or_default(),
        ];
        self.row(
            page,
            label,
            Style::Plain,
            &cells,
            &head.tail(self.layout.margin),
        );
    }

    /// `+0.5  -125  52.6%`.
    fn lined(&self, line: String, view: &PriceView<'_>, style: Style) -> Cell<'static> {
        let bold = if style == Style::Plain {
            Style::Bold
        } else {
            style
        };
        let cell = Cell::of(bold, line).and(
            style,
            format!("{:<4}", price::price(view.decimal, self.format)),
        );
        match view.fair.and_then(|fair| self.layout.fair_text(fair)) {
            Some(fair) => cell.and(Style::Dim, fair),
            None => cell,
        }
    }

    /// What became of a two-way market since it opened: its old line, or the old prices of the same one.
    fn since(
        &self,
        first: &PriceView<'_>,
        opened: [&PriceView<'_>; 2],
        old_line: Option<String>,
        style: Style,
    ) -> Option<Cell<'static>> {
        if self.over {
            return None;
        }
        if let Some(line) = old_line {
            let words = if self.layout.fair.is_some() {
                "line was"
            } else {
                "was"
            };
            return Some(Cell::of(Style::Dim, format!("{words} {line}")));
        }
        let movement = Movement::between(opened[0].fair, first.fair)?;
        let cell = Cell::of(
            arrow_style(movement, style),
            format!("{:<5}", movement.text()),
        );
        let prices = opened
            .map(|view| price::price(view.decimal, self.format))
            .join("/");
        Some(if self.layout.fair.is_some() {
            cell.and(Style::Dim, format!(" {prices}"))
        } else {
            cell
        })
    }
}

pub(crate) fn arrow_style(movement: Movement, quote: Style) -> Style {
    match movement.sign() {
        _ if quote == Style::Dim => Style::Dim,
        1 => Style::Green,
        -1 => Style::Red,
        _ => Style::Dim,
    }
}
