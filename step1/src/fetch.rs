//! One cycle of fetching: live list, details, odds, names.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use feed::codes;
use feed::endpoint::Endpoint;
use feed::envelope;
use feed::row::{self, Anomalies, Row};
use football::Phase;
use pipeline::{Config, DataDir, Exit, Failure, Listed};
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use crate::bodies::{self, Known, Times, detail_row};
use crate::budget::Budget;
use crate::client::Client;
use crate::error::FetchError;
use crate::output::{Fetch, Output};
use crate::plan::{self, Live, Why};
use crate::reference::{Kind, Reference};
use crate::secrets::Credentials;

/// Fetches a cycle and hands it to `write`.
///
/// # Errors
/// 69 without a live list or below the least completeness, 77 when the provider refuses us, 74 when state
/// can't be kept; and what `write` returns.
pub(crate) async fn run(
    config: &Config,
    data: &DataDir,
    credentials: Credentials,
    write: impl FnOnce(DateTime<Utc>, &Output<'_>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let started = Utc::now();
    let feed = &config.feed;
    let client = Arc::new(Client::new(feed, credentials)?);
    let provider = feed.provider.as_str();
    let previous = bodies::previous(&data.output(1), provider, started.timestamp());
    let source = format!(
        "{provider} {}",
        if feed.base_url.contains("127.0.0.1") {
            ""
        } else {
            &feed.base_url
        }
    );

    let live_body = client
        .get(Endpoint::DetailLive, &[])
        .await
        .map_err(|why| why.into_failure("the live list"))?;
    let fetched_at = Utc::now();
    let results = envelope::results(live_body.get())
        .map_err(|why| Failure::new(Exit::Bug, why.to_string()))?;
    let mut cycle = Cycle {
        live: plan::live_list(results),
        known: Known::read(&previous),
        reference: Reference::open(&data.state(), source.trim()),
        budget: Budget::new(&data.state(), feed.requests_per_minute),
        now: fetched_at.timestamp(),
        config,
        client: &client,
        details: HashMap::new(),
        details_until: None,
        odds: HashMap::new(),
        failed: HashSet::new(),
        fetch: Fetch::default(),
        errors: BTreeMap::new(),
    };
    let changed = cycle.refresh().await?;
    cycle.details().await?;
    cycle.odds_and_names(changed.as_ref()).await?;
    cycle.reference.save(cycle.now)?;
    cycle.judge((Utc::now() - started).num_milliseconds().unsigned_abs())?;
    write(fetched_at, &cycle.output(&live_body))
}

/// A request for one id.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Job {
    Detail(String),
    Odds(String),
    Name(Kind, String),
}

impl Job {
    fn endpoint(&self) -> Endpoint {
        match self {
            Job::Detail(_) => Endpoint::RecentList,
            Job::Odds(_) => Endpoint::OddsHistory,
            Job::Name(Kind::Team, _) => Endpoint::Team,
            Job::Name(Kind::Competition, _) => Endpoint::Competition,
        }
    }

    fn id(&self) -> &str {
        match self {
            Job::Detail(id) | Job::Odds(id) | Job::Name(_, id) => id,
        }
    }
}

struct Cycle<'c> {
    live: Vec<Live>,
    known: Known<'c>,
    reference: Reference,
    budget: Budget,
    /// When the live list came, unix seconds.
    now: i64,
    config: &'c Config,
    client: &'c Arc<Client>,
    /// Fetched in this cycle.
    details: HashMap<String, Box<RawValue>>,
    details_until: Option<i64>,
    odds: HashMap<String, Box<RawValue>>,
    /// Matches of which a request failed.
    failed: HashSet<String>,
    fetch: Fetch,
    errors: BTreeMap<String, u64>,
}

