//! The heartbeat of the loop: wherever it waits, it comes by here once a second.
//!
//! That is what systemd's watchdog and the lock's promise hear of, so both fall silent when the loop
//! hangs. It is also the moment to see that lock, list of children and day log are still in place.

use std::sync::Arc;
use std::time::Duration;

use journal::lock::{Lock, LockError, Mended};
use tokio::time::{Instant, sleep_until};

use crate::family::Family;
use crate::logger;
use crate::notify::Notify;

/// How often the day log is looked after, so that it changes at midnight also when nothing is written.
const TIDY: Duration = Duration::from_secs(30);

/// The heartbeat.
#[derive(Debug)]
pub struct Pulse {
    /// The line to systemd.
    pub notify: Notify,
    lock: Lock,
    family: Arc<Family>,
    next: Instant,
    tidied: Instant,
    lost: bool,
    warned: bool,
}

impl Pulse {
    /// Begins to beat.
    pub fn new(lock: Lock, family: Arc<Family>) -> Pulse {
        let now = Instant::now();
        Pulse {
            notify: Notify::new(),
            lock,
            family,
            next: now,
            tidied: now,
            lost: false,
            warned: false,
        }
    }

    /// Waits for the next beat and does it. Cancel-safe.
    pub async fn beat(&mut self) {
        sleep_until(self.next).await;
        self.look();
    }

    /// A beat now.
    pub fn look(&mut self) {
        self.next = Instant::now() + self.notify.period();
        self.notify.alive();
        if self.tidied.elapsed() >= TIDY {
            self.tidied = Instant::now();
            logger::tidy();
        }
        match self.lock.mend() {
            Ok(Mended::Nothing) => self.warned = false,
            Ok(Mended::Again) => {
                log::warn!("the lock was removed or replaced under our feet; it is there again");
            }
            Err(LockError::Held(_)) if !self.lost => {
                self.lost = true;
                log::error!("another orchestrator has taken the data directory: ending");
            }
            Err(LockError::Held(_)) => {}
            Err(LockError::Io(why)) => {
                if !self.warned {
                    log::warn!("the lock can't be looked after: {why}");
                }
                self.warned = true;
            }
        }
        if !self.lost {
            self.family.mend();
        }
    }

    /// Whether another orchestrator has the data directory.
    pub fn lost(&self) -> bool {
        self.lost
    }

    /// Means to be heard of again within `within`. A lock file that can't be written only makes health
    /// think that we hang.
    pub fn promise(&self, within: Duration) {
        let _ = self.lock.promise(within);
    }

    /// From now on this is the time from one cycle's start to the next.
    pub fn set_interval(&mut self, interval: Duration) {
        self.lock.set_interval(interval);
    }
}
