//! Long spans of time from pieces that are read once and kept: a piece whose cycles have all ended does not
//! change any more, so that a month costs whoever looks again and again no more than its newest piece.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::params;

use super::shapes::{Bucket, Percentiles, StepWindow};
use crate::reader::{Reader, optional};
use crate::record::millis;
use crate::schema::JournalError;

/// Bits of a length that are kept: it is right to within one part in 256.
const BITS: u32 = 8;

/// What the cycles that began in a piece of time came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Piece {
    /// Its cycles.
    pub bucket: Bucket,
    /// Whether all of its cycles have ended.
    pub ended: bool,
    /// Their steps, in the order of their places.
    pub steps: Vec<StepPiece>,
}

/// What the runs of one step in a piece of time came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepPiece {
    position: u32,
    name: String,
    ok: u64,
    bad: u64,
    retries: u64,
    max_rss: Option<u64>,
    /// How long good runs took in milliseconds, rounded, ascending, and how many took so long.
    lengths: Vec<(u32, u32)>,
}

/// Lengths in milliseconds and how many runs took so long.
type Counts = BTreeMap<u32, u64>;

impl Reader {
    /// The span from `since` to `until` in pieces of `width`, with their steps.
    ///
    /// # Errors
    /// When the file can't be read.
    pub fn pieces(
        &self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        width: Duration,
    ) -> Result<Vec<Piece>, JournalError> {
        let buckets = self.buckets(since, until, width)?;
        let mut pieces: Vec<_> = buckets
            .into_iter()
            .map(|bucket| Piece {
                bucket,
                ended: true,
                steps: Vec::new(),
            })
            .collect();
        let span = params![
            millis(since),
            millis(until),
            i64::try_from(width.as_millis()).unwrap_or(i64::MAX).max(1)
        ];
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT (started_at - ?1) / ?3 FROM cycle INDEXED BY cycle_started
             WHERE started_at >= ?1 AND started_at < ?2 AND outcome IS NULL",
        )?;
        let mut rows = statement.query(span)?;
        while let Some(row) = rows.next()? {
            let at = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
            if let Some(piece) = pieces.get_mut(at) {
                piece.ended = false;
            }
        }
        let mut statement = self.connection.prepare_cached(
            "SELECT (cycle.started_at - ?1) / ?3, step.position, step.name, step.outcome, step.wall_ms,
             step.attempts, step.max_rss
             FROM cycle INDEXED BY cycle_started JOIN step ON step.cycle = cycle.seq
             WHERE cycle.started_at >= ?1 AND cycle.started_at < ?2",
        )?;
        let mut rows = statement.query(span)?;
        while let Some(row) = rows.next()? {
            let at = usize::try_from(row.get::<_, i64>(0)?).unwrap_or(usize::MAX);
            let Some(piece) = pieces.get_mut(at) else {
                continue;
            };
            let name = row.get_ref(2)?.as_str().unwrap_or_default();
            let step = piece.step(row.get(1)?, name);
            match row.get_ref(3)?.as_str().unwrap_or_default() {
                "ok" => {
                    step.ok += 1;
                    if let Some(wall) = optional(row, 4)? {
                        step.count(rounded(wall));
                    }
                }
                "" | "not_run" | "cancelled" => {}
                _ => step.bad += 1,
            }
            step.retries += optional(row, 5)?.unwrap_or(1).saturating_sub(1);
            step.max_rss = step.max_rss.max(optional(row, 6)?);
        }
        for piece in &mut pieces {
            piece.steps.sort_by_key(|step| step.position);
            for step in &mut piece.steps {
                step.lengths.shrink_to_fit();
            }
        }
        Ok(pieces)
    }
}

impl Piece {
    fn step(&mut self, position: u32, name: &str) -> &mut StepPiece {
        let known = self
            .steps
            .iter()
            .position(|step| step.position == position && step.name == name);
        let at = known.unwrap_or_else(|| {
            self.steps.push(StepPiece {
                position,
                name: name.to_owned(),
                ..StepPiece::default()
            });
            self.steps.len() - 1
        });
        &mut self.steps[at]
    }

    /// Neighbours as one: nothing without any.
    pub fn together(pieces: &[&Piece]) -> Option<Bucket> {
        let buckets: Vec<_> = pieces.iter().map(|piece| piece.bucket).collect();
        Bucket::together(&buckets)
    }

    /// The steps of all of them, in the order of their places; times are right to within one part in 256.
    pub fn step_windows(pieces: &[&Piece]) -> Vec<StepWindow> {
        let mut found: BTreeMap<(u32, &str), (StepWindow, Counts)> = BTreeMap::new();
        for step in pieces.iter().flat_map(|piece| &piece.steps) {
            let (window, lengths) = found.entry((step.position, &step.name)).or_insert_with(|| {
                let window = StepWindow {
                    position: step.position,
                    name: step.name.clone(),
                    ..StepWindow::default()
                };
                (window, Counts::new())
            });
            window.ok += step.ok;
            window.bad += step.bad;
            window.retries += step.retries;
            window.max_rss = window.max_rss.max(step.max_rss);
            for (length, times) in &step.lengths {
                *lengths.entry(*length).or_default() += u64::from(*times);
            }
        }
        let windows = found.into_values().map(|(mut window, lengths)| {
            window.times = Percentiles::of_counts(&lengths);
            window
        });
        windows.collect()
    }
}

