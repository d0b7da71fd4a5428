//! One cycle of fetching: live list, details, odds, names.
//!
//! [`many`] asks what concerns many matches at once, [`each`] what is asked for one id at a time, [`assemble`]
//! makes the document of both and of what is carried over. Here is their order, and what they share.

mod assemble;
mod each;
mod many;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use feed::endpoint::Endpoint;
use feed::envelope;
use pipeline::{Config, DataDir, Exit, Failure};
use serde_json::value::RawValue;

use crate::bodies::{self, Known};
use crate::budget::{Budget, now_ms};
use crate::client::Client;
use crate::coverage::Coverage;
use crate::error::FetchError;
use crate::jobs::{Job, Turn, carry_out};
use crate::odds_live::LiveOdds;
use crate::output::{Fetch, Output};
use crate::pages;
use crate::plan::{self, Live};
use crate::reference::{Keep, Reference};
use crate::secrets::Credentials;
use crate::settings;

pub(crate) use each::reference_ids;

/// Fetches a cycle and hands it to `write`.
///
/// # Errors
/// 69 without a live list or below the least completeness, 77 when the provider refuses us, 74 when state
/// can't be kept; and what `write` returns.
pub(crate) async fn run(
    config: &Config,
    data: &DataDir,
    credentials: Credentials,
    write: impl FnOnce(&Source, &Output<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let budget = Arc::new(settings::budget(&config.feed, &data.state()));
    let client = Client::new(&config.feed, credentials, Arc::clone(&budget))?;
    let client = Arc::new(client);
    let outcome = cycle(config, data, &client, &budget, write).await;
    if outcome.is_err() {
        // What was asked counts all the same; the failure is worth more than a word about the log.
        let _ = budget.settle(now_ms());
    }
    outcome
}

/// Where the live list came from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    /// As the envelope names it.
    pub(crate) provider: &'static str,
    pub(crate) fetched_at: DateTime<Utc>,
}

