//! A match as the feed's rows: the live list's and the match list's.
//!
//! The provider leaves much empty, for small competitions above all; the shares of what is missing
//! here follow a real evening. A few rows of the match list lag behind the live list, as there.

use serde_json::{Map, Value, json};

use crate::course::{Course, Fixture};
use crate::ids::Kind;
use crate::names::LEAGUES;
use crate::rng::{Purpose, Rng, mix};
use crate::snapshot::{self, CORNERS, EXTRA_TIME, KICKS, Scores};
use crate::story::{Event, Side, Story, What, minute};
use crate::world::World;

/// What is said, and what is left out, about one match.
#[derive(Clone, Debug)]
pub(crate) struct Coverage {
    stats: bool,
    environment: bool,
    players: bool,
    corners: bool,
    lineup: bool,
    pub odds: bool,
    /// How many seconds the match list is behind the live list.
    lag: i64,
}

impl Coverage {
    pub fn of(world: &World, fixture: &Fixture) -> Coverage {
        let mut rng = Rng::new(world.seed, Purpose::Row, &fixture.key());
        let depth = LEAGUES[fixture.league].depth;
        let by_depth = |shares: [f64; 4]| shares[usize::from(depth.min(3))];
        Coverage {
            stats: rng.chance(by_depth([0.15, 0.6, 0.9, 0.98])),
            environment: rng.chance(0.75),
            players: rng.chance(by_depth([0.05, 0.4, 0.7, 0.9])),
            corners: !rng.chance(by_depth([0.25, 0.1, 0.02, 0.0])),
            lineup: rng.chance(by_depth([0.0, 0.1, 0.5, 0.95])),
            odds: rng.chance(by_depth([0.55, 0.85, 0.95, 0.98])),
            lag: if rng.chance(0.1) {
                rng.range(90, 360)
            } else {
                0
            },
        }
    }
}

/// A match with all it takes to describe it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'m> {
    pub world: &'m World,
    pub fixture: &'m Fixture,
    pub story: &'m Story,
    pub coverage: &'m Coverage,
    pub id: &'m str,
}

