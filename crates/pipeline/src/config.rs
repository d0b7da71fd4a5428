//! The configuration: every limit and default of the project, as types.
//!
//! Precedence: flag, then environment (`FOOTBALL_BOT_SECTION__KEY`), then the file, then the default
//! that stands here. An unknown key is an error, since a misspelt one would silently do nothing.
//! `football-bot.toml` at the top of the repository is these defaults, annotated; a test compares.

use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use toml::{Table, Value};

use crate::exit::Failure;

/// Every setting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The provider and how step 1 talks to it.
    pub feed: Feed,
    /// When cycles run.
    pub schedule: Schedule,
    /// Which bookmakers to quote.
    pub odds: Odds,
    /// Where the files are and how old data may be.
    pub data: Data,
    /// Step 6's readable log.
    pub display: Display,
    /// The orchestrator's day logs.
    pub log: Log,
    /// How long the record of cycles is kept.
    pub journal: Journal,
    /// The steps of a cycle.
    pub pipeline: Pipeline,
    /// The room on the disk that must be left.
    pub disk: Disk,
}

/// `[feed]`: the provider and how step 1 talks to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Feed {
    /// `thesports` or `sandbox`.
    pub provider: Provider,
    /// Another address of the provider's interface; empty = the provider's own.
    pub base_url: String,
    /// Requests under way at once.
    pub concurrency: usize,
    /// Requests a minute to each endpoint that is asked for one id at a time; 0 = no limit.
    pub requests_per_minute: u32,
    /// How long a connection may take.
    pub connect_timeout: Span,
    /// How long one request may take from start to end.
    pub request_timeout: Span,
    /// Tries after the first one, for what can succeed on another try.
    pub retries: u32,
    /// When step 1 stops fetching and writes what it has.
    pub deadline: Span,
    /// The share of matches that must have their details and odds; below it step 1 fails.
    pub min_completeness: f64,
    /// The largest body that is read, in bytes after decompression.
    pub max_body_bytes: u64,
    /// How long teams, competitions and countries are kept before they are fetched again.
    pub reference_ttl: Span,
    /// How far the odds of a live match may be behind before they are fetched again unasked.
    pub max_odds_age: Span,
    /// Connect over IPv4 only: the provider admits fixed IPv4 addresses.
    pub force_ipv4: bool,
}

impl Default for Feed {
    fn default() -> Self {
        Feed {
            provider: Provider::Thesports,
            base_url: String::new(),
            concurrency: 16,
            requests_per_minute: 120,
            connect_timeout: Span::seconds(5),
            request_timeout: Span::seconds(15),
            retries: 3,
            deadline: Span::seconds(45),
            min_completeness: 0.5,
            max_body_bytes: 64 * 1024 * 1024,
            reference_ttl: Span::seconds(24 * 3600),
            max_odds_age: Span::seconds(180),
            force_ipv4: true,
        }
    }
}

/// Who answers step 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// TheSports API.
    Thesports,
    /// The stand-in feed: a simulated evening.
    Sandbox,
}

impl Provider {
    /// The word in configuration and envelopes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Provider::Thesports => "thesports",
            Provider::Sandbox => "sandbox",
        }
    }
}

/// `[schedule]`: when cycles run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Schedule {
    /// From one cycle's start to the next.
    pub interval: Span,
    /// Failures in a row after which the orchestrator waits for `backoff` instead.
    pub backoff_after: u32,
    /// How long it then waits.
    pub backoff: Span,
    /// Cycles between two status reports in the log; 0 = none.
    pub status_every: u64,
}

impl Default for Schedule {
    fn default() -> Self {
        Schedule {
            interval: Span::seconds(60),
            backoff_after: 5,
            backoff: Span::seconds(300),
            status_every: 10,
        }
    }
}

/// `[odds]`: which bookmakers to quote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Odds {
    /// Bookmakers by preference; every other one follows in ascending order of its id.
    pub bookmakers: Vec<u32>,
}

