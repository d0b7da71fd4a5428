//! What the data directory holds, how fast it grows, and when its disk is full.
//!
//! A line is laid through what the cycles recorded over the last week. Data directories are pruned and
//! grow in steps, so a line through neighbouring points would follow the teeth of the saw: only
//! points at least half of the span apart are compared, and the middle one of those slopes counts
//! (Theil–Sen over long pairs). What shrinks or stands still is never full.

use std::fs;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use journal::Areas;
use journal::windows::Fill;
use pipeline::DataDir;
use serde::Serialize;

use super::{Depth, History, Host};

/// A shorter span than this says nothing about a trend.
const LEAST_SPAN: TimeDelta = TimeDelta::hours(3);

/// Fewer points than this say nothing either.
const LEAST_POINTS: usize = 4;

/// Entries of the data directory that are looked at, at most.
const MOST_ENTRIES: usize = 20_000;

/// What the data directory holds and when its disk is full.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Storage {
    /// What it holds, in bytes.
    pub bytes: Option<u64>,
    /// The same by area, the largest first; empty unless everything was asked for.
    pub areas: Vec<Area>,
    /// How fast it grows and the disk fills; none while too little is recorded.
    pub growth: Option<Growth>,
    /// How fast its areas grow, the fastest first; empty while too little is recorded, and unless everything was
    /// asked for.
    pub growing: Vec<AreaGrowth>,
    /// When a damaged journal was last moved aside, if one lies there.
    pub journal_aside: Option<DateTime<Utc>>,
}

/// A part of the data directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Area {
    /// The file or folder.
    pub name: String,
    /// What it holds, in bytes.
    pub bytes: u64,
}

/// How fast the data directory grows and the disk fills.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Growth {
    /// Bytes a day by which the data directory grows; negative if it shrinks.
    pub data_per_day: Option<f64>,
    /// When the disk is full, whoever fills it.
    pub disk: Option<Forecast>,
}

/// How fast an area of the data directory grows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AreaGrowth {
    /// `outputs`, `logs`, `state`, or `rest` for everything else.
    pub area: &'static str,
    /// Bytes a day; negative if it shrinks.
    pub per_day: f64,
}

/// When something is full.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Forecast {
    /// It does not fill.
    Never,
    /// In so many seconds.
    InSeconds(f64),
}

impl Forecast {
    /// Seconds until it is full; infinite if it does not fill.
    pub const fn seconds(self) -> f64 {
        match self {
            Forecast::Never => f64::INFINITY,
            Forecast::InSeconds(seconds) => seconds,
        }
    }
}

impl Storage {
    pub(super) fn look(
        data: &DataDir,
        history: Option<&History>,
        host: &Host,
        now: DateTime<Utc>,
        depth: Depth,
    ) -> Storage {
        let mut storage = Storage {
            growth: history.and_then(|history| growth(&history.fills, host, now)),
            growing: history.map_or_else(Vec::new, |history| growing(&history.areas, now)),
            journal_aside: journal_aside(&data.state()),
            ..Storage::default()
        };
        if depth == Depth::Full {
            storage.areas = areas(data);
            storage.bytes = Some(storage.areas.iter().map(|area| area.bytes).sum());
        } else {
            let newest = history.and_then(|history| history.newest.as_ref());
            storage.bytes = newest.and_then(|cycle| cycle.data_bytes);
        }
        storage
    }

    /// What the areas hold by the names under which their growth is recorded: outputs, logs, state, rest; none
    /// unless everything was asked for.
    pub fn by_area(&self) -> Option<Areas> {
        if self.areas.is_empty() {
            return None;
        }
        let mut by = Areas::default();
        for area in &self.areas {
            let held = match area.name.as_str() {
                "step1.json" | "step2" | "step3" | "step4" | "step5" => &mut by.outputs,
                "logs" => &mut by.logs,
                "state" => &mut by.state,
                _ => &mut by.rest,
            };
            *held += area.bytes;
        }
        Some(by)
    }

    /// The area that grows fastest, if any grows.
    pub fn grows_most(&self) -> Option<AreaGrowth> {
        self.growing
            .first()
            .copied()
            .filter(|one| one.per_day > 0.0)
    }

