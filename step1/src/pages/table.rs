//! The rows of a page, by the selectors of the configuration.

use football::{Format, Price};
use pipeline::config::{Cell, Page};
use scraper::{ElementRef, Html, Selector};
use serde::{Deserialize, Serialize};

/// One row, read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) home: String,
    pub(super) away: String,
    /// Decimal odds in ten-thousandths; `None`: suspended.
    pub(super) prices: Option<[u32; 3]>,
    /// Why the prices can't be used, if they can't.
    pub(super) fault: Option<String>,
}

/// Reads the rows of `html`.
///
/// # Errors
/// A sentence, when a selector is none or nothing fits.
pub(super) fn rows(html: &str, page: &Page) -> Result<Vec<Row>, String> {
    let format: Format = page
        .format
        .parse()
        .map_err(|_| "format is unknown".to_owned())?;
    let rows = selector("rows", &page.rows)?;
    let cells = [
        ("home", &page.home),
        ("away", &page.away),
        ("home_price", &page.home_price),
        ("draw_price", &page.draw_price),
        ("away_price", &page.away_price),
    ];
    let mut fields = Vec::new();
    for (name, cell) in cells {
        let (select, attribute) = match cell {
            Cell::Text(select) => (select, None),
            Cell::Attribute { select, attribute } => (select, Some(attribute.as_str())),
        };
        fields.push((selector(name, select)?, attribute));
    }
    let document = Html::parse_document(html);
    let mut found = Vec::new();
    let mut seen = 0;
    for element in document.select(&rows).take(page.max_rows) {
        seen += 1;
        let value = |nth: usize| text(element, &fields[nth].0, fields[nth].1);
        let (Some(home), Some(away)) = (value(0), value(1)) else {
            continue;
        };
        found.push(row(home, away, [value(2), value(3), value(4)], format));
    }
    match (seen, found.len()) {
        (0, _) => Err("the row selector finds nothing (has the page's layout changed?)".to_owned()),
        (_, 0) => Err(format!(
            "none of its {seen} rows has both teams' names (has the page's layout changed?)"
        )),
        _ => Ok(found),
    }
}

fn selector(name: &str, text: &str) -> Result<Selector, String> {
    Selector::parse(text).map_err(|_| format!("`{name}` is no CSS selector"))
}

/// The text, or attribute, of the first element that fits; on one line, bounded; `None` when there is none.
fn text(row: ElementRef<'_>, selector: &Selector, attribute: Option<&str>) -> Option<String> {
    let element = row.select(selector).next()?;
    let raw = match attribute {
        Some(name) => element.value().attr(name)?.to_owned(),
        None => element.text().collect(),
    };
    let line = raw.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).take(80).collect();
    (!line.is_empty()).then_some(line)
}

/// How pages write that one can't bet.
fn is_suspended(text: &str) -> bool {
    let word = text.to_lowercase();
    word.chars().all(|c| "-–—−. ".contains(c))
        || [
            "n/a",
            "na",
            "susp",
            "susp.",
            "suspended",
            "off",
            "sp",
            "closed",
        ]
        .contains(&word.as_str())
}

fn row(home: String, away: String, texts: [Option<String>; 3], format: Format) -> Row {
    let mut row = Row {
        home,
        away,
        prices: None,
        fault: None,
    };
    // One price that is missing closes the market.
    if texts
        .iter()
        .any(|text| text.as_deref().is_none_or(is_suspended))
    {
        return row;
    }
    let mut prices = [0; 3];
    for (slot, text) in prices.iter_mut().zip(texts.into_iter().flatten()) {
        match Price::parse(&text, format) {
            Some(price) => *slot = price.ten_thousandths(),
            None => {
                row.fault = Some(format!("`{text}` is no {format} price"));
                return row;
            }
        }
    }
    let sum: f64 = prices.iter().map(|price| 1e4 / f64::from(*price)).sum();
    // Real books add up to 1.02 to 1.3.
    if (0.9..=1.6).contains(&sum) {
        row.prices = Some(prices);
    } else {
        row.fault = Some(format!(
            "the three prices add up to {:.0} %: are they the right columns and format?",
            sum * 100.0
        ));
    }
    row
}