impl Cycle<'_> {
    /// What concerns all matches at once: changed details, changed odds, countries. Returns the ids that
    /// `odds/update` names, if the plan has it.
    async fn refresh(&mut self) -> Result<Option<HashSet<String>>, Failure> {
        // A row from the future (a provider whose clock was wrong for a while) must not hide what comes until then.
        let since = self.known.newest_update().map(|at| at.min(self.now));
        let ttl = self.ttl_s();
        let want_countries = self.reference.needs_countries(self.now, ttl);
        let details = async {
            match since {
                Some(since) => Some(changed_details(self.client, since).await),
                None => None,
            }
        };
        let countries = async {
            if want_countries {
                Some(self.client.get(Endpoint::Country, &[]).await)
            } else {
                None
            }
        };
        let (details, updates, countries) = tokio::join!(
            details,
            self.client.get(Endpoint::OddsUpdate, &[]),
            countries
        );
        match details {
            Some(Ok((pages, until))) => {
                self.details_until = Some(until);
                pages
                    .iter()
                    .for_each(|page| self.take_changed_details(page));
            }
            // Without the changes every detail is as old as it was; the live list has the scores.
            Some(Err(why)) => {
                self.details_until = since;
                self.note(Endpoint::RecentList, why)?;
            }
            None => {}
        }
        match countries {
            Some(Ok(body)) => self.reference.put_countries(body, self.now),
            Some(Err(why)) => self.note(Endpoint::Country, why)?,
            None => {}
        }
        match updates {
            Ok(body) => Ok(Some(changed_ids(&body))),
            Err(why) => {
                self.note(Endpoint::OddsUpdate, why)?;
                Ok(None)
            }
        }
    }

    /// Rows of `match/recent/list?time=`; each becomes the body that `uuid=` would have given.
    fn take_changed_details(&mut self, body: &RawValue) {
        let anomalies = Anomalies::default();
        let Ok(results) = envelope::results(body.get()) else {
            return;
        };
        let wanted: HashSet<&str> = self.live.iter().map(|one| one.id.as_str()).collect();
        for raw in row::list(results, "match details", &anomalies) {
            let id = Row::parse(raw, &anomalies)
                .ok()
                .and_then(|row| row.text("id"));
            let Some(id) = id.filter(|id| wanted.contains(&**id)) else {
                continue;
            };
            if let Ok(body) = RawValue::from_string(format!(r#"{{"code":0,"results":[{raw}]}}"#)) {
                self.details.insert(id.into_owned(), body);
            }
        }
    }

    /// Details of the matches that are not known yet.
    async fn details(&mut self) -> Result<(), Failure> {
        let unknown = self.live.iter().map(|one| &one.id).filter(|id| {
            !self.details.contains_key(*id) && !self.known.details.contains_key(id.as_str())
        });
        let jobs: Vec<Job> = unknown.cloned().map(Job::Detail).collect();
        self.fetch.cache_hits += (self.live.len() - jobs.len() - self.details.len()) as u64;
        let jobs = self.within_budget(jobs)?;
        self.carry_out(jobs).await
    }

    /// Odds that are due, and the names that the details ask for.
    async fn odds_and_names(&mut self, changed: Option<&HashSet<String>>) -> Result<(), Failure> {
        let ages: HashMap<&str, i64> = self
            .known
            .odds
            .iter()
            .map(|(id, kept)| (*id, self.now - kept.at))
            .collect();
        let max_age = self.config.feed.max_odds_age.0.as_secs() as i64;
        let due = plan::odds_due(&self.live, &ages, changed, max_age);
        log::debug!(
            "odds due: {} ({} of them never fetched)",
            due.len(),
            due.iter().filter(|(_, why)| *why == Why::New).count()
        );
        self.fetch.cache_hits += (self.live.len() - due.len()) as u64;
        let odds: Vec<Job> = due
            .into_iter()
            .map(|(id, _)| Job::Odds(id.to_owned()))
            .collect();
        let mut jobs = self.within_budget(odds)?;
        for kind in [Kind::Competition, Kind::Team] {
            let names = self.names_needed(kind);
            jobs.extend(self.within_budget(names)?);
        }
        self.carry_out(jobs).await
    }

    fn names_needed(&mut self, kind: Kind) -> Vec<Job> {
        let ttl = self.ttl_s();
        let ids = self.reference_ids(kind);
        let asked = ids.len();
        let needed: Vec<Job> = ids
            .into_iter()
            .filter(|id| self.reference.needs(kind, id, self.now, ttl))
            .map(|id| Job::Name(kind, id))
            .collect();
        self.fetch.cache_hits += (asked - needed.len()) as u64;
        needed
    }

    fn ttl_s(&self) -> i64 {
        self.config.feed.reference_ttl.0.as_secs() as i64
    }

    /// The team or competition ids of all details, each once, in the order of the live list.
    fn reference_ids(&self, kind: Kind) -> Vec<String> {
        let fields: &[&str] = match kind {
            Kind::Team => &["home_team_id", "away_team_id"],
            Kind::Competition => &["competition_id"],
        };
        let anomalies = Anomalies::default();
        let mut seen = HashSet::new();
        let mut ids = Vec::new();
        for one in &self.live {
            let Some(row) = self
                .detail(&one.id)
                .and_then(|body| detail_row(body.get(), &anomalies))
            else {
                continue;
            };
            for id in fields.iter().filter_map(|field| row.text(field)) {
                if seen.insert(id.clone().into_owned()) {
                    ids.push(id.into_owned());
                }
            }
        }
        ids
    }

    fn detail(&self, id: &str) -> Option<&RawValue> {
        self.details
            .get(id)
            .map(|body| &**body)
            .or_else(|| self.known.details.get(id).map(|kept| kept.body))
    }

    /// As many of the jobs (all of one endpoint) as the budget has, the first ones first.
    fn within_budget(&mut self, mut jobs: Vec<Job>) -> Result<Vec<Job>, Failure> {
        let Some(first) = jobs.first() else {
            return Ok(jobs);
        };
        let granted =
            self.budget
                .take(first.endpoint(), jobs.len(), Utc::now().timestamp_millis())?;
        self.fetch.skipped_for_budget += (jobs.len() - granted) as u64;
        jobs.truncate(granted);
        Ok(jobs)
    }

    /// Carries out the jobs, a bounded number at once, in their order. A refusal ends it.
    async fn carry_out(&mut self, jobs: Vec<Job>) -> Result<(), Failure> {
        let mut waiting = jobs.into_iter();
        let mut running = JoinSet::new();
        let mut given_up = HashSet::new();
        loop {
            while running.len() < self.config.feed.concurrency {
                let Some(job) = waiting.next() else { break };
                if given_up.contains(&job.endpoint()) {
                    continue;
                }
                let client = Arc::clone(self.client);
                running.spawn(async move {
                    let result = client.get(job.endpoint(), &[("uuid", job.id())]).await;
                    (job, result)
                });
            }
            let Some(joined) = running.join_next().await else {
                return Ok(());
            };
            let (job, result) = joined.map_err(|why| {
                Failure::new(
                    Exit::Bug,
                    format!("a request's task ended unexpectedly: {why}"),
                )
            })?;
            match result {
                Ok(body) => self.put(job, body),
                Err(why) => {
                    if matches!(why, FetchError::OutOfPlan(_)) {
                        given_up.insert(job.endpoint());
                    } else if !matches!(job, Job::Name(..)) {
                        self.failed.insert(job.id().to_owned());
                    }
                    self.note(job.endpoint(), why)?;
                }
            }
        }
    }

    fn put(&mut self, job: Job, body: Box<RawValue>) {
        match job {
            Job::Detail(id) => drop(self.details.insert(id, body)),
            Job::Odds(id) => drop(self.odds.insert(id, body)),
            Job::Name(kind, id) => self.reference.put(kind, id, body, self.now),
        }
    }

    /// Counts a failure; a refusal of everything is the end.
    fn note(&mut self, endpoint: Endpoint, why: FetchError) -> Result<(), Failure> {
        if matches!(why, FetchError::Refused(_)) {
            return Err(why.into_failure(endpoint.path()));
        }
        *self
            .errors
            .entry(format!("{}: {why}", endpoint.path()))
            .or_default() += 1;
        Ok(())
    }

    /// The figures of the fetch, and whether it is good enough.
    fn judge(&mut self, elapsed_ms: u64) -> Result<(), Failure> {
        let traffic = self.client.traffic();
        let total = self.live.len();
        let complete = if total == 0 {
            1.0
        } else {
            1.0 - self.failed.len() as f64 / total as f64
        };
        let max_age = self.config.feed.max_odds_age.0.as_secs() as i64;
        let behind = self.live.iter().filter(|one| {
            codes::phase(one.status) == Phase::Live
                && !self.odds.contains_key(&one.id)
                && self
                    .known
                    .odds
                    .get(one.id.as_str())
                    .is_none_or(|kept| self.now - kept.at > max_age)
        });
        self.fetch.odds_behind = behind.count() as u64;
        self.fetch.completeness = (complete * 1e4).round() / 1e4;
        self.fetch.requests = traffic.requests;
        self.fetch.retries = traffic.retries;
        self.fetch.bytes = traffic.bytes;
        self.fetch.bytes_decoded = traffic.bytes_decoded;
        self.fetch.by_endpoint = traffic.by_endpoint;
        self.fetch.elapsed_ms = elapsed_ms;
        self.fetch.errors = self
            .errors
            .iter()
            .map(|(what, count)| format!("{what} ({count}×)"))
            .collect();
        for error in &self.fetch.errors {
            log::warn!("{error}");
        }
        if self.fetch.odds_behind > 0 {
            let limit = self.config.feed.requests_per_minute;
            log::warn!(
                "the odds of {} running matches are more than {} behind; the budget of {limit} requests a minute or \
                 failing requests allow no more",
                self.fetch.odds_behind,
                self.config.feed.max_odds_age
            );
        }
        let least = self.config.feed.min_completeness;
        if complete < least {
            return Err(Failure::new(
                Exit::Unavailable,
                format!(
                    "requests failed for {} of {total} matches: completeness {complete:.2} is below [feed] \
                     min_completeness {least}; the previous step1.json stays. First: {}",
                    self.failed.len(),
                    self.fetch
                        .errors
                        .first()
                        .map_or("(no error noted)", String::as_str)
                ),
            ));
        }
        Ok(())
    }

    /// Everything, new where it is new and carried over where it is not.
    fn output<'s>(&'s self, live_matches: &'s RawValue) -> Output<'s> {
        let mut times = Times {
            details_until: self.details_until,
            ..Times::default()
        };
        let (mut details, mut odds) = (Listed::default(), Listed::default());
        for Live { id, .. } in &self.live {
            let kept = self.known.details.get(id.as_str());
            let new = self.details.get(id).map(|body| (&**body, self.now));
            // A body that `time=` did not name is as current as the question.
            if let Some((body, at)) = new.or_else(|| kept.map(|kept| (kept.body, kept.at))) {
                times.details.insert(id.clone(), at);
                details.0.push((id.clone(), body));
            }
            let kept = self.known.odds.get(id.as_str());
            let new = self.odds.get(id).map(|body| (&**body, self.now));
            if let Some((body, at)) = new.or_else(|| kept.map(|kept| (kept.body, kept.at))) {
                times.odds.insert(id.clone(), at);
                odds.0.push((id.clone(), body));
            }
        }
        let names = |kind| {
            self.reference_ids(kind)
                .into_iter()
                .filter_map(|id| Some((id.clone(), self.reference.get(kind, &id)?)))
                .collect()
        };
        Output {
            fetch: self.fetch.clone(),
            fetched: times,
            live_matches,
            match_details: details,
            match_odds: odds,
            team_info: names(Kind::Team),
            competition_info: names(Kind::Competition),
            countries: self.reference.countries(),
        }
    }
}

