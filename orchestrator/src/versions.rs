//! That all programs are of one build, read from their files without running them.
//!
//! Each of our programs holds its version behind a mark. A file without the mark is not one of ours and
//! none of our business. Files are only read again when they have changed, which is looked at before
//! every cycle, so that an upgrade under our feet is seen between two cycles and not in the middle of
//! one.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use pipeline::{MARK_START, VERSION};

/// A version is no longer than this, in bytes.
const LONGEST: usize = 80;

/// What the files said, by path.
#[derive(Debug, Default)]
pub struct Versions {
    known: HashMap<PathBuf, (Stamp, Option<String>)>,
}

/// By this a changed file is known.
type Stamp = (u64, u64, u64, i64, i64);

/// How the set of programs is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Set {
    /// Of our own build (or not ours at all).
    Same,
    /// All of ours, and the orchestrator's file too, are of this one other build: an upgrade.
    Upgraded(String),
    /// Of several builds; the list.
    Mixed(String),
}

impl Versions {
    /// Looks at the programs; `own` is the orchestrator's own file.
    pub fn look(&mut self, programs: &[(String, PathBuf)], own: &Path) -> Set {
        let mut found: Vec<(&str, String)> = programs
            .iter()
            .filter_map(|(name, path)| Some((&**name, self.of(path)?)))
            .collect();
        if found.iter().all(|(_, version)| version == VERSION) {
            return Set::Same;
        }
        let ours = self.of(own).unwrap_or_else(|| VERSION.to_owned());
        if found.iter().all(|(_, version)| *version == ours) {
            return Set::Upgraded(ours);
        }
        found.push(("orchestrator", ours));
        let list: Vec<String> = found
            .into_iter()
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        Set::Mixed(list.join(", "))
    }

    /// The version of one of our programs; none if it is not ours or can't be read.
    pub fn of(&mut self, path: &Path) -> Option<String> {
        let stamp = stamp(path)?;
        if let Some((known, version)) = self.known.get(path)
            && *known == stamp
        {
            return version.clone();
        }
        let version = read(path);
        self.known
            .insert(path.to_path_buf(), (stamp, version.clone()));
        version
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let meta = path.metadata().ok()?;
    Some((
        meta.dev(),
        meta.ino(),
        meta.size(),
        meta.mtime(),
        meta.mtime_nsec(),
    ))
}

/// The version in the file, if it has the mark.
fn read(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let mark = MARK_START.as_bytes();
    // The end of each piece is kept for the next one, in case the mark lies across.
    let keep = mark.len() + LONGEST;
    let mut text = vec![0; 256 * 1024];
    let mut filled = 0;
    loop {
        let read = file.read(&mut text[filled..]).ok()?;
        if read == 0 {
            return version_in(&text[..filled], mark);
        }
        filled += read;
        if filled == text.len() {
            if let Some(version) = version_in(&text, mark) {
                return Some(version);
            }
            text.copy_within(filled - keep.., 0);
            filled = keep;
        }
    }
}

fn version_in(text: &[u8], mark: &[u8]) -> Option<String> {
    let mut rest = text;
    // The mark alone stands there too, where it is looked for: then no version follows.
    while let Some(at) = memchr::memmem::find(rest, mark) {
        rest = &rest[at + mark.len()..];
        let end = rest.iter().take(LONGEST).position(|b| *b == b']');
        let version = end.and_then(|end| std::str::from_utf8(&rest[..end]).ok());
        let plausible = |text: &&str| {
            text.starts_with(|c: char| c.is_ascii_digit())
                && text.chars().all(|c| c.is_ascii_graphic() || c == ' ')
        };
        if let Some(version) = version.filter(plausible) {
            return Some(version.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn program(folder: &Path, name: &str, version: &str) -> (String, PathBuf) {
        let path = folder.join(name);
        let mut text = vec![0x7f_u8; 256 * 1024 - 20];
        text.extend(format!("{MARK_START}{version}]").as_bytes());
        text.extend([1; 5000]);
        fs::write(&path, text).unwrap();
        (name.to_owned(), path)
    }

    #[test]
    fn a_mixed_set_is_listed_and_a_whole_upgrade_is_told_from_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let one = program(folder, "step1", VERSION);
        let two = program(folder, "step2", VERSION);
        let (_, own) = program(folder, "orchestrator", VERSION);
        fs::write(folder.join("mine"), "#!/bin/sh\n").unwrap();
        let programs = [one, two, ("mine".to_owned(), folder.join("mine"))];
        let mut versions = Versions::default();
        assert_eq!(versions.look(&programs, &own), Set::Same);
        program(folder, "step1", "9.9.9 (abc)");
        let Set::Mixed(list) = versions.look(&programs, &own) else {
            panic!("mixed");
        };
        assert!(list.starts_with("step1 9.9.9 (abc), step2 "), "{list}");
        program(folder, "step2", "9.9.9 (abc)");
        assert!(matches!(versions.look(&programs, &own), Set::Mixed(_)));
        program(folder, "orchestrator", "9.9.9 (abc)");
        let upgraded = Set::Upgraded("9.9.9 (abc)".to_owned());
        assert_eq!(versions.look(&programs, &own), upgraded);
    }
}