impl Default for Odds {
    fn default() -> Self {
        Odds {
            bookmakers: vec![2, 22, 3, 15, 9, 17],
        }
    }
}

/// `[data]`: where the files are and how old data may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Data {
    /// The data directory; empty = `$STATE_DIRECTORY`, else `./data`.
    pub dir: String,
    /// Step 5 says `"fresh": true` while the data is no older than this.
    pub fresh_for: Span,
}

impl Default for Data {
    fn default() -> Self {
        Data {
            dir: String::new(),
            fresh_for: Span::seconds(120),
        }
    }
}

/// `[display]`: step 6's readable log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Display {
    /// A `step6_matches.log` larger than this is rotated, in bytes.
    pub log_max_bytes: u64,
    /// A log that was begun longer ago than this is rotated.
    pub log_max_age: Span,
    /// Rotated logs that are kept.
    pub log_keep: u32,
    /// The price format that is shown: `american`, `decimal`, `hong_kong` or `fractional`.
    pub format: String,
}

impl Default for Display {
    fn default() -> Self {
        Display {
            log_max_bytes: 20 * 1024 * 1024,
            log_max_age: Span::seconds(24 * 3600),
            log_keep: 5,
            format: "american".to_owned(),
        }
    }
}

/// `[log]`: the orchestrator's day logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// Day logs older than this many days are removed.
    pub keep_days: u32,
    /// The oldest day logs are removed until all together are no larger than this, in bytes.
    pub keep_bytes: u64,
}

impl Default for Log {
    fn default() -> Self {
        Log {
            keep_days: 30,
            keep_bytes: 200 * 1024 * 1024,
        }
    }
}

/// `[journal]`: how long the record of cycles is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Journal {
    /// Cycles older than this many days are removed from the record.
    pub keep_days: u32,
    /// The oldest cycles are removed until the record needs no more than this, in bytes.
    pub max_bytes: u64,
}

impl Default for Journal {
    fn default() -> Self {
        Journal {
            keep_days: 400,
            max_bytes: 512 * 1024 * 1024,
        }
    }
}

/// `[disk]`: the room on the disk that must be left.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Disk {
    /// A cycle is skipped when the data directory's disk has less room than this and what the outputs
    /// of the last cycle take, in bytes; 0 = no guard.
    pub min_free_bytes: u64,
}

impl Default for Disk {
    fn default() -> Self {
        Disk {
            min_free_bytes: 4 * 1024 * 1024,
        }
    }
}

/// `[pipeline]`: the steps of a cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pipeline {
    /// Between the polite signal and the kill.
    pub grace: Span,
    /// When a cycle ends, whatever its steps are still allowed.
    pub deadline: Span,
    /// How often a step that ended with a retryable code (69, 75) is tried again within its cycle.
    pub retries: u32,
    /// How long before the first of those tries; before each further one twice as long.
    pub retry_delay: Span,
    /// Whether `health watch`, which sends alerts, is kept running beside the cycles.
    pub watch: Watch,
    /// Names of steps that are left out.
    pub without: Vec<String>,
    /// The steps in the order in which they run. Entries without `after` replace all six; those with
    /// `after` are added.
    pub step: Vec<StepSpec>,
}

/// Whether a companion runs beside the cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Watch {
    /// It does not.
    #[default]
    Off,
    /// It does.
    On,
}

impl Default for Pipeline {
    fn default() -> Self {
        Pipeline {
            grace: Span::seconds(5),
            deadline: Span::seconds(180),
            retries: 3,
            retry_delay: Span::seconds(1),
            watch: Watch::Off,
            without: Vec::new(),
            step: six(),
        }
    }
}

