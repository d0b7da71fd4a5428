//! The console: what people see while we run, which must never hold us up.
//!
//! A terminal that was stopped with Ctrl-S, a pipe that nobody reads: who writes to such a thing waits,
//! maybe for ever. So what is to be seen goes into a queue of bounded size, and a thread of its own
//! writes and may wait. What does not fit is dropped and counted, and the count is said where the gap
//! is. The descriptor is left as it is: to make it non-blocking would make it so for everybody who has
//! it, the shell for one.
//!
//! Standard output and standard error have one queue if they are the same file, so that what is shown
//! stays in its order, and otherwise one each, so that neither waits for the other.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// What may wait to be written, in bytes. Some ten thousand lines, or the matches of several cycles.
const ROOM: usize = 4 * 1024 * 1024;

/// Who can wait for room does so when less than this is left, in bytes: as much as a pipe may hold when
/// its writer has ended.
const RESERVE: usize = 256 * 1024;

/// What a piece costs beside its text, in bytes.
const OVERHEAD: usize = 64;

/// So much is written at once, in bytes, so that progress shows. A line of a log is never longer.
const STRIDE: usize = 4096;

/// A console that has taken nothing for so long is stuck.
const STUCK: Duration = Duration::from_secs(1);

/// How long the end waits for a console that is not stuck, and for one that is.
const FLUSH: (Duration, Duration) = (Duration::from_millis(500), Duration::from_millis(100));

/// How the count of dropped lines is written, for who reads the console.
pub type Note = fn(u64) -> String;

/// One end of the console. Clones are the same.
#[derive(Clone, Debug)]
pub struct Console(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Told when there is something to write.
    filled: Condvar,
    /// Told when something was written.
    written: Condvar,
    note: Note,
}

/// Text that waits to be written.
#[derive(Debug)]
struct Piece {
    text: Vec<u8>,
    /// The lines that are not shown if it isn't: its own, or those that a note counts.
    lines: u64,
    note: bool,
}

#[derive(Debug)]
struct State {
    queue: VecDeque<Piece>,
    /// What is queued or being written, with its overhead.
    bytes: usize,
    /// The thread has a piece in hand.
    writing: bool,
    /// When something was last taken, or nothing was there to be taken.
    moved: Instant,
    /// Dropped lines that the console does not know of.
    unsaid: u64,
    /// Counts of such lines that are queued or being written.
    notes: u32,
    /// Dropped lines that the day log does not know of.
    untold: u64,
    /// The day log knows that lines are being dropped.
    told: bool,
    /// Why the last write failed, if it did.
    fault: Option<String>,
    /// Why nothing can be written any more; said once.
    gone: Option<String>,
    gone_told: bool,
}

impl Console {
    /// A console that writes to `to`, on a thread of its own.
    ///
    /// # Errors
    /// When there can be no such thread.
    pub fn new(to: impl Write + Send + 'static, note: Note) -> io::Result<Console> {
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                queue: VecDeque::new(),
                bytes: 0,
                writing: false,
                moved: Instant::now(),
                unsaid: 0,
                notes: 0,
                untold: 0,
                told: false,
                fault: None,
                gone: None,
                gone_told: false,
            }),
            filled: Condvar::new(),
            written: Condvar::new(),
            note,
        });
        let thread = Arc::clone(&shared);
        thread::Builder::new()
            .name("console".to_owned())
            .stack_size(128 * 1024)
            .spawn(move || thread.write_on(to))?;
        Ok(Console(shared))
    }

    /// Whether it is this one.
    pub fn is(&self, other: &Console) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Shows whole lines, or drops and counts them. Never waits.
    pub fn show(&self, text: Vec<u8>) {
        let mut state = self.0.state();
        if state.gone.is_some() {
            return;
        }
        // After a gap it goes on when there is room again for more than the next line.
        let room = if state.unsaid == 0 { ROOM } else { ROOM / 2 };
        let lines = lines(&text);
        if state.bytes + text.len() + OVERHEAD > room {
            state.unsaid += lines;
            state.untold += lines;
            return;
        }
        self.0.say_gap(&mut state);
        state.push(Piece {
            text,
            lines,
            note: false,
        });
        drop(state);
        self.0.filled.notify_one();
    }

    /// Whether who can wait should do so: there is little room, but the console takes what it gets.
    pub fn is_busy(&self) -> bool {
        let state = self.0.state();
        state.bytes > ROOM - RESERVE && state.gone.is_none() && state.moves()
    }

    /// Whether all has been written, or can't be.
    pub fn is_done(&self) -> bool {
        let state = self.0.state();
        state.gone.is_some() || (state.queue.is_empty() && !state.writing)
    }

    /// How long it has taken nothing of what there is.
    pub fn stands_still(&self) -> Duration {
        let state = self.0.state();
        match state.queue.is_empty() && !state.writing {
            true => Duration::ZERO,
            false => state.moved.elapsed(),
        }
    }

    /// Waits for what there is to be written, but not for long; less for a console that is stuck.
    pub fn flush(&self) {
        let mut state = self.0.state();
        let patience = if state.moves() { FLUSH.0 } else { FLUSH.1 };
        let deadline = Instant::now() + patience;
        while (state.writing || !state.queue.is_empty()) && state.gone.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = match self.0.written.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// What the day log should know, once.
    pub fn news(&self) -> Option<String> {
        let mut state = self.0.state();
        if let Some(why) = &state.gone
            && !state.gone_told
        {
            let text = format!("the console is gone ({why}): the rest is only here");
            state.gone_told = true;
            return Some(text);
        }
        if state.untold == 0 {
            return None;
        }
        if state.in_gap() {
            // How many lines it costs is said when it goes on.
            if std::mem::replace(&mut state.told, true) {
                return None;
            }
            let why = state.fault.as_deref().unwrap_or("nobody reads it");
            return Some(format!(
                "the console takes nothing more ({why}): lines are only here until it does"
            ));
        }
        state.told = false;
        let lines = std::mem::take(&mut state.untold);
        Some(format!(
            "{lines} lines were not shown on the console, which took nothing for a while"
        ))
    }

    /// The same, if nothing more is shown.
    pub fn last_news(&self) -> Option<String> {
        let lines = self.0.state().not_shown();
        match lines {
            0 => self.news(),
            lines => Some(format!("{lines} lines did not reach the console")),
        }
    }
}

