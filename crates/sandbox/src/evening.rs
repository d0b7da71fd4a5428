//! The evening as a whole: the provider's bodies at any instant.
//!
//! Everything is a pure function of (seed, matches, start, instant). What does not depend on the
//! instant, a match's story and its prices, is made when first asked for and kept in a bounded memory.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use chrono::DateTime;
use serde_json::{Map, Value, json};

use crate::course::{CYCLE, Fixture, Schedule};
use crate::ids::Kind;
use crate::names::LEAGUES;
use crate::odds::Odds;
use crate::rows::{Coverage, View};
use crate::story::Story;
use crate::world::World;

/// How far from now the match list reaches, in seconds.
const REACH: i64 = 30 * 86_400;
/// Rows of a page.
const PAGE: usize = 1000;

/// A simulated football evening that never ends: the matches, their stories and their odds.
#[derive(Debug)]
pub struct Evening {
    world: World,
    schedule: Schedule,
    memory: Mutex<Memory>,
}

/// A match, made once.
#[derive(Debug)]
pub(crate) struct Match {
    pub id: String,
    pub fixture: Fixture,
    pub story: Story,
    coverage: Coverage,
    odds: OnceLock<Odds>,
}

/// The matches made lately, oldest first out.
#[derive(Debug, Default)]
struct Memory {
    matches: HashMap<(u32, i32), Arc<Match>>,
    order: VecDeque<(u32, i32)>,
}

impl Evening {
    /// An evening of `matches` matches at any time (at least one, at most 16,000), anchored at `start`
    /// (unix seconds): from forty matches on, every status of the provider's table occurs there.
    pub fn new(seed: u64, matches: usize, start: i64) -> Evening {
        Evening::with(seed, matches, start, Schedule::new)
    }

    /// An evening of which every match is being played at `start`, and for a quarter of an hour from then.
    pub fn all_live(seed: u64, matches: usize, start: i64) -> Evening {
        Evening::with(seed, matches, start, Schedule::all_live)
    }

    fn with(
        seed: u64,
        matches: usize,
        start: i64,
        schedule: impl Fn(&World, u32, i64) -> Schedule,
    ) -> Evening {
        let slots = matches.clamp(1, 16_000) as u32;
        let world = World::new(seed, slots);
        let schedule = schedule(&world, slots, start);
        Evening {
            world,
            schedule,
            memory: Mutex::default(),
        }
    }

    /// The body of `match/detail_live`.
    pub fn live_matches(&self, now: i64) -> Value {
        let rows = self.listed(now).map(|it| self.view(&it).live_row(now));
        json!({"code": 0, "results": rows.collect::<Vec<_>>()})
    }

    /// The body of `match/recent/list?uuid=`; `None` for an id that is no match of the last or next 30 days.
    pub fn match_detail(&self, id: &str, now: i64) -> Option<Value> {
        let it = self.find(id, now)?;
        Some(one_row("uuid", id, self.view(&it).list_row(now)))
    }

    /// The body of `odds/history?uuid=`, newest first; `results` is empty for the matches that no bookmaker offers.
    pub fn odds_history(&self, id: &str, now: i64) -> Option<Value> {
        let it = self.find(id, now)?;
        let history = it
            .odds(self)
            .history(it.fixture.kickoff, now - it.fixture.kickoff);
        Some(json!({"code": 0, "results": history}))
    }

    /// The same body as text, which is quicker to make.
    pub(crate) fn odds_history_text(&self, id: &str, now: i64) -> Option<Vec<u8>> {
        let it = self.find(id, now)?;
        let history = it
            .odds(self)
            .history(it.fixture.kickoff, now - it.fixture.kickoff);
        let mut body = br#"{"code":0,"results":"#.to_vec();
        serde_json::to_writer(&mut body, &history).ok()?;
        body.push(b'}');
        Some(body)
    }

    /// The body of `team/additional/list?uuid=`.
    pub fn team(&self, id: &str) -> Option<Value> {
        let index = self.world.read_team_id(id)?;
        Some(one_row("uuid", id, self.world.team_row(index)))
    }

    /// The body of `competition/additional/list?uuid=`.
    pub fn competition(&self, id: &str) -> Option<Value> {
        let index = self.world.read_competition_id(id)?;
        Some(one_row("uuid", id, self.world.competition_row(index)))
    }