/// The six steps.
fn six() -> Vec<StepSpec> {
    let step = |number: u8, timeout| StepSpec {
        name: format!("step{number}"),
        program: format!("step{number}"),
        args: Vec::new(),
        timeout: Span::seconds(timeout),
        required: true,
        after: String::new(),
        memory: 0,
    };
    vec![
        step(1, 55),
        step(2, 30),
        step(3, 20),
        step(4, 20),
        step(5, 20),
        step(6, 20),
    ]
}

impl Pipeline {
    /// The steps of a cycle in their order: the entries without `after` (all six, if there is no such
    /// entry), less those in `without`, and the others each behind the step that it names.
    ///
    /// # Errors
    /// Every fault, in words.
    pub fn steps(&self) -> Result<Vec<StepSpec>, Vec<String>> {
        let mut faults = Vec::new();
        let (mut steps, mut added): (Vec<_>, Vec<_>) = self
            .step
            .iter()
            .cloned()
            .partition(|step| step.after.is_empty());
        if steps.is_empty() {
            steps = six();
        }
        for name in &self.without {
            let before = steps.len() + added.len();
            steps.retain(|step| step.name != *name);
            added.retain(|step| step.name != *name);
            if steps.len() + added.len() == before {
                faults.push(format!("[pipeline] without: there is no step `{name}`"));
            }
        }
        while !added.is_empty() {
            let place = added.iter().enumerate().find_map(|(index, step)| {
                let before = steps.iter().rposition(|other| {
                    // Behind those that were added behind the same step before.
                    other.name == step.after || other.after == step.after
                })?;
                Some((index, before + 1))
            });
            match place {
                Some((index, place)) => steps.insert(place, added.remove(index)),
                None => {
                    faults.extend(added.drain(..).map(|step| {
                        let StepSpec { name, after, .. } = step;
                        format!(
                            "[[pipeline.step]] `{name}` comes after `{after}`, which is no step"
                        )
                    }));
                }
            }
        }
        for (index, step) in steps.iter().enumerate() {
            if step.name.is_empty() || step.program.is_empty() {
                faults.push("[[pipeline.step]] needs a name and a program".to_owned());
            }
            if step.timeout.0.is_zero() {
                let name = &step.name;
                faults.push(format!(
                    "[[pipeline.step]] `{name}`: timeout must be longer than nothing"
                ));
            }
            if steps[..index].iter().any(|other| other.name == step.name) {
                let name = &step.name;
                faults.push(format!(
                    "[[pipeline.step]] names must differ from each other (`{name}`)"
                ));
            }
        }
        if steps.is_empty() {
            faults.push("[[pipeline.step]] needs at least one step".to_owned());
        }
        if faults.is_empty() {
            Ok(steps)
        } else {
            Err(faults)
        }
    }
}

/// One `[[pipeline.step]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSpec {
    /// Its name in logs and reports.
    pub name: String,
    /// The program: a name beside the orchestrator, or a path.
    pub program: String,
    /// Arguments before the standard ones (`--cycle`, `--data-dir`, `--config`).
    #[serde(default)]
    pub args: Vec<String>,
    /// When the step is told to end.
    pub timeout: Span,
    /// Whether the cycle fails with it.
    #[serde(default = "yes")]
    pub required: bool,
    /// The step that it comes after; empty = in the order of the list.
    #[serde(default)]
    pub after: String,
    /// The most memory that it may have mapped, in bytes; 0 = no limit.
    #[serde(default)]
    pub memory: u64,
}

const fn yes() -> bool {
    true
}

/// A length of time as people write it: `60s`, `1h 30m`, `250ms`; a bare number is seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl Span {
    /// So many seconds.
    pub const fn seconds(n: u64) -> Self {
        Span(Duration::from_secs(n))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match text.trim().parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => humantime::parse_duration(text.trim()).map_err(|why| {
                format!("`{text}` is no length of time such as `60s` or `5m`: {why}")
            })?,
        };
        Ok(Span(parsed))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;
        impl de::Visitor<'_> for Words {
            type Value = Span;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a length of time such as \"60s\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Span, E> {
                text.parse().map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<Span, E> {
                u64::try_from(seconds)
                    .map(Span::seconds)
                    .map_err(|_| E::custom("a length of time can't be negative"))
            }
        }
        deserializer.deserialize_any(Words)
    }
}

