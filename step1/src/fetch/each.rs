//! What is asked for one id at a time, within the budget: details, odds, names.

use std::collections::{HashMap, HashSet};

use feed::row::Anomalies;
use pipeline::Failure;

use super::Cycle;
use crate::bodies::{Kept, detail_row};
use crate::jobs::{Job, Turn};
use crate::plan::{self, Ages, Live, Why};
use crate::reference::Kind;

impl Cycle<'_> {
    /// Details of the matches that are not known yet; those that are being played first.
    pub(super) async fn details(&mut self) -> Result<(), Failure> {
        let mut unknown: Vec<&Live> = self
            .live
            .iter()
            .filter(|one| {
                !self.details.contains_key(&one.id)
                    && !self.known.details.contains_key(one.id.as_str())
            })
            .collect();
        unknown.sort_by_key(|one| !one.playing());
        let jobs: Vec<Job> = unknown
            .iter()
            .map(|one| Job::Detail(one.id.clone()))
            .collect();
        self.fetch.cache_hits += (self.live.len() - jobs.len() - self.details.len()) as u64;
        let jobs = self.within_budget(jobs)?;
        self.carry_out(jobs).await?;
        self.details_or_refusal()
    }

    /// Odds that are due, and the names that the details ask for.
    pub(super) async fn odds_and_names(&mut self) -> Result<(), Failure> {
        let ages: HashMap<&str, i64> = self
            .known
            .odds
            .iter()
            .map(|(id, kept)| (*id, self.now - kept.at))
            .collect();
        let due = plan::odds_due(
            &self.live,
            &ages,
            self.changed.as_ref(),
            Ages::of(self.config),
        );
        for why in Why::ALL {
            let count = due.iter().filter(|(_, one)| *one == why).count();
            log::debug!("odds due: {count} {}", why.words());
        }
        self.fetch.cache_hits += (self.live.len() - due.len()) as u64;
        let odds: Vec<Job> = due
            .into_iter()
            .map(|(id, _)| Job::Odds(id.to_owned()))
            .collect();
        let mut jobs = self.within_budget(odds)?;
        for kind in Kind::ALL {
            let ids = self.reference_ids(kind);
            jobs.extend(self.names_needed(kind, ids, true)?);
        }
        self.carry_out(jobs).await
    }

    /// The records that the provider merged others into, so that their names resolve.
    pub(super) async fn merged_names(&mut self) -> Result<(), Failure> {
        // A record that was merged into one that was merged: more than that is a circle.
        for _ in 0..3 {
            let mut jobs = Vec::new();
            for kind in Kind::ALL {
                let named: HashSet<String> = self.reference_ids(kind).into_iter().collect();
                let mut targets = self.all_reference_ids(kind);
                targets.retain(|id| !named.contains(id));
                jobs.extend(self.names_needed(kind, targets, false)?);
            }
            if jobs.is_empty() {
                break;
            }
            self.carry_out(jobs).await?;
        }
        Ok(())
    }

    fn names_needed(
        &mut self,
        kind: Kind,
        ids: Vec<String>,
        first: bool,
    ) -> Result<Vec<Turn>, Failure> {
        let asked = ids.len();
        let needed: Vec<Job> = ids
            .into_iter()
            .filter(|id| self.reference.needs(kind, id, self.now))
            .filter(|id| !self.failed.contains(id))
            .map(|id| Job::Name(kind, id))
            .collect();
        if first {
            self.fetch.cache_hits += (asked - needed.len()) as u64;
        }
        self.within_budget(needed)
    }

    /// The team or competition ids of all details, each once, in the order of the live list.
    fn reference_ids(&self, kind: Kind) -> Vec<String> {
        let details = self.live.iter().filter_map(|one| self.detail(&one.id));
        reference_ids(details, kind)
    }

    /// The same with the records that they were merged into.
    pub(super) fn all_reference_ids(&self, kind: Kind) -> Vec<String> {
        let mut ids = self.reference_ids(kind);
        let mut seen: HashSet<String> = ids.iter().cloned().collect();
        let mut at = 0;
        while let Some(id) = ids.get(at) {
            if let Some(uid) = self.reference.merged_into(kind, id)
                && seen.insert(uid.clone())
            {
                ids.push(uid);
            }
            at += 1;
        }
        ids
    }

    pub(crate) fn detail(&self, id: &str) -> Option<&str> {
        self.details
            .get(id)
            .map(|body| body.get())
            .or_else(|| self.known.details.get(id).map(Kept::text))
    }
}

/// The ids of one kind that details name, each once, in their order.
pub(crate) fn reference_ids<'a>(details: impl Iterator<Item = &'a str>, kind: Kind) -> Vec<String> {
    let anomalies = Anomalies::default();
    let mut seen = HashSet::new();
    let mut ids = Vec::new();
    for row in details.filter_map(|body| detail_row(body, &anomalies)) {
        for id in kind.fields().iter().filter_map(|field| row.text(field)) {
            if seen.insert(id.clone().into_owned()) {
                ids.push(id.into_owned());
            }
        }
    }
    ids
}
