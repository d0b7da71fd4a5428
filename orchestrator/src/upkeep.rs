//! The data directory: what it holds, what its disk still has, and that nothing in it grows for ever.
//!
//! Most kinds of files look after themselves (day logs, journal, match log). Here is what nobody else
//! would: temporary files of writers that were killed and never wrote again, rotated logs beyond the
//! number that is kept, files that were moved aside beyond the newest few.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use nix::sys::statvfs::statvfs;
use pipeline::{Config, DataDir};

/// Files moved aside as unusable that are kept, of each kind.
const KEEP_ASIDE: usize = 3;

/// A temporary file that nobody has touched for so long is nobody's.
const FORGOTTEN: Duration = Duration::from_secs(600);

/// What the data directory holds, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// The JSON files of the steps.
    pub outputs: u64,
    /// The day logs, wherever they are.
    pub logs: u64,
    /// `state/`.
    pub state: u64,
    /// Everything else (the match log above all).
    pub rest: u64,
}

impl Sizes {
    /// All together.
    pub const fn total(&self) -> u64 {
        self.outputs + self.logs + self.state + self.rest
    }
}

/// Measures the data directory: its files and those one folder below.
pub fn size_of(data: &DataDir) -> Sizes {
    let mut sizes = Sizes {
        logs: sum(data.logs()),
        state: sum(&data.state()),
        ..Sizes::default()
    };
    for number in 1..=5 {
        sizes.outputs += fs::metadata(data.output(number)).map_or(0, |meta| meta.len());
    }
    let mut all = sum(data.root());
    for folder in folders(data.root()) {
        if folder != data.state() && folder != data.logs() {
            all += sum(&folder);
        }
    }
    sizes.rest = all.saturating_sub(sizes.outputs);
    sizes
}

/// The room on the disk of `folder` for us, in bytes; none if it can't be known.
pub fn free(folder: &Path) -> Option<u64> {
    let disk = folder.ancestors().find_map(|path| statvfs(path).ok())?;
    Some(disk.blocks_available().saturating_mul(disk.fragment_size()))
}

/// Why a cycle should not begin: the disk has too little room.
pub fn too_little_room(data: &DataDir, config: &Config) -> Option<String> {
    let reserve = config.disk.min_free_bytes;
    if reserve == 0 {
        return None;
    }
    let free = free(data.root())?;
    let needed = reserve.saturating_add(size_of(data).outputs);
    (free < needed).then(|| {
        format!(
            "the disk of `{}` has {} free, a cycle needs {}: free some space (or lower [disk] min_free_bytes)",
            data.root().display(),
            megabytes(free),
            megabytes(needed)
        )
    })
}

/// A size for people.
pub fn megabytes(bytes: u64) -> String {
    match bytes {
        0..100_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        100_000_000..10_000_000_000 => format!("{:.0} MB", bytes as f64 / 1e6),
        _ => format!("{:.0} GB", bytes as f64 / 1e9),
    }
}

/// Removes what nobody else would; says what.
pub fn tidy(data: &DataDir, config: &Config) -> Vec<PathBuf> {
    let mut gone = Vec::new();
    let mut folders = folders(data.root());
    folders.push(data.root().to_path_buf());
    for folder in folders {
        gone.extend(files(&folder).into_iter().filter(|path| is_litter(path)));
        gone.extend(aside_beyond(&folder));
    }
    let keep = config.display.log_keep.max(1);
    gone.extend(rotated_beyond(&data.output(6), keep));
    // What can't be removed is tried again next time.
    gone.retain(|path| fs::remove_file(path).is_ok());
    gone
}

/// `.NAME.xxxxxx.tmp` that no writer holds and nobody has touched for long.
fn is_litter(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if !name.starts_with('.') || !name.ends_with(".tmp") {
        return false;
    }
    let old = fs::metadata(path)
        .and_then(|meta| meta.modified())
        .is_ok_and(|at| SystemTime::now().duration_since(at).unwrap_or_default() > FORGOTTEN);
    old && File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}

