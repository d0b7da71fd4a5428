//! `[[page]]`: odds from web pages.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Span;

/// One `[[page]]`: odds from an HTML table of a bookmaker without an API. 1X2 only.
///
/// Off unless it is configured. Mind the site's robots.txt and terms of use: nothing here reads them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The bookmaker's name, as every later step shows it.
    pub book: String,
    /// The page's address, http or https.
    pub url: String,
    /// CSS selector of the rows, one match each.
    pub rows: String,
    /// The home side's name, within a row.
    pub home: Cell,
    /// The away side's name.
    pub away: Cell,
    /// The price of a home win.
    pub home_price: Cell,
    /// The price of a draw.
    pub draw_price: Cell,
    /// The price of an away win.
    pub away_price: Cell,
    /// How the page writes prices: `decimal`, `american`, `fractional` or `hong_kong`.
    #[serde(default = "Page::default_format")]
    pub format: String,
    /// Names that the page writes in its own way: `"its name" = "the feed's name or team id"`.
    #[serde(default)]
    pub aliases: BTreeMap<String, String>,
    /// The shortest time between two visits; at least a minute.
    #[serde(default = "Page::default_every")]
    pub every: Span,
    /// Prices that no visit has confirmed for so long are no longer used.
    #[serde(default = "Page::default_max_age")]
    pub max_age: Span,
    /// How long a visit may take from start to end.
    #[serde(default = "Page::default_timeout")]
    pub timeout: Span,
    /// The largest page that is read, in bytes.
    #[serde(default = "Page::default_max_bytes")]
    pub max_bytes: u64,
    /// The most rows that are read.
    #[serde(default = "Page::default_max_rows")]
    pub max_rows: usize,
    /// What we call ourselves to the site; say how to reach you.
    #[serde(default = "Page::default_user_agent")]
    pub user_agent: String,
}

impl Page {
    /// The least time between visits that a configuration may ask for.
    pub const LEAST_EVERY: Span = Span::seconds(60);

    fn default_format() -> String {
        "decimal".to_owned()
    }

    fn default_every() -> Span {
        Span::seconds(120)
    }

    fn default_max_age() -> Span {
        Span::seconds(600)
    }

    fn default_timeout() -> Span {
        Span::seconds(10)
    }

    fn default_max_bytes() -> u64 {
        2 * 1024 * 1024
    }

    fn default_max_rows() -> usize {
        1000
    }

    fn default_user_agent() -> String {
        concat!("football-bot/", env!("CARGO_PKG_VERSION")).to_owned()
    }

    /// What is wrong with it, if anything, beyond what the types tell.
    pub(super) fn fault(&self) -> Option<String> {
        let web = ["http://", "https://"]
            .iter()
            .any(|scheme| self.url.starts_with(scheme) && self.url.len() > scheme.len());
        let formats = ["decimal", "american", "fractional", "hong_kong"];
        if self.book.trim().is_empty() || self.book.chars().count() > 40 {
            Some("book needs a name of 1 to 40 characters".to_owned())
        } else if self.book.chars().any(char::is_control) {
            Some("book has a control character in it".to_owned())
        } else if !web {
            // The address is not repeated: somebody may have put a secret into it.
            Some("url is no address such as `https://www.example.com/odds`".to_owned())
        } else if self.every < Page::LEAST_EVERY {
            Some(format!("every must be at least {}", Page::LEAST_EVERY))
        } else if !formats.contains(&self.format.as_str()) {
            Some(format!("format must be one of {}", formats.join(", ")))
        } else if self.timeout.0.is_zero() || self.max_bytes == 0 || self.max_rows == 0 {
            Some("timeout, max_bytes and max_rows must be more than nothing".to_owned())
        } else if self.user_agent.is_empty()
            || !self.user_agent.bytes().all(|b| (b' '..0x7f).contains(&b))
        {
            Some("user_agent must be plain text in one line".to_owned())
        } else {
            None
        }
    }
}

/// Where a value stands in a row of a page: a CSS selector for its text, or for an attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// `"td.home"`: the text of the first element that fits.
    Text(String),
    /// `{ select = "td.price", attribute = "data-odds" }`.
    Attribute {
        /// The selector.
        select: String,
        /// The attribute of the first element that fits.
        attribute: String,
    },
}
