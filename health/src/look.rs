//! One look at everything that a dashboard shows: facts and verdict, the matches, and how the cycles
//! of a span of time went. Terminal and pages show the same look.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use journal::lock::Presence;
use journal::reader::Event;
use journal::windows::{Bucket, Fill, Percentiles, Run, StepWindow, Window};
use journal::{JournalError, Reader, StepOutcome};
use pipeline::cli::Common;
use pipeline::{Config, Failure};

use crate::facts::{Depth, Facts};
use crate::product::{Board, Watched};
use crate::verdict::Verdict;

/// Cycles that a strip of runs shows at most.
pub const STRIP: u32 = 96;

/// Events that are looked at.
const EVENTS: u32 = 60;

/// Looks at the disk over a week that its chart shows: one every half hour.
const FILLS: u32 = 337;

/// Everything at one time.
#[derive(Debug)]
pub struct Look {
    /// What is known.
    pub facts: Facts,
    /// What that means.
    pub verdict: Verdict,
    /// The matches, or why there are none.
    pub board: Arc<Result<Board, Failure>>,
    /// How the cycles went; none when the journal can't be read (the facts say why).
    pub pace: Option<Pace>,
}

/// How the cycles of a span of time went.
#[derive(Debug)]
pub struct Pace {
    /// The span.
    pub range: Range,
    /// Its cycles.
    pub window: Window,
    /// How long its good cycles took.
    pub times: Option<Percentiles>,
    /// Its steps.
    pub steps: Vec<StepPace>,
    /// The newest cycles, oldest first.
    pub strip: Vec<Beat>,
    /// The newest events and failures, newest first.
    pub happenings: Vec<Happening>,
    /// The span in equal pieces.
    pub buckets: Vec<Bucket>,
    /// Disk and data directory over the last week, oldest first.
    pub fills: Vec<Fill>,
    /// What the newest fetch cost and missed.
    pub fetch: Option<journal::Fetch>,
    /// The newest cycle's row, for who counts on.
    pub newest: Option<i64>,
}

/// A step over the span.
#[derive(Clone, Debug, PartialEq)]
pub struct StepPace {
    /// Its runs in numbers.
    pub window: StepWindow,
    /// Its newest runs, oldest first.
    pub strip: Vec<Beat>,
    /// Since when it runs, if it does.
    pub running_since: Option<DateTime<Utc>>,
    /// The end of the newest good run.
    pub last_good: Option<DateTime<Utc>>,
    /// How the newest run ended.
    pub newest: Option<StepOutcome>,
    /// Matches in its newest output.
    pub matches: Option<u64>,
}

/// One run, as a strip shows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Beat {
    /// Good, so many seconds long.
    Good(f64),
    /// Bad.
    Bad,
    /// It did not run, or was told to stop.
    Not,
}

/// Something that a reader of the day wants to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// When.
    pub at: DateTime<Utc>,
    /// `E`, `W` or `I`.
    pub level: char,
    /// Whose: a step, or the orchestrator.
    pub who: String,
    /// What.
    pub text: String,
    /// How often in a row.
    pub times: u32,
}

/// A span of time that ends now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Range {
    /// A quarter of an hour.
    Quarter,
    /// An hour.
    #[default]
    Hour,
    /// A day.
    Day,
    /// A week.
    Week,
    /// Thirty days; only on the pages, which keep what they have read of it.
    Month,
}

impl Range {
    /// Those of the terminal, in the order in which a key goes through them.
    pub const ALL: [Range; 4] = [Range::Quarter, Range::Hour, Range::Day, Range::Week];

    /// Those of the pages.
    pub const PAGES: [Range; 5] = [
        Range::Quarter,
        Range::Hour,
        Range::Day,
        Range::Week,
        Range::Month,
    ];

    /// The word in addresses and on the screen.
    pub const fn word(self) -> &'static str {
        match self {
            Range::Quarter => "15m",
            Range::Hour => "1h",
            Range::Day => "24h",
            Range::Week => "7d",
            Range::Month => "30d",
        }
    }

    /// The span that a word names.
    pub fn of(word: &str) -> Option<Range> {
        Self::PAGES.into_iter().find(|range| range.word() == word)
    }

    /// The one after it.
    pub fn next(self) -> Range {
        let at = Self::ALL.iter().position(|range| *range == self);
        Self::ALL[(at.unwrap_or(0) + 1) % Self::ALL.len()]
    }

    /// How long it is.
    pub const fn length(self) -> TimeDelta {
        TimeDelta::minutes(match self {
            Range::Quarter => 15,
            Range::Hour => 60,
            Range::Day => 1440,
            Range::Week => 10_080,
            Range::Month => 43_200,
        })
    }
}

/// Looks again and again, and reads only what has changed.
#[derive(Debug)]
pub struct Looker {
    common: Common,
    config: Config,
    product: Watched,
}

impl Looker {
    /// Who looks at the data directory that these name.
    pub fn new(common: Common, config: Config) -> Looker {
        Looker {
            common,
            config,
            product: Watched::default(),
        }
    }

    /// What there is to see now.
    pub fn look(&mut self, range: Range) -> Look {
        let facts = Facts::gather(&self.common, &self.config, Depth::Full);
        let verdict = Verdict::of(&facts);
        let board = self.product.look(&facts.data);
        let pace = Pace::read(&facts, range)
            .inspect_err(|why| log::debug!("no pace: {why}"))
            .ok();
        Look {
            facts,
            verdict,
            board,
            pace,
        }
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.config
    }
}