async fn cycle(
    config: &Config,
    data: &DataDir,
    client: &Arc<Client>,
    budget: &Budget,
    write: impl FnOnce(&Source, &Output<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let started = Utc::now();
    let feed = &config.feed;
    let state = data.state();
    let previous = bodies::previous(
        &data.output(1),
        settings::providers(feed.provider),
        started.timestamp(),
        feed.carry_over.0.as_secs() as i64,
    );
    // They are visited while the feed is asked.
    let visits = pages::Visits::start(&config.page, &state, started.timestamp(), client.trusted())?;
    let source = settings::source(feed);
    let recheck_s = feed.plan_recheck.0.as_secs() as i64;
    let mut cycle = Cycle {
        live: Vec::new(),
        known: Known::read(&previous.text),
        reference: Reference::open(&state, &source, Keep::of(feed)),
        coverage: Coverage::open(&state, &source, recheck_s),
        budget,
        now: started.timestamp(),
        config,
        client,
        details: HashMap::new(),
        details_until: None,
        details_at: None,
        odds: HashMap::new(),
        changed: None,
        live_odds: LiveOdds::default(),
        failed: HashSet::new(),
        fetch: Fetch::default(),
        errors: BTreeMap::new(),
    };
    // What concerns many at once does not depend on the live list: a round trip saved.
    let live = async {
        let body = client.get(Endpoint::DetailLive, &[]).await;
        (body, Utc::now())
    };
    let ((live_body, fetched_at), answers) = tokio::join!(live, cycle.ask_about_many());
    let live_body = live_body.map_err(|why| why.into_failure("the live list"))?;
    let results = envelope::results(live_body.get())
        .map_err(|why| Failure::new(Exit::Bug, why.to_string()))?;
    cycle.live = plan::live_list(results);
    cycle.now = fetched_at.timestamp();
    let from = Source {
        provider: client.source(),
        fetched_at,
    };
    if previous
        .provider
        .is_some_and(|known| known != from.provider)
    {
        log::info!("starting cold: the previous step1.json is another source's");
        cycle.known = Known::default();
    }
    cycle.take(answers).await?;
    cycle.details().await?;
    cycle.odds_and_names().await?;
    cycle.merged_names().await?;
    cycle.settle_live_odds();
    let page_odds = cycle.page_odds(visits).await?;
    cycle.reference.save(cycle.now)?;
    cycle.coverage.save()?;
    budget.settle(now_ms())?;
    cycle.judge((Utc::now() - started).num_milliseconds().unsigned_abs())?;
    write(&from, &cycle.output(&live_body, page_odds))
}

pub(crate) struct Cycle<'c> {
    pub(crate) live: Vec<Live>,
    pub(crate) known: Known<'c>,
    pub(crate) reference: Reference,
    pub(crate) coverage: Coverage,
    pub(crate) budget: &'c Budget,
    /// When the live list came, unix seconds.
    pub(crate) now: i64,
    pub(crate) config: &'c Config,
    pub(crate) client: &'c Arc<Client>,
    /// Fetched in this cycle.
    details: HashMap<String, Box<RawValue>>,
    details_until: Option<i64>,
    details_at: Option<i64>,
    pub(crate) odds: HashMap<String, Box<RawValue>>,
    /// What `odds/update` names now, or named before and nobody asked for; `None`: not to be had.
    changed: Option<HashSet<String>>,
    live_odds: LiveOdds,
    /// Matches of which a request failed.
    pub(crate) failed: HashSet<String>,
    pub(crate) fetch: Fetch,
    pub(crate) errors: BTreeMap<String, u64>,
}
impl Cycle<'_> {
    /// As many of the jobs (all of one endpoint) as the budget has, the first ones first; none of an endpoint
    /// that the plan does not have.
    pub(super) fn within_budget(&mut self, jobs: Vec<Job>) -> Result<Vec<Turn>, Failure> {
        let Some(endpoint) = jobs.first().map(Job::endpoint) else {
            return Ok(Vec::new());
        };
        if !self.coverage.has(endpoint, self.now) {
            return Ok(Vec::new());
        }
        let granted = self.budget.take(endpoint, jobs.len(), now_ms())?;
        self.fetch.skipped_for_budget += (jobs.len() - granted.len()) as u64;
        let waits = granted
            .into_iter()
            .map(|ms| Duration::from_millis(ms.unsigned_abs()));
        Ok(waits.zip(jobs).collect())
    }

    async fn carry_out(&mut self, jobs: Vec<Turn>) -> Result<(), Failure> {
        let client = Arc::clone(self.client);
        let at_once = self.config.feed.concurrency;
        carry_out(&client, at_once, jobs, |(job, result)| match result {
            Ok(body) => {
                self.put(job, body);
                Ok(())
            }
            Err(why) => {
                // A name that can't be had is none of a match's bodies; it is not asked for twice in a cycle.
                if !matches!(why, FetchError::OutOfPlan(_)) {
                    self.failed.insert(job.id().to_owned());
                }
                self.note(job.endpoint(), why)
            }
        })
        .await
    }

    pub(super) fn put(&mut self, job: Job, body: Box<RawValue>) {
        self.coverage.admit(job.endpoint());
        match job {
            Job::Detail(id) => drop(self.details.insert(id, body)),
            Job::Odds(id) => drop(self.odds.insert(id, body)),
            Job::Name(kind, id) => self.reference.put(kind, id, body, self.now),
        }
    }

    /// Counts a failure; a refusal of everything is the end, an endpoint outside the plan is said once.
    pub(super) fn note(&mut self, endpoint: Endpoint, why: FetchError) -> Result<(), Failure> {
        match why {
            FetchError::Refused(_) => return Err(why.into_failure(endpoint.path())),
            FetchError::OutOfPlan(_) => {
                if self.coverage.refuse(endpoint, self.now) {
                    log::warn!(
                        "{}: {}; done without it, asked again every {}",
                        endpoint.path(),
                        sentence(&why),
                        self.config.feed.plan_recheck
                    );
                }
            }
            why => {
                let what = format!("{}: {}", endpoint.path(), sentence(&why));
                *self.errors.entry(what).or_default() += 1;
            }
        }
        Ok(())
    }
}

/// What went wrong, without the full stop with which the provider ends its own sentences: ours go on.
fn sentence(why: &FetchError) -> String {
    why.to_string().trim_end_matches('.').to_owned()
}
