//! What step 4 reads of step 3's file, and of a match: the fields that it extracts, and the odds tick by tick
//! with the feed's own reader, since their shape is the feed's. What it passes over it checks by its brackets
//! only: nothing of that is written again.

use feed::json::{Cursor, Fault};
use feed::score::Scores;
use pipeline::handoff::Source;
use pipeline::{Listed, Text};
use step2::{Book, Environment, Rejected};
use step3::Statistics;

/// Step 3's file, unread: it is walked once, and its matches are extracted on the way.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    pub(crate) text: &'a str,
    pub(crate) source: Source,
}

/// What stands in [`step3::Output`] before the matches.
#[derive(Clone, Debug)]
pub(crate) struct Head<'a> {
    pub(crate) statistics: Statistics<'a>,
    pub(crate) rejected: Vec<Rejected<'a>>,
}

/// Walks the document; `each` is called before every match, with its id and the names of the bookmakers
/// that are read from pages, and must pass over the match.
///
/// # Errors
/// When the document ends early, or step 3 did not write it.
pub(crate) fn walk<'a>(
    document: &'a str,
    mut each: impl FnMut(Text<'a>, &mut Cursor<'a>, &PageBooks<'a>) -> Result<(), Fault>,
) -> Result<Head<'a>, Fault> {
    let (mut statistics, mut rejected, mut matches) = (None, None, None);
    let mut page_books = Listed::default();
    let mut cursor = Cursor::new(document);
    cursor.object::<Fault>(|key, c| {
        match &*key {
            "statistics" => statistics = Some(c.read()?),
            "rejected" => rejected = Some(c.read()?),
            "page_books" => page_books = c.read()?,
            "matches" => {
                matches = Some(c.object(|id, c| each(Text(id), c, &page_books))?);
            }
            _ => drop(c.value()?),
        }
        Ok(())
    })?;
    cursor.end()?;
    let missing = |expected| Fault {
        at: cursor.position(),
        ended: false,
        expected,
    };
    matches.ok_or_else(|| missing("`matches`"))?;
    Ok(Head {
        statistics: statistics.ok_or_else(|| missing("`statistics`"))?,
        rejected: rejected.ok_or_else(|| missing("`rejected`"))?,
    })
}

/// Names of bookmakers that are read from web pages, by their ids.
pub(crate) type PageBooks<'a> = Listed<i64, Text<'a>>;

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

    /// Reads the match at the cursor.
    ///
    /// # Errors
    /// When step 2 did not write it.
    pub(crate) fn read(cursor: &mut Cursor<'a>) -> Result<Self, Fault> {
        let mut record = Record::default();
        let mut found = 0;
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