/// `NAME.corrupt-TIME` beyond the newest few of each NAME.
fn aside_beyond(folder: &Path) -> Vec<PathBuf> {
    let mut aside: Vec<(String, PathBuf)> = files(folder)
        .into_iter()
        .filter_map(|path| {
            let name = path.file_name()?.to_str()?;
            let (stem, time) = name.split_once(".corrupt-")?;
            // Companions of a database go with it.
            (!time.ends_with("-wal") && !time.ends_with("-shm"))
                .then(|| (stem.to_owned(), path.clone()))
        })
        .collect();
    // By name, newest first: the time in it sorts.
    aside.sort_by(|a, b| b.cmp(a));
    let mut surplus = Vec::new();
    for same in aside.chunk_by(|a, b| a.0 == b.0) {
        surplus.extend(same.iter().skip(KEEP_ASIDE).map(|(_, path)| path.clone()));
    }
    surplus
}

/// `NAME.n` with n beyond `keep`.
fn rotated_beyond(log: &Path, keep: u32) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (log.parent(), log.file_name().and_then(|n| n.to_str()))
    else {
        return Vec::new();
    };
    files(folder)
        .into_iter()
        .filter(|path| {
            path.file_name()
                .and_then(|other| other.to_str()?.strip_prefix(name)?.strip_prefix('.'))
                .and_then(|number| number.parse::<u32>().ok())
                .is_some_and(|number| number > keep)
        })
        .collect()
}

fn sum(folder: &Path) -> u64 {
    files(folder)
        .iter()
        .filter_map(|path| fs::symlink_metadata(path).ok())
        .map(|meta| meta.len())
        .sum()
}

fn entries(folder: &Path, wanted: impl Fn(&fs::FileType) -> bool) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_ok_and(|kind| wanted(&kind)))
        .map(|entry| entry.path())
        .collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    entries(folder, fs::FileType::is_file)
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    entries(folder, fs::FileType::is_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn litter_goes_and_what_is_ours_and_in_use_stays() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(folder.path());
        let old = SystemTime::now() - FORGOTTEN - Duration::from_secs(1);
        let put = |name: &str, when: Option<SystemTime>| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = File::create(&path).unwrap();
            if let Some(when) = when {
                file.set_modified(when).unwrap();
            }
            file
        };
        put("step2/.step2.json.dead.tmp", Some(old));
        put("step2/.step2.json.young.tmp", None);
        let held = put("step3/.step3.json.held.tmp", Some(old));
        held.lock().unwrap();
        put("step3/step3.json", Some(old));
        put("notes.tmp", Some(old));
        for n in [1, 5, 6, 40] {
            put(&format!("step6_matches.log.{n}"), None);
        }
        for n in 1..=5 {
            put(&format!("state/cache.json.corrupt-2026010{n}"), None);
            put(
                &format!("state/journal.sqlite.corrupt-2026010{n}-wal"),
                None,
            );
        }
        let gone = tidy(&data, &Config::default());
        let mut names: Vec<_> = gone
            .iter()
            .map(|path| path.file_name().unwrap().to_str().unwrap())
            .collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                ".step2.json.dead.tmp",
                "cache.json.corrupt-20260101",
                "cache.json.corrupt-20260102",
                "step6_matches.log.40",
                "step6_matches.log.6"
            ]
        );
    }

    #[test]
    fn the_guard_speaks_only_when_room_is_short() {
        let folder = tempfile::tempdir().unwrap();
        let data = DataDir::new(folder.path().join("not/made/yet"));
        let mut config = Config::default();
        assert!(free(data.root()).is_some_and(|free| free > 0));
        config.disk.min_free_bytes = u64::MAX;
        let why = too_little_room(&data, &config).unwrap();
        assert!(why.contains("free some space"), "{why}");
        config.disk.min_free_bytes = 0;
        assert_eq!(too_little_room(&data, &config), None);
    }
}
