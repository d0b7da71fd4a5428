//! How a step ends when it is told to: at once, with 143 or 130, its previous output untouched.
//!
//! The handlers of SIGTERM and SIGINT leave the process themselves; there is no thread and nothing to wait
//! for. Only while an output is being written they leave that to the writer, who looks at every piece that
//! goes to the file and once more before the rename, and takes its temporary file along.

use std::process;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

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

/// What the handlers and the writer tell each other.
#[derive(Debug)]
struct Told {
    /// Whether a signal ends the process at once; not while an output is being written.
    at_once: Arc<AtomicBool>,
    /// The signal that came meanwhile; 0 = none.
    signal: Arc<AtomicUsize>,
}

static TOLD: OnceLock<Told> = OnceLock::new();

/// From now on SIGTERM and SIGINT end this process with 143 or 130.
///
/// # Errors
/// When the handlers can't be installed (70).
pub fn end_on_signal() -> Result<(), Failure> {
    let told = TOLD.get_or_init(|| Told {
        at_once: Arc::new(AtomicBool::new(true)),
        signal: Arc::default(),
    });
    for (signal, exit) in [(SIGTERM, Exit::Terminated), (SIGINT, Exit::Interrupted)] {
        let code = i32::from(exit.code());
        flag::register_conditional_shutdown(signal, code, Arc::clone(&told.at_once))
            .and_then(|_| {
                let number = usize::from(signal.unsigned_abs() as u16);
                flag::register_usize(signal, Arc::clone(&told.signal), number)
            })
            .map_err(|why| {
                Failure::new(
                    Exit::Bug,
                    format!("failed to set up signal handling: {why}"),
                )
            })?;
    }
    Ok(())
}

/// While this lives an output is being written: a signal is noted, and obeyed when it is dropped or asked.
#[derive(Debug)]
pub(crate) struct Writing(());

impl Writing {
    pub(crate) fn begin() -> Self {
        if let Some(told) = TOLD.get() {
            told.at_once.store(false, Ordering::SeqCst);
        }
        Writing(())
    }

    /// Whether the process was told to end.
    pub(crate) fn told_to_end() -> bool {
        TOLD.get()
            .is_some_and(|told| told.signal.load(Ordering::SeqCst) != 0)
    }

    /// The output is in place: a signal that came too late to stop it must not claim that it was stopped.
    pub(crate) fn finish(self) {
        if let Some(told) = TOLD.get() {
            told.at_once.store(true, Ordering::SeqCst);
        }
        std::mem::forget(self);
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let Some(told) = TOLD.get() else { return };
        told.at_once.store(true, Ordering::SeqCst);
        let exit = match told.signal.load(Ordering::SeqCst) {
            0 => return,
            signal if signal == SIGINT as usize => Exit::Interrupted,
            _ => Exit::Terminated,
        };
        process::exit(i32::from(exit.code()));
    }
}
