//! What concerns many matches at once: changed details, odds, teams and competitions, asked while the live
//! list is under way, since none of it depends on that list.

use std::collections::{HashMap, HashSet};

use feed::endpoint::Endpoint;
use feed::row::{Anomalies, Row};
use pipeline::Failure;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::Cycle;
use crate::budget::now_ms;
use crate::changes::{self, Changes};
use crate::error::FetchError;
use crate::odds_live::LiveOdds;
use crate::reference::Kind;

/// The share of the step's time that these questions may take: who keeps silent about one of them must not cost
/// the details and the odds of all matches.
const THEIR_SHARE: u32 = 3;

/// An answer, where the question was asked.
type Answer<T> = Option<Result<T, FetchError>>;

/// What was answered about many at once.
pub(super) struct Answers {
    details: Answer<Changes>,
    teams: Answer<Changes>,
    competitions: Answer<Changes>,
    updates: Answer<Box<RawValue>>,
    live: Answer<Box<RawValue>>,
    countries: Answer<Box<RawValue>>,
}

impl Cycle<'_> {
    /// Asks what concerns many at once: changed details, odds, teams and competitions; countries.
    pub(super) async fn ask_about_many(&self) -> Answers {
        let newest = self.known.changes_since(self.now);
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
    pub(super) async fn take(&mut self, answers: Answers) -> Result<(), Failure> {
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
            Some(Ok(changes)) => {
                self.take_changed_details(&changes);
                self.details_at = if changes.complete {
                    Some(self.now)
                } else {
                    self.known.details_at
                };
            }
            // Without the changes every detail is as old as it was; the live list has the scores.
            other => {
                self.details_until = self.known.newest_update();
                self.details_at = self.known.details_at;
                self.note_if_failed(Endpoint::RecentList, other)?;
            }
        }
        for (kind, answer) in [(Kind::Team, teams), (Kind::Competition, competitions)] {
            match answer {
                Some(Ok(changes)) => {
                    self.reference.take_changes(kind, &changes.rows(), self.now);
                    let until = changes::believed(changes.until, self.now);
                    self.reference
                        .looked(kind, until, changes.complete, self.now);
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
        Some(self.in_time(self.client.get(endpoint, &[])).await)
    }

    async fn changes_since(&self, endpoint: Endpoint, since: Option<i64>) -> Answer<Changes> {
        let since = since.filter(|_| self.coverage.has(endpoint, self.now))?;
        Some(
            self.in_time(changes::since(self.client, endpoint, since))
                .await,
        )
    }

    /// An answer that comes in the time that is for these questions.
    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        let time = self.config.feed.deadline.0 / THEIR_SHARE;
        timeout(time, answer).await.unwrap_or_else(|_| {
            Err(FetchError::transient(
                "no answer in the third of [feed] deadline that may be spent on it",
            ))
        })
    }

    fn note_if_failed<T>(&mut self, endpoint: Endpoint, answer: Answer<T>) -> Result<(), Failure> {
        match answer {
            Some(Err(why)) => self.note(endpoint, why),
            _ => Ok(()),
        }
    }

    /// Rows of `match/recent/list?time=`; each becomes the body that `uuid=` would have given.
    fn take_changed_details(&mut self, changes: &Changes) {
        self.details_until = Some(changes::believed(changes.until, self.now));
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
    pub(super) fn settle_live_odds(&mut self) {
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
}
