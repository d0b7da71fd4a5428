//! What step 4 reads of a match: the fields that it extracts, and the odds tick by tick with the feed's own
//! reader, since their shape is the feed's.

use feed::json::{Cursor, Fault};
use feed::score::Scores;
use pipeline::{Listed, Text};
use step2::{Book, Environment};

/// The fields of [`step2::Match`] that are extracted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Record<'a> {
    pub(crate) match_id: Text<'a>,
    pub(crate) status_id: i64,
    pub(crate) kickoff: Option<i64>,
    pub(crate) period_kickoff: Option<i64>,
    pub(crate) competition_id: Option<Text<'a>>,
    pub(crate) competition: Option<Text<'a>>,
    pub(crate) country: Option<Text<'a>>,
    pub(crate) home_team_id: Option<Text<'a>>,
    pub(crate) home_team: Option<Text<'a>>,
    pub(crate) away_team_id: Option<Text<'a>>,
    pub(crate) away_team: Option<Text<'a>>,
    pub(crate) neutral: bool,
    pub(crate) home_scores: Scores,
    pub(crate) away_scores: Scores,
    pub(crate) aggregate: Option<[i64; 2]>,
    pub(crate) environment: Option<Environment>,
    pub(crate) bookmakers: Vec<i64>,
    pub(crate) odds: Listed<i64, Book<'a>>,
}

impl<'a> Record<'a> {
    const FIELDS: usize = 18;

    /// Reads the match at `text`, which is JSON.
    ///
    /// # Errors
    /// When step 2 did not write it.
    pub(crate) fn read(text: &'a str) -> Result<Self, Fault> {
        let mut record = Record::default();
        let mut found = 0;
        let mut cursor = Cursor::new(text);
        cursor.object::<Fault>(|key, c| {
            found += 1;
            match &*key {
                "match_id" => record.match_id = c.read()?,
                "status_id" => record.status_id = c.read()?,
                "kickoff" => record.kickoff = c.read()?,
                "period_kickoff" => record.period_kickoff = c.read()?,
                "competition_id" => record.competition_id = c.read()?,
                "competition" => record.competition = c.read()?,
                "country" => record.country = c.read()?,
                "home_team_id" => record.home_team_id = c.read()?,
                "home_team" => record.home_team = c.read()?,
                "away_team_id" => record.away_team_id = c.read()?,
                "away_team" => record.away_team = c.read()?,
                "neutral" => record.neutral = c.read()?,
                "home_scores" => record.home_scores = c.read()?,
                "away_scores" => record.away_scores = c.read()?,
                "aggregate" => record.aggregate = c.read()?,
                "environment" => record.environment = c.read()?,
                "bookmakers" => record.bookmakers = c.read()?,
                "odds" => record.odds = odds(c)?,
                _ => {
                    found -= 1;
                    c.value()?;
                }
            }
            Ok(())
        })?;
        if found < Self::FIELDS {
            return Err(Fault {
                at: cursor.position(),
                ended: false,
                expected: "a field that is missing",
            });
        }
        Ok(record)
    }
}

fn odds<'a>(cursor: &mut Cursor<'a>) -> Result<Listed<i64, Book<'a>>, Fault> {
    let mut odds = Listed::default();
    cursor.object::<Fault>(|id, c| {
        let id = id.parse().map_err(|_| Fault {
            at: c.position(),
            ended: false,
            expected: "a bookmaker's id",
        })?;
        odds.0.push((id, Book::read_back(c)?));
        Ok(())
    })?;
    Ok(odds)
}
