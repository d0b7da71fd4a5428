//! The reference side of the invented world: countries, competitions, teams and players.
//!
//! It is built once from (seed, number of slots). Each slot has six teams of its own, so no team
//! plays two matches at once. A share of the fields is left empty, as the provider leaves them.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::families::Family;
use crate::ids::{Ids, Kind};
use crate::names::{COUNTRIES, LEAGUES, League, Side, Sort};
use crate::rng::{Purpose, Rng};

/// Teams of a slot.
pub(crate) const TEAMS_OF_A_SLOT: u32 = 6;
/// Players of a team.
pub(crate) const SQUAD: u64 = 18;
/// Where the clubs of international competitions come from.
const GUESTS: &[&str] = &["England", "Scotland", "Ireland", "France", "Belgium"];
/// When the reference rows say they were changed.
const UPDATED_AT: i64 = 1_764_000_000;

/// A team.
#[derive(Debug)]
pub(crate) struct Team {
    pub name: String,
    pub short: String,
    /// Log of its strength against the league's average.
    pub strength: f64,
}

/// Everything that does not depend on the time.
#[derive(Debug)]
pub(crate) struct World {
    pub seed: u64,
    pub ids: Ids,
    teams: Vec<Team>,
}

/// The number of the competition that a slot's matches belong to.
pub(crate) const fn league_of_slot(slot: u32) -> usize {
    slot as usize % LEAGUES.len()
}

impl World {
    pub fn new(seed: u64, slots: u32) -> World {
        let mut towns = Towns::default();
        let teams = (0..slots * TEAMS_OF_A_SLOT)
            .map(|index| team(seed, index, &mut towns))
            .collect();
        World {
            seed,
            ids: Ids::new(seed),
            teams,
        }
    }

    /// The team with this number, which must exist.
    pub fn team(&self, index: u32) -> &Team {
        &self.teams[index as usize]
    }

    pub fn teams(&self) -> u32 {
        self.teams.len() as u32
    }

    pub fn team_id(&self, index: u32) -> String {
        self.ids.make(Kind::Team, index, 0)
    }

    pub fn read_team_id(&self, id: &str) -> Option<u32> {
        let (index, part) = self.ids.read(Kind::Team, id)?;
        (part == 0 && index < self.teams()).then_some(index)
    }

    pub fn competition_id(&self, index: usize) -> String {
        self.ids.make(Kind::Competition, index as u32, 0)
    }

    pub fn read_competition_id(&self, id: &str) -> Option<usize> {
        let (index, part) = self.ids.read(Kind::Competition, id)?;
        (part == 0 && (index as usize) < LEAGUES.len()).then_some(index as usize)
    }

    /// Id and name of a team's player.
    pub fn player(&self, team: u32, number: u8) -> (String, String) {
        let family = LEAGUES[league_of_slot(team / TEAMS_OF_A_SLOT)].family;
        let mut rng = Rng::new(
            self.seed,
            Purpose::Team,
            &[u64::from(team), 1, u64::from(number)],
        );
        let name = format!("{} {}", rng.pick(family.first), rng.pick(family.last));
        (self.ids.make(Kind::Player, team, u32::from(number)), name)
    }

    /// A team's row in `team/additional/list`.
    pub fn team_row(&self, index: u32) -> Value {
        let team = self.team(index);
        let slot = index / TEAMS_OF_A_SLOT;
        let league = &LEAGUES[league_of_slot(slot)];
        let mut rng = Rng::new(self.seed, Purpose::Row, &[u64::from(index)]);
        let country = match league.country {
            _ if rng.chance(0.12) => String::new(),
            "" => self.country_id(rng.pick::<&str>(GUESTS)),
            country => self.country_id(country),
        };
        let short = if rng.chance(0.2) { "" } else { &team.short };
        let founded = if rng.chance(0.83) {
            0
        } else {
            rng.range(1893, 2012)
        };
        let squad = if league.depth >= 2 {
            rng.range(22, 31)
        } else {
            0
        };
        let competition = if rng.chance(0.6) {
            String::new()
        } else {
            self.competition_id(league_of_slot(slot))
        };
        let id = self.team_id(index);
        json!({
            "competition_id": competition,
            "country_id": country,
            "name": team.name,
            "short_name": short,
            "logo": logo("team", &id),
            "national": 0,
            "country_logo": "",
            "foundation_time": founded,
            "website": "",
            "coach_id": "",
            "venue_id": self.venue_id(index),
            "market_value": 0,
            "market_value_currency": "",
            "total_players": squad,
            "foreign_players": squad / 6,
            "national_players": 0,
            "virtual": 0,
            "gender": if league.side == Side::Women { 2 } else { 1 },
            "updated_at": UPDATED_AT + rng.range(0, 900_000),
            "id": id,
        })
    }

    /// A team's ground; empty for nearly half of them.
    pub fn venue_id(&self, team: u32) -> String {
        if Rng::new(self.seed, Purpose::Row, &[u64::from(team), 2]).chance(0.45) {
            String::new()
        } else {
            self.ids.make(Kind::Venue, team, 0)
        }
    }

