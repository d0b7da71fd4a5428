//! The document of a cycle: what is new, what is carried over, and the odds of the pages.

use feed::row::Anomalies;
use pipeline::{Failure, Listed};
use serde_json::value::RawValue;

use super::Cycle;
use crate::bodies::{Kept, Times, detail_row};
use crate::output::Output;
use crate::pages::{self, PageOdds};
use crate::plan::Live;
use crate::reference::Kind;

impl Cycle<'_> {
    /// What the pages say, joined to the matches of the live list by the teams' names.
    pub(super) async fn page_odds(
        &mut self,
        visits: pages::Visits<'_>,
    ) -> Result<PageOdds, Failure> {
        if visits.is_empty() {
            return Ok(PageOdds::default());
        }
        let anomalies = Anomalies::default();
        let mut games = Vec::new();
        for one in &self.live {
            let row = self
                .detail(&one.id)
                .and_then(|body| detail_row(body, &anomalies));
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
    pub(super) fn output<'s>(
        &'s mut self,
        live_matches: &'s RawValue,
        page_odds: PageOdds,
    ) -> Output<'s> {
        let odds_live = std::mem::take(&mut self.live_odds);
        let changed = self.changed.take().unwrap_or_default();
        let waiting = |one: &&Live| changed.contains(&one.id) && !self.odds.contains_key(&one.id);
        let waiting = self.live.iter().filter(waiting);
        let mut times = Times {
            details_until: self.details_until,
            details_at: self.details_at,
            odds_waiting: waiting.map(|one| one.id.clone()).collect(),
            ..Times::default()
        };
        let carried = |kept: Option<&Kept<'s>>| kept.and_then(|kept| Some((kept.raw()?, kept.at)));
        let (mut details, mut odds) = (Listed::default(), Listed::default());
        for Live { id, .. } in &self.live {
            let kept = self.known.details.get(id.as_str());
            let new = self.details.get(id).map(|body| (&**body, self.now));
            // A body that `time=` did not name is as current as the question.
            if let Some((body, at)) = new.or_else(|| carried(kept)) {
                times.details.insert(id.clone(), at);
                details.0.push((id.clone(), body));
            }
            let kept = self.known.odds.get(id.as_str());
            let new = self.odds.get(id).map(|body| (&**body, self.now));
            if let Some((body, at)) = new.or_else(|| carried(kept)) {
                times.odds.insert(id.clone(), at);
                odds.0.push((id.clone(), body));
            }
        }
        let playing = self.live.iter().filter(|one| one.playing());
        let playing = playing.map(|one| one.id.as_str());
        (self.fetch.live_odds_age_s, self.fetch.schedule_age_s) = times.ages(playing, self.now);
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