const ENVIRONMENT_PREFIX: &str = "FOOTBALL_BOT_";

impl Config {
    /// The configuration of this process: defaults, then `file` (or the one that is found), then the environment.
    ///
    /// Without `file`: `$FOOTBALL_BOT_CONFIG`, else `football-bot.toml` in `$CONFIGURATION_DIRECTORY`,
    /// else `./football-bot.toml` if it is there.
    ///
    /// # Errors
    /// Exit 78 with the file and the place for a missing named file, bad TOML, an unknown key, a wrong type
    /// or a value out of its range.
    pub fn load(file: Option<&Path>) -> Result<Config, Failure> {
        let variables = env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self::from_parts(Self::find(file)?.as_deref(), variables)
    }

    /// The configuration from one file and these environment variables (others than ours are ignored).
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_parts(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config, Failure> {
        let mut table = match file {
            None => Table::new(),
            Some(path) => {
                let text = fs::read_to_string(path).map_err(|why| {
                    Failure::config(format!(
                        "failed to read the configuration `{}`: {why}",
                        path.display()
                    ))
                })?;
                // Checked on its own first, so that a fault is shown with its line.
                toml::from_str::<Config>(&text).map_err(|why| {
                    Failure::config(format!(
                        "`{}` is not a valid configuration: {why}",
                        path.display()
                    ))
                })?;
                text.parse::<Table>()
                    .map_err(|why| Failure::config(format!("`{}`: {why}", path.display())))?
            }
        };
        let defaults = Table::try_from(Config::default()).map_err(|why| {
            Failure::config(format!(
                "the built-in configuration can't be written: {why}"
            ))
        })?;
        for (name, value) in variables {
            if let Some((section, key)) = setting_of(&name) {
                set(&mut table, &defaults, &name, &section, &key, &value)?;
            }
        }
        let config: Config = table.try_into().map_err(|why| {
            Failure::config(format!(
                "the configuration (with the environment's settings) is not valid: {why}"
            ))
        })?;
        config.check()?;
        Ok(config)
    }

    /// The file that `--config`, the environment or the usual places name.
    ///
    /// # Errors
    /// Exit 78 when a file that was named is not there.
    pub fn find(file: Option<&Path>) -> Result<Option<PathBuf>, Failure> {
        let named = file.map(Path::to_path_buf).or_else(|| {
            env::var_os("FOOTBALL_BOT_CONFIG")
                .filter(|v| !v.is_empty())
                .map(PathBuf::from)
        });
        if let Some(path) = named {
            if !path.is_file() {
                return Err(Failure::config(format!(
                    "the configuration `{}` is not there",
                    path.display()
                )));
            }
            return Ok(Some(path));
        }
        let usual = env::var_os("CONFIGURATION_DIRECTORY")
            .map(|folder| Path::new(&folder).join("football-bot.toml"))
            .into_iter()
            .chain([PathBuf::from("football-bot.toml")]);
        Ok(usual.into_iter().find(|path| path.is_file()))
    }

    /// Checks what the types can't: ranges, and settings that need each other.
    ///
    /// # Errors
    /// Exit 78, naming every key that is at fault.
    pub fn check(&self) -> Result<(), Failure> {
        let faults = self.faults();
        if faults.is_empty() {
            return Ok(());
        }
        Err(Failure::config(format!(
            "configuration: {}",
            faults.join("; ")
        )))
    }

    /// Everything that [`Config::check`] finds, each in words.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut must = |holds: bool, text: &str| {
            if !holds {
                faults.push(text.to_owned());
            }
        };
        must(
            (1..=256).contains(&self.feed.concurrency),
            "[feed] concurrency must be 1 to 256",
        );
        must(
            (0.0..=1.0).contains(&self.feed.min_completeness),
            "[feed] min_completeness must be 0 to 1",
        );
        must(
            !self.schedule.interval.0.is_zero(),
            "[schedule] interval must be longer than nothing",
        );
        must(
            self.schedule.backoff_after > 0,
            "[schedule] backoff_after must be at least 1",
        );
        must(
            !self.pipeline.deadline.0.is_zero(),
            "[pipeline] deadline must be longer than nothing",
        );
        faults.extend(self.pipeline.steps().err().into_iter().flatten());
        faults
    }
}

