//! The loop: look at the clock and at what is asked for, run a cycle or wait, until the cycles are done
//! or a signal comes.

use std::time::Duration;

use chrono::{DateTime, Local, NaiveDateTime, TimeDelta, Utc};
use journal::EventKind;
use journal::control::Backoff;
use pipeline::{CycleId, Exit};
use tokio::time::{Instant, sleep};

use crate::cli::Cli;
use crate::clock::{Now, Watcher};
use crate::cycle::{Open, SLACK, Workshop};
use crate::logger;
use crate::plan::Plan;
use crate::schedule::{Ended, Reason, Rules, Schedule, Turn};
use crate::upkeep;
use crate::verdict::Verdict;
use crate::versions::Versions;
use crate::words::{self, Tally};

mod backoff;
mod changes;
mod reports;

/// How long a reader of what was shown may read without asking for more, at our end.
const READER: Duration = Duration::from_secs(600);

/// The loop's state.
#[derive(Debug)]
pub struct Rounds<'c> {
    shop: Workshop,
    versions: Versions,
    cli: &'c Cli,
    schedule: Schedule,
    clocks: Watcher,
    tally: Tally,
    started: Instant,
    last_id: Option<String>,
    paused: bool,
    /// The word that is left of a backoff, over or not.
    word: Option<Backoff>,
    no_room: bool,
}

