//! What changes under a running orchestrator between two cycles: the programs, the configuration.

use std::env;
use std::os::unix::process::CommandExt;
use std::process::Command;

use journal::EventKind;
use pipeline::{Exit, VERSION};

use super::{Rounds, rules};
use crate::clock::Now;
use crate::logger;
use crate::plan::Plan;
use crate::service::{day_log, journal_limits};
use crate::verdict::Verdict;
use crate::versions::Set;

impl Rounds<'_> {
    /// A verdict without a cycle: the programs are of several builds.
    pub(super) fn mixed(&mut self) -> Option<Verdict> {
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
    pub(super) async fn settle_upgrade(&mut self, limit: Option<u64>) {
        let plan = &self.shop.plan;
        let set = self.versions.look(&plan.programs(), &plan.own);
        let Set::Upgraded(version) = set else { return };
        if limit.is_some() {
            return;
        }
        if let Err(why) = Plan::new(self.cli) {
            log::error!("the upgrade to {version} waits for a configuration that is valid: {why}");
            return;
        }
        let text = format!("upgrade: {VERSION} goes on as {version}");
        log::info!("{text}");
        self.shop.record.event(EventKind::Note, 1, &text);
        self.shop.companion.stop().await;
        self.shop.sandbox.stop().await;
        self.shop.family.close();
        logger::finish();
        // All our files close with it, the lock among them; the new program takes it at once.
        let why = Command::new(&self.shop.plan.own)
            .args(env::args_os().skip(1))
            .exec();
        log::error!("failed to go on as the new program: {why}");
        self.shop.family.mend();
    }

    pub(super) async fn reload(&mut self) {
        self.shop.pulse.notify.reloading();
        let mut mended = false;
        let text = match Plan::new(self.cli) {
            Err(why) => format!("the new configuration is refused, the old one stays: {why}"),
            Ok(plan) if plan.data != self.shop.plan.data => {
                "the new configuration is refused, the old one stays: another data directory needs a restart"
                    .to_owned()
            }
            Ok(plan) => {
                self.shop.plan = plan;
                let plan = &self.shop.plan;
                plan.accepted.lay_out_or_say();
                self.schedule.set_rules(rules(plan), Now::read());
                self.shop.pulse.set_interval(plan.interval);
                self.shop.record.set_limits(journal_limits(&plan.config));
                logger::attach(day_log(plan));
                self.shop.companion.change(plan.companion()).await;
                if plan.sandbox.is_none() {
                    self.shop.sandbox.stop().await;
                }
                mended = true;
                "the configuration was read again".to_owned()
            }
        };
        if mended {
            log::info!("{text}");
            self.try_after_mending(Now::read());
        } else {
            log::error!("{text}");
        }
        self.shop.record.event(EventKind::Reload, 1, &text);
        self.shop.pulse.notify.ready();
    }
}