    /// Seconds until the disk is full; none while that can't be told.
    pub fn full_in(&self) -> Option<f64> {
        Some(self.growth?.disk?.seconds())
    }
}

fn growth(fills: &[Fill], host: &Host, now: DateTime<Utc>) -> Option<Growth> {
    let series = |value: fn(&Fill) -> Option<u64>| -> Vec<(f64, f64)> {
        let point = |fill: &Fill| {
            let at = (fill.at - now).num_milliseconds() as f64 / 1000.0;
            Some((at, value(fill)? as f64))
        };
        fills.iter().filter_map(point).collect()
    };
    let held = slope(&series(|fill| fill.data_bytes));
    let free = series(|fill| fill.disk_free);
    let left = host.disk.map(|disk| disk.available as f64);
    let growth = Growth {
        data_per_day: held.map(|slope| slope * 86_400.0),
        disk: left.and_then(|left| forecast(&free, left)),
    };
    (growth.data_per_day.is_some() || growth.disk.is_some()).then_some(growth)
}

/// The slope of each area, the fastest first.
fn growing(looks: &[(DateTime<Utc>, Areas)], now: DateTime<Utc>) -> Vec<AreaGrowth> {
    let mut growing: Vec<_> = (Areas::default().named().iter().enumerate())
        .filter_map(|(at, (area, _))| {
            let points = looks.iter().map(|(when, areas)| {
                let seconds = (*when - now).num_seconds() as f64;
                (seconds, areas.named()[at].1 as f64)
            });
            let per_day = slope(&points.collect::<Vec<_>>())? * 86_400.0;
            Some(AreaGrowth { area, per_day })
        })
        .collect();
    growing.sort_by(|a, b| b.per_day.total_cmp(&a.per_day));
    growing
}

/// When `left` bytes are used up, if free space went on as in `free` (seconds, bytes; oldest first).
pub fn forecast(free: &[(f64, f64)], left: f64) -> Option<Forecast> {
    let slope = slope(free)?;
    // A disk that would last for ten years does not fill.
    let seconds = if slope < 0.0 {
        left / -slope
    } else {
        f64::INFINITY
    };
    Some(if seconds > 10.0 * 365.0 * 86_400.0 {
        Forecast::Never
    } else {
        Forecast::InSeconds(seconds.max(0.0))
    })
}

/// The middle slope over pairs at least half of the span apart.
fn slope(points: &[(f64, f64)]) -> Option<f64> {
    let (first, last) = (points.first()?, points.last()?);
    let span = last.0 - first.0;
    if points.len() < LEAST_POINTS || span < LEAST_SPAN.num_seconds() as f64 {
        return None;
    }
    let mut slopes = Vec::new();
    for (n, early) in points.iter().enumerate() {
        for late in points[n + 1..].iter().rev() {
            if late.0 - early.0 < span / 2.0 {
                break;
            }
            slopes.push((late.1 - early.1) / (late.0 - early.0));
        }
    }
    let middle = slopes.len() / 2;
    let (_, median, _) = slopes.select_nth_unstable_by(middle, f64::total_cmp);
    Some(*median)
}

/// The entries at the top of the data directory with all that is below them, and the day logs.
fn areas(data: &DataDir) -> Vec<Area> {
    let mut left = MOST_ENTRIES;
    let mut areas: Vec<_> = entries(data.root())
        .map(|entry| Area {
            name: entry.file_name().to_string_lossy().into_owned(),
            bytes: size(&entry.path(), &mut left),
        })
        .collect();
    if !data.logs().starts_with(data.root()) {
        areas.push(Area {
            name: "logs".to_owned(),
            bytes: size(data.logs(), &mut left),
        });
    }
    areas.sort_by_key(|area| std::cmp::Reverse(area.bytes));
    areas
}

