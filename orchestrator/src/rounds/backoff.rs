//! The word of a backoff that is left for the next life and for people, and what a new life makes of it.

use chrono::{DateTime, TimeDelta, Utc};
use journal::EventKind;
use journal::control::Backoff;

use super::{Rounds, utc};
use crate::clock::Now;
use crate::cycle::Cycle;
use crate::plan::Plan;
use crate::schedule::Schedule;
use crate::verdict::Verdict;
use crate::words::length;

impl Rounds<'_> {
    /// Tells the next life, and people, of a backoff.
    pub(super) fn leave_word(&mut self, cycle: &Cycle, now: Now) {
        let backing_off = self.schedule.backing_off(now);
        if let (
            true,
            Verdict::Failed {
                step, why, soon, ..
            },
        ) = (backing_off, &cycle.verdict)
        {
            let wait = self.schedule.next_start().saturating_sub(now.boot);
            let reason = if *soon {
                format!("{} failures in a row", self.schedule.failures())
            } else {
                format!("{step} failed in a way that another try will not change")
            };
            let text = format!(
                "{reason}: waiting {}, next cycle at {}",
                length(wait),
                utc(now.wall + TimeDelta::from_std(wait).unwrap_or_default())
            );
            log::warn!("{text}");
            self.shop.record.event(EventKind::Backoff, 1, &text);
            let wait = self.shop.plan.config.schedule.backoff.0;
            let until = now.wall + TimeDelta::from_std(wait).unwrap_or_default();
            let why = format!("{step}: {why}");
            let restart = (!*soon).then(|| now.wall + restart_wait(&self.shop.plan));
            self.word = Some(Backoff {
                until,
                restart,
                why,
            });
            self.write_word();
        } else if self.word.is_some() && !matches!(cycle.verdict, Verdict::Cancelled(_)) {
            // A probe that was cancelled has not shown anything.
            self.word = None;
            self.write_word();
        }
    }

    /// However a try after refused credentials ends, be it by a kill, the next life's is not sooner
    /// than the wait after it.
    pub(super) fn leave_word_of_try(&mut self) {
        let next = Utc::now() + restart_wait(&self.shop.plan);
        if let Some(word) = self.word.as_mut()
            && let Some(restart) = word.restart.as_mut()
        {
            *restart = next;
            self.write_word();
        }
    }

    /// Who has the configuration read again after a failure that only a person can mend is taken to have
    /// mended something: one try, as after a restart and no closer to the last one.
    pub(super) fn try_after_mending(&mut self, now: Now) {
        let Some(restart) = self.word.as_ref().and_then(|word| word.restart) else {
            return;
        };
        if !self.schedule.backing_off(now) {
            return;
        }
        let wait = (restart - now.wall).to_std().unwrap_or_default();
        let longest = self.shop.plan.config.schedule.restart_wait.0;
        let rest = self.schedule.next_start().saturating_sub(now.boot);
        let wait = wait.min(longest).min(rest);
        if wait.is_zero() {
            self.schedule.release(now);
            log::info!("one try with it before the rest of the wait after failures");
        } else {
            self.schedule.hold(wait, now);
            let wait = length(wait);
            log::info!("one try with it in {wait}, before the rest of the wait after failures");
        }
    }

    fn write_word(&self) {
        if let Err(why) = self.shop.control.set_backoff(self.word.as_ref()) {
            log::warn!("the backoff will not survive a restart: {why}");
        }
    }
}

/// Goes on with the backoff that an earlier life left. After a failure that only a person can mend, a
/// start is taken for a sign that somebody has: one try, but never closer to the last one than the
/// wait, so whatever restarts us all the time does not hammer the provider.
pub(super) fn resume(plan: &Plan, word: &Backoff, schedule: &mut Schedule, now: Now) {
    let why = &word.why;
    // Nothing is left of what has passed.
    let until = |at: DateTime<Utc>| (at - now.wall).to_std().unwrap_or_default();
    let whole = until(word.until);
    let longest = plan.config.schedule.restart_wait.0;
    let wait = word
        .restart
        .map_or(whole, |at| until(at).min(longest).min(whole));
    if !wait.is_zero() {
        schedule.hold(wait, now);
        let wait = length(wait);
        // Other words for each: scripts/deploy_service.sh ends the first wait for who starts us by
        // hand, and leaves the second one, which is short and there for the provider's sake.
        if word.restart.is_none() {
            log::warn!(
                "still waiting after failures ({why}), for {wait}; `orchestrator run-now` ends the wait"
            );
        } else {
            log::warn!(
                "the last try was a moment ago ({why}): the next one in {wait}; `orchestrator run-now` ends the wait"
            );
        }
    } else if !whole.is_zero() {
        log::info!("started anew after failures ({why}): one try before the rest of the wait");
    }
}

fn restart_wait(plan: &Plan) -> TimeDelta {
    TimeDelta::from_std(plan.config.schedule.restart_wait.0).unwrap_or_default()
}