impl<'c> Rounds<'c> {
    /// Ready to run. What an earlier life has left (failures, a backoff) goes on.
    pub fn new(mut shop: Workshop, versions: Versions, cli: &'c Cli) -> Rounds<'c> {
        let now = Now::read();
        let failures = shop.record.failures_in_a_row();
        let mut schedule = Schedule::new(rules(&shop.plan), now, failures);
        shop.control.sweep();
        let word = shop.control.backoff().filter(|_| !shop.plan.options.once);
        if let Some(word) = &word {
            backoff::resume(&shop.plan, word, &mut schedule, now);
        }
        Rounds {
            last_id: shop.record.newest_id(),
            clocks: Watcher::new(now),
            shop,
            versions,
            cli,
            schedule,
            tally: Tally::default(),
            started: Instant::now(),
            paused: false,
            word,
            no_room: false,
        }
    }

    /// Runs to the end; returns the exit code.
    pub async fn run(mut self) -> u8 {
        self.announce();
        self.shop.pulse.notify.ready();
        let code = self.rounds().await;
        if let Some(stop) = self.shop.signals.stopping() {
            log::debug!("{}: ending", stop.name());
        }
        self.shop.pulse.notify.stopping(Duration::from_secs(10));
        self.shop.companion.stop().await;
        self.shop.sandbox.stop().await;
        let code = code.unwrap_or_else(|| self.say_goodbye());
        self.wait_for_the_reader().await;
        self.shop.family.close();
        code
    }

    /// The rounds themselves. An exit code, if it is not the usual one.
    async fn rounds(&mut self) -> Option<u8> {
        let limit = match (self.shop.plan.options.once, self.shop.plan.options.cycles) {
            (true, _) => Some(1),
            (false, cycles) => cycles.map(u64::from),
        };
        loop {
            self.shop.pulse.look();
            if self.shop.pulse.lost() {
                return Some(Exit::TryLater.code());
            }
            if self.shop.signals.poll().is_some() || limit == Some(self.tally.cycles()) {
                return None;
            }
            if self.shop.signals.take_reload() {
                self.reload().await;
            }
            self.shop.companion.look(&self.shop.family);
            self.shop.signals.look_at_terminal();
            let now = Now::read();
            for jump in self.clocks.look(now) {
                let text = words::jump(jump);
                log::warn!("{text}");
                self.shop.record.event(words::kind(jump), 1, &text);
                // What was promised by the old time means another moment now.
                self.shop.pulse.promise(SLACK);
            }
            self.look_for_pause(now);
            // Both are taken, so that one wish is one cycle.
            let asked = self.shop.signals.take_run() | self.shop.control.take_run();
            if self.shop.plan.options.once || asked {
                if asked {
                    log::info!("a cycle is asked for");
                    self.schedule.release(now);
                }
                self.settle_upgrade(limit).await;
                match self.room() {
                    None if self.shop.plan.options.once => {
                        self.schedule.take();
                        self.cycle(Some(now.wall)).await;
                    }
                    // A tick that is due at the same moment is the same cycle.
                    None if self.schedule.turn(now, self.paused) == Turn::Tick => {
                        self.schedule.take();
                        self.cycle(Some(now.wall)).await;
                    }
                    None => self.cycle(None).await,
                    Some(_) if self.shop.plan.options.once => {
                        return Some(Exit::CannotWrite.code());
                    }
                    Some(_) => {}
                }
                continue;
            }
            match self.schedule.turn(now, self.paused) {
                Turn::Wait(until) => {
                    self.tell_news();
                    self.wait(until.saturating_sub(now.boot)).await;
                }
                Turn::Tick => {
                    self.tell_news();
                    self.settle_upgrade(limit).await;
                    if self.room().is_some() {
                        self.schedule.skip(Reason::Disk);
                        continue;
                    }
                    let late = now.boot.saturating_sub(self.schedule.next_start());
                    let at = now.wall - TimeDelta::from_std(late).unwrap_or_default();
                    self.schedule.take();
                    self.cycle(Some(at)).await;
                }
            }
        }
    }

    /// One cycle, and what follows from it.
    async fn cycle(&mut self, scheduled: Option<DateTime<Utc>>) {
        let id = next_id(self.last_id.as_deref());
        self.last_id = Some(id.as_str().to_owned());
        self.leave_word_of_try();
        let open = match self.mixed() {
            None => self.shop.cycle(&id, scheduled).await,
            Some(verdict) => self.shop.refused(&id, scheduled, verdict),
        };
        if self.shop.pulse.lost() {
            // What would be recorded now is another one's to record.
            return;
        }
        let ended = match &open.cycle.verdict {
            Verdict::Good => Ended::Good,
            Verdict::Failed { soon, .. } => Ended::Failed { soon: *soon },
            Verdict::Cancelled(_) => Ended::Cancelled,
        };
        let now = Now::read();
        let overrun = self.schedule.ended(ended, now);
        let cycle = self.shop.close(open, overrun);
        self.tally.add(&cycle);
        words::tell(&id, &cycle, overrun);
        self.leave_word(&cycle, now);
        logger::tidy();
        self.status(&id, &cycle);
        self.tell_news();
        if self.shop.plan.options.show.is_some() && !self.last_one() {
            self.point_onward(now);
        }
    }

    /// What was shown is shown to the end, if somebody reads it at all (a pager takes its time), and we
    /// were not told to stop.
    async fn wait_for_the_reader(&mut self) {
        if self.shop.plan.options.show.is_none() {
            return;
        }
        let Some(console) = logger::stdout() else {
            return;
        };
        while !console.is_done() && console.stands_still() < READER {
            if self.shop.signals.poll().is_some() {
                return;
            }
            tokio::select! {
                biased;
                _ = self.shop.signals.next() => {}
                () = sleep(Duration::from_millis(10)) => {}
                () = self.shop.pulse.beat() => {}
            }
        }
    }

    fn last_one(&self) -> bool {
        let options = &self.shop.plan.options;
        options.once
            || options.cycles.map(u64::from) == Some(self.tally.cycles())
            || self.shop.signals.stopping().is_some()
    }

    /// Waits until a tick or a request, or for one beat.
    async fn wait(&mut self, wait: Duration) {
        let due = self.schedule.next_start();
        self.shop
            .pulse
            .promise_start(due, wait.saturating_add(SLACK));
        tokio::select! {
            biased;
            _ = self.shop.signals.next_of_any() => {}
            () = sleep(wait) => {}
            () = self.shop.pulse.beat() => {}
        }
    }

    fn look_for_pause(&mut self, now: Now) {
        let pause = self.shop.control.pause();
        let over = pause.is_some_and(|pause| pause.over(now.wall));
        if over && let Err(why) = self.shop.control.resume() {
            log::debug!("a pause that is over can't be removed: {why}");
        }
        let paused = pause.is_some() && !over;
        if paused == self.paused {
            return;
        }
        self.paused = paused;
        let (kind, text) = match (paused, pause.and_then(|pause| pause.until)) {
            (true, Some(until)) => {
                let text = format!("paused until {}", utc(until));
                (EventKind::Pause, text)
            }
            (true, None) => (
                EventKind::Pause,
                "paused until `orchestrator resume`".to_owned(),
            ),
            (false, _) if over => (EventKind::Resume, "the pause is over".to_owned()),
            (false, _) => (EventKind::Resume, "resumed".to_owned()),
        };
        log::info!("{text}");
        self.shop.pulse.notify.status(&text);
        self.shop.record.event(kind, 1, &text);
    }

    /// Records the ticks that passed without a cycle.
    fn tell_news(&mut self) {
        for (reason, count) in self.schedule.news() {
            let (kind, why) = words::reason(reason);
            let text = format!("{count} start(s) fell out: {why}");
            if matches!(reason, Reason::Overrun | Reason::Suspend) {
                log::warn!("{text}");
            }
            self.shop.record.event(kind, count, &text);
        }
    }

    /// Why there is no room for a cycle; said when that changes.
    fn room(&mut self) -> Option<String> {
        let why = upkeep::too_little_room(&self.shop.plan.data, &self.shop.plan.config);
        match &why {
            Some(why) if !self.no_room => log::error!("no cycle: {why}"),
            None if self.no_room => log::info!("the disk has room again"),
            _ => {}
        }
        self.no_room = why.is_some();
        why
    }
}

impl Workshop {
    /// A cycle that does not run at all.
    fn refused(
        &mut self,
        id: &CycleId,
        scheduled: Option<DateTime<Utc>>,
        verdict: Verdict,
    ) -> Open {
        let key = self.record.begin_cycle(id, scheduled);
        Open::refused(key, verdict)
    }
}

fn rules(plan: &Plan) -> Rules {
    Rules {
        interval: plan.interval,
        backoff_after: plan.config.schedule.backoff_after,
        backoff: plan.config.schedule.backoff.0,
    }
}

/// An instant in words that are kept: whoever reads them may be elsewhere and on another day.
fn utc(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M:%SZ").to_string()
}

/// A time of today for who looks on here and now.
fn local(at: DateTime<Utc>, later: Duration) -> String {
    let at = at + TimeDelta::from_std(later).unwrap_or_default();
    at.with_timezone(&Local).format("%H:%M:%S").to_string()
}

/// An id that sorts behind the last one, also when the clock was set back.
fn next_id(last: Option<&str>) -> CycleId {
    let id = CycleId::at(Utc::now());
    let Some(last) = last.filter(|last| id.as_str() <= *last) else {
        return id;
    };
    // An id that a person made is not continued.
    NaiveDateTime::parse_from_str(last, "%Y%m%dT%H%M%S%3fZ").map_or(id, |at| {
        CycleId::at(at.and_utc() + TimeDelta::milliseconds(1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_also_when_the_clock_was_set_back_by_years() {
        let last = "20991231T235959999Z";
        let next = next_id(Some(last));
        assert_eq!(next.as_str(), "21000101T000000000Z");
        assert!(next_id(Some(next.as_str())) > next);
        let now = next_id(Some("zzz-by-hand"));
        assert!(now.as_str().starts_with('2'));
    }
}
