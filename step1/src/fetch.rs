//! One cycle of fetching: live list, details, odds, names.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use feed::endpoint::Endpoint;
use feed::envelope;
use feed::row::{Anomalies, Row};
use pipeline::{Config, DataDir, Exit, Failure, Listed};
use serde_json::value::RawValue;

use crate::bodies::{self, Known, Times, detail_row};
use crate::budget::Budget;
use crate::changes::{self, Changes};
use crate::client::Client;
use crate::coverage::Coverage;
use crate::error::FetchError;
use crate::jobs::{Job, carry_out};
use crate::odds_live::LiveOdds;
use crate::output::{Fetch, Output};
use crate::pages::{self, PageOdds};
use crate::plan::{self, Ages, Live, Why};
use crate::reference::{Keep, Kind, Reference};
use crate::secrets::Credentials;
use crate::settings;

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
    let previous = bodies::previous(
        &data.output(1),
        feed.provider.as_str(),
        started.timestamp(),
        feed.carry_over.0.as_secs() as i64,
    );
    let state = data.state();
    // They are visited while the feed is asked.
    let visits = pages::Visits::start(&config.page, &state, started.timestamp())?;
    let source = settings::source(feed);
    let recheck_s = feed.plan_recheck.0.as_secs() as i64;
    let mut cycle = Cycle {
        live: Vec::new(),
        known: Known::read(&previous),
        reference: Reference::open(&state, &source, Keep::of(feed)),
        coverage: Coverage::open(&state, &source, recheck_s),
        budget: Budget::new(&state, feed.requests_per_minute),
        now: started.timestamp(),
        config,
        client: &client,
        details: HashMap::new(),
        details_until: None,
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
    cycle.take(answers).await?;
    cycle.details().await?;
    cycle.odds_and_names().await?;
    cycle.merged_names().await?;
    cycle.settle_live_odds();
    let page_odds = cycle.page_odds(visits).await?;
    cycle.reference.save(cycle.now)?;
    cycle.coverage.save()?;
    cycle.judge((Utc::now() - started).num_milliseconds().unsigned_abs())?;
    write(fetched_at, &cycle.output(&live_body, page_odds))
}

pub(crate) struct Cycle<'c> {
    pub(crate) live: Vec<Live>,
    pub(crate) known: Known<'c>,
    pub(crate) reference: Reference,
    pub(crate) coverage: Coverage,
    pub(crate) budget: Budget,
    /// When the live list came, unix seconds.
    pub(crate) now: i64,
    pub(crate) config: &'c Config,
    pub(crate) client: &'c Arc<Client>,
    /// Fetched in this cycle.
    details: HashMap<String, Box<RawValue>>,
    details_until: Option<i64>,
    pub(crate) odds: HashMap<String, Box<RawValue>>,
    /// What `odds/update` names now, or named before and nobody asked for; `None`: not to be had.
    changed: Option<HashSet<String>>,
    live_odds: LiveOdds,
    /// Matches of which a request failed.
    pub(crate) failed: HashSet<String>,
    pub(crate) fetch: Fetch,
    pub(crate) errors: BTreeMap<String, u64>,
}

/// An answer, where the question was asked.
type Answer<T> = Option<Result<T, FetchError>>;

/// What was answered about many at once.
struct Answers {
    details: Answer<Changes>,
    teams: Answer<Changes>,
    competitions: Answer<Changes>,
    updates: Answer<Box<RawValue>>,
    live: Answer<Box<RawValue>>,
    countries: Answer<Box<RawValue>>,
}

