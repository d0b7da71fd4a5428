//! The loop: look at the clock and at what is asked for, run a cycle or wait, until the cycles are done
//! or a signal comes.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use chrono::{DateTime, Local, NaiveDateTime, TimeDelta, Utc};
use journal::EventKind;
use journal::control::Backoff;
use pipeline::config::Provider;
use pipeline::{CycleId, Exit, VERSION};
use tokio::time::{Instant, sleep};

use crate::cli::Cli;
use crate::clock::{Now, Watcher};
use crate::cycle::{Cycle, Open, SLACK, Verdict, Workshop};
use crate::logger;
use crate::plan::Plan;
use crate::proc;
use crate::schedule::{Ended, Reason, Rules, Schedule, Turn};
use crate::service::{day_log, journal_limits};
use crate::signals::Stop;
use crate::upkeep::{self, megabytes};
use crate::versions::{Set, Versions};
use crate::words::{self, Tally, length};

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
            resume_backoff(&shop.plan, word, &mut schedule, now);
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
            let now = Now::read();
            for jump in self.clocks.look(now) {
                let text = words::jump(jump);
                log::warn!("{text}");
                self.shop.record.event(EventKind::Note, 1, &text);
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

    fn last_one(&self) -> bool {
        let options = &self.shop.plan.options;
        options.once
            || options.cycles.map(u64::from) == Some(self.tally.cycles())
            || self.shop.signals.stopping().is_some()
    }

    /// Tells the next life, and people, of a backoff.
    fn leave_word(&mut self, cycle: &Cycle, now: Now) {
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
                local(now.wall, wait)
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
    fn leave_word_of_try(&mut self) {
        let next = Utc::now() + restart_wait(&self.shop.plan);
        if let Some(word) = self.word.as_mut()
            && let Some(restart) = word.restart.as_mut()
        {
            *restart = next;
            self.write_word();
        }
    }

    fn write_word(&self) {
        if let Err(why) = self.shop.control.set_backoff(self.word.as_ref()) {
            log::warn!("the backoff will not survive a restart: {why}");
        }
    }

    /// What systemd shows, and every few cycles a report in the log.
    fn status(&mut self, id: &CycleId, cycle: &Cycle) {
        let result = match &cycle.verdict {
            Verdict::Good => "good".to_owned(),
            Verdict::Failed { step, .. } => format!("failed at {step}"),
            Verdict::Cancelled(_) => "cancelled".to_owned(),
        };
        let now = Now::read();
        let wait = self.schedule.next_start().saturating_sub(now.boot);
        let next = local(now.wall, wait);
        let matches = cycle.matches.unwrap_or(0);
        self.shop.pulse.notify.status(&format!(
            "cycle {id} {result}, {matches} matches, at {}; next at {next}",
            local(now.wall, Duration::ZERO)
        ));
        let every = self.shop.plan.config.schedule.status_every;
        if every == 0 || !self.tally.cycles().is_multiple_of(every) {
            return;
        }
        log::info!("status: {}", self.tally.in_words(self.started.elapsed()));
        let ticks = words::account(self.schedule.ticks(), self.schedule.skipped());
        let (rss, files) = proc::own_use();
        let sizes = upkeep::size_of(&self.shop.plan.data);
        let free = upkeep::free(self.shop.plan.data.root())
            .map_or_else(String::new, |free| format!(", {} free", megabytes(free)));
        log::info!(
            "status: {ticks}; {} resident, {files} open files",
            megabytes(rss)
        );
        log::info!(
            "status: data {} (outputs {}, logs {}, state {}, rest {}){free}",
            megabytes(sizes.total()),
            megabytes(sizes.outputs),
            megabytes(sizes.logs),
            megabytes(sizes.state),
            megabytes(sizes.rest)
        );
        for path in upkeep::tidy(&self.shop.plan.data, &self.shop.plan.config) {
            log::info!("removed `{}`: nobody's any more", path.display());
        }
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
                let text = format!("paused until {}", local(until, Duration::ZERO));
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

    /// A verdict without a cycle: the programs are of several builds.
    fn mixed(&mut self) -> Option<Verdict> {
        let set = self
            .versions
            .look(&self.shop.plan.programs(), &self.shop.plan.own);
        let list = match set {
            Set::Same => return None,
            Set::Mixed(list) => format!("several builds: {list}; install one set"),
            Set::Upgraded(version) => format!("{version}, and we are {VERSION}; start us again"),
        };
        let why = format!("the programs are of {list}");
        log::error!("{why}");
        Some(Verdict::Failed {
            step: "versions".to_owned(),
            exit: Exit::Config.code(),
            why,
            soon: true,
        })
    }

    /// When the whole set was replaced by another build, we become that build's orchestrator.
    async fn settle_upgrade(&mut self, limit: Option<u64>) {
        let plan = &self.shop.plan;
        let set = self.versions.look(&plan.programs(), &plan.own);
        let Set::Upgraded(version) = set else { return };
        if limit.is_some() {
            return;
        }
        let text = format!("upgrade: {VERSION} goes on as {version}");
        log::info!("{text}");
        self.shop.record.event(EventKind::Note, 1, &text);
        self.shop.companion.stop().await;
        self.shop.sandbox.stop().await;
        self.shop.family.close();
        // All our files close with it, the lock among them; the new program takes it at once.
        let why = Command::new(&self.shop.plan.own)
            .args(env::args_os().skip(1))
            .exec();
        log::error!("failed to go on as the new program: {why}");
        self.shop.family.mend();
    }

    async fn reload(&mut self) {
        self.shop.pulse.notify.reloading();
        let text = match Plan::new(self.cli) {
            Err(why) => format!("the new configuration is refused, the old one stays: {why}"),
            Ok(plan) if plan.data != self.shop.plan.data => {
                "the new configuration is refused, the old one stays: another data directory needs a restart"
                    .to_owned()
            }
            Ok(plan) => {
                self.shop.plan = plan;
                let plan = &self.shop.plan;
                self.schedule.set_rules(rules(plan), Now::read());
                self.shop.pulse.set_interval(plan.interval);
                self.shop.record.set_limits(journal_limits(&plan.config));
                logger::attach(day_log(plan));
                self.shop.companion.change(plan.companion()).await;
                if plan.sandbox.is_none() {
                    self.shop.sandbox.stop().await;
                }
                "the configuration was read again".to_owned()
            }
        };
        if text.contains("refused") {
            log::error!("{text}");
        } else {
            log::info!("{text}");
        }
        self.shop.record.event(EventKind::Reload, 1, &text);
        self.shop.pulse.notify.ready();
    }

    fn announce(&mut self) {
        let plan = &self.shop.plan;
        let simulated = if plan.provider == Provider::Sandbox {
            ", SIMULATED data"
        } else {
            ""
        };
        let text = format!(
            "version {VERSION} starts: {} steps every {}{simulated}",
            plan.steps.len(),
            humantime::format_duration(plan.interval),
        );
        log::info!("{text}");
        log::info!("data directory {}", plan.data.root().display());
        self.shop.record.event(EventKind::Start, 1, &text);
    }

    /// Says at the end what was done, and why it ends; returns the exit code.
    fn say_goodbye(&mut self) -> u8 {
        let summary = self.tally.in_words(self.started.elapsed());
        let ticks = words::account(self.schedule.ticks(), self.schedule.skipped());
        let stop = self.shop.signals.stopping();
        let (kind, text) = match stop {
            Some(stop) => {
                log::info!("stopped by {} after {summary}", stop.name());
                (
                    EventKind::Stop,
                    format!("stopped by {}; {ticks}", stop.name()),
                )
            }
            None => {
                log::info!("done, {summary}");
                (EventKind::Finished, format!("{summary}; {ticks}"))
            }
        };
        if self.schedule.ticks() > 0 {
            log::info!("{ticks}");
        }
        self.shop.record.event(kind, 1, &text);
        stop.map(Stop::exit)
            .or(self.tally.last_failure)
            .unwrap_or(Exit::Done.code())
    }

    /// Tells somebody who watches when it goes on, and where there is more to see.
    fn point_onward(&self, now: Now) {
        let wait = self.schedule.next_start().saturating_sub(now.boot);
        let plan = &self.shop.plan;
        let data = plan.data.root().display();
        log::info!("next cycle at {}; Ctrl-C stops", local(now.wall, wait));
        log::info!("meanwhile, elsewhere: less {data}/step6_matches.log");
        log::info!(
            "or: {}/health report --data-dir {data}",
            plan.bin_dir.display()
        );
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

/// Goes on with the backoff that an earlier life left. After a failure that only a person can mend, a
/// start is taken for a sign that somebody has: one try, but never closer to the last one than the
/// wait, so whatever restarts us all the time does not hammer the provider.
fn resume_backoff(plan: &Plan, word: &Backoff, schedule: &mut Schedule, now: Now) {
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
        log::warn!(
            "still waiting after failures ({why}), for {wait}; `orchestrator run-now` ends the wait"
        );
    } else if !whole.is_zero() {
        log::info!("started anew after failures ({why}): one try before the rest of the wait");
    }
}

fn restart_wait(plan: &Plan) -> TimeDelta {
    TimeDelta::from_std(plan.config.schedule.restart_wait.0).unwrap_or_default()
}

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
