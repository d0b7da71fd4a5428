//! Signals: SIGTERM and SIGINT stop us, SIGHUP reads the configuration again, SIGUSR1 starts a cycle.
//! A SIGHUP because the terminal has gone stops us too: who closes it means to end what runs there.
//!
//! The first request to stop is a request, the second one an order, the third one is carried out on the
//! spot: a thread of its own sees signals, so that one works even when the loop hangs. Wherever the
//! orchestrator waits for anything it waits for signals too, so none is seen late.
//!
//! Handlers also do the children a service: a signal that was ignored when we started is at its default
//! again in a program we run, and [`unblock_all`] clears the mask that they inherit.

use std::fs::{self, File};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{SigSet, Signal};
use pipeline::{Exit, Failure};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGUSR1};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::family::Family;

/// How long after a terminal's end its SIGHUP may come.
const FORGET: Duration = Duration::from_secs(3);

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

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Stop(Stop),
    Reload,
    Run,
}

/// The signals as the loop sees them.
#[derive(Debug)]
pub struct Signals {
    asked: UnboundedReceiver<Asked>,
    first: Option<Stop>,
    reload: bool,
    run: bool,
    terminal: Arc<Terminal>,
    /// Since when it has been seen to be gone.
    gone: Option<Instant>,
}

/// The terminal that we were started from.
#[derive(Debug)]
struct Terminal {
    /// We have one, or had one until a moment ago: with its end comes a SIGHUP.
    counts: AtomicBool,
}

impl Signals {
    /// Installs the handlers. SIGHUP keeps being ignored if it is (`nohup`).
    ///
    /// # Errors
    /// 70 when the handlers can't be installed.
    pub fn install(family: &Arc<Family>) -> Result<Signals, Failure> {
        let (sender, asked) = unbounded_channel();
        let terminal = Arc::new(Terminal {
            counts: AtomicBool::new(has_terminal()),
        });
        start(sender, Arc::clone(family), Arc::clone(&terminal)).map_err(|why| {
            Failure::new(
                Exit::Bug,
                format!("failed to set up signal handling: {why}"),
            )
        })?;
        Ok(Signals {
            asked,
            first: None,
            reload: false,
            run: false,
            terminal,
            gone: None,
        })
    }

    /// The next request to stop. Cancel-safe. Other requests are kept for later.
    pub async fn next(&mut self) -> Request {
        loop {
            if let Some(request) = self.next_of_any().await {
                return request;
            }
        }
    }

    /// The next request of any kind; none for one that is kept for [`Signals::take_reload`] or
    /// [`Signals::take_run`]. Cancel-safe.
    pub async fn next_of_any(&mut self) -> Option<Request> {
        match self.asked.recv().await {
            Some(asked) => self.note(asked),
            // The thread is gone, which only a panic in it can bring about.
            None => std::future::pending().await,
        }
    }

    fn note(&mut self, asked: Asked) -> Option<Request> {
        match asked {
            Asked::Reload => self.reload = true,
            Asked::Run => self.run = true,
            Asked::Stop(stop) => {
                return Some(match self.first {
                    Some(_) => Request::Twice,
                    None => {
                        self.first = Some(stop);
                        Request::Once(stop)
                    }
                });
            }
        }
        None
    }

    /// The first signal that asked us to stop, if one did.
    pub fn stopping(&self) -> Option<Stop> {
        self.first
    }

    /// Takes note of what has already come, without waiting. Whether we are to stop.
    pub fn poll(&mut self) -> Option<Stop> {
        while let Ok(asked) = self.asked.try_recv() {
            self.note(asked);
        }
        self.first
    }

    /// Looks whether the terminal is still there. Once it has been gone for a while without a SIGHUP
    /// (`disown`) we are a program without one, which a SIGHUP asks to read its configuration again.
    pub fn look_at_terminal(&mut self) {
        if !self.terminal.counts.load(Ordering::SeqCst) || has_terminal() {
            return;
        }
        let gone = self.gone.get_or_insert_with(Instant::now);
        if gone.elapsed() >= FORGET {
            self.terminal.counts.store(false, Ordering::SeqCst);
        }
    }

    /// Whether the configuration is to be read again; taken with that.
    pub fn take_reload(&mut self) -> bool {
        std::mem::take(&mut self.reload)
    }

    /// Whether a cycle is to be run now; taken with that.
    pub fn take_run(&mut self) -> bool {
        std::mem::take(&mut self.run)
    }
}

fn start(
    sender: UnboundedSender<Asked>,
    family: Arc<Family>,
    terminal: Arc<Terminal>,
) -> io::Result<()> {
    let ignored = ignored();
    let is_ignored = |signal: i32| ignored & (1 << (signal - 1)) != 0;
    let mut ours = vec![SIGTERM, SIGINT, SIGUSR1];
    if !is_ignored(SIGHUP) {
        ours.push(SIGHUP);
    }
    // What else was ignored stays without effect on us and is at its default in our children. SIGPIPE
    // is set for them by the library.
    for signal in Signal::iterator().map(|signal| signal as i32) {
        let free = !signal_hook::consts::FORBIDDEN.contains(&signal) && !ours.contains(&signal);
        if is_ignored(signal) && free && !matches!(signal, SIGHUP | signal_hook::consts::SIGPIPE) {
            signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
        }
    }
    let mut signals = signal_hook::iterator::Signals::new(ours)?;
    thread::Builder::new()
        .name("signals".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || {
            let mut stops = 0;
            for signal in signals.forever() {
                let asked = match signal {
                    SIGTERM => Asked::Stop(Stop::Terminate),
                    SIGINT => Asked::Stop(Stop::Interrupt),
                    // The terminal that we were started from has gone away.
                    SIGHUP if terminal.counts.load(Ordering::SeqCst) && !has_terminal() => {
                        Asked::Stop(Stop::Hangup)
                    }
                    SIGHUP => Asked::Reload,
                    _ => Asked::Run,
                };
                if let Asked::Stop(_) = asked {
                    stops += 1;
                    if stops >= 3 {
                        family.kill_all();
                        signal_hook::low_level::exit(128 + signal);
                    }
                }
                if sender.send(asked).is_err() {
                    return;
                }
            }
        })
        .map(drop)
}

/// Whether this process has a terminal.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Clears the signal mask that we inherited, before anything else: programs we start inherit it.
pub fn unblock_all() {
    // It only fails for an invalid argument.
    let _ = SigSet::all().thread_unblock();
}

/// The signals that are ignored, as a mask.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