impl Cycle<'_> {
    /// Asks what concerns many at once: changed details, odds, teams and competitions; countries.
    async fn ask_about_many(&self) -> Answers {
        // A row from the future (a provider whose clock was wrong) must not hide what comes until then.
        let newest = self.known.newest_update().map(|at| at.min(self.now) + 1);
        let of_kind = |kind| self.reference.changes_due(kind, self.now);
        let due = Kind::ALL.map(of_kind);
        let [details, teams, competitions] = [
            (Endpoint::RecentList, newest),
            (Kind::Team.endpoint(), due[1]),
            (Kind::Competition.endpoint(), due[0]),
        ]
        .map(|(endpoint, since)| self.changes_since(endpoint, since));
        let want_countries = self.reference.needs_countries(self.now);
        let (details, teams, competitions, updates, live, countries) = tokio::join!(
            details,
            teams,
            competitions,
            self.ask(Endpoint::OddsUpdate, true),
            self.ask(Endpoint::OddsLive, self.config.feed.odds_live),
            self.ask(Endpoint::Country, want_countries),
        );
        Answers {
            details,
            teams,
            competitions,
            updates,
            live,
            countries,
        }
    }

    /// Takes the answers, now that the live list says which matches they are wanted for.
    async fn take(&mut self, answers: Answers) -> Result<(), Failure> {
        let Answers {
            mut details,
            teams,
            competitions,
            updates,
            live,
            countries,
        } = answers;
        if details.is_none() {
            let since = self.since_when_cold();
            details = self.changes_since(Endpoint::RecentList, since).await;
        }
        match details {
            Some(Ok(changes)) => self.take_changed_details(&changes),
            // Without the changes every detail is as old as it was; the live list has the scores.
            other => {
                self.details_until = self.known.newest_update();
                self.note_if_failed(Endpoint::RecentList, other)?;
            }
        }
        for (kind, answer) in [(Kind::Team, teams), (Kind::Competition, competitions)] {
            match answer {
                Some(Ok(changes)) => {
                    self.reference.take_changes(kind, &changes.rows(), self.now);
                    self.reference
                        .looked(kind, changes.until, changes.complete, self.now);
                }
                other => self.note_if_failed(kind.endpoint(), other)?,
            }
        }
        match countries {
            Some(Ok(body)) => self.reference.put_countries(body, self.now),
            other => self.note_if_failed(Endpoint::Country, other)?,
        }
        if let Some(text) = self.known.odds_live.filter(|_| self.config.feed.odds_live) {
            self.live_odds = LiveOdds::read(text);
        }
        match live {
            Some(Ok(body)) => self.take_live_odds(&body),
            other => self.note_if_failed(Endpoint::OddsLive, other)?,
        }
        match updates {
            Some(Ok(body)) => {
                self.coverage.admit(Endpoint::OddsUpdate);
                let mut changed = changes::changed_ids(&body);
                changed.extend(self.known.odds_waiting.iter().cloned());
                self.changed = Some(changed);
            }
            other => self.note_if_failed(Endpoint::OddsUpdate, other)?,
        }
        Ok(())
    }

    /// Where nothing is known and more matches run than the budget lets us ask for one by one, the last hours'
    /// changes have most of them in a page or two.
    fn since_when_cold(&self) -> Option<i64> {
        const FAR_ENOUGH_S: i64 = 3 * 3600;
        let unknown = self
            .live
            .iter()
            .filter(|one| !self.known.details.contains_key(one.id.as_str()))
            .count() as u64;
        let left = self.budget.left(Endpoint::RecentList, now_ms());
        (self.known.newest_update().is_none() && left.is_some_and(|left| left < unknown))
            .then(|| self.now - FAR_ENOUGH_S)
    }

    /// An endpoint that is asked once, if it is wanted and in the plan.
    async fn ask(&self, endpoint: Endpoint, wanted: bool) -> Answer<Box<RawValue>> {
        if !wanted || !self.coverage.has(endpoint, self.now) {
            return None;
        }
        Some(self.client.get(endpoint, &[]).await)
    }

    async fn changes_since(&self, endpoint: Endpoint, since: Option<i64>) -> Answer<Changes> {
        let since = since.filter(|_| self.coverage.has(endpoint, self.now))?;
        Some(changes::since(self.client, endpoint, since).await)
    }

    fn note_if_failed<T>(&mut self, endpoint: Endpoint, answer: Answer<T>) -> Result<(), Failure> {
        match answer {
            Some(Err(why)) => self.note(endpoint, why),
            _ => Ok(()),
        }
    }

    /// Rows of `match/recent/list?time=`; each becomes the body that `uuid=` would have given.
    fn take_changed_details(&mut self, changes: &Changes) {
        self.details_until = Some(changes.until);
        let anomalies = Anomalies::default();
        let wanted: HashSet<&str> = self.live.iter().map(|one| one.id.as_str()).collect();
        for raw in changes.rows() {
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

    fn take_live_odds(&mut self, body: &RawValue) {
        self.coverage.admit(Endpoint::OddsLive);
        let Ok((changes, odd)) = changes::live_changes(body) else {
            return;
        };
        if odd > 0 {
            let what = format!(
                "{}: parts not understood in an answer",
                Endpoint::OddsLive.path()
            );
            *self.errors.entry(what).or_default() += odd;
        }
        let live = self.live.iter().map(|one| one.id.as_str()).collect();
        self.live_odds.update(changes, &live, &HashMap::new());
    }

    /// What the histories have by now is not needed beside them.
    fn settle_live_odds(&mut self) {
        let mut histories: HashMap<&str, i64> = self
            .known
            .odds
            .iter()
            .map(|(id, kept)| (*id, kept.at))
            .collect();
        histories.extend(self.odds.keys().map(|id| (id.as_str(), self.now)));
        let live = self.live.iter().map(|one| one.id.as_str()).collect();
        self.live_odds.update(Vec::new(), &live, &histories);
    }

    /// Details of the matches that are not known yet; those that are being played first.
    async fn details(&mut self) -> Result<(), Failure> {
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
        self.carry_out(jobs).await
    }

    /// Odds that are due, and the names that the details ask for.
    async fn odds_and_names(&mut self) -> Result<(), Failure> {
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
    async fn merged_names(&mut self) -> Result<(), Failure> {
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
    ) -> Result<Vec<Job>, Failure> {
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
        let details = self
            .live
            .iter()
            .filter_map(|one| self.detail(&one.id))
            .map(RawValue::get);
        reference_ids(details, kind)
    }

    /// The same with the records that they were merged into.
    fn all_reference_ids(&self, kind: Kind) -> Vec<String> {
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

    fn detail(&self, id: &str) -> Option<&RawValue> {
        self.details
            .get(id)
            .map(|body| &**body)
            .or_else(|| self.known.details.get(id).map(|kept| kept.body))
    }

    /// As many of the jobs (all of one endpoint) as the budget has, the first ones first; none of an endpoint
    /// that the plan does not have.
    fn within_budget(&mut self, mut jobs: Vec<Job>) -> Result<Vec<Job>, Failure> {
        let Some(endpoint) = jobs.first().map(Job::endpoint) else {
            return Ok(jobs);
        };
        if !self.coverage.has(endpoint, self.now) {
            return Ok(Vec::new());
        }
        let granted = self.budget.take(endpoint, jobs.len(), now_ms())?;
        self.fetch.skipped_for_budget += (jobs.len() - granted) as u64;
        jobs.truncate(granted);
        Ok(jobs)
    }

    async fn carry_out(&mut self, jobs: Vec<Job>) -> Result<(), Failure> {
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

    fn put(&mut self, job: Job, body: Box<RawValue>) {
        self.coverage.admit(job.endpoint());
        match job {
            Job::Detail(id) => drop(self.details.insert(id, body)),
            Job::Odds(id) => drop(self.odds.insert(id, body)),
            Job::Name(kind, id) => self.reference.put(kind, id, body, self.now),
        }
    }

    /// Counts a failure; a refusal of everything is the end, an endpoint outside the plan is said once.
    fn note(&mut self, endpoint: Endpoint, why: FetchError) -> Result<(), Failure> {
        match why {
            FetchError::Refused(_) => return Err(why.into_failure(endpoint.path())),
            FetchError::OutOfPlan(_) => {
                if self.coverage.refuse(endpoint, self.now) {
                    log::warn!(
                        "{}: {why}; done without it, asked again every {}",
                        endpoint.path(),
                        self.config.feed.plan_recheck
                    );
                }
            }
            why => {
                let what = format!("{}: {why}", endpoint.path());
                *self.errors.entry(what).or_default() += 1;
            }
        }
        Ok(())
    }

    /// What the pages say, joined to the matches of the live list by the teams' names.
    async fn page_odds(&mut self, visits: pages::Visits<'_>) -> Result<PageOdds, Failure> {
        if visits.is_empty() {
            return Ok(PageOdds::default());
        }
        let anomalies = Anomalies::default();
        let mut games = Vec::new();
        for one in &self.live {
            let row = self
                .detail(&one.id)
                .and_then(|body| detail_row(body.get(), &anomalies));
            let team = |field| row.as_ref().and_then(|row| row.text(field));
            if let (Some(home), Some(away)) = (team("home_team_id"), team("away_team_id")) {
                games.push(pages::Game {
                    id: one.id.clone(),
                    status: one.status,
                    sides: [home, away].map(|id| self.team(&id)),
                });
            }
        }
        let deadline = self.client.deadline();
        let (odds, reports) = visits.finish(&games, self.now, deadline).await?;
        self.fetch.pages = reports;
        Ok(odds)
    }

    fn team(&self, id: &str) -> pages::Team {
        let anomalies = Anomalies::default();
        let mut team = pages::Team {
            ids: vec![id.to_owned()],
            names: Vec::new(),
        };
        while let Some(last) = team.ids.last() {
            let row = self
                .reference
                .get(Kind::Team, last)
                .and_then(|body| detail_row(body.get(), &anomalies));
            let names = ["name", "short_name"].map(|field| row.as_ref()?.text(field));
            team.names
                .extend(names.into_iter().flatten().map(|name| name.into_owned()));
            match self.reference.merged_into(Kind::Team, last) {
                Some(uid) if !team.ids.contains(&uid) => team.ids.push(uid),
                _ => break,
            }
        }
        team
    }

    /// Everything, new where it is new and carried over where it is not.
    fn output<'s>(&'s mut self, live_matches: &'s RawValue, page_odds: PageOdds) -> Output<'s> {
        let odds_live = std::mem::take(&mut self.live_odds);
        let changed = self.changed.take().unwrap_or_default();
        let waiting = |one: &&Live| changed.contains(&one.id) && !self.odds.contains_key(&one.id);
        let waiting = self.live.iter().filter(waiting);
        let mut times = Times {
            details_until: self.details_until,
            odds_waiting: waiting.map(|one| one.id.clone()).collect(),
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
            self.all_reference_ids(kind)
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
            odds_live,
            page_odds,
            team_info: names(Kind::Team),
            competition_info: names(Kind::Competition),
            countries: self.reference.countries(),
        }
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

pub(crate) fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}
