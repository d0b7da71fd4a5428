//! What is told: at the start, after a cycle, every few cycles, at the end.

use std::time::Duration;

use journal::EventKind;
use pipeline::config::Provider;
use pipeline::{CycleId, Exit, VERSION};

use super::{Rounds, local};
use crate::clock::Now;
use crate::cycle::Cycle;
use crate::proc;
use crate::signals::Stop;
use crate::upkeep::{self, megabytes};
use crate::verdict::Verdict;
use crate::words;

impl Rounds<'_> {
    /// What systemd shows, and every few cycles a report in the log.
    pub(super) fn status(&mut self, id: &CycleId, cycle: &Cycle) {
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
        // The first and then every tenth: about as often as is worth a look.
        if self.tally.cycles() % 10 == 1 {
            let sizes = upkeep::size_of(&self.shop.plan.data);
            self.shop.record.areas(&sizes);
        }
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

    pub(super) fn announce(&mut self) {
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
    pub(super) fn say_goodbye(&mut self) -> u8 {
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
    pub(super) fn point_onward(&self, now: Now) {
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
