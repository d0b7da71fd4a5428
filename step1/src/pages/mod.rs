//! Odds of bookmakers without an API, from HTML tables (`[[page]]`; none unless configured).
//!
//! A page is visited while the feed is asked, no more often than its configuration allows, also across runs
//! and instances: a visit is noted in `state/pages.json` before it is made. What it shows joins a match of the
//! live list only where both teams' names are the same letters (`names`); everything else is listed. A page
//! that is broken, slow or gone costs its own odds and nothing else.

mod names;
mod state;
mod table;
mod visit;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use feed::codes::{self, PAGE_BOOKMAKERS};
use football::Phase;
use pipeline::Failure;
use pipeline::config::Page;
use reqwest::Certificate;
use serde::Serialize;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use crate::words::counted;
use names::Name;
use state::{Kept, Quote, State};
use table::Row;
use visit::Visited;

/// A team as the feed knows it.
#[derive(Clone, Debug)]
pub(crate) struct Team {
    pub(crate) ids: Vec<String>,
    pub(crate) names: Vec<String>,
}

/// A match of the live list.
#[derive(Clone, Debug)]
pub(crate) struct Game {
    pub(crate) id: String,
    pub(crate) status: i64,
    pub(crate) sides: [Team; 2],
}

/// `page_odds` of `step1.json`: the names of the books by id, and per match and book a series of one tick in the
/// shape of a history's `results`.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PageOdds {
    books: BTreeMap<i64, String>,
    matches: BTreeMap<String, BTreeMap<i64, Market>>,
}

#[derive(Debug, Serialize)]
struct Market {
    eu: [feed::Tick<'static>; 1],
}

impl PageOdds {
    pub(crate) fn is_empty(&self) -> bool {
        self.books.is_empty()
    }
}

/// What came of one page, for `fetch`.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct PageReport {
    pub(crate) book: String,
    pub(crate) book_id: i64,
    /// `read`, `unchanged`, `not due` or `failed`.
    pub(crate) visit: &'static str,
    /// When the prices were last confirmed, unix seconds.
    pub(crate) confirmed_at: Option<i64>,
    /// Rows on the page.
    pub(crate) rows: usize,
    /// Matches that got odds.
    pub(crate) matched: usize,
    /// Rows that did not, all together.
    pub(crate) unmatched_count: usize,
    /// The first of them, each with the reason.
    pub(crate) unmatched: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
}

impl PageReport {
    fn matches(&self) -> String {
        counted(self.matched, "match", "matches")
    }

    /// In a few words, for the log.
    pub(crate) fn words(&self) -> String {
        match &self.error {
            Some(why) => format!("{}, visit failed ({why})", self.matches()),
            None => format!("{} ({})", self.matches(), self.visit),
        }
    }
}

/// Rows that are listed by name.
const LISTED: usize = 20;
/// After failures the pause between visits doubles up to this, or the configured one if that is longer.
const LONGEST_PAUSE_S: i64 = 3600;

/// The visits of one cycle, under way.
pub(crate) struct Visits<'c> {
    pages: &'c [Page],
    folder: PathBuf,
    under_way: Vec<Option<JoinHandle<Visited>>>,
}