    /// A competition's row in `competition/additional/list`.
    pub fn competition_row(&self, index: usize) -> Value {
        let league = &LEAGUES[index];
        let id = self.competition_id(index);
        json!({
            "category_id": if league.country.is_empty() { String::new() } else { self.category_id() },
            "country_id": self.country_id(league.country),
            "name": league.name,
            "short_name": league.short,
            "logo": logo("competition", &id),
            "type": league.sort as u8,
            "cur_season_id": self.season_id(index),
            "cur_stage_id": "",
            "cur_round": if league.sort == Sort::League { 11 } else { 0 },
            "round_count": if league.sort == Sort::League { 30 } else { 0 },
            "title_holder": [],
            "most_titles": [],
            "newcomers": [],
            "divisions": [],
            "host": {},
            "primary_color": "",
            "secondary_color": "",
            "updated_at": UPDATED_AT + index as i64 * 1000,
            "id": id,
        })
    }

    /// The running season; the less covered competitions have none.
    pub fn season_id(&self, competition: usize) -> String {
        if LEAGUES[competition].depth < 2 {
            String::new()
        } else {
            self.ids.make(Kind::Season, competition as u32, 0)
        }
    }

    /// The rows of `country/list`.
    pub fn country_rows(&self) -> Vec<Value> {
        COUNTRIES
            .iter()
            .enumerate()
            .map(|(n, name)| {
                let id = self.country_id(name);
                json!({
                    "category_id": self.category_id(),
                    "name": name,
                    "logo": logo("country", &id),
                    "updated_at": UPDATED_AT + n as i64,
                    "id": id,
                })
            })
            .collect()
    }

    /// Empty for what is no country.
    fn country_id(&self, name: &str) -> String {
        COUNTRIES
            .iter()
            .position(|country| *country == name)
            .map(|n| self.ids.make(Kind::Country, n as u32, 0))
            .unwrap_or_default()
    }

    fn category_id(&self) -> String {
        self.ids.make(Kind::Category, 0, 0)
    }
}

fn logo(what: &str, id: &str) -> String {
    format!("https://img.sandbox.invalid/football/{what}/{id}.png")
}

fn team(seed: u64, index: u32, towns: &mut Towns) -> Team {
    let slot = index / TEAMS_OF_A_SLOT;
    let league = &LEAGUES[league_of_slot(slot)];
    let town = towns.next(seed, league.family);
    let first_of_league = index.is_multiple_of(TEAMS_OF_A_SLOT) && (slot as usize) < LEAGUES.len();
    let mut rng = Rng::new(seed, Purpose::Team, &[u64::from(index)]);
    let (name, short) = match league.special.filter(|_| first_of_league) {
        Some(special) => (
            special.to_owned(),
            special.split(' ').next().unwrap_or(special).to_owned(),
        ),
        None => (with_side(town.club, league, &mut rng), town.town),
    };
    Team {
        name,
        short,
        strength: rng.normal() * 0.24,
    }
}

/// ` (W)`, ` U19`, ` II`: as the provider writes them, not always the same way.
fn with_side(club: String, league: &League, rng: &mut Rng) -> String {
    match league.side {
        Side::First => club,
        Side::Women if rng.chance(0.3) => format!("{club} (w)"),
        Side::Women => format!("{club} (W)"),
        Side::Youth(age) => format!("{club} {age}"),
        Side::Reserves if rng.chance(0.4) => format!("{club} Reserves"),
        Side::Reserves => format!("{club} II"),
    }
}

struct Town {
    town: String,
    club: String,
}

/// Deals out towns, each once per family and form of club.
#[derive(Default)]
struct Towns(HashMap<&'static str, usize>);

impl Towns {
    fn next(&mut self, seed: u64, family: &'static Family) -> Town {
        // The first stem is as good a name for the family as any.
        let dealt = self.0.entry(family.stems[0]).or_default();
        let turn = *dealt;
        *dealt += 1;
        let (stems, endings) = (family.stems.len(), family.endings.len());
        let all = stems * endings;
        let start = Rng::new(seed, Purpose::Team, &[turn as u64 / all as u64, 9]).next() as usize;
        let place = (turn % all * stride(all) + start % all) % all;
        let town = format!(
            "{}{}",
            family.stems[place % stems],
            family.endings[place / stems]
        );
        let lap = turn / all;
        let form = family.clubs[(place * 7 + lap) % family.clubs.len()];
        let mut club = form.replace("{}", &town);
        if lap >= family.clubs.len() {
            club = format!("{club} {}", lap / family.clubs.len() + 1);
        }
        Town { town, club }
    }
}

/// A step through `all` places that meets each once: near the golden section and prime to `all`.
fn stride(all: usize) -> usize {
    let near = all * 618 / 1000;
    (near..).find(|step| gcd(*step, all) == 1).unwrap_or(1)
}

const fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_team_has_a_name_and_an_id_of_its_own() {
        let world = World::new(3, 2000);
        let names: HashSet<_> = (0..world.teams()).map(|n| &world.team(n).name).collect();
        let ids: HashSet<_> = (0..world.teams()).map(|n| world.team_id(n)).collect();
        assert_eq!(names.len(), 12_000);
        assert_eq!(ids.len(), 12_000);
    }

    #[test]
    fn every_league_s_country_is_in_the_country_list() {
        for league in &LEAGUES {
            assert!(
                league.country.is_empty() || COUNTRIES.contains(&league.country),
                "{}",
                league.country
            );
        }
    }
}
