//! The line to systemd: ready, status, watchdog, stopping. Silent without its socket; a fault here is
//! never a fault of ours, and a systemd that hears nothing (its queue is full) holds us up for no word
//! but the one that it waits for.

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use sd_notify::NotifyState;

/// How long [`Notify::ready`] tries to be heard: without it systemd would end us.
const PATIENCE: Duration = Duration::from_secs(2);

/// The line, open or not.
#[derive(Clone, Copy, Debug)]
pub struct Notify {
    watchdog: Option<Duration>,
}

impl Notify {
    /// Looks at the environment.
    pub fn new() -> Notify {
        Notify {
            watchdog: sd_notify::watchdog_enabled(),
        }
    }

    /// How often [`Notify::alive`] has to be called: twice within systemd's patience, and once a second.
    pub fn period(&self) -> Duration {
        let second = Duration::from_secs(1);
        self.watchdog.map_or(second, |limit| {
            (limit / 3).clamp(Duration::from_millis(10), second)
        })
    }

    /// All is set up.
    pub fn ready(&self) {
        let _ = send(&[NotifyState::Ready], Some(PATIENCE));
    }

    /// The configuration is being read again; [`Notify::ready`] ends it.
    pub fn reloading(&self) {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            let _ = send(&[NotifyState::Reloading, now], Some(PATIENCE));
        }
    }

    /// What is going on, in a line.
    pub fn status(&self, text: &str) {
        let _ = send(&[NotifyState::Status(text)], None);
    }

    /// The loop makes progress.
    pub fn alive(&self) {
        if self.watchdog.is_some() {
            let _ = send(&[NotifyState::Watchdog], None);
        }
    }

    /// We end, and need up to `patience` for it.
    pub fn stopping(&self, patience: Duration) {
        let micros = u32::try_from(patience.as_micros()).unwrap_or(u32::MAX);
        let _ = send(
            &[
                NotifyState::Stopping,
                NotifyState::ExtendTimeoutUsec(micros),
            ],
            None,
        );
    }
}

impl Default for Notify {
    fn default() -> Self {
        Notify::new()
    }
}

/// Says it now, or tries to for as long as `patience`.
fn send(state: &[NotifyState<'_>], patience: Option<Duration>) -> io::Result<()> {
    let Some(name) = env::var_os("NOTIFY_SOCKET") else {
        return Ok(());
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(patience.is_none())?;
    socket.set_write_timeout(patience)?;
    let text: String = state.iter().map(|word| format!("{word}\n")).collect();
    socket.send_to_addr(text.as_bytes(), &address(&name)?)?;
    Ok(())
}

/// A path, or behind an `@` a name without a file.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', rest @ ..] => SocketAddr::from_abstract_name(rest),
        _ => SocketAddr::from_pathname(name),
    }
}