/// Rows in a full page.
const PAGE: usize = 1000;
/// Pages in one cycle; what is left comes in the next one.
const PAGES: usize = 5;

/// All pages of fixtures that changed after `since`, and the newest `updated_at` in them.
async fn changed_details(
    client: &Client,
    since: i64,
) -> Result<(Vec<Box<RawValue>>, i64), FetchError> {
    let anomalies = Anomalies::default();
    let (mut pages, mut until) = (Vec::new(), since);
    while pages.len() < PAGES {
        let body = client
            .get(Endpoint::RecentList, &[("time", &(until + 1).to_string())])
            .await?;
        let rows = envelope::results(body.get())
            .map(|results| row::list(results, "match details", &anomalies));
        let rows = rows.unwrap_or_default();
        let newest = rows
            .iter()
            .filter_map(|raw| Row::parse(raw, &anomalies).ok()?.int("updated_at"))
            .max();
        let full = rows.len() >= PAGE;
        pages.push(body);
        match newest {
            Some(newest) if newest > until => until = newest,
            _ => break,
        }
        if !full {
            break;
        }
    }
    Ok((pages, until))
}

/// The match ids of an `odds/update` body, read leniently.
fn changed_ids(body: &RawValue) -> HashSet<String> {
    let anomalies = Anomalies::default();
    let Ok(results) = envelope::results(body.get()) else {
        return HashSet::new();
    };
    row::list(results, "odds updates", &anomalies)
        .into_iter()
        .filter_map(|raw| {
            let row = Row::parse(raw, &anomalies).ok()?;
            row.text("id")
                .or_else(|| row.text("match_id"))
                .map(|id| id.into_owned())
        })
        .collect()
}

/// One line about a fetch, for the log.
pub(crate) fn summary(output: &Output<'_>) -> String {
    let fetch = &output.fetch;
    let by: Vec<String> = fetch
        .by_endpoint
        .iter()
        .map(|(path, count)| format!("{path} {count}"))
        .collect();
    format!(
        "{} matches, {} requests ({}), {} retries, {} kB on the wire ({} kB decoded), {} known already, {} left for the \
         budget, completeness {:.2}, {} ms",
        output.match_details.len(),
        fetch.requests,
        by.join(", "),
        fetch.retries,
        fetch.bytes / 1000,
        fetch.bytes_decoded / 1000,
        fetch.cache_hits,
        fetch.skipped_for_budget,
        fetch.completeness,
        fetch.elapsed_ms
    )
}