impl Bucket {
    /// Neighbours as one: nothing without any.
    pub fn together(buckets: &[Bucket]) -> Option<Bucket> {
        let (first, others) = buckets.split_first()?;
        let mut all = *first;
        for next in others {
            let (here, there) = (all.ok as f64, next.ok as f64);
            all.mean_s = match (all.mean_s, next.mean_s) {
                (Some(a), Some(b)) => Some((a * here + b * there) / (here + there).max(1.0)),
                (a, b) => a.or(b),
            };
            all.ok += next.ok;
            all.bad += next.bad;
            all.max_s = larger(all.max_s, next.max_s);
            all.data_age_s = larger(all.data_age_s, next.data_age_s);
            all.matches = all.matches.max(next.matches);
            all.data_bytes = all.data_bytes.max(next.data_bytes);
            all.disk_free = match (all.disk_free, next.disk_free) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        Some(all)
    }
}

impl StepPiece {
    fn count(&mut self, length: u32) {
        match self
            .lengths
            .binary_search_by_key(&length, |(length, _)| *length)
        {
            Ok(at) => self.lengths[at].1 += 1,
            Err(at) => self.lengths.insert(at, (length, 1)),
        }
    }
}

fn larger(a: Option<f64>, b: Option<f64>) -> Option<f64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

/// A length with its first bits only: the middle of those that begin alike.
fn rounded(length: u64) -> u32 {
    let shift = (u64::BITS - length.leading_zeros()).saturating_sub(BITS);
    let middle = (1_u64 << shift) / 2;
    u32::try_from((length >> shift << shift) + middle).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{CycleOutcome, StepOutcome, instant};
    use crate::writer::{CycleEnd, Journal, StepEnd};

    fn at(minute: i64) -> DateTime<Utc> {
        instant(1_795_000_000_000 + minute * 60_000)
    }

    /// A cycle a minute; every seventh fails, and the last one still runs.
    fn journal(cycles: i64) -> (tempfile::TempDir, Reader) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.sqlite");
        let mut journal = Journal::open(&path).unwrap().0;
        for minute in 0..cycles {
            let id = format!("c{minute}");
            let key = journal.begin_cycle(&id, at(minute), None).unwrap();
            if minute + 1 == cycles {
                break;
            }
            let wall = Duration::from_millis(2000 + (minute * 37 % 900) as u64);
            let good = minute % 7 != 3;
            journal.begin_step(key, 1, "step1", at(minute)).unwrap();
            let step = StepEnd {
                position: 1,
                outcome: if good {
                    StepOutcome::Ok
                } else {
                    StepOutcome::Failed(69)
                },
                wall,
                bytes_out: None,
                matches: None,
                message: None,
                attempts: 1 + u32::from(good),
                max_rss: Some(30_000_000 + minute as u64),
                cpu: None,
                leaked: false,
            };
            journal.end_step(key, &step).unwrap();
            let end = CycleEnd {
                at: at(minute) + wall,
                outcome: if good {
                    CycleOutcome::Ok
                } else {
                    CycleOutcome::Failed
                },
                failed_step: (!good).then_some("step1"),
                matches: good.then_some(100 + minute as u64 % 9),
                wall,
                message: None,
                overrun: None,
                fetched_at: Some(at(minute)),
                with_odds: None,
                fetch: None,
                data_bytes: Some(1000 + minute as u64),
                disk_free: Some(90_000 - minute as u64),
            };
            journal.end_cycle(key, &end).unwrap();
        }
        drop(journal);
        let reader = Reader::open(&path).unwrap();
        (folder, reader)
    }

    #[test]
    fn pieces_put_together_are_what_the_whole_span_is() {
        let (_folder, reader) = journal(240);
        let hour = Duration::from_secs(3600);
        let pieces = reader.pieces(at(0), at(240), hour).unwrap();
        let ended: Vec<_> = pieces.iter().map(|piece| piece.ended).collect();
        assert_eq!(ended, [true, true, true, false]);
        let all: Vec<_> = pieces.iter().collect();
        let whole = reader.buckets(at(0), at(240), 4 * hour).unwrap()[0];
        let together = Piece::together(&all).unwrap();
        let off = together.mean_s.unwrap() - whole.mean_s.unwrap();
        assert!(off.abs() < 1e-9, "{together:?} {whole:?}");
        let mean_s = whole.mean_s;
        assert_eq!(Bucket { mean_s, ..together }, whole);
        let (found, exact) = (
            Piece::step_windows(&all).remove(0),
            reader.step_windows(at(0), at(240)).unwrap().remove(0),
        );
        let (times, right) = (found.times.unwrap(), exact.times.unwrap());
        for (rough, right) in [
            (times.p50_s, right.p50_s),
            (times.p95_s, right.p95_s),
            (times.p99_s, right.p99_s),
            (times.max_s, right.max_s),
        ] {
            assert!((rough - right).abs() * 256.0 <= right, "{rough} {right}");
        }
        assert_eq!(times.runs, right.runs);
        let times = exact.times;
        assert_eq!(StepWindow { times, ..found }, exact);
        assert_eq!(Piece::together(&[]), None);
    }

    #[test]
    fn a_rounded_length_is_right_to_within_one_part_in_256() {
        for length in (0..5000).chain([60_000, 1_234_567, 4_000_000_000]) {
            let off = u64::from(rounded(length)).abs_diff(length);
            assert!(off * 256 <= length, "{length} became {}", rounded(length));
        }
        assert_eq!(rounded(u64::MAX), u32::MAX);
    }
}
