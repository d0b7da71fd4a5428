//! How a step ends when it is told to: at once, with 143 or 130, its previous output untouched.
//!
//! A thread waits for SIGTERM and SIGINT, removes the temporary file of a write in progress and
//! leaves. The rename that makes an output visible is one system call, so leaving between any two
//! instructions is safe; the thread only has to know which temporary file to take along.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};
use std::{process, thread};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exit::{Exit, Failure};

/// The environment variable in which the orchestrator tells a program whose child it is.
pub const PARENT: &str = "FOOTBALL_BOT_PARENT";

/// When the orchestrator started this process, asks for SIGTERM at the orchestrator's death, so that a
/// killed one leaves no step behind that would write over its successor's files. Best effort.
pub fn end_with_parent() {
    let Some(parent) = std::env::var(PARENT)
        .ok()
        .and_then(|pid| pid.parse::<i32>().ok())
    else {
        return;
    };
    let asked = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM);
    if asked.is_ok() && nix::unistd::getppid().as_raw() != parent {
        // It died before we could ask.
        process::exit(i32::from(Exit::Terminated.code()));
    }
}

static TEMPORARY: Mutex<Option<PathBuf>> = Mutex::new(None);

/// From now on SIGTERM and SIGINT end this process with 143 or 130.
///
/// # Errors
/// When the handlers can't be installed or the thread can't be started (70).
pub fn end_on_signal() -> Result<(), Failure> {
    let failed = |why: std::io::Error| {
        Failure::new(
            Exit::Bug,
            format!("failed to set up signal handling: {why}"),
        )
    };
    let mut signals = Signals::new([SIGTERM, SIGINT]).map_err(failed)?;
    thread::Builder::new()
        .name("signals".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                if let Some(path) = temporary().take() {
                    // Best effort: the next writer sweeps what stays behind.
                    let _ = std::fs::remove_file(path);
                }
                let exit = if signal == SIGINT {
                    Exit::Interrupted
                } else {
                    Exit::Terminated
                };
                process::exit(i32::from(exit.code()));
            }
        })
        .map(drop)
        .map_err(failed)
}

/// Says which temporary file belongs to a write in progress (`None`: no longer any).
pub(crate) fn note_temporary(path: Option<PathBuf>) {
    *temporary() = path;
}

fn temporary() -> MutexGuard<'static, Option<PathBuf>> {
    // A poisoned lock only means that a panic is under way; the path is still right.
    TEMPORARY
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}
