//! Faults on demand: what can go wrong with this provider, by name, and who is hit by it.
//!
//! A [`Rule`] is a fault, a share of the requests and perhaps an endpoint. Which requests are hit depends
//! on the seed, on what is asked and on how often it was asked before; never on the order of requests that
//! run at the same time. What a fault does to an answer stands in [`act`] and [`bodies`].

mod act;
mod bodies;
mod fault;

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::ask::Ask;
use super::latency::Latency;
use crate::rng::{Purpose, Rng, mix};

pub(super) use act::{Outcome, act};
pub use fault::{FAULTS, Fault, table};

/// The endpoints that a rule may name.
pub const ENDPOINTS: [&str; 11] = [
    "match/detail_live",
    "match/recent/list",
    "match/diary",
    "odds/history",
    "odds/live",
    "odds/update",
    "team/additional/list",
    "competition/additional/list",
    "country/list",
    "data/update",
    "deleted",
];

/// `NAME:SHARE[:ENDPOINT]`, such as `503-html:5%:odds/history`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    fault: Fault,
    /// 0 to 1.
    share: f64,
    endpoint: Option<&'static str>,
}

impl FromStr for Rule {
    type Err = String;

    fn from_str(text: &str) -> Result<Rule, String> {
        let mut parts = text.trim().splitn(3, ':');
        let (name, share) = (parts.next().unwrap_or_default(), parts.next());
        let known = FAULTS.iter().find(|(_, known, _)| *known == name);
        let (fault, _, _) = known.ok_or_else(|| {
            format!("there is no fault `{name}`; `sandbox faults` lists those there are")
        })?;
        let share = share
            .ok_or("the share is missing: write NAME:SHARE[:ENDPOINT], such as `500:5%`".to_owned())
            .and_then(self::share)?;
        let endpoint = parts.next().map(endpoint).transpose()?;
        Ok(Rule {
            fault: *fault,
            share,
            endpoint,
        })
    }
}

fn share(text: &str) -> Result<f64, String> {
    let parsed = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse().map(|percent: f64| percent / 100.0),
        None => text.trim().parse(),
    };
    match parsed {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("`{text}` is no share: write `5%` or `0.05`")),
    }
}

fn endpoint(text: &str) -> Result<&'static str, String> {
    let known = ENDPOINTS.into_iter().find(|known| *known == text);
    known.ok_or_else(|| {
        format!(
            "`{text}` is no endpoint; there are {}",
            ENDPOINTS.join(", ")
        )
    })
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.fault.name(), self.share)?;
        match self.endpoint {
            Some(endpoint) => write!(f, ":{endpoint}"),
            None => Ok(()),
        }
    }
}

/// The rules in force, and what was asked so far.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    /// How long a slow answer takes.
    slow: Duration,
    latency: Mutex<Latency>,
    rules: Mutex<Vec<Rule>>,
    /// How often each question was asked, by its hash.
    asked: Mutex<HashMap<u64, u64>>,
}

/// More questions than this are not remembered: counting then begins anew.
const REMEMBERED: usize = 100_000;

/// What is to happen to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Drawn {
    pub fault: Option<Fault>,
    pub latency: Duration,
}

impl Faults {
    /// These rules, in this order: the first that hits a request counts. Slow answers take `slow`.
    pub fn new(seed: u64, latency: Latency, rules: Vec<Rule>, slow: Duration) -> Faults {
        Faults {
            seed,
            slow,
            latency: Mutex::new(latency),
            rules: Mutex::new(rules),
            asked: Mutex::default(),
        }
    }

    /// Other rules from now on.
    pub fn set_rules(&self, rules: Vec<Rule>) {
        *locked(&self.rules) = rules;
    }

    /// Another latency from now on.
    pub fn set_latency(&self, latency: Latency) {
        *locked(&self.latency) = latency;
    }

    /// The rules in force.
    pub fn rules(&self) -> Vec<Rule> {
        locked(&self.rules).clone()
    }

    pub(super) fn slow(&self) -> Duration {
        self.slow
    }

