//! The full form: a match is a small block, its teams, its markets, its circumstances.

use chrono::NaiveDate;
use step5::Match;

use crate::facts;
use crate::markets;
use crate::order::Group;
use crate::page::{Cell, Page, Style};
use crate::scoreboard::{clock, clock_style, red_cards, score, score_rest, team};
use crate::text::{screen_text, width};
use crate::view::View;

/// Where things stand, by how much room there is.
pub(crate) struct Layout {
    /// Where teams and labels begin.
    pub(crate) indent: usize,
    /// Columns of a label.
    pub(crate) label: usize,
    /// Columns of the three cells behind it.
    pub(crate) cells: [usize; 3],
    /// Decimal places of the fair probability in a cell; without, it has a line of its own.
    pub(crate) fair: Option<usize>,
    /// Whether labels are spelled out.
    pub(crate) long: bool,
    /// Whether the margin has room behind the bookmaker; else it is among the facts.
    pub(crate) margin: bool,
}

impl Layout {
    pub(crate) fn for_width(width: usize) -> Layout {
        let (indent, label, cells, fair) = match width {
            112.. => (9, 10, [20, 20, 21], Some(1)),
            100..112 => (9, 9, [18, 18, 19], Some(1)),
            80..100 => (1, 9, [16, 16, 17], Some(0)),
            60..80 => (1, 9, [13, 13, 13], None),
            _ => (0, 5, [12, 12, 11], None),
        };
        Layout {
            indent,
            label,
            cells,
            fair,
            long: width >= 60,
            margin: width >= 100,
        }
    }

    /// A fair probability as it follows a price, if it has room there.
    pub(crate) fn fair_text(&self, fair: f64) -> Option<String> {
        let places = self.fair?;
        let wide = 3 + places + usize::from(places > 0);
        Some(format!(" {:>wide$}", crate::price::percent(fair, places)))
    }

    /// Where the cells begin.
    pub(crate) fn start(&self) -> usize {
        self.indent + self.label
    }
}

/// Columns that both names together keep beside a score.
const NAMES: usize = 28;

/// Writes the groups, match by match.
pub(crate) fn write(
    page: &mut Page,
    groups: &[Group<'_>],
    view: &View,
    today: NaiveDate,
) -> Result<(), serde_json::Error> {
    let layout = Layout::for_width(page.width());
    for group in groups {
        page.line();
        group_line(page, group);
        for (index, one) in group.matches.iter().enumerate() {
            if index > 0 {
                page.line();
            }
            let one = &one.whole()?;
            let named = title(page, one, &layout, today);
            markets::write(page, one, &layout, view.format);
            facts::write(page, one, &layout, today, named);
        }
    }
    Ok(())
}

/// `── Finland · Suomen Cup ───────── 4 live`.
pub(crate) fn group_line(page: &mut Page, group: &Group<'_>) {
    let live = group
        .matches
        .iter()
        .filter(|one| crate::order::is_live(&one.phase))
        .count();
    let count = match (live, group.matches.len()) {
        (0, all) => format!(" {all}"),
        (live, all) if live == all => format!(" {live} live"),
        (live, all) => format!(" {live} live of {all}"),
    };
    let edge = page.width().min(120) - count.len();
    page.put(Style::Dim, "──");
    page.gap(1);
    let country = screen_text(group.country.unwrap_or_default(), edge / 3);
    let room = edge.saturating_sub(page.column() + width(&country) + 5);
    let competition = screen_text(group.competition.unwrap_or_default(), room);
    let parts = [&*country, &*competition];
    let name = if country.is_empty() && competition.is_empty() {
        "Unknown competition".to_owned()
    } else if parts.contains(&"") {
        parts.concat()
    } else {
        parts.join(" · ")
    };
    page.put(Style::Bold, &name);
    page.gap(1);
    page.fill(Style::Dim, "─", edge);
    page.put(Style::Dim, &count);
    page.line();
}

/// `74'    USK Anif  1 - 3  SV Burmoos ■  (HT: 1 - 2)  N`, and at the far end the match's id where it
/// fits; returns whether it did.
fn title(page: &mut Page, one: &Match<'_>, layout: &Layout, today: NaiveDate) -> bool {
    let clock = clock(one, today);
    page.gap(1);
    page.put(clock_style(one), &clock);
    page.gap(1);
    page.to(layout.indent.max(6));
    let score = score(one, " - ");
    let rest = &*screen_text(score_rest(one), 120);
    let (home_red, away_red) = (red_cards(one.cards.home.red), red_cards(one.cards.away.red));
    // Two blanks on either side of the score and before what follows, one before a mark.
    let fixed = [&*score, &*home_red, &*away_red]
        .map(width)
        .iter()
        .sum::<usize>()
        + 10;
    let names = page.room().saturating_sub(fixed);
    // What is cut is the names, never a score; where little would be left of the names, what the score
    // says beyond the goals has the next line.
    let beside = names.saturating_sub(width(rest));
    let below = beside < NAMES && share(one, names) != share(one, beside);
    let (home, away) = share(one, if below { names } else { beside });
    page.put(Style::Bold, &team(one.home_team.as_deref(), home));
    mark(page, Style::Red, &home_red, 1);
    mark(page, Style::Bold, &score, 2);
    page.gap(2);
    page.put(Style::Bold, &team(one.away_team.as_deref(), away));
    mark(page, Style::Red, &away_red, 1);
    if !below {
        mark(page, Style::Plain, rest, 2);
    }
    if one.neutral {
        mark(page, Style::Yellow, "N", 2);
    }
    let id = screen_text(&one.match_id, 24);
    let edge = page.width().min(120);
    let fits = page.column() + 3 + width(&id) <= edge;
    if fits {
        page.to(edge - width(&id));
        page.put(Style::Dim, &id);
    }
    page.line();
    if below {
        let start = layout.indent.max(1);
        page.to(start);
        for part in score_parts(rest) {
            page.flow(&Cell::of(Style::Plain, part), 1, start);
        }
        page.line();
    }
    fits
}

/// `(HT: 1 - 1) AET 3 - 3` in its parts, each of which stands on one line.
fn score_parts(rest: &str) -> impl Iterator<Item = &str> {
    let mut ends = [" AET", " PEN"]
        .map(|word| rest.find(word))
        .into_iter()
        .flatten();
    let mut start = 0;
    std::iter::from_fn(move || {
        let end = ends.next().unwrap_or(rest.len());
        let part = rest.get(start..end).filter(|part| !part.is_empty())?;
        start = end;
        Some(part.trim_start())
    })
}

fn mark(page: &mut Page, style: Style, text: &str, gap: usize) {
    if !text.is_empty() {
        page.gap(gap);
        page.put(style, text);
    }
}

/// How wide each name may be: half, or what the other leaves.
fn share(one: &Match<'_>, columns: usize) -> (usize, usize) {
    let wide = |name: Option<&str>| width(&team(name, columns));
    let (home, away) = (
        wide(one.home_team.as_deref()),
        wide(one.away_team.as_deref()),
    );
    let half = columns / 2;
    if home + away <= columns {
        (home, away)
    } else if home <= half {
        (home, columns - home)
    } else if away <= half {
        (columns - away, away)
    } else {
        (half, half)
    }
}