/// `FOOTBALL_BOT_FEED__BASE_URL` is `("feed", "base_url")`; names without a double underscore are not settings.
fn setting_of(name: &str) -> Option<(String, String)> {
    let (section, key) = name.strip_prefix(ENVIRONMENT_PREFIX)?.split_once("__")?;
    Some((section.to_lowercase(), key.to_lowercase()))
}

/// Puts one environment setting into the table, read as the type that the default has there.
fn set(
    table: &mut Table,
    defaults: &Table,
    name: &str,
    section: &str,
    key: &str,
    text: &str,
) -> Result<(), Failure> {
    let default = defaults.get(section).and_then(|s| s.get(key));
    let value = match default {
        None => {
            return Err(Failure::config(format!(
                "${name} names no setting ([{section}] has no `{key}`)"
            )));
        }
        Some(Value::String(_)) => Value::String(text.to_owned()),
        Some(other) => {
            // A list may be written without its brackets: `2,22,3`.
            let bare_list = other.is_array() && !text.trim_start().starts_with('[');
            let source = if bare_list {
                format!("x = [{text}]")
            } else {
                format!("x = {text}")
            };
            source
                .parse::<Table>()
                .ok()
                .and_then(|mut t| t.remove("x"))
                .ok_or_else(|| {
                    Failure::config(format!(
                        "${name} is not a valid value for [{section}] {key}"
                    ))
                })?
        }
    };
    if let Some(section) = table
        .entry(section)
        .or_insert_with(|| Table::new().into())
        .as_table_mut()
    {
        section.insert(key.to_owned(), value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn with(variables: &[(&str, &str)], file: &str) -> Result<Config, Failure> {
        let mut temporary = tempfile::NamedTempFile::new().unwrap();
        temporary.write_all(file.as_bytes()).unwrap();
        let variables = variables
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        Config::from_parts(Some(temporary.path()), variables)
    }

    #[test]
    fn the_annotated_file_says_what_the_code_defaults_to_and_names_every_key() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../football-bot.toml");
        let text = fs::read_to_string(path).unwrap();
        let from_file: Table = text.parse().unwrap();
        let from_code = Table::try_from(Config::default()).unwrap();
        let spans_alike = |t: &Table| toml::from_str::<Config>(&t.to_string()).unwrap();
        assert_eq!(spans_alike(&from_file), Config::default());
        for (section, keys) in &from_code {
            for key in keys.as_table().unwrap().keys() {
                assert!(
                    from_file.get(section).is_some_and(|s| s.get(key).is_some()),
                    "football-bot.toml does not show [{section}] {key}"
                );
            }
        }
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let config = with(
            &[
                ("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "0"),
                ("FOOTBALL_BOT_FEED__PROVIDER", "sandbox"),
                ("FOOTBALL_BOT_SCHEDULE__INTERVAL", "90"),
                ("FOOTBALL_BOT_ODDS__BOOKMAKERS", "22, 2"),
                ("FOOTBALL_BOT_DATA_DIR", "/ignored/here"),
                ("HOME", "/root"),
            ],
            "[feed]\nrequests_per_minute = 60\nconcurrency = 4\n",
        )
        .unwrap();
        assert_eq!(config.feed.requests_per_minute, 0);
        assert_eq!(config.feed.concurrency, 4);
        assert_eq!(config.feed.provider, Provider::Sandbox);
        assert_eq!(config.schedule.interval, Span::seconds(90));
        assert_eq!(config.odds.bookmakers, [22, 2]);
    }

    #[test]
    fn every_fault_says_where_it_is() {
        type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
        let cases: [Case; 6] = [
            (&[], "[feed]\nconcurency = 4\n", "concurency"),
            (&[], "[schedule]\ninterval = \"soon\"\n", "soon"),
            (
                &[],
                "[feed]\nconcurrency = 0\n",
                "concurrency must be 1 to 256",
            ),
            (
                &[("FOOTBALL_BOT_FEED__TYPO", "1")],
                "",
                "FOOTBALL_BOT_FEED__TYPO",
            ),
            (
                &[("FOOTBALL_BOT_FEED__CONCURRENCY", "many")],
                "",
                "FOOTBALL_BOT_FEED__CONCURRENCY",
            ),
            (
                &[],
                "[[pipeline.step]]\nname='a'\nprogram='a'\ntimeout='1s'\n[[pipeline.step]]\nname='a'\nprogram='b'\ntimeout='1s'\n",
                "differ",
            ),
        ];
        for (variables, file, word) in cases {
            let failure = with(variables, file).unwrap_err();
            assert_eq!(failure.exit, crate::Exit::Config);
            assert!(failure.message.contains(word), "{failure} lacks {word}");
        }
    }

    #[test]
    fn steps_are_replaced_added_and_left_out() {
        let names = |file: &str| {
            let steps = with(&[], file).unwrap().pipeline.steps().unwrap();
            steps.into_iter().map(|step| step.name).collect::<Vec<_>>()
        };
        let six = ["step1", "step2", "step3", "step4", "step5", "step6"];
        assert_eq!(names(""), six);
        let add = |name: &str, after: &str| {
            format!(
                "[[pipeline.step]]\nname='{name}'\nprogram='x'\ntimeout='1s'\nafter='{after}'\n"
            )
        };
        let three = add("a", "step5") + &add("c", "b") + &add("b", "step5");
        assert_eq!(
            names(&three),
            [
                "step1", "step2", "step3", "step4", "step5", "a", "b", "c", "step6"
            ]
        );
        assert_eq!(
            names("[pipeline]\nwithout=['step6']\n"),
            ["step1", "step2", "step3", "step4", "step5"]
        );
        let own = "[[pipeline.step]]\nname='mine'\nprogram='x'\ntimeout='1s'\n";
        assert_eq!(names(own), ["mine"]);
        let optional = format!("{own}required=false\nmemory=1000\n");
        let step = with(&[], &optional).unwrap().pipeline.steps().unwrap();
        assert!(!step[0].required && step[0].memory == 1000);
    }

    #[test]
    fn all_faults_of_the_values_are_named_at_once() {
        let file = "[feed]\nconcurrency = 0\nmin_completeness = 2.0\n[schedule]\nbackoff_after = 0\n\
            [pipeline]\nwithout = ['step9']\n\
            [[pipeline.step]]\nname='a'\nprogram='a'\ntimeout='0s'\nafter='nowhere'\n";
        let message = with(&[], file).unwrap_err().message;
        for word in [
            "concurrency",
            "min_completeness",
            "backoff_after",
            "step9",
            "nowhere",
        ] {
            assert!(message.contains(word), "{message} lacks {word}");
        }
    }

    #[test]
    fn spans_read_as_people_write_them_and_survive_a_round_trip() {
        for (text, millis) in [
            ("60s", 60_000),
            ("1h 30m", 5_400_000),
            ("250ms", 250),
            ("60", 60_000),
        ] {
            let span: Span = text.parse().unwrap();
            assert_eq!(span.0, Duration::from_millis(millis));
            assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
        }
    }
}
