//! Lines of several files from the last to the first, so that the newest of a large log cost little.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// What is read at once.
const PIECE: u64 = 64 * 1024;

/// Calls `each` with every line, the last of the first file first, until it says false.
pub(super) fn each(files: &[PathBuf], mut each: impl FnMut(&str) -> bool) -> io::Result<()> {
    for path in files {
        let file = match File::open(path) {
            Ok(file) => file,
            // Removed by retention while we read the newer ones.
            Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
            Err(why) => return Err(why),
        };
        if !lines_of(&file, &mut each)? {
            break;
        }
    }
    Ok(())
}

/// Whether to go on with the next file.
fn lines_of(file: &File, each: &mut impl FnMut(&str) -> bool) -> io::Result<bool> {
    let mut end = file.metadata()?.len();
    // What stands before the first line break of what was read: the end of a line that begins earlier.
    let mut rest: Vec<u8> = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(PIECE);
        let mut piece = vec![0; usize::try_from(end - start).unwrap_or_default()];
        file.read_exact_at(&mut piece, start)?;
        piece.extend_from_slice(&rest);
        end = start;
        let first = piece.iter().position(|byte| *byte == b'\n');
        let (head, lines) = match first {
            _ if start == 0 => (0, &piece[..]),
            Some(at) => (at, &piece[at + 1..]),
            None => {
                rest = piece;
                continue;
            }
        };
        for line in lines
            .rsplit(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            if !each(&String::from_utf8_lossy(line)) {
                return Ok(false);
            }
        }
        piece.truncate(head);
        rest = piece;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_longer_and_shorter_than_a_piece_come_whole_and_in_reverse() {
        let folder = tempfile::tempdir().unwrap();
        let (new, old) = (folder.path().join("2"), folder.path().join("1"));
        let long = "x".repeat(200_000);
        let lines: Vec<String> = (0..20_000).map(|n| format!("line {n}")).collect();
        std::fs::write(&old, format!("first\n{long}\nlast\n")).unwrap();
        std::fs::write(&new, lines.join("\n")).unwrap();
        let mut found = Vec::new();
        each(&[new, old], |line| {
            found.push(line.to_owned());
            true
        })
        .unwrap();
        assert_eq!(found.len(), 20_003);
        assert_eq!(found[0], "line 19999");
        assert_eq!(found[19_999], "line 0");
        assert_eq!(
            found[20_000..],
            ["last".to_owned(), long, "first".to_owned()]
        );
    }
}