impl<'c> Visits<'c> {
    /// Begins those that are due, and notes them; `trusted` are certificates beside the system's.
    ///
    /// # Errors
    /// 74 when they can't be noted: without that the interval could not be kept.
    pub(crate) fn start(
        pages: &'c [Page],
        folder: &Path,
        now: i64,
        trusted: &[Certificate],
    ) -> Result<Self, Failure> {
        let mut under_way = Vec::new();
        if !pages.is_empty() {
            let lock = State::lock(folder)?;
            let mut state = State::read(folder, pages);
            for (page, kept) in pages.iter().zip(&mut state.pages) {
                let due = is_due(kept, page, now);
                if due {
                    kept.visited_at = Some(now);
                    // Until the visit is known to have gone well.
                    kept.failures = kept.failures.saturating_add(1);
                }
                let visit =
                    || visit::spawn(page.clone(), kept.validators.clone(), trusted.to_vec());
                under_way.push(due.then(visit));
            }
            state.write(&lock)?;
        }
        Ok(Visits {
            pages,
            folder: folder.to_owned(),
            under_way,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// Waits for the visits, no longer than until `deadline`, and joins what is known to the matches.
    ///
    /// # Errors
    /// 74 when the state can't be written.
    pub(crate) async fn finish(
        self,
        games: &[Game],
        now: i64,
        deadline: Instant,
    ) -> Result<(PageOdds, Vec<PageReport>), Failure> {
        let mut outcomes = Vec::new();
        for visit in self.under_way {
            outcomes.push(match visit {
                None => None,
                Some(visit) => Some(match timeout_at(deadline, visit).await {
                    Ok(Ok(visited)) => visited,
                    Ok(Err(_)) => Visited::Failed("reading it went wrong".to_owned(), None),
                    Err(_) => Visited::Failed("the step's deadline came first".to_owned(), None),
                }),
            });
        }
        let lock = State::lock(&self.folder)?;
        let mut state = State::read(&self.folder, self.pages);
        let mut odds = PageOdds::default();
        let mut reports = Vec::new();
        for (((page, kept), outcome), id) in self
            .pages
            .iter()
            .zip(&mut state.pages)
            .zip(outcomes)
            .zip(PAGE_BOOKMAKERS)
        {
            let mut report = PageReport {
                book: page.book.clone(),
                book_id: id,
                visit: "not due",
                ..PageReport::default()
            };
            take(page, kept, outcome, games, now, &mut report);
            let max_age = page.max_age.0.as_secs() as i64;
            kept.quotes
                .retain(|_, quote| (0..=max_age).contains(&(now - quote.at)));
            odds.books.insert(id, page.book.clone());
            for game in games {
                if let Some(quote) = kept.quotes.get(&game.id) {
                    let market = Market { eu: [quote.tick()] };
                    odds.matches
                        .entry(game.id.clone())
                        .or_default()
                        .insert(id, market);
                    report.matched += 1;
                }
            }
            reports.push(report);
        }
        state.write(&lock)?;
        Ok((odds, reports))
    }
}

/// For `--explain`: each page's book, whether it would be visited now, and when the last visit was.
pub(crate) fn due(pages: &[Page], folder: &Path, now: i64) -> Vec<(String, bool, Option<i64>)> {
    let state = State::read(folder, pages);
    pages
        .iter()
        .zip(&state.pages)
        .map(|(page, kept)| (page.book.clone(), is_due(kept, page, now), kept.visited_at))
        .collect()
}

fn is_due(kept: &Kept, page: &Page, now: i64) -> bool {
    let every = page.every.0.as_secs() as i64;
    let pause = every
        .saturating_mul(1 << kept.failures.min(6))
        .min(LONGEST_PAUSE_S)
        .max(every);
    // A first failure costs one interval, as a success does.
    let pause = if kept.failures <= 1 { every } else { pause };
    let waited = kept
        .visited_at
        .is_none_or(|at| !(0..pause).contains(&(now - at)));
    waited && kept.not_before.is_none_or(|at| now >= at)
}

/// Takes the outcome of a visit into what is kept.
fn take(
    page: &Page,
    kept: &mut Kept,
    outcome: Option<Visited>,
    games: &[Game],
    now: i64,
    report: &mut PageReport,
) {
    let fresh = match outcome {
        None => false,
        Some(Visited::Read(rows, validators)) => {
            report.visit = "read";
            kept.rows = rows;
            kept.validators = validators;
            true
        }
        Some(Visited::Unchanged) => {
            report.visit = "unchanged";
            true
        }
        Some(Visited::Failed(why, not_before)) => {
            log::warn!("page of {}: {why}", page.book);
            report.visit = "failed";
            report.error = Some(why);
            kept.not_before = not_before.map(|pause| now + pause.as_secs() as i64);
            false
        }
    };
    if fresh {
        kept.failures = 0;
        kept.not_before = None;
        kept.confirmed_at = Some(now);
        let (quotes, unmatched) = join(&kept.rows, games, page, now);
        kept.quotes = quotes;
        kept.unmatched_count = unmatched.len();
        if !unmatched.is_empty() {
            log::info!(
                "page of {}: {} without a match, such as {}",
                page.book,
                counted(unmatched.len(), "row", "rows"),
                unmatched[0]
            );
        }
        kept.unmatched = unmatched.into_iter().take(LISTED).collect();
    }
    report.confirmed_at = kept.confirmed_at;
    report.rows = kept.rows.len();
    report.unmatched_count = kept.unmatched_count;
    report.unmatched.clone_from(&kept.unmatched);
}

/// The quotes of the rows that mean one match each, and a line for every other row.
fn join(
    rows: &[Row],
    games: &[Game],
    page: &Page,
    now: i64,
) -> (BTreeMap<String, Quote>, Vec<String>) {
    let aliases: Vec<(Name, &str)> = page
        .aliases
        .iter()
        .map(|(theirs, ours)| (Name::of(theirs), ours.as_str()))
        .collect();
    let open: Vec<(&Game, [Vec<Name>; 2])> = games
        .iter()
        .filter(|game| !matches!(codes::phase(game.status), Phase::Finished | Phase::Off))
        .map(|game| {
            (
                game,
                game.sides
                    .each_ref()
                    .map(|team| team.names.iter().map(|n| Name::of(n)).collect()),
            )
        })
        .collect();
    let is = |text: &str, team: &Team, known: &[Name]| {
        let name = Name::of(text);
        let alias = aliases.iter().find(|(theirs, _)| *theirs == name);
        match alias {
            Some((_, ours)) if team.ids.iter().any(|id| id == ours) => true,
            Some((_, ours)) => known.iter().any(|one| one.means(&Name::of(ours))),
            None => !name.is_empty() && known.iter().any(|one| one.means(&name)),
        }
    };
    let mut found: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut unmatched: BTreeMap<usize, &str> = BTreeMap::new();
    for (nth, row) in rows.iter().enumerate() {
        let fits = |home: &str, away: &str| -> Vec<&str> {
            let fits = |(game, known): &&(&Game, [Vec<Name>; 2])| {
                is(home, &game.sides[0], &known[0]) && is(away, &game.sides[1], &known[1])
            };
            open.iter()
                .filter(fits)
                .map(|(game, _)| game.id.as_str())
                .collect()
        };
        let why = match fits(&row.home, &row.away)[..] {
            [id] => {
                found.entry(id).or_default().push(nth);
                continue;
            }
            [] if fits(&row.away, &row.home).is_empty() => "no such match in the live list",
            [] => "home and away are the other way round in the feed",
            _ => "more than one match has these names",
        };
        unmatched.insert(nth, why);
    }
    let mut quotes = BTreeMap::new();
    for (id, nths) in found {
        let status = games
            .iter()
            .find(|game| game.id == id)
            .map_or(0, |game| game.status);
        match nths[..] {
            [nth] if rows[nth].fault.is_none() => {
                quotes.insert(
                    id.to_owned(),
                    Quote {
                        at: now,
                        prices: rows[nth].prices,
                        status,
                    },
                );
            }
            [nth] => {
                unmatched.insert(nth, "");
            }
            _ => {
                let twice = "the page has this match more than once";
                unmatched.extend(nths.iter().map(|nth| (*nth, twice)));
            }
        }
    }
    let line = |(nth, why): (usize, &str)| {
        let row = &rows[nth];
        let why = row
            .fault
            .as_deref()
            .filter(|_| why.is_empty())
            .unwrap_or(why);
        format!("{} - {}: {why}", row.home, row.away)
    };
    (quotes, unmatched.into_iter().map(line).collect())
}

/// A pause that a site may ask for is at most a day.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(86_400);
