//! What decides a match's place and is counted in the header; the whole match stays text until it is shown.
//! Ten thousand matches as text and a brief each are a third of ten thousand matches in all their prices.

use feed::json::{Cursor, Fault};
use pipeline::Text;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use step5::Match;

/// One match of the product file.
#[derive(Clone, Debug)]
pub struct Brief<'a> {
    pub(crate) match_id: Text<'a>,
    pub(crate) phase: Text<'a>,
    pub(crate) status_id: i64,
    pub(crate) minute: Option<u32>,
    pub(crate) country: Option<Text<'a>>,
    pub(crate) competition: Option<Text<'a>>,
    pub(crate) home_team: Option<Text<'a>>,
    pub(crate) kickoff: Option<Text<'a>>,
    /// Of each quote that there is whether it is suspended and whether it is stale.
    pub(crate) quotes: [Option<(bool, bool)>; 4],
    whole: &'a RawValue,
}

impl<'a> Brief<'a> {
    fn read(whole: &'a RawValue) -> Result<Self, Fault> {
        let mut brief = Brief {
            match_id: Text::default(),
            phase: Text::default(),
            status_id: 0,
            minute: None,
            country: None,
            competition: None,
            home_team: None,
            kickoff: None,
            quotes: [None; 4],
            whole,
        };
        Cursor::new(whole.get()).object::<Fault>(|key, c| {
            match &*key {
                "match_id" => brief.match_id = c.read()?,
                "phase" => brief.phase = c.read()?,
                "status_id" => brief.status_id = c.read()?,
                "minute" => brief.minute = c.read()?,
                "country" => brief.country = c.read()?,
                "competition" => brief.competition = c.read()?,
                "home_team" => brief.home_team = c.read()?,
                "kickoff" => brief.kickoff = c.read()?,
                "full_time_result" => brief.quotes[0] = quote(c)?,
                "spread" => brief.quotes[1] = quote(c)?,
                "over_under" => brief.quotes[2] = quote(c)?,
                "corners_over_under" => brief.quotes[3] = quote(c)?,
                _ => drop(c.value()?),
            }
            Ok(())
        })?;
        Ok(brief)
    }

    /// The match with everything.
    ///
    /// # Errors
    /// When step 5 did not write it.
    pub fn whole(&self) -> Result<Match<'a>, serde_json::Error> {
        serde_json::from_str(self.whole.get())
    }

    /// Of each quote whether it is suspended and whether it is stale.
    pub(crate) fn quoted(&self) -> impl Iterator<Item = (bool, bool)> {
        self.quotes.into_iter().flatten()
    }
}

fn quote(cursor: &mut Cursor<'_>) -> Result<Option<(bool, bool)>, Fault> {
    if cursor.peek() != Some(b'{') {
        return cursor.read::<Option<()>>().map(|_| None);
    }
    let (mut suspended, mut stale) = (false, false);
    cursor.object::<Fault>(|key, c| {
        match &*key {
            "suspended" => suspended = c.read()?,
            "stale" => stale = c.read()?,
            _ => drop(c.value()?),
        }
        Ok(())
    })?;
    Ok(Some((suspended, stale)))
}

impl<'de: 'a, 'a> Deserialize<'de> for Brief<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Brief::read(<&RawValue>::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}