impl Look {
    /// The table of matches, if there is one.
    pub fn board(&self) -> Option<&Board> {
        self.board.as_ref().as_ref().ok()
    }

    /// The process that runs the cycles, and since when; none when none runs.
    pub fn running(&self) -> Option<&journal::lock::Holder> {
        match &self.facts.presence {
            Presence::Running(holder) => Some(holder),
            _ => None,
        }
    }
}

impl Pace {
    /// Reads it from the journal.
    ///
    /// # Errors
    /// When the journal is missing or can't be read.
    pub fn read(facts: &Facts, range: Range) -> Result<Pace, JournalError> {
        let reader = Reader::open(&facts.data.journal())?;
        let since = facts.now - range.length();
        let runs = reader.runs(STRIP)?;
        let pieces = 96;
        let width = (range.length() / pieces).to_std().unwrap_or_default();
        let newest = reader.newest(1)?.pop();
        let fetch = match &newest {
            Some(cycle) if cycle.fetch.is_some() => cycle.fetch.clone(),
            _ => reader
                .newest_that(journal::CycleOutcome::Ok)?
                .and_then(|cycle| cycle.fetch),
        };
        Ok(Pace {
            range,
            window: reader.window(since)?,
            times: reader.cycle_times(since)?,
            steps: steps(reader.step_windows(since, facts.now)?, &runs),
            strip: strip(&runs),
            happenings: happenings(&reader)?,
            buckets: reader.buckets(since, facts.now, width)?,
            fills: reader.fills(facts.now - TimeDelta::days(7), facts.now, FILLS)?,
            fetch,
            newest: newest.map(|cycle| cycle.seq),
        })
    }
}

/// The steps of a span, with their newest runs.
pub(crate) fn steps(windows: Vec<StepWindow>, runs: &[Run]) -> Vec<StepPace> {
    let mut all: Vec<_> = windows
        .into_iter()
        .map(|window| {
            let own = || runs.iter().filter(|run| run.position == window.position);
            let end = |run: &Run| {
                let wall = i64::try_from(run.wall_ms?).ok()?;
                Some(run.started_at? + TimeDelta::milliseconds(wall))
            };
            let good = || own().filter(|run| run.outcome == Some(StepOutcome::Ok));
            let last = own().next_back();
            StepPace {
                strip: own().filter_map(beat).collect(),
                running_since: last
                    .filter(|run| run.outcome.is_none())
                    .and_then(|run| run.started_at),
                last_good: good().filter_map(end).next_back(),
                newest: own().filter_map(|run| run.outcome).next_back(),
                matches: good().filter_map(|run| run.matches).next_back(),
                window,
            }
        })
        .collect();
    all.sort_by_key(|step| step.window.position);
    all
}

/// What a run is in a strip; one that still runs is not in it yet.
fn beat(run: &Run) -> Option<Beat> {
    Some(match run.outcome? {
        StepOutcome::Ok => Beat::Good(run.wall_ms.unwrap_or(0) as f64 / 1000.0),
        StepOutcome::NotRun | StepOutcome::Cancelled => Beat::Not,
        _ => Beat::Bad,
    })
}

/// The cycles behind the runs: as long as their steps together, bad if one of them is.
fn strip(runs: &[Run]) -> Vec<Beat> {
    runs.chunk_by(|a, b| a.cycle == b.cycle)
        .filter_map(|cycle| {
            let beats: Vec<_> = cycle.iter().map(beat).collect::<Option<_>>()?;
            if beats.contains(&Beat::Bad) {
                return Some(Beat::Bad);
            }
            let lengths = beats.iter().map(|beat| match beat {
                Beat::Good(seconds) => Some(*seconds),
                _ => None,
            });
            let sum = lengths.sum::<Option<f64>>();
            Some(sum.map_or(Beat::Not, Beat::Good))
        })
        .collect()
}

/// Events and failed cycles together, newest first; the same one in a row stands once with its number.
fn happenings(reader: &Reader) -> Result<Vec<Happening>, JournalError> {
    let events = reader.events(EVENTS)?;
    let cycles = reader.newest(STRIP)?;
    let failures = cycles.into_iter().filter_map(|cycle| {
        use journal::CycleOutcome::{Crashed, Failed};
        let outcome = cycle.outcome?;
        matches!(outcome, Failed | Crashed).then(|| Happening {
            at: cycle.ended_at.unwrap_or(cycle.started_at),
            level: 'E',
            who: cycle
                .failed_step
                .unwrap_or_else(|| "orchestrator".to_owned()),
            text: cycle
                .message
                .unwrap_or_else(|| format!("the cycle {}", outcome.as_str())),
            times: 1,
        })
    });
    let mut all: Vec<_> = failures.chain(events.into_iter().map(happening)).collect();
    all.sort_by_key(|one| std::cmp::Reverse(one.at));
    let mut merged: Vec<Happening> = Vec::new();
    for one in all {
        match merged.last_mut() {
            Some(last) if last.who == one.who && last.text == one.text => last.times += 1,
            _ => merged.push(one),
        }
    }
    Ok(merged)
}

fn happening(event: Event) -> Happening {
    use journal::EventKind;
    let level = match event.kind {
        EventKind::SkippedOverlap
        | EventKind::SkippedBackoff
        | EventKind::SkippedDisk
        | EventKind::SkippedSuspend
        | EventKind::ClockForward
        | EventKind::ClockBack
        | EventKind::Backoff => 'W',
        _ => 'I',
    };
    Happening {
        at: event.at,
        level,
        who: "orchestrator".to_owned(),
        text: event.text,
        times: 1,
    }
}
