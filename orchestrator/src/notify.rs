//! The line to systemd: ready, status, watchdog, stopping. Silent without its socket; a fault here is
//! never a fault of ours.

use std::time::Duration;

use sd_notify::NotifyState;

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
        send(&[NotifyState::Ready]);
    }

    /// The configuration is being read again; [`Notify::ready`] ends it.
    pub fn reloading(&self) {
        if let Ok(now) = NotifyState::monotonic_usec_now() {
            send(&[NotifyState::Reloading, now]);
        }
    }

    /// What is going on, in a line.
    pub fn status(&self, text: &str) {
        send(&[NotifyState::Status(text)]);
    }

    /// The loop makes progress.
    pub fn alive(&self) {
        if self.watchdog.is_some() {
            send(&[NotifyState::Watchdog]);
        }
    }

    /// We end, and need up to `patience` for it.
    pub fn stopping(&self, patience: Duration) {
        let micros = u32::try_from(patience.as_micros()).unwrap_or(u32::MAX);
        send(&[
            NotifyState::Stopping,
            NotifyState::ExtendTimeoutUsec(micros),
        ]);
    }
}

impl Default for Notify {
    fn default() -> Self {
        Notify::new()
    }
}

fn send(state: &[NotifyState<'_>]) {
    let _ = sd_notify::notify(state);
}
