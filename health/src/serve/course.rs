//! How the cycles of a range went. A short range is read anew; of a long one the hours that are over are read
//! once and kept, so that a month's page costs no more than its newest hour, whatever the journal holds.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use journal::windows::{Bucket, Fill, Piece};
use journal::{JournalError, Reader};

use crate::look::{self, Look, Pace, Range, STRIP, StepPace};

const HOUR: Duration = Duration::from_secs(3600);
/// Hours that are read at once, so that their rows never stand in memory together.
const AT_ONCE: i64 = 24;
/// The longest range, in hours.
const MOST: i64 = Range::Month.length().num_hours();

/// The cycles of a range.
#[derive(Debug)]
pub struct Course {
    /// Which.
    pub range: Range,
    /// Where it begins: a long one with a whole hour.
    pub from: DateTime<Utc>,
    /// Its steps.
    pub steps: Vec<StepPace>,
    /// It in equal pieces.
    pub buckets: Vec<Bucket>,
    /// The disk over a week, or as long as the range if that is longer; oldest first.
    pub fills: Vec<Fill>,
}

/// The hours that were read, by their number since 1970.
#[derive(Debug, Default)]
pub(super) struct Hours {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    /// Which file they are of: device and number.
    file: Option<(u64, u64)>,
    hours: BTreeMap<i64, Piece>,
}

impl Course {
    /// The range as it is in this look; none when the journal can't be read (the look says why).
    pub(super) fn of(look: &Look, range: Range, hours: &Hours) -> Option<Course> {
        let pieces = match range {
            Range::Hour => return look.pace.as_ref().map(|pace| Course::short(look, pace)),
            Range::Quarter | Range::Day => {
                let pace = Pace::read(&look.facts, range);
                return said(pace).map(|pace| Course::short(look, &pace));
            }
            Range::Week => 84,
            Range::Month => 90,
        };
        said(Course::long(look, range, pieces, hours))
    }

    fn short(look: &Look, pace: &Pace) -> Course {
        Course {
            range: pace.range,
            from: look.facts.now - pace.range.length(),
            steps: pace.steps.clone(),
            buckets: thinned(&pace.buckets, look.facts.limits.interval),
            fills: pace.fills.clone(),
        }
    }

    fn long(
        look: &Look,
        range: Range,
        pieces: usize,
        hours: &Hours,
    ) -> Result<Course, JournalError> {
        let path = look.facts.data.journal();
        let reader = Reader::open(&path)?;
        let runs = reader.runs(STRIP)?;
        let length = range.length().num_hours();
        let each = usize::try_from(length)
            .unwrap_or(pieces)
            .div_ceil(pieces)
            .max(1);
        let now = look.facts.now;
        hours.with(&path, &reader, now, length, |hours| {
            let buckets: Vec<_> = hours.chunks(each).filter_map(Piece::together).collect();
            let fills = match &look.pace {
                Some(pace) if range == Range::Week => pace.fills.clone(),
                _ => buckets.iter().map(fill).collect(),
            };
            Course {
                range,
                from: buckets.first().map_or(now, |bucket| bucket.start),
                steps: look::steps(Piece::step_windows(hours), &runs),
                buckets,
                fills,
            }
        })
    }
}

/// Pieces long enough that in each a cycle begins: else a chart would have gaps where nothing is missing.
fn thinned(buckets: &[Bucket], interval: Duration) -> Vec<Bucket> {
    let width = match buckets {
        [first, second, ..] => (second.start - first.start).as_seconds_f64(),
        _ => return buckets.to_vec(),
    };
    // A cycle may begin a little late.
    let each = (interval.as_secs_f64() * 1.2 / width.max(0.001)).ceil();
    let each = (each as usize).clamp(1, buckets.len());
    // Counted from the newest, so that only the oldest one may be short.
    let parts = buckets.rchunks(each).filter_map(Bucket::together);
    let mut parts: Vec<_> = parts.collect();
    parts.reverse();
    parts
}

fn fill(bucket: &Bucket) -> Fill {
    Fill {
        at: bucket.start,
        data_bytes: bucket.data_bytes,
        disk_free: bucket.disk_free,
    }
}

fn said<T>(read: Result<T, JournalError>) -> Option<T> {
    read.inspect_err(|why| log::debug!("a range can't be read: {why}"))
        .ok()
}

impl Hours {
    /// Reads what a month needs, day by day, so that the first who asks for it need not wait. Who asks
    /// meanwhile reads on from where this is.
    pub(super) fn warm(&self, journal: &Path, now: DateTime<Utc>) {
        let days = (1..=MOST / AT_ONCE).map(|day| day * AT_ONCE);
        for length in days {
            let read = Reader::open(journal)
                .and_then(|reader| self.with(journal, &reader, now, length, |_| ()));
            if said(read).is_none() {
                return;
            }
        }
    }

    /// Lends the last `length` hours, the one that is running included, oldest first.
    fn with<T>(
        &self,
        journal: &Path,
        reader: &Reader,
        now: DateTime<Utc>,
        length: i64,
        lend: impl FnOnce(&[&Piece]) -> T,
    ) -> Result<T, JournalError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let file = fs::metadata(journal)
            .ok()
            .map(|file| (file.dev(), file.ino()));
        if kept.file != file {
            // Another journal: the old one was moved aside, or a copy put back.
            *kept = Kept {
                file,
                ..Kept::default()
            };
        }
        let newest = number(now);
        let oldest = newest - length + 1;
        kept.hours
            .retain(|hour, piece| piece.ended && *hour < newest && *hour > newest - MOST);
        let mut hour = oldest;
        while hour <= newest {
            if kept.hours.contains_key(&hour) {
                hour += 1;
                continue;
            }
            let behind = (hour..=newest)
                .take_while(|hour| !kept.hours.contains_key(hour))
                .take(AT_ONCE as usize)
                .last()
                .map_or(hour, |last| last + 1);
            let pieces = reader.pieces(start(hour), start(behind), HOUR)?;
            kept.hours.extend((hour..behind).zip(pieces));
            hour = behind;
        }
        let lent: Vec<_> = kept
            .hours
            .range(oldest..=newest)
            .map(|(_, piece)| piece)
            .collect();
        Ok(lend(&lent))
    }
}

fn number(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(3600)
}

fn start(hour: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::hours(hour)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_a_minute_leaves_no_gap_in_an_hour_and_none_is_counted_twice() {
        let bucket = |at: i64| {
            let begun =
                |second: i64| (second * 10).div_euclid(600) - (second * 10 - 375).div_euclid(600);
            let end = (at + 1) * 375 / 10;
            Bucket {
                start: DateTime::UNIX_EPOCH + TimeDelta::milliseconds(at * 37_500),
                ok: begun(end).unsigned_abs(),
                bad: 0,
                mean_s: None,
                max_s: None,
                matches: None,
                data_bytes: None,
                disk_free: None,
                data_age_s: None,
            }
        };
        let buckets: Vec<_> = (0..96).map(bucket).collect();
        let all = |buckets: &[Bucket]| buckets.iter().map(|bucket| bucket.ok).sum::<u64>();
        assert!(buckets.iter().any(|bucket| bucket.ok == 0));
        let found = thinned(&buckets, Duration::from_secs(60));
        assert!(found.iter().all(|bucket| bucket.ok > 0), "{found:?}");
        assert_eq!(all(&found), all(&buckets));
        assert!(found.is_sorted_by_key(|bucket| bucket.start));
        // A cycle every few seconds needs no longer pieces.
        assert_eq!(thinned(&buckets, Duration::from_secs(15)).len(), 96);
    }
}