    /// The body of `country/list`.
    pub fn countries(&self) -> Value {
        json!({"code": 0, "results": self.world.country_rows()})
    }

    /// A whole cycle in the shape of a recording: all bodies that step 1 would fetch at `now`.
    pub fn recording(&self, now: i64) -> Value {
        let matches: Vec<_> = self.listed(now).collect();
        let bodies = |body: &dyn Fn(&Match) -> Option<Value>| {
            let entry = |it: &Arc<Match>| Some((it.id.clone(), body(it)?));
            Value::Object(matches.iter().filter_map(entry).collect())
        };
        let (mut teams, mut competitions) = (Map::new(), Map::new());
        for it in &matches {
            for id in [it.fixture.home, it.fixture.away].map(|team| self.world.team_id(team)) {
                teams.extend(self.team(&id).map(|body| (id, body)));
            }
            let id = self.world.competition_id(it.fixture.league);
            competitions.extend(self.competition(&id).map(|body| (id, body)));
        }
        let timestamp = DateTime::from_timestamp(now, 0).unwrap_or_default();
        let timestamp = timestamp.format("%Y-%m-%dT%H:%M:%S%.6f").to_string();
        // Moved in: `json!` would copy every tick once more.
        let parts = [
            ("timestamp", Value::String(timestamp)),
            ("live_matches", self.live_matches(now)),
            (
                "match_details",
                bodies(&|it| self.match_detail(&it.id, now)),
            ),
            ("match_odds", Value::Object(self.all_odds(&matches, now))),
            ("team_info", Value::Object(teams)),
            ("competition_info", Value::Object(competitions)),
            ("countries", self.countries()),
        ];
        Value::Object(
            parts
                .map(|(key, part)| (key.to_owned(), part))
                .into_iter()
                .collect(),
        )
    }

    /// The odds of `matches` by id; nearly all of a recording's work, so all processors share it.
    fn all_odds(&self, matches: &[Arc<Match>], now: i64) -> Map<String, Value> {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let share = matches.len().div_ceil(workers).max(1);
        let of_share = |share: &[Arc<Match>]| {
            let entry = |it: &Arc<Match>| Some((it.id.clone(), self.odds_history(&it.id, now)?));
            share.iter().filter_map(entry).collect::<Vec<_>>()
        };
        thread::scope(|scope| {
            let workers: Vec<_> = matches
                .chunks(share)
                .map(|share| scope.spawn(move || of_share(share)))
                .collect();
            let joined = workers.into_iter().flat_map(|worker| {
                worker
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            });
            joined.collect()
        })
    }

    /// Rows of `match/recent/list?page=`: the matches before and after those listed, too.
    pub(crate) fn match_page(&self, page: usize, now: i64) -> Vec<Value> {
        let rounds = -2..=3;
        let keys = self.slots().flat_map(|slot| {
            let shown = self.schedule.round_at(slot, now);
            rounds
                .clone()
                .map(move |more: i32| (slot, shown.saturating_add(more)))
        });
        let page = keys
            .skip(page.saturating_sub(1).saturating_mul(PAGE))
            .take(PAGE);
        page.map(|(slot, round)| self.view(&self.get(slot, round)).list_row(now))
            .collect()
    }

    /// Rows of `match/recent/list?time=`: what changed since then, oldest change first.
    pub(crate) fn matches_changed_since(&self, time: i64, now: i64) -> Vec<Value> {
        let slots = self.slots().flat_map(|slot| {
            let shown = self.schedule.round_at(slot, now);
            (-1..=3).map(move |more: i32| (slot, shown.saturating_add(more)))
        });
        let mut rows: Vec<_> = slots
            .map(|(slot, round)| self.get(slot, round))
            .map(|it| (self.view(&it).updated_at(now), it))
            .filter(|(updated_at, _)| (time..=now).contains(updated_at))
            .collect();
        rows.sort_by_key(|(updated_at, _)| *updated_at);
        let rows = rows.iter().take(PAGE);
        rows.map(|(_, it)| self.view(it).list_row(now)).collect()
    }

