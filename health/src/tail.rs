//! The end of the day logs, for dashboards: a bounded number of bytes, whatever their size.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// How much is read, in bytes.
const MOST: u64 = 128 * 1024;

/// The last lines of the day logs in `folder`, the oldest first; none if there is no log.
pub fn lines(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut logs: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "log"))
        .collect();
    // Their names end in their day.
    logs.sort();
    let mut lines = Vec::new();
    for path in logs.iter().rev().take(2).rev() {
        if let Ok(text) = end_of(path) {
            lines.extend(text.lines().map(str::to_owned));
        }
    }
    lines
}

fn end_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let from = file.metadata()?.len().saturating_sub(MOST);
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    // The first line may have lost its beginning.
    let whole = if from > 0 {
        text.find('\n').map_or(text.len(), |at| at + 1)
    } else {
        0
    };
    Ok(text[whole..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_long_log_begins_with_a_whole_line_and_yesterday_stands_before_today() {
        let folder = tempfile::tempdir().unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("a_20261123.log", "yesterday\n");
        write("a_20261124.log", &"a line of the day\n".repeat(20_000));
        write("other.txt", "no log\n");
        let found = lines(folder.path());
        assert_eq!(found[0], "yesterday");
        assert!(found[1..].iter().all(|line| line == "a line of the day"));
        assert!(found.len() > 5000 && found.len() < 8000);
        assert!(lines(&folder.path().join("nowhere")).is_empty());
    }
}
