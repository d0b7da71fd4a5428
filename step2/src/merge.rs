//! The merge: one record per entry of the live list.

use std::collections::{HashMap, HashSet};

use feed::codes;
use feed::envelope;
use feed::index::Marks;
use feed::json::Cursor;
use feed::odds::TIMES;
use feed::row::{self, Anomalies, Row};
use feed::score::{self, Score};
use football::{parse_humidity, parse_pressure, parse_temperature, parse_wind};
use pipeline::{Failure, Text};

use crate::cycle::{Bodies, Books, Cycle, read_books};
use crate::record::{Environment, Incident, Match, Output, Rejected, Side, Stat};

/// The whole list. Fails only when there is no live list to speak of.
pub(crate) fn merge<'a>(
    mut cycle: Cycle<'a>,
    wants: impl Fn(&str) -> bool,
) -> Result<Output<'a>, Failure> {
    let anomalies = std::mem::take(&mut cycle.anomalies);
    let body = cycle.live.ok_or_else(|| {
        Failure::bad_input("the input has no `live_matches` (no live list was fetched)")
    })?;
    let results = envelope::results(body).map_err(|why| {
        Failure::bad_input(format!("the input's `live_matches` can't be used: {why}"))
    })?;
    let merger = Merger {
        countries: countries(cycle.countries, &anomalies),
        anomalies: &anomalies,
    };
    let (mut matches, mut rejected, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
    for raw in row::list(results, "live_matches", &anomalies) {
        let (id, live) = match identify(raw, &anomalies) {
            Ok(found) => found,
            Err(reason) => {
                rejected.push(Rejected {
                    match_id: Text::from(""),
                    reason: Text::from(reason),
                });
                continue;
            }
        };
        if !wants(&id) {
            continue;
        }
        let merged = if seen.insert(id.clone()) {
            merger.one(&id, &live, &mut cycle)
        } else {
            Err("its id occurs twice in the live list")
        };
        match merged {
            Ok(one) => matches.push((id, one)),
            Err(reason) => rejected.push(Rejected {
                match_id: id,
                reason: Text::from(reason),
            }),
        }
    }
    Ok(Output {
        total_matches: matches.len(),
        rejected,
        matches: matches.into_iter().collect(),
        anomalies: anomalies.into_counts(),
        page_books: cycle.page_books,
    })
}

fn identify<'a, 'n>(
    raw: &'a str,
    anomalies: &'n Anomalies,
) -> Result<(Text<'a>, Row<'a, 'n>), &'static str> {
    let row = Row::parse(raw, anomalies).map_err(|_| "its entry in the live list is no object")?;
    let id = row
        .text("id")
        .ok_or("its entry in the live list has no id")?;
    Ok((Text(id), row))
}

/// Names by id from a `country/list` body.
fn countries<'a>(body: Option<&'a str>, anomalies: &Anomalies) -> HashMap<Text<'a>, Text<'a>> {
    let Some(results) = body.and_then(|body| envelope::results(body).ok()) else {
        return HashMap::new();
    };
    row::list(results, "countries", anomalies)
        .into_iter()
        .filter_map(|raw| {
            let row = Row::parse(raw, anomalies).ok()?;
            Some((Text(row.text("id")?), Text(row.text("name")?)))
        })
        .collect()
}

struct Merger<'a, 'n> {
    countries: HashMap<Text<'a>, Text<'a>>,
    anomalies: &'n Anomalies,
}

