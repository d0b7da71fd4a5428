//! One match in full: every market's quote with its opening, every book's prices, and what happened.

use chrono::{DateTime, Utc};
use football::Format;
use ratatui::text::{Line, Span};
use step6::price::{self, Movement};
use step6::{screen_text, width};

use super::help::fold;
use super::matches::{league, number, team, tone};
use super::overview::text;
use super::paint::{Paint, Tone};
use crate::product::detail::{BookPrices, Grid};
use crate::product::{Detail, Quote, Row};

/// What the lines of a detail need to know.
#[derive(Clone, Copy, Debug)]
pub struct View {
    /// How to draw.
    pub paint: Paint,
    /// How prices are written.
    pub format: Format,
    /// Seconds since the fetch.
    pub since_fetch: i64,
    /// Now.
    pub now: DateTime<Utc>,
    /// Columns.
    pub width: usize,
}

/// The lines of a match; `detail` is what step 2 knows, or why it can't be had.
pub fn lines(row: &Row, detail: Result<&Detail, &str>, view: &View) -> Vec<Line<'static>> {
    let mut page = Page {
        view,
        lines: Vec::new(),
    };
    page.head(row);
    page.quote("1X2", row.result.as_ref(), row.over(), |_| String::new());
    page.quote("Hcap", row.handicap.as_ref(), row.over(), |line| {
        format!("{} ", price::handicap(line))
    });
    let total = |line: f64| format!("{} ", price::total(line));
    page.quote("Goals", row.goals.as_ref(), row.over(), total);
    page.quote("Corners", row.corners.as_ref(), row.over(), total);
    page.together(row);
    match detail {
        Ok(detail) => {
            page.incidents(detail);
            for grid in &detail.markets {
                page.grid(grid);
            }
            page.stats(detail);
        }
        Err(why) => page.words(Tone::Dim, why),
    }
    page.lines
}

struct Page<'v> {
    view: &'v View,
    lines: Vec<Line<'static>>,
}