fn size(path: &Path, left: &mut usize) -> u64 {
    let Some(rest) = left.checked_sub(1) else {
        return 0;
    };
    *left = rest;
    match path.symlink_metadata() {
        Ok(meta) if meta.is_dir() => entries(path).map(|entry| size(&entry.path(), left)).sum(),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = fs::DirEntry> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten()
}

fn journal_aside(state: &Path) -> Option<DateTime<Utc>> {
    let aside = entries(state).filter(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.starts_with("journal.sqlite.corrupt-")
            && !name.ends_with("-wal")
            && !name.ends_with("-shm")
    });
    // Renaming changes the inode and not the contents: the change time says when.
    aside
        .filter_map(|entry| {
            use std::os::unix::fs::MetadataExt;
            DateTime::from_timestamp(entry.metadata().ok()?.ctime(), 0)
        })
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: f64 = 86_400.0;
    const GB: f64 = 1e9;

    /// Free space, hourly over a week.
    fn week(free: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
        (0..168)
            .map(|hour| {
                let day = f64::from(hour) / 24.0;
                ((day - 7.0) * DAY, free(day))
            })
            .collect()
    }

    fn days(found: Option<Forecast>) -> f64 {
        found.unwrap().seconds() / DAY
    }

    #[test]
    fn a_linear_a_stepwise_and_a_pruned_series_are_forecast_within_a_fifth() {
        let linear = week(|day| 100.0 * GB - day * GB);
        assert!((days(forecast(&linear, 50.0 * GB)) - 50.0).abs() < 0.5);
        let stepwise = week(|day| 100.0 * GB - day.floor() * GB);
        assert!((days(forecast(&stepwise, 50.0 * GB)) - 50.0).abs() < 10.0);
        // 2 GB a day are written, 1 GB is pruned each midnight.
        let pruned = week(|day| 100.0 * GB - day * 2.0 * GB + day.floor() * GB);
        assert!((days(forecast(&pruned, 50.0 * GB)) - 50.0).abs() < 10.0);
    }

    #[test]
    fn what_shrinks_or_is_pruned_as_fast_as_it_grows_is_never_full() {
        let shrinking = week(|day| 10.0 * GB + day * GB);
        assert_eq!(forecast(&shrinking, GB), Some(Forecast::Never));
        let still = week(|_| 10.0 * GB);
        assert_eq!(forecast(&still, GB), Some(Forecast::Never));
        let kept = week(|day| 10.0 * GB - day.fract() * GB);
        let found = forecast(&kept, 10.0 * GB).unwrap().seconds() / DAY;
        assert!(found > 60.0, "{found}");
    }

    #[test]
    fn the_area_that_grows_is_named_and_one_that_is_pruned_is_not() {
        let now = Utc::now();
        let looks: Vec<_> = (0..48u64)
            .map(|hour| {
                let areas = Areas {
                    outputs: 7_000_000 + hour % 3 * 100_000,
                    logs: 9_000_000 - hour % 24 * 1000,
                    state: 5_000_000 + hour * 125_000,
                    rest: 100,
                };
                (now - TimeDelta::hours(48 - hour as i64), areas)
            })
            .collect();
        let storage = Storage {
            growing: growing(&looks, now),
            ..Storage::default()
        };
        let most = storage.grows_most().unwrap();
        assert_eq!((most.area, most.per_day.round()), ("state", 3_000_000.0));
        assert_eq!(storage.growing.len(), 4);
        assert_eq!(growing(&looks[..3], now), [], "two hours say nothing");
        let area = |name: &str, bytes| Area {
            name: name.to_owned(),
            bytes,
        };
        let storage = Storage {
            areas: vec![
                area("step1.json", 5),
                area("step3", 2),
                area("state", 3),
                area("HJK", 1),
            ],
            ..Storage::default()
        };
        let by = storage.by_area().unwrap().named().map(|(_, bytes)| bytes);
        assert_eq!(by, [7, 0, 3, 1]);
    }

    #[test]
    fn an_hour_says_nothing_about_a_trend() {
        let hour: Vec<_> = (0..60).map(|m| (f64::from(m) * 60.0, 1e9)).collect();
        assert_eq!(forecast(&hour, 1e9), None);
        assert_eq!(forecast(&[], 1e9), None);
    }
}
