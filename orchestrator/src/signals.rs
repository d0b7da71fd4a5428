//! Being told to stop: SIGTERM, SIGINT, and SIGHUP when a terminal goes away.
//!
//! The first signal is a request, the second one an order. Signals are awaited wherever the
//! orchestrator waits for anything, so none is ever seen late.
//!
//! Handlers also do the children a service: a signal that was ignored when we started is at its
//! default again in a program we run, and [`unblock_all`] clears the mask that they inherit.

use std::fs;
use std::io;

use nix::sys::signal::{SigSet, Signal};
use pipeline::{Exit, Failure};
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// Which signal asked us to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// SIGTERM.
    Terminate,
    /// SIGINT.
    Interrupt,
    /// SIGHUP: the terminal is gone.
    Hangup,
}

impl Stop {
    /// The signal that a running step gets for it. Steps know two.
    pub const fn forwarded(self) -> Signal {
        match self {
            Stop::Terminate | Stop::Hangup => Signal::SIGTERM,
            Stop::Interrupt => Signal::SIGINT,
        }
    }

    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Stop::Terminate => "SIGTERM",
            Stop::Interrupt => "SIGINT",
            Stop::Hangup => "SIGHUP",
        }
    }

    /// The exit code of a process that ended because of it.
    pub const fn exit(self) -> u8 {
        match self {
            Stop::Terminate => Exit::Terminated.code(),
            Stop::Interrupt => Exit::Interrupted.code(),
            Stop::Hangup => 129,
        }
    }
}

/// How urgent it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Stop in good order.
    Once(Stop),
    /// Stop at once.
    Twice,
}

/// The signals that end us.
#[derive(Debug)]
pub struct Signals {
    terminate: Stream,
    interrupt: Stream,
    hangup: Option<Stream>,
    first: Option<Stop>,
}

impl Signals {
    /// Installs the handlers. SIGHUP keeps being ignored if it is (`nohup`).
    ///
    /// # Errors
    /// 70 when the handlers can't be installed.
    pub fn install() -> Result<Signals, Failure> {
        let all = || -> io::Result<Signals> {
            let hangup = if hangup_is_ignored() {
                None
            } else {
                Some(signal(SignalKind::hangup())?)
            };
            Ok(Signals {
                terminate: signal(SignalKind::terminate())?,
                interrupt: signal(SignalKind::interrupt())?,
                hangup,
                first: None,
            })
        };
        all().map_err(|why| {
            Failure::new(
                Exit::Bug,
                format!("failed to set up signal handling: {why}"),
            )
        })
    }

    /// The next request to stop. Cancel-safe.
    pub async fn next(&mut self) -> Request {
        let hangup = async {
            match &mut self.hangup {
                Some(stream) => stream.recv().await,
                None => std::future::pending().await,
            }
        };
        let stop = tokio::select! {
            _ = self.terminate.recv() => Stop::Terminate,
            _ = self.interrupt.recv() => Stop::Interrupt,
            _ = hangup => Stop::Hangup,
        };
        match self.first {
            Some(_) => Request::Twice,
            None => {
                self.first = Some(stop);
                Request::Once(stop)
            }
        }
    }

    /// The first signal that came, if one did.
    pub fn stopping(&self) -> Option<Stop> {
        self.first
    }

    /// Takes note of a signal that has already come, without waiting for one.
    pub async fn poll(&mut self) -> Option<Stop> {
        // Lets the runtime look at the signal pipe first.
        tokio::task::yield_now().await;
        tokio::select! {
            biased;
            _ = self.next() => {}
            () = std::future::ready(()) => {}
        }
        self.first
    }
}

/// Clears the signal mask that we inherited, before anything else: programs we start inherit it.
pub fn unblock_all() {
    // It only fails for an invalid argument.
    let _ = SigSet::all().thread_unblock();
}

fn hangup_is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & (1 << (Signal::SIGHUP as i32 - 1)) != 0)
}