impl State {
    /// How many lines nobody sees if nothing more is shown.
    fn not_shown(&self) -> u64 {
        let waiting = self.writing || !self.queue.is_empty();
        if self.gone.is_some() || !(waiting || self.in_gap()) {
            return 0;
        }
        let own = self.queue.iter().filter(|piece| !piece.note);
        let queued: u64 = own.map(|piece| piece.lines).sum();
        self.untold + queued + u64::from(self.writing)
    }

    /// Lines were dropped, and nobody who reads it knows that yet.
    fn in_gap(&self) -> bool {
        self.unsaid > 0 || self.notes > 0 || self.fault.is_some()
    }

    fn push(&mut self, piece: Piece) {
        if self.queue.is_empty() && !self.writing {
            self.moved = Instant::now();
        }
        self.bytes += piece.text.len() + OVERHEAD;
        self.queue.push_back(piece);
    }

    fn moves(&self) -> bool {
        self.moved.elapsed() < STUCK || (self.queue.is_empty() && !self.writing)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic is done under it.
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Queues the count of what was dropped, where the gap is.
    fn say_gap(&self, state: &mut State) {
        let unsaid = std::mem::take(&mut state.unsaid);
        if unsaid > 0 {
            state.notes += 1;
            state.push(Piece {
                text: (self.note)(unsaid).into_bytes(),
                lines: unsaid,
                note: true,
            });
        }
    }

    /// The thread.
    fn write_on(&self, mut to: impl Write) {
        loop {
            let piece = self.next();
            let written = catch_unwind(AssertUnwindSafe(|| self.write(&mut to, &piece.text)))
                .unwrap_or_else(|_| Err(io::Error::other("a bug: the console panicked")));
            let mut state = self.state();
            state.writing = false;
            state.notes -= u32::from(piece.note);
            state.moved = Instant::now();
            state.bytes -= piece.text.len() + OVERHEAD;
            state.fault = written.as_ref().err().map(ToString::to_string);
            if let Err(why) = written {
                if is_final(&why) {
                    // Nobody will ever read it, so nothing is kept for that.
                    state.gone = Some(why.to_string());
                    state.queue.clear();
                    (state.bytes, state.notes) = (0, 0);
                } else {
                    // A full disk, or a bug: these lines are lost, and maybe not the next.
                    state.unsaid += piece.lines;
                    state.untold += if piece.note { 0 } else { piece.lines };
                }
            }
            drop(state);
            self.written.notify_all();
        }
    }

    fn next(&self) -> Piece {
        let mut state = self.state();
        loop {
            // After a fault the next line tries it again, and not we for ever.
            if state.queue.is_empty() && state.fault.is_none() {
                self.say_gap(&mut state);
            }
            if let Some(piece) = state.queue.pop_front() {
                state.writing = true;
                return piece;
            }
            state = self
                .filled
                .wait(state)
                .unwrap_or_else(|poisoned| poisoned.into_inner());
        }
    }

    fn write(&self, to: &mut impl Write, piece: &[u8]) -> io::Result<()> {
        for part in piece.chunks(STRIDE) {
            to.write_all(part)?;
            self.state().moved = Instant::now();
        }
        Ok(())
    }
}

/// Whether no later try can succeed: the reader or the terminal is gone.
fn is_final(why: &io::Error) -> bool {
    use nix::libc::{EBADF, EIO, ENXIO, EPIPE};
    matches!(why.raw_os_error(), Some(EPIPE | EIO | EBADF | ENXIO))
}

fn lines(text: &[u8]) -> u64 {
    let ends = memchr::memchr_iter(b'\n', text).count() as u64;
    ends + u64::from(!text.ends_with(b"\n"))
}

#[cfg(test)]
#[path = "console_tests.rs"]
mod tests;
