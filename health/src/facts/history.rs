//! What the journal says.

use std::fmt;
use std::panic::resume_unwind;
use std::path::Path;
use std::thread;

use chrono::{DateTime, TimeDelta, Utc};
use journal::reader::{Cycle, Event, Step, Totals};
use journal::windows::{Fill, Percentiles, Run, StepWindow, Window};
use journal::{Areas, CycleOutcome, EventKind, JournalError, Reader};
use pipeline::DataDir;
use serde::Serialize;

use super::Depth;

/// Cycles whose runs are kept for strips.
const STRIP: u32 = 60;

/// Events that are shown.
const EVENTS: u32 = 50;

/// Looks at the disk over a week, one every six hours: enough to see through a daily pruning.
const FILLS: u32 = 29;

/// What the journal says.
#[derive(Clone, Debug, Serialize)]
pub struct History {
    /// Of all time.
    pub totals: Totals,
    /// Of the last hour.
    pub hour: Window,
    /// Of the last 24 hours.
    pub day: Window,
    /// The newest cycle that has ended.
    pub newest: Option<Cycle>,
    /// Its steps.
    pub newest_steps: Vec<Step>,
    /// The newest good one.
    pub newest_good: Option<Cycle>,
    /// The cycle that runs.
    pub running: Option<Running>,
    /// Failures since the last good cycle.
    pub failures_in_a_row: u32,
    /// The newest start, stop or finish of the orchestrator.
    pub last_turn: Option<Event>,
    /// The newest backoff that began.
    pub last_backoff: Option<Event>,
    /// When the orchestrator last saw the wall clock set forward or back.
    pub last_clock: Option<Event>,
    /// Starts of the orchestrator in the last 15 minutes.
    pub starts_15m: u32,
    /// The cycles of the last hour, the newest first, without the running one.
    pub recent: Vec<Cycle>,
    /// What is usual, for what is compared with it.
    pub baseline: Baseline,
    /// The steps over the last hour; empty unless everything was asked for, as all below.
    pub steps_hour: Vec<StepWindow>,
    /// The steps over the last 24 hours.
    pub steps_day: Vec<StepWindow>,
    /// How long good cycles of the last hour took.
    pub cycle_hour: Option<Percentiles>,
    /// How long good cycles of the last 24 hours took.
    pub cycle_day: Option<Percentiles>,
    /// The runs of the newest cycles, the oldest first, for strips.
    #[serde(skip)]
    pub runs: Vec<Run>,
    /// The newest events, the newest first.
    pub events: Vec<Event>,
    /// What the data directory and its disk were like over the last week.
    #[serde(skip)]
    pub fills: Vec<Fill>,
    /// What the areas of the data directory held over the last week, one look an hour; empty unless everything
    /// was asked for.
    #[serde(skip)]
    pub areas: Vec<(DateTime<Utc>, Areas)>,
}

/// The cycle that runs.
#[derive(Clone, Debug, Serialize)]
pub struct Running {
    /// The cycle.
    pub cycle: Cycle,
    /// Its running step.
    pub step: Option<Step>,
}

/// What is usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Baseline {
    /// The middle number of matches at this hour of this weekday, over the last four weeks.
    pub matches: Option<f64>,
    /// The share of matches with odds over the last day.
    pub odds_coverage: Option<f64>,
}

/// Why the journal says nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// In words.
    pub unreadable: String,
    /// Whether it is simply not there.
    pub missing: bool,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.unreadable)
    }
}

impl Unreadable {
    fn of(path: &Path, why: &JournalError) -> Unreadable {
        Unreadable {
            missing: matches!(why, JournalError::Missing { .. }),
            unreadable: match why {
                // SQLite does not say which file.
                JournalError::Sqlite(source) => {
                    format!("failed to use the journal `{}`: {source}", path.display())
                }
                other => other.to_string(),
            },
        }
    }
}

impl History {
    pub(super) fn read(
        data: &DataDir,
        now: DateTime<Utc>,
        depth: Depth,
    ) -> Result<History, Unreadable> {
        let path = data.journal();
        // What lies weeks back is scattered over the file, and a disk that has to look for it can do so while
        // the newest is read. Two looks a moment apart can't disagree over it.
        let read = thread::scope(|scope| {
            let long_ago = scope.spawn(|| LongAgo::ask(&Reader::open(&path)?, now));
            let history = Reader::open(&path).and_then(|reader| History::ask(&reader, now, depth));
            let long_ago = long_ago.join().unwrap_or_else(|panic| resume_unwind(panic));
            Ok((history?, long_ago?))
        });
        match read {
            Ok((mut history, long_ago)) => {
                history.baseline.matches = long_ago.usual_matches;
                history.fills = long_ago.fills;
                Ok(history)
            }
            Err(why) => Err(Unreadable::of(&path, &why)),
        }
    }