impl View<'_> {
    /// The row of `match/detail_live`.
    pub fn live_row(&self, now: i64) -> Value {
        let t = now - self.fixture.kickoff;
        let [home, away] = self.scores(t);
        let kickoff = snapshot::period_kickoff(self.story, t)
            .map_or(0, |second| second + self.fixture.kickoff);
        json!({
            "id": self.id,
            "score": [self.id, self.story.phase_at(t).status, home, away, kickoff, ""],
            "stats": self.stats(t),
            "incidents": self.incidents(t),
            "tlive": [],
        })
    }

    /// The row of `match/recent/list`.
    pub fn list_row(&self, now: i64) -> Value {
        let (world, fixture) = (self.world, self.fixture);
        let t = now - fixture.kickoff;
        let status = self.story.phase_at(t).status;
        let in_play = matches!(status, 2 | 4 | 5);
        let [home, away] = self.scores(if in_play { t - self.coverage.lag } else { t });
        let mut row = Map::new();
        let mut put = |key: &str, value: Value| drop(row.insert(key.to_owned(), value));
        put("id", json!(self.id));
        put("season_id", json!(world.season_id(fixture.league)));
        put(
            "competition_id",
            json!(world.competition_id(fixture.league)),
        );
        put("home_team_id", json!(world.team_id(fixture.home)));
        put("away_team_id", json!(world.team_id(fixture.away)));
        put("status_id", json!(status));
        put("match_time", json!(fixture.scheduled));
        put("venue_id", json!(world.venue_id(fixture.home)));
        put("referee_id", json!(self.referee_id()));
        put("neutral", json!(u8::from(fixture.neutral)));
        put("note", json!(self.note(status, &home, &away)));
        put("home_scores", json!(home));
        put("away_scores", json!(away));
        put("home_position", json!(self.position(fixture.home)));
        put("away_position", json!(self.position(fixture.away)));
        let (mlive, lineup) = (
            u8::from(self.coverage.stats),
            u8::from(self.coverage.lineup),
        );
        put("coverage", json!({"mlive": mlive, "lineup": lineup}));
        put("round", self.round());
        put("updated_at", json!(self.updated_at(now)));
        row.extend(self.optional_fields(t, &home, &away));
        Value::Object(row)
    }

    /// Fields of the match list that most rows don't have.
    fn optional_fields(&self, t: i64, home: &Scores, away: &Scores) -> Map<String, Value> {
        let (world, fixture) = (self.world, self.fixture);
        let phases = &self.story.phases;
        let mut row = Map::new();
        let mut put = |key: &str, value: Value| drop(row.insert(key.to_owned(), value));
        if self.coverage.environment {
            put("environment", self.environment());
        }
        if fixture.course == Course::ToBeDetermined {
            put("tbd", json!(1));
        }
        if phases
            .iter()
            .any(|p| matches!(p.status, 5 | 7) && p.from <= t)
        {
            put("has_ot", json!(1));
        }
        if self.story.phase_at(t).status == 8 {
            put("ended", json!(self.story.end() + fixture.kickoff));
        }
        if let Some((first_home, first_away)) = fixture.first_leg {
            let long_ago = fixture.round as u32 ^ 1 << 31;
            let other = world.ids.make(Kind::Match, fixture.slot, long_ago);
            let total = |first: u8, own: &Scores| i64::from(first) + own[0].max(own[EXTRA_TIME]);
            put("related_id", json!(other));
            put(
                "agg_score",
                json!([total(first_home, home), total(first_away, away)]),
            );
        }
        row
    }

    /// When the match last changed.
    pub fn updated_at(&self, now: i64) -> i64 {
        let t = now - self.fixture.kickoff;
        let phase = self.story.phase_at(t).from;
        let events = self.story.events.iter();
        let event = events
            .flat_map(|event| [Some(event.at), event.withdrawn])
            .flatten()
            .filter(|at| *at <= t)
            .max();
        let announced = (self.fixture.scheduled - self.fixture.kickoff - 3 * 86_400).min(t);
        self.fixture.kickoff + phase.max(event.unwrap_or(announced)).max(announced)
    }

    fn scores(&self, t: i64) -> [Scores; 2] {
        let mut scores = snapshot::scores(self.story, t);
        if !self.coverage.corners {
            scores[0][CORNERS] = -1;
            scores[1][CORNERS] = -1;
        }
        scores
    }

    fn hash(&self, part: u64) -> u64 {
        mix(self.world.seed ^ mix(self.fixture.key()[0] << 32 ^ self.fixture.key()[1] ^ part << 56))
    }

    fn referee_id(&self) -> String {
        if self.hash(1).is_multiple_of(33) {
            self.world.ids.make(Kind::Referee, self.fixture.slot, 0)
        } else {
            String::new()
        }
    }

    /// The place in the table, as text; half of the rows have none.
    fn position(&self, team: u32) -> String {
        let league = &LEAGUES[self.fixture.league];
        if league.depth < 2 || league.sort != crate::names::Sort::League {
            String::new()
        } else {
            (mix(u64::from(team)) % 16 + 1).to_string()
        }
    }

    fn round(&self) -> Value {
        let season = self.world.season_id(self.fixture.league);
        let stage = if season.is_empty() {
            season
        } else {
            self.world
                .ids
                .make(Kind::Stage, self.fixture.league as u32, 0)
        };
        let number = if stage.is_empty() {
            0
        } else {
            11 + self.fixture.round.rem_euclid(19)
        };
        json!({"stage_id": stage, "round_num": number, "group_num": 0})
    }

    fn note(&self, status: u8, home: &Scores, away: &Scores) -> String {
        if status != 8 || !self.story.phases.iter().any(|p| matches!(p.status, 5 | 7)) {
            return String::new();
        }
        let mut note = format!("FT[{}-{}]", home[0], away[0]);
        if home[EXTRA_TIME] + away[EXTRA_TIME] > home[0] + away[0] {
            note += &format!(",AET[{}-{}]", home[EXTRA_TIME], away[EXTRA_TIME]);
        }
        if home[KICKS] + away[KICKS] > 0 {
            note += &format!(",PEN[{}-{}]", home[KICKS], away[KICKS]);
        }
        let total =
            |own: &Scores, first: u8| own[EXTRA_TIME].max(own[0]) + own[KICKS] + i64::from(first);
        let (first_home, first_away) = self.fixture.first_leg.unwrap_or_default();
        let winner = if total(home, first_home) > total(away, first_away) {
            self.fixture.home
        } else {
            self.fixture.away
        };
        format!("{note},{} win", self.world.team(winner).name)
    }

    fn environment(&self) -> Value {
        let mut rng = Rng::new(self.world.seed, Purpose::Row, &[self.hash(3)]);
        let weather = rng.range(1, 13);
        let temperature = if weather == 4 {
            rng.range(-6, 1)
        } else {
            rng.range(3, 31)
        };
        json!({
            "weather": weather,
            "pressure": format!("{}mmHg", rng.range(742, 768)),
            "temperature": format!("{temperature}°C"),
            "wind": format!("{:.1}m/s", rng.between(0.0, 3.2) * rng.between(0.4, 3.4)),
            "humidity": format!("{}%", rng.range(31, 97)),
        })
    }

    fn incidents(&self, t: i64) -> Vec<Value> {
        let mut goals = [0u8; 2];
        let mut kicks = [0u8; 2];
        let shown = |event: &&Event| event.stands_at(t) && event.what != What::Corner;
        self.story
            .events
            .iter()
            .filter(shown)
            .filter_map(|event| {
                let side = usize::from(event.side == Side::Away);
                goals[side] += u8::from(event.what.is_goal());
                kicks[side] += u8::from(event.what == What::KickScored);
                let kick = matches!(event.what, What::KickScored | What::KickMissed);
                self.incident(event, if kick { kicks } else { goals })
            })
            .collect()
    }

    /// One incident; `None` for what a thinly covered match does not tell.
    fn incident(&self, event: &Event, score: [u8; 2]) -> Option<Value> {
        let depth = LEAGUES[self.fixture.league].depth;
        if depth == 0 && matches!(event.what, What::Substitution | What::Yellow) {
            return None;
        }
        let mut row = Map::new();
        let mut put = |key: &str, value: Value| drop(row.insert(key.to_owned(), value));
        let phase = self.story.phase_at(event.at);
        let (minute, beyond) = match event.what {
            What::HalfTime => (45, 0),
            What::End | What::InjuryTime => {
                minute(self.story.phase_at(event.at - 60), event.at - 60).unwrap_or((90, 0))
            }
            What::OvertimeOver | What::KicksOver | What::KickScored | What::KickMissed => (120, 0),
            _ => minute(phase, event.at).unwrap_or((45, 0)),
        };
        put("type", json!(event.what as u8));
        put("position", json!(event.side as u8));
        put("time", json!(minute));
        if event.what == What::InjuryTime {
            put("add_time", json!(event.detail));
        } else if beyond > 0 && event.what != What::End {
            put("add_time", json!(beyond));
        }
        self.people(event, &mut put);
        if event.what.is_goal() || matches!(event.what, What::KickScored | What::KickMissed) {
            put("home_score", json!(score[0]));
            put("away_score", json!(score[1]));
        }
        if event.what == What::Var {
            put("var_reason", json!(event.detail / 16));
            put("var_result", json!(event.detail % 16));
        }
        if matches!(event.what, What::Yellow | What::Red) && depth == 3 {
            put(
                "reason_type",
                json!([1, 1, 1, 15, 18, 19][(event.at % 6) as usize]),
            );
        }
        Some(Value::Object(row))
    }

    fn people(&self, event: &Event, put: &mut impl FnMut(&str, Value)) {
        let always = event.what == What::Substitution;
        if !always && !self.coverage.players {
            return;
        }
        let team = |side: Side| match side {
            Side::Away => self.fixture.away,
            _ => self.fixture.home,
        };
        let scorer_side = if event.what == What::OwnGoal {
            event.side.other()
        } else {
            event.side
        };
        let mut person = |role: &str, number: Option<u8>| {
            if let Some(number) = number {
                let (id, name) = self.world.player(team(scorer_side), number);
                put(&format!("{role}_id"), json!(id));
                put(&format!("{role}_name"), json!(name));
            }
        };
        if always {
            person("in_player", event.player);
            person("out_player", event.other);
        } else {
            person("player", event.player);
            person("assist1", event.other);
        }
    }

    /// Technical statistics: what the score has, and attacks and shots that grow with the time played.
    fn stats(&self, t: i64) -> Vec<Value> {
        let played = self.played_minutes(t);
        if !self.coverage.stats || played == 0 {
            return Vec::new();
        }
        let mut rng = Rng::new(self.world.seed, Purpose::Row, &[self.hash(4)]);
        let [home, away] = self.scores(t);
        let share = rng.between(0.38, 0.62);
        let mut counted = |a_minute: f64| {
            let even = rng.between(0.8, 1.2);
            let grown = |share: f64| (a_minute * share * 2.0 * even * f64::from(played)) as i64;
            [grown(share), grown(1.0 - share)]
        };
        let (attacks, dangerous) = (counted(1.05), counted(0.55));
        let (on_target, off_target) = (counted(0.035), counted(0.06));
        let swing = (self.hash(5 + (t.min(self.story.end()) / 300).unsigned_abs()) % 9) as i64 - 4;
        let possession = (share * 100.0) as i64 + swing;
        let penalties = |side: Side| {
            let events = self.story.events.iter();
            events
                .filter(|e| e.what == What::Penalty && e.side == side && e.stands_at(t))
                .count() as i64
        };
        let corners = |own: &Scores| own[CORNERS].max(0);
        let row =
            |kind: u8, home: i64, away: i64| json!({"type": kind, "home": home, "away": away});
        vec![
            row(22, off_target[0], off_target[1]),
            row(24, dangerous[0], dangerous[1]),
            row(2, corners(&home), corners(&away)),
            row(23, attacks[0], attacks[1]),
            row(25, possession, 100 - possession),
            row(3, home[3], away[3]),
            row(8, penalties(Side::Home), penalties(Side::Away)),
            row(21, on_target[0] + home[0], on_target[1] + away[0]),
            row(4, home[2], away[2]),
        ]
    }

    /// Minutes of play until `t`, breaks left out.
    fn played_minutes(&self, t: i64) -> u32 {
        let phases = &self.story.phases;
        let seconds: i64 = phases
            .iter()
            .enumerate()
            .filter(|(_, phase)| matches!(phase.status, 2 | 4 | 5) && phase.from < t)
            .map(|(n, phase)| phases.get(n + 1).map_or(t, |next| next.from.min(t)) - phase.from)
            .sum();
        u32::try_from(seconds / 60).unwrap_or(0)
    }
}
