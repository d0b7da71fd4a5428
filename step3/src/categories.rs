//! Match ids by what the matches have in common.

use std::collections::BTreeMap;

use feed::codes;
use football::Phase;
use pipeline::Text;
use serde::{Deserialize, Serialize};

use crate::brief::Brief;

type Ids<'a> = Vec<Text<'a>>;

/// Where a match belongs when the feed does not say: the key for "no competition", "no country", ….
pub const UNKNOWN: &str = "unknown";

/// The categories.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Categories<'a> {
    /// `live`, `upcoming`, `finished`, `other`; every match is in one of them.
    #[serde(borrow)]
    pub by_status: BTreeMap<Text<'a>, Ids<'a>>,
    /// By competition id; two competitions may have the same name.
    #[serde(borrow)]
    pub by_competition: BTreeMap<Text<'a>, Group<'a>>,
    /// By the competition's country.
    #[serde(borrow)]
    pub by_country: BTreeMap<Text<'a>, Ids<'a>>,
    /// By weather in words.
    #[serde(borrow)]
    pub by_weather: BTreeMap<Text<'a>, Ids<'a>>,
    /// By venue id; the provider gives no name.
    #[serde(borrow)]
    pub by_venue: BTreeMap<Text<'a>, Ids<'a>>,
}

/// The matches of one competition.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Group<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    /// Its country.
    #[serde(borrow)]
    pub country: Option<Text<'a>>,
    /// Its matches.
    #[serde(borrow)]
    pub matches: Ids<'a>,
}

/// The category of a status.
const fn by_status(status: i64) -> &'static str {
    match codes::phase(status) {
        Phase::Live => "live",
        Phase::Upcoming => "upcoming",
        Phase::Finished => "finished",
        Phase::Interrupted | Phase::Off | Phase::Unknown => "other",
    }
}

impl<'a> Categories<'a> {
    /// Sorts the matches into the categories.
    pub(crate) fn of(matches: &[(Text<'a>, Brief<'a>)]) -> Self {
        let mut categories = Categories::default();
        for category in ["live", "upcoming", "finished", "other"] {
            categories
                .by_status
                .insert(Text::from(category), Vec::new());
        }
        let or_unknown = |text: &Option<Text<'a>>| text.clone().unwrap_or(Text::from(UNKNOWN));
        for (id, one) in matches {
            let weather = one.weather_id().map(|code| Text(codes::weather(code)));
            for (category, key) in [
                (
                    &mut categories.by_status,
                    Text::from(by_status(one.status_id)),
                ),
                (&mut categories.by_country, or_unknown(&one.country)),
                (&mut categories.by_weather, or_unknown(&weather)),
                (&mut categories.by_venue, or_unknown(&one.venue_id)),
            ] {
                category.entry(key).or_default().push(id.clone());
            }
            let group = categories
                .by_competition
                .entry(or_unknown(&one.competition_id))
                .or_insert_with(|| Group {
                    name: one.competition.clone(),
                    country: one.country.clone(),
                    matches: Vec::new(),
                });
            group.matches.push(id.clone());
        }
        categories
    }
}
