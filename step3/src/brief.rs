//! What step 3 reads of a match. The rest, above all the odds, passes through as text.

use pipeline::Text;
use serde::Deserialize;
use serde::de::IgnoredAny;
use step2::Environment;

/// The fields of [`step2::Match`] that are counted and categorised.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Brief<'a> {
    pub(crate) status_id: i64,
    #[serde(borrow)]
    pub(crate) competition_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) competition: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) country: Option<Text<'a>>,
    #[serde(borrow)]
    pub(crate) venue_id: Option<Text<'a>>,
    pub(crate) environment: Option<Environment>,
    pub(crate) incidents: Vec<IgnoredAny>,
    pub(crate) ticks: u64,
    pub(crate) bookmakers: Vec<i64>,
}

impl Brief<'_> {
    pub(crate) fn weather_id(&self) -> Option<i64> {
        self.environment?.weather_id
    }
}