    /// Rows of `match/diary?tsp=`: the matches announced for the 24 hours after `from`.
    pub(crate) fn diary(&self, from: i64, now: i64) -> Vec<Value> {
        let until = from.saturating_add(86_400);
        let mut rows = Vec::new();
        for slot in self.slots() {
            let first = self.schedule.round_at(slot, from.saturating_sub(CYCLE));
            let last = self.schedule.round_at(slot, until.saturating_add(CYCLE));
            for round in first..=last {
                let it = self.get(slot, round);
                if (from..until).contains(&it.fixture.scheduled) {
                    rows.push((it.fixture.scheduled, self.view(&it).list_row(now)));
                }
            }
        }
        rows.sort_by_key(|(scheduled, _)| *scheduled);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    /// Rows of `team/additional/list?page=`.
    pub(crate) fn team_page(&self, page: usize) -> Vec<Value> {
        let skipped = page.saturating_sub(1).saturating_mul(PAGE);
        let teams = (0..self.world.teams()).skip(skipped).take(PAGE);
        teams.map(|team| self.world.team_row(team)).collect()
    }

    /// Rows of `competition/additional/list?page=`.
    pub(crate) fn competition_page(&self, page: usize) -> Vec<Value> {
        let skipped = page.saturating_sub(1).saturating_mul(PAGE);
        let competitions = (0..LEAGUES.len()).skip(skipped).take(PAGE);
        competitions
            .map(|n| self.world.competition_row(n))
            .collect()
    }

    /// The matches of `match/detail_live` at `now`.
    pub(crate) fn listed(&self, now: i64) -> impl Iterator<Item = Arc<Match>> {
        self.slots()
            .map(move |slot| self.get(slot, self.schedule.round_at(slot, now)))
    }

    fn slots(&self) -> std::ops::Range<u32> {
        0..self.schedule.slots()
    }

    fn view<'m>(&'m self, it: &'m Match) -> View<'m> {
        View {
            world: &self.world,
            fixture: &it.fixture,
            story: &it.story,
            coverage: &it.coverage,
            id: &it.id,
        }
    }

    fn find(&self, id: &str, now: i64) -> Option<Arc<Match>> {
        let (slot, round) = self.world.ids.read(Kind::Match, id)?;
        let round = round as i32;
        let rounds = i64::from(self.schedule_round(slot, now)?) - i64::from(round);
        (rounds.abs() <= REACH / CYCLE).then(|| self.get(slot, round))
    }

    fn schedule_round(&self, slot: u32, now: i64) -> Option<i32> {
        (slot < self.schedule.slots()).then(|| self.schedule.round_at(slot, now))
    }

    /// The match of `slot` in `round`, from memory or made now.
    fn get(&self, slot: u32, round: i32) -> Arc<Match> {
        let lock = || self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().matches.get(&(slot, round)) {
            return Arc::clone(known);
        }
        let made = Arc::new(Match::new(&self.world, &self.schedule, slot, round));
        lock().keep(made, self.schedule.slots() as usize * 8 + 64)
    }
}

impl Memory {
    /// Keeps `made`, unless somebody else was faster; forgets the oldest beyond `most`.
    fn keep(&mut self, made: Arc<Match>, most: usize) -> Arc<Match> {
        let key = (made.fixture.slot, made.fixture.round);
        if let Some(known) = self.matches.get(&key) {
            return Arc::clone(known);
        }
        if self.order.len() >= most
            && let Some(oldest) = self.order.pop_front()
        {
            self.matches.remove(&oldest);
        }
        self.order.push_back(key);
        self.matches.insert(key, Arc::clone(&made));
        made
    }
}

impl Match {
    fn new(world: &World, schedule: &Schedule, slot: u32, round: i32) -> Match {
        let fixture = schedule.fixture(world, slot, round);
        Match {
            id: world.ids.make(Kind::Match, slot, round as u32),
            story: Story::of(world, &fixture),
            coverage: Coverage::of(world, &fixture),
            fixture,
            odds: OnceLock::new(),
        }
    }

    pub(crate) fn odds(&self, evening: &Evening) -> &Odds {
        self.odds.get_or_init(|| {
            if self.coverage.odds {
                Odds::of(&evening.world, &self.fixture, &self.story)
            } else {
                Odds::none()
            }
        })
    }
}

/// A list body with one row, asked for by `kind` = `value`.
fn one_row(kind: &str, value: &str, row: Value) -> Value {
    json!({"code": 0, "query": {"total": 1, "type": kind, kind: value}, "results": [row]})
}