impl Page<'_> {
    fn span(&self, tone: Tone, text: impl AsRef<str>) -> Span<'static> {
        let text = self.view.paint.plain(text.as_ref());
        Span::styled(text, self.view.paint.of(tone))
    }

    /// A name keeps its letters in ASCII too: they are the feed's and not ours.
    fn name(&self, tone: Tone, text: &str) -> Span<'static> {
        Span::styled(text.to_owned(), self.view.paint.of(tone))
    }

    fn words(&mut self, tone: Tone, words: &str) {
        let line = text(self.view.paint, tone, words, self.view.width);
        self.lines.push(line);
    }

    fn title(&mut self, text: &str) {
        self.lines.push(Line::default());
        self.words(Tone::Head, text);
    }

    fn head(&mut self, row: &Row) {
        let room = self.view.width.saturating_sub(20) / 2;
        let score = match row.score_more.as_str() {
            "" => row.score.clone(),
            more => format!("{} {more}", row.score),
        };
        self.lines.push(Line::from(vec![
            self.span(Tone::Good, format!("{} ", row.clock)),
            self.name(Tone::Head, &team(row.home.as_deref(), room)),
            self.span(Tone::Head, format!("  {}  ", screen_text(&score, 40))),
            self.name(Tone::Head, &team(row.away.as_deref(), room)),
        ]));
        let mut facts = vec![league(row), row.status.clone()];
        facts.extend(
            row.kickoff
                .map(|at| format!("kick-off {} UTC", at.format("%Y-%m-%d %H:%M"))),
        );
        let pair = |word: &str, [home, away]: [Option<i64>; 2]| {
            let number = |n: Option<i64>| n.map_or("?".to_owned(), |n| n.to_string());
            let any = home.unwrap_or(0) + away.unwrap_or(0) > 0;
            any.then(|| format!("{word} {}-{}", number(home), number(away)))
        };
        facts.extend(pair("yellow", row.yellows));
        facts.extend(pair("red", row.reds));
        facts.extend(pair("corners", row.corner_count));
        facts.extend(row.neutral.then(|| "neutral ground".to_owned()));
        facts.extend(row.weather.clone());
        facts.push(format!("id {}", row.id));
        facts.retain(|fact| !fact.is_empty());
        let text = screen_text(&facts.join(" · "), self.view.width).into_owned();
        let line = Line::from(self.name(Tone::Dim, &text));
        self.lines.push(line);
    }

    fn quote<const N: usize>(
        &mut self,
        name: &str,
        quote: Option<&Quote<N>>,
        over: bool,
        line: impl Fn(f64) -> String,
    ) {
        let Some(quote) = quote else { return };
        let format = self.view.format;
        // A price that is cut would be another one: what there is no room for is left out in whole columns.
        let (fairs, moves) = (self.view.width >= 60, self.view.width >= 80);
        let mut spans = vec![
            self.span(Tone::Head, format!("{name:<8}")),
            self.span(Tone::Head, format!("{:>6}", line(quote.line))),
        ];
        for (at, decimal) in quote.prices.iter().enumerate() {
            let shown = price::price(*decimal, format);
            spans.push(self.span(number(quote.state), format!("{shown:>8}")));
            let fair = quote.fair[at].map(|fair| price::percent(fair, 1));
            if fairs {
                spans.push(self.span(Tone::Dim, format!(" {:>6}", fair.unwrap_or_default())));
            }
            let movement = quote
                .opening
                .as_ref()
                .filter(|_| !over)
                .and_then(|opening| Movement::between(opening.fair[at], quote.fair[at]));
            let text = movement.map(Movement::text).unwrap_or_default();
            if moves {
                spans.push(self.span(Tone::Dim, format!(" {text:<6}")));
            }
        }
        let age = price::age(quote.age_s + self.view.since_fetch);
        let book = screen_text(&quote.bookmaker, 14).into_owned();
        let mut about = vec![self.name(Tone::Plain, &format!(" {book} {age}"))];
        if !quote.state.short().is_empty() && !over {
            about.push(self.span(tone(quote.state), format!(" {}", quote.state.word())));
        }
        let margin = price::percent(quote.margin, 1);
        about.push(self.span(Tone::Dim, format!(" margin {margin}")));
        let wide =
            |spans: &[Span<'_>]| spans.iter().map(|span| width(&span.content)).sum::<usize>();
        let together = wide(&spans) + wide(&about) <= self.view.width;
        if together {
            spans.append(&mut about);
        }
        self.lines.push(Line::from(spans));
        if !together {
            about.insert(0, self.span(Tone::Dim, " "));
            self.lines.push(Line::from(about));
        }
        if let Some(opening) = &quote.opening {
            let mut text = format!("  opened{:>6}", line(opening.line));
            let gap = if moves { 14 } else { 7 };
            for decimal in opening.prices {
                let gap = if fairs { gap } else { 0 };
                text += &format!("{:>8}{:gap$}", price::price(decimal, format), "");
            }
            let ticks = format!(" {} ticks since {}", quote.ticks, minute_of(&opening.at));
            if width(&text) + width(&ticks) <= self.view.width {
                text += &ticks;
            } else if width(text.trim_end()) + width(&ticks) <= self.view.width {
                text = format!("{}{ticks}", text.trim_end());
            }
            self.words(Tone::Dim, text.trim_end());
        }
    }

    fn together(&mut self, row: &Row) {
        if let Some(best) = &row.best {
            let each = best.each_ref().map(|(decimal, book)| {
                format!(
                    "{} {}",
                    price::price(*decimal, self.view.format),
                    screen_text(book, 12)
                )
            });
            let text = format!("best      {}", each.join("   "));
            self.words(Tone::Plain, &text);
        }
        if let Some((books, fair)) = row.consensus {
            let each = fair.map(|p| price::percent(p, 1)).join("   ");
            self.words(Tone::Plain, &format!("consensus {each}   of {books} books"));
        }
        if let Some(trail) = &row.trail {
            let strip = self.view.paint.spark(&trail.home);
            let there: Vec<_> = trail.home.iter().flatten().copied().collect();
            let (Some(first), Some(last)) = (there.first(), there.last()) else {
                return;
            };
            let line = Line::from(vec![
                self.span(Tone::Plain, "home win  "),
                Span::raw(strip),
                self.span(
                    Tone::Dim,
                    format!(
                        " {} → {}",
                        price::percent(*first, 1),
                        price::percent(*last, 1)
                    ),
                ),
            ]);
            self.lines.push(line);
        }
    }

    fn incidents(&mut self, detail: &Detail) {
        self.title("What happened");
        if detail.incidents.is_empty() {
            self.words(Tone::Dim, "nothing that the feed tells of");
        }
        for one in &detail.incidents {
            let score = one.score.map_or(String::new(), |[h, a]| format!("{h}-{a}"));
            let player = one.player.as_deref().unwrap_or_default();
            let room = self.view.width.saturating_sub(20);
            let what = screen_text(&one.what, room.min(28)).into_owned();
            let room = room.saturating_sub(width(&what) + 2);
            let line = Line::from(vec![
                self.span(
                    Tone::Plain,
                    format!("{:>7} {:<5} {score:>5} ", one.minute, one.side),
                ),
                self.name(Tone::Plain, &what),
                self.name(
                    Tone::Dim,
                    &format!("  {}", screen_text(player, room.min(32))),
                ),
            ]);
            self.lines.push(line);
        }
        if let Some(note) = &detail.note {
            let text = screen_text(note, self.view.width).into_owned();
            self.words(Tone::Dim, &text);
        }
    }

    fn grid(&mut self, grid: &Grid) {
        let shape = Shape::of(self.view.width, grid.outcomes.len());
        let name = shape.name + 1;
        let mut head = format!("{:<name$}{:>7}", grid.market, "");
        for outcome in grid.outcomes {
            head += &format!("{outcome:>7} ");
        }
        for (there, title) in [
            (shape.age, " margin   age"),
            (shape.ticks, "  ticks  score"),
            (shape.opened, "    opened"),
        ] {
            head += if there { title } else { "" };
        }
        self.title(&head);
        let best = Detail::best(grid);
        for book in &grid.books {
            let line = self.book(book, &best, grid.market == "Handicap", &shape);
            self.lines.push(line);
        }
    }

    fn book(
        &self,
        book: &BookPrices,
        best: &[Option<f64>],
        handicap: bool,
        shape: &Shape,
    ) -> Line<'static> {
        let format = self.view.format;
        let line = match book.line {
            Some(line) if handicap => price::handicap(line),
            Some(line) => price::total(line),
            None => String::new(),
        };
        let name = screen_text(&book.bookmaker, shape.name).into_owned();
        let pad = " ".repeat(shape.name + 1 - width(&name));
        let mut spans = vec![
            self.name(Tone::Plain, &format!("{name}{pad}")),
            self.span(Tone::Head, format!("{line:>7}")),
        ];
        for (at, decimal) in book.prices.iter().enumerate() {
            let text = price::price(*decimal, format);
            let is_best = !book.suspended && best.get(at).copied().flatten() == Some(*decimal);
            let tone = match (book.suspended, is_best) {
                (true, _) => Tone::Dim,
                (_, true) => Tone::Good,
                _ => Tone::Plain,
            };
            let mark = match (book.suspended, is_best) {
                (true, _) => "!",
                (false, true) => "*",
                (false, false) => " ",
            };
            spans.push(self.span(tone, format!("{text:>7}{mark}")));
        }
        let age = price::age((self.view.now.timestamp() - book.at).max(0));
        let opened = book.opening.as_ref().map_or(String::new(), |(_, prices)| {
            let prices = prices.iter().map(|decimal| price::price(*decimal, format));
            prices.collect::<Vec<_>>().join(" ")
        });
        let mut more = String::new();
        if shape.age {
            more += &format!(" {:>6} {age:>5}", price::percent(book.margin, 1));
        }
        if shape.ticks {
            more += &format!(" {:>6} {:>6}", book.ticks, screen_text(&book.score, 6));
        }
        if shape.opened {
            more += &format!("  {opened:>8}");
        }
        spans.push(self.span(Tone::Dim, more));
        if book.suspended && shape.age {
            spans.push(self.span(Tone::Bad, " SUSP"));
        }
        Line::from(spans)
    }

    fn stats(&mut self, detail: &Detail) {
        if detail.stats.is_empty() {
            return;
        }
        self.title("Statistics");
        let number = |n: Option<i64>| n.map_or("?".to_owned(), |n| n.to_string());
        let all: Vec<_> = detail
            .stats
            .iter()
            .map(|(what, home, away)| format!("{what} {}-{}", number(*home), number(*away)))
            .collect();
        for text in fold(&all.join(" · "), self.view.width) {
            self.words(Tone::Plain, &text);
        }
    }
}

/// Which columns a table of books has, and how wide its names are.
struct Shape {
    name: usize,
    age: bool,
    ticks: bool,
    opened: bool,
}

impl Shape {
    fn of(columns: usize, outcomes: usize) -> Shape {
        let name = if columns < 60 { 7 } else { 13 };
        // A suspended one has its word behind all that.
        let room = columns.saturating_sub(name + 8 + 8 * outcomes + 5);
        Shape {
            name,
            age: room >= 13,
            ticks: room >= 27,
            opened: room >= 29 + 7 * outcomes,
        }
    }
}

/// `11-23 22:45` of an RFC 3339 text.
fn minute_of(at: &str) -> String {
    at.get(5..16).unwrap_or(at).replace('T', " ")
}