impl<'a> Merger<'a, '_> {
    fn one(
        &self,
        id: &Text<'a>,
        live: &Row<'a, '_>,
        cycle: &mut Cycle<'a>,
    ) -> Result<Match<'a>, &'static str> {
        let detail = self.record(&cycle.details, id, "match details");
        let score = self
            .score(live, detail.as_ref())
            .ok_or("neither the live list nor the details tell its status")?;
        let field = |name: &str| detail.as_ref().and_then(|row| row.text(name)).map(Text);
        let competition_id = field("competition_id");
        let competition = competition_id
            .as_ref()
            .and_then(|id| self.reference(&cycle.competitions, id, "competition"));
        let country_id = competition.as_ref().and_then(|row| row.text("country_id"));
        let (home_team_id, away_team_id) = (field("home_team_id"), field("away_team_id"));
        let odds = self.odds(id, cycle);
        Ok(Match {
            match_id: id.clone(),
            status_id: score.status.unwrap_or(0),
            kickoff: detail
                .as_ref()
                .and_then(|row| row.int("match_time"))
                .filter(|at| TIMES.contains(at)),
            period_kickoff: score.period_kickoff,
            competition: competition
                .as_ref()
                .and_then(|row| row.text("name"))
                .map(Text),
            competition_id,
            country: country_id.and_then(|id| self.countries.get(&Text(id)).cloned()),
            home_team: self.team_name(&cycle.teams, home_team_id.as_ref()),
            away_team: self.team_name(&cycle.teams, away_team_id.as_ref()),
            home_team_id,
            away_team_id,
            venue_id: field("venue_id"),
            neutral: detail.as_ref().and_then(|row| row.int("neutral")) == Some(1),
            note: field("note"),
            home_scores: score.home,
            away_scores: score.away,
            aggregate: detail
                .as_ref()
                .and_then(|row| self.pair(&row.list("agg_score"))),
            updated_at: detail.as_ref().and_then(|row| row.int("updated_at")),
            environment: detail
                .as_ref()
                .and_then(|row| row.object("environment"))
                .map(|row| environment(&row)),
            stats: live
                .list("stats")
                .into_iter()
                .filter_map(|raw| self.stat(raw))
                .collect(),
            incidents: live
                .list("incidents")
                .into_iter()
                .filter_map(|raw| self.incident(raw))
                .collect(),
            ticks: odds
                .iter()
                .flat_map(|(_, book)| book.all())
                .map(|series| series.ticks)
                .sum(),
            bookmakers: odds
                .iter()
                .filter(|(_, book)| book.all().any(|series| series.valid))
                .map(|(id, _)| *id)
                .collect(),
            odds,
        })
    }

    /// The row for `id` in the body that was asked for with it. The provider ignores parameters that it
    /// does not know and then sends something else: the row must carry the id.
    fn record<'n>(&'n self, bodies: &Bodies<'a>, id: &Text<'a>, name: &str) -> Option<Row<'a, 'n>> {
        let body = bodies.get(id)?;
        let results = match envelope::results(body) {
            Ok(results) => results,
            Err(why) => {
                self.anomalies.note(name, &why.to_string());
                return None;
            }
        };
        let is_it = |row: &Row<'a, 'n>| row.text("id").is_some_and(|found| found == id.as_str());
        // One row, where the provider sends it without its list.
        if let Ok(row) = Row::parse(results, self.anomalies)
            && is_it(&row)
        {
            self.anomalies.note(name, "a row for a list");
            return Some(row);
        }
        let rows = row::list(results, name, self.anomalies);
        let parsed = rows
            .iter()
            .filter_map(|raw| Row::parse(raw, self.anomalies).ok());
        let found = parsed.into_iter().find(is_it);
        if found.is_none() && !rows.is_empty() {
            self.anomalies.note(name, "another id than asked for");
        }
        found
    }

    /// The record for `id`, or the one that the provider merged it into (`uid`).
    fn reference<'n>(
        &'n self,
        bodies: &Bodies<'a>,
        id: &Text<'a>,
        name: &str,
    ) -> Option<Row<'a, 'n>> {
        let mut record = self.record(bodies, id, name)?;
        // One that was merged into one that was merged; more than that is a circle.
        for _ in 0..3 {
            let target = record.text("uid").filter(|uid| uid != id.as_str());
            match target.and_then(|uid| self.record(bodies, &Text(uid), name)) {
                Some(next) => record = next,
                None => break,
            }
        }
        Some(record)
    }

    fn team_name(&self, teams: &Bodies<'a>, id: Option<&Text<'a>>) -> Option<Text<'a>> {
        self.reference(teams, id?, "team")?.text("name").map(Text)
    }

    /// The live list wins over the details, as a whole: the two race, and a goal that VAR took back must
    /// not come back from the older one.
    fn score(&self, live: &Row<'a, '_>, detail: Option<&Row<'a, '_>>) -> Option<Score> {
        let from_live = live
            .raw("score")
            .and_then(|raw| Score::parse(raw, self.anomalies).ok())
            .unwrap_or_default();
        if from_live.status.is_some() && from_live.counted {
            return Some(from_live);
        }
        self.anomalies.note("score", "missing in the live list");
        let side = |name| {
            detail
                .and_then(|row| row.raw(name))
                .map(|raw| score::scores(raw, self.anomalies))
                .unwrap_or_default()
        };
        let status = from_live
            .status
            .or_else(|| detail.and_then(|row| row.int("status_id")))?;
        Some(Score {
            status: Some(status),
            home: side("home_scores"),
            away: side("away_scores"),
            ..from_live
        })
    }

    fn odds(&self, id: &Text<'a>, cycle: &mut Cycle<'a>) -> Books<'a> {
        let mut books = match cycle.odds.remove(id) {
            Some(Ok(books)) => books,
            Some(Err(why)) => {
                self.anomalies.note("odds", &why.to_string());
                Books::default()
            }
            None => Books::default(),
        };
        if let Some(newer) = self.more_books(&cycle.odds_live, id, false) {
            for (company, changes) in newer.0 {
                match books.0.iter_mut().find(|(known, _)| *known == company) {
                    Some((_, book)) => book.add_newer(changes),
                    None => books.0.push((company, changes.without_beginning())),
                }
            }
        }
        if let Some(pages) = self.more_books(&cycle.page_odds, id, true) {
            let pages = pages.0.into_iter();
            books
                .0
                .extend(pages.map(|(id, book)| (id, book.without_beginning())));
        }
        books
    }

    /// Odds that stand beside the histories; ours, so what can't be read is none.
    fn more_books(&self, all: &Bodies<'a>, id: &Text<'a>, pages: bool) -> Option<Books<'a>> {
        let mut cursor = Cursor::new(all.get(id)?);
        read_books(&mut cursor, pages, &mut Marks::default(), self.anomalies).ok()
    }

    fn pair(&self, elements: &[&str]) -> Option<[i64; 2]> {
        let [home, away] = elements else { return None };
        let goals = |raw| row::int(raw, "pair", self.anomalies).filter(|n| *n >= 0);
        Some([goals(home)?, goals(away)?])
    }

    fn stat(&self, raw: &str) -> Option<Stat> {
        let row = Row::parse(raw, self.anomalies).ok()?;
        Some(Stat {
            kind: row.int("type")?,
            home: row.int("home"),
            away: row.int("away"),
        })
    }

    fn incident(&self, raw: &'a str) -> Option<Incident<'a>> {
        let row = Row::parse(raw, self.anomalies).ok()?;
        let kind = row.int("type")?;
        Some(Incident {
            kind,
            what: Text(codes::incident(kind)),
            side: match row.int("position") {
                Some(1) => Some(Side::Home),
                Some(2) => Some(Side::Away),
                _ => None,
            },
            minute: row.int("time"),
            added: row.int("add_time"),
            player: row
                .text("player_name")
                .or_else(|| row.text("in_player_name"))
                .map(Text),
            score: row
                .int("home_score")
                .zip(row.int("away_score"))
                .map(|(home, away)| [home, away]),
            var_result: row.int("var_result"),
        })
    }
}

fn environment(row: &Row<'_, '_>) -> Environment {
    let parsed =
        |name: &str, parse: fn(&str) -> Option<f64>| row.text(name).and_then(|text| parse(&text));
    Environment {
        weather_id: row.int("weather").filter(|id| *id >= 0),
        temperature_c: parsed("temperature", parse_temperature),
        wind_mps: parsed("wind", parse_wind),
        humidity_pct: parsed("humidity", parse_humidity),
        pressure_hpa: parsed("pressure", parse_pressure),
    }
}