    /// All but what [`LongAgo`] has.
    fn ask(reader: &Reader, now: DateTime<Utc>, depth: Depth) -> Result<History, JournalError> {
        let (hour, day) = (now - TimeDelta::hours(1), now - TimeDelta::hours(24));
        let mut newest = reader.newest(2)?;
        let running = match newest.first() {
            Some(cycle) if cycle.outcome.is_none() => {
                let cycle = newest.remove(0);
                let steps = reader.steps(&cycle)?;
                let step = steps.into_iter().find(|step| step.outcome.is_none());
                Some(Running { cycle, step })
            }
            _ => None,
        };
        let newest = newest.into_iter().find(|cycle| cycle.outcome.is_some());
        let mut recent = reader.cycles_since(hour, 1000)?;
        recent.retain(|cycle| cycle.outcome.is_some());
        let mut history = History {
            totals: reader.totals()?,
            hour: reader.window(hour)?,
            day: reader.window(day)?,
            newest_steps: match &newest {
                Some(cycle) => reader.steps(cycle)?,
                None => Vec::new(),
            },
            newest,
            newest_good: reader.newest_that(CycleOutcome::Ok)?,
            running,
            failures_in_a_row: reader.failures_in_a_row()?,
            last_turn: reader.newest_event(&[
                EventKind::Start,
                EventKind::Stop,
                EventKind::Finished,
            ])?,
            last_backoff: reader.newest_event(&[EventKind::Backoff])?,
            last_clock: reader.newest_event(&[EventKind::ClockForward, EventKind::ClockBack])?,
            starts_15m: reader
                .events_since(&[EventKind::Start], now - TimeDelta::minutes(15))?
                .len()
                .try_into()
                .unwrap_or(u32::MAX),
            recent,
            baseline: Baseline {
                matches: None,
                odds_coverage: reader.odds_coverage(day)?,
            },
            steps_hour: Vec::new(),
            steps_day: Vec::new(),
            cycle_hour: None,
            cycle_day: None,
            runs: Vec::new(),
            events: Vec::new(),
            fills: Vec::new(),
            areas: Vec::new(),
        };
        if depth == Depth::Full {
            history.steps_hour = reader.step_windows(hour, now)?;
            history.steps_day = reader.step_windows(day, now)?;
            history.cycle_hour = reader.cycle_times(hour)?;
            history.cycle_day = reader.cycle_times(day)?;
            history.runs = reader.runs(STRIP)?;
            history.events = reader.events(EVENTS)?;
            history.areas = reader.areas(now - TimeDelta::days(7), now)?;
        }
        Ok(history)
    }

    /// Tries after the first ones, of all steps over the last hour.
    pub fn retries_hour(&self) -> u64 {
        self.steps_hour.iter().map(|step| step.retries).sum()
    }

    /// Tries after the first ones, of all steps over the last 24 hours.
    pub fn retries_day(&self) -> u64 {
        self.steps_day.iter().map(|step| step.retries).sum()
    }
}

/// What is asked of days and weeks ago.
struct LongAgo {
    usual_matches: Option<f64>,
    fills: Vec<Fill>,
}

impl LongAgo {
    fn ask(reader: &Reader, now: DateTime<Utc>) -> Result<LongAgo, JournalError> {
        Ok(LongAgo {
            usual_matches: usual_matches(reader, now)?,
            fills: reader.fills(now - TimeDelta::days(7), now, FILLS)?,
        })
    }
}

/// The middle number of matches around this time of the week, of at least two of the last four weeks:
/// football has quiet hours, and no matches at four in the morning is no loss.
fn usual_matches(reader: &Reader, now: DateTime<Utc>) -> Result<Option<f64>, JournalError> {
    let mut weeks = Vec::new();
    for week in 1..=4 {
        let at = now - TimeDelta::weeks(week);
        let around = TimeDelta::minutes(15);
        let mut found = reader.matches_between(at - around, at + around)?;
        found.sort_unstable();
        weeks.extend(found.get(found.len() / 2).copied());
    }
    weeks.sort_unstable();
    let enough = weeks.len() >= 2;
    Ok(enough.then(|| weeks[weeks.len() / 2] as f64))
}
