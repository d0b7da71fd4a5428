//! Reading an input file whole, in as few steps as the machine allows.
//!
//! A cycle's `step1.json` has some 7 MB. In a buffer of the usual kind the kernel hands out 1,600 pages
//! one by one while it copies the file into them, which takes five times as long as the copy itself; in
//! large pages it hands out four. The file itself is not mapped: whoever truncates it would kill its reader.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;

use memmap2::{Advice, MmapMut};

/// From this size on a file is read into large pages.
const LARGE: usize = 1 << 20;
/// The size of a large page on most machines; on others the buffer is a little larger than it must be.
const LARGE_PAGE: usize = 2 << 20;

/// The bytes of an input.
#[derive(Debug)]
pub enum Input {
    /// In memory of the usual kind.
    Heap(Vec<u8>),
    /// In memory asked from the kernel for this purpose; only the first so many bytes are the input's.
    Pages(MmapMut, usize),
}

impl Deref for Input {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Input::Heap(bytes) => bytes,
            Input::Pages(pages, length) => &pages[..*length],
        }
    }
}

impl Input {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// When it can't be opened or read.
    pub fn of_file(path: &Path) -> io::Result<Input> {
        let mut file = File::open(path)?;
        match large(&file.metadata()?) {
            Some(length) => Input::into_pages(file, length),
            None => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes)?;
                Ok(Input::Heap(bytes))
            }
        }
    }

    fn into_pages(mut file: File, length: usize) -> io::Result<Input> {
        let mut bytes = Vec::new();
        let Ok(mut pages) = MmapMut::map_anon(length.next_multiple_of(LARGE_PAGE)) else {
            file.read_to_end(&mut bytes)?;
            return Ok(Input::Heap(bytes));
        };
        // Best effort: without it the buffer is only slower.
        let _ = pages.advise(Advice::HugePage);
        let mut read = 0;
        while read < pages.len() {
            match file.read(&mut pages[read..]) {
                Ok(0) => return Ok(Input::Pages(pages, read)),
                Ok(more) => read += more,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
                Err(why) => return Err(why),
            }
        }
        // As long as the buffer, or grown since we asked for its length.
        bytes.extend_from_slice(&pages);
        file.read_to_end(&mut bytes)?;
        Ok(Input::Heap(bytes))
    }
}

/// The length of a regular file that is worth large pages.
fn large(metadata: &Metadata) -> Option<usize> {
    let length = usize::try_from(metadata.len()).ok()?;
    (metadata.is_file() && length >= LARGE).then(|| length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn a_file_is_read_whole_whatever_its_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("input");
        for length in [
            0,
            1,
            LARGE - 1,
            LARGE,
            LARGE_PAGE - 1,
            LARGE_PAGE,
            LARGE_PAGE + 1,
        ] {
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            File::create(&path).unwrap().write_all(&bytes).unwrap();
            let input = Input::of_file(&path).unwrap();
            assert!(*input == *bytes, "{length} bytes");
            assert_eq!(matches!(input, Input::Pages(..)), length >= LARGE);
        }
    }

    #[test]
    fn a_file_that_is_longer_than_it_says_is_read_to_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("input");
        let bytes = vec![b'x'; 3 * LARGE_PAGE];
        std::fs::write(&path, &bytes).unwrap();
        let grown = Input::into_pages(File::open(&path).unwrap(), LARGE).unwrap();
        assert!(*grown == *bytes);
    }
}