    /// What happens to this request; counts it.
    pub(super) fn draw(&self, ask: &Ask) -> Drawn {
        let (latency, rules) = (*locked(&self.latency), locked(&self.rules));
        if rules.is_empty() && latency.is_even() {
            return Drawn {
                fault: None,
                latency: latency.mean,
            };
        }
        let question = question(ask);
        let mut asked = locked(&self.asked);
        if asked.len() >= REMEMBERED {
            asked.clear();
        }
        let times = asked.entry(question).or_default();
        *times += 1;
        let rng = |what: u64| Rng::new(self.seed, Purpose::Fault, &[what, question, *times]);
        let hit = |rule: &&Rule| {
            rule.endpoint.is_none_or(|endpoint| endpoint == ask.path())
                && rng(rule.fault as u64).chance(rule.share)
        };
        Drawn {
            fault: rules.iter().find(hit).map(|rule| rule.fault),
            latency: latency.drawn(&mut rng(u64::MAX)),
        }
    }
}

/// A hash of path and parameters, without who asks.
fn question(ask: &Ask) -> u64 {
    let fold = |hash, text: &str| {
        text.bytes()
            .fold(mix(hash), |hash, byte| mix(hash ^ u64::from(byte)))
    };
    let who = |(name, _): &(&str, &str)| matches!(*name, "user" | "secret");
    let mut parameters: Vec<_> = ask.parameters().filter(|pair| !who(pair)).collect();
    parameters.sort_unstable();
    parameters
        .into_iter()
        .fold(fold(1, ask.path()), |hash, (name, value)| {
            fold(fold(hash, name), value)
        })
}

fn locked<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(target: &str) -> Ask {
        Ask::new(&format!("/v1/football/{target}").parse().unwrap())
    }

    fn faults(rules: &[&str]) -> Faults {
        let rules = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        Faults::new(1, Latency::default(), rules, Duration::ZERO)
    }

    #[test]
    fn every_fault_stands_in_the_table_at_its_place() {
        for (place, (fault, name, _)) in FAULTS.iter().enumerate() {
            assert_eq!(*fault as usize, place, "{name}");
            assert_eq!(format!("{name}:5%").parse::<Rule>().unwrap().fault, *fault);
        }
    }

    #[test]
    fn a_rule_says_what_is_wrong_with_it() {
        for (text, word) in [
            ("nothing:5%", "sandbox faults"),
            ("500", "NAME:SHARE"),
            ("500:7", "share"),
            ("500:x%", "share"),
            ("500:5%:odds", "odds/history"),
        ] {
            let said = text.parse::<Rule>().unwrap_err();
            assert!(said.contains(word), "{text}: {said}");
        }
        let rule: Rule = "503-html:5%:odds/history".parse().unwrap();
        assert_eq!(rule.to_string(), "503-html:0.05:odds/history");
    }

    #[test]
    fn the_share_is_kept_and_the_same_questions_are_hit_in_any_order() {
        let targets: Vec<_> = (0..1000)
            .map(|n| format!("odds/history?uuid={n}&user=u&secret=s"))
            .collect();
        let hit = |faults: &Faults, target: &String| faults.draw(&ask(target)).fault.is_some();
        let (one, other) = (faults(&["500:20%"]), faults(&["500:20%"]));
        let forward: Vec<_> = targets.iter().map(|target| hit(&one, target)).collect();
        let mut backward: Vec<_> = targets.iter().rev().map(|t| hit(&other, t)).collect();
        backward.reverse();
        assert_eq!(forward, backward);
        let share = forward.iter().filter(|hit| **hit).count();
        assert!((150..250).contains(&share), "{share}");
        let again: Vec<_> = targets.iter().map(|target| hit(&one, target)).collect();
        assert_ne!(forward, again, "a second try is drawn anew");
    }

    #[test]
    fn who_asks_does_not_matter_and_an_endpoint_keeps_its_fault_to_itself() {
        assert_eq!(
            question(&ask("odds/history?uuid=1&user=a&secret=b")),
            question(&ask("odds/history?secret=c&uuid=1&user=d"))
        );
        let faults = faults(&["500:1:odds/history"]);
        assert!(faults.draw(&ask("odds/history?uuid=1")).fault.is_some());
        assert!(faults.draw(&ask("country/list")).fault.is_none());
    }
}
