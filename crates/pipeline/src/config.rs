//! The configuration: every limit and default of the project, as types.
//!
//! Precedence: flag, then environment (`FOOTBALL_BOT_SECTION__KEY`), then the file, then the default
//! that stands here. An unknown key is an error, since a misspelt one would silently do nothing.
//! `football-bot.toml` at the top of the repository is these defaults, annotated; a test compares.

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use toml::{Table, Value};

use crate::exit::Failure;

pub mod alerts;

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
    /// The pages and figures that `health serve` answers with.
    pub serve: Serve,
    /// The room on the disk that must be left.
    pub disk: Disk,
    /// Web pages with odds of a bookmaker that has no API; none unless somebody names one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub page: Vec<Page>,
    /// What is alarmed about.
    pub alerts: alerts::Alerts,
    /// Who is told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sink: Vec<alerts::SinkSpec>,
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
    /// How long the provider may be silent in the middle of a request.
    pub read_timeout: Span,
    /// Tries after the first one, for what can succeed on another try.
    pub retries: u32,
    /// The pause before the second try is anything up to this, and up to twice as much before each further one.
    pub retry_backoff: Span,
    /// No pause that we choose ourselves is longer.
    pub retry_backoff_max: Span,
    /// The proxy: empty = the one of `HTTPS_PROXY` or `ALL_PROXY`, for an https address only; `none`; or an address.
    pub proxy: String,
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
    /// Ask `odds/live` too, the newest price changes of all matches in one request. Nobody with an account
    /// has seen its body yet.
    pub odds_live: bool,
    /// How far the odds of a match that is not being played may be behind before they are fetched again unasked.
    pub max_odds_age_idle: Span,
    /// A body of the previous `step1.json` is not carried over when that file is older than this.
    pub carry_over: Span,
    /// A team or competition that no match has named for so long is dropped from the cache.
    pub reference_keep: Span,
    /// The most teams, and the most competitions, that the cache holds; those longest unused go first.
    pub reference_max: usize,
    /// An endpoint that the plan does not cover is asked again after this.
    pub plan_recheck: Span,
    /// How long a request may wait for its turn under `requests_per_minute`; what would wait longer is left for
    /// the next cycle.
    pub budget_wait: Span,
    /// A file of certificates (PEM) whose signatures count beside those that the system trusts: of a proxy that
    /// opens TLS, or of a stand-in provider; empty = none.
    pub ca_file: String,
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
            read_timeout: Span::seconds(10),
            retries: 3,
            retry_backoff: Span(Duration::from_millis(250)),
            retry_backoff_max: Span::seconds(8),
            proxy: String::new(),
            deadline: Span::seconds(45),
            min_completeness: 0.5,
            max_body_bytes: 64 * 1024 * 1024,
            reference_ttl: Span::seconds(24 * 3600),
            max_odds_age: Span::seconds(180),
            force_ipv4: true,
            odds_live: false,
            max_odds_age_idle: Span::seconds(15 * 60),
            carry_over: Span::seconds(3 * 3600),
            reference_keep: Span::seconds(7 * 24 * 3600),
            reference_max: 20_000,
            plan_recheck: Span::seconds(600),
            budget_wait: Span::seconds(5),
            ca_file: String::new(),
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
    /// After a failure that only a person can mend (exit 77 or 78) an orchestrator that is started anew does not
    /// wait for the end of the backoff but tries once, so long after the last try at the earliest.
    pub restart_wait: Span,
}

impl Default for Schedule {
    fn default() -> Self {
        Schedule {
            interval: Span::seconds(60),
            backoff_after: 5,
            backoff: Span::seconds(300),
            status_every: 10,
            restart_wait: Span::seconds(30),
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

/// `[serve]`: the pages and figures that `health serve` answers with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Serve {
    /// Where it listens. An address beyond this machine needs a token.
    pub listen: String,
    /// A file with the token that a reader must give; empty = `health_token` in `$CREDENTIALS_DIRECTORY`,
    /// if it is there.
    pub token_file: String,
    /// Host names by which readers may ask for it without a token, besides those of this machine.
    pub hosts: Vec<String>,
    /// Whether the pages only show. `false` puts buttons on `/alerts` that silence alerts, for whoever may read it.
    pub read_only: bool,
    /// Connections that are held at once; who comes then waits until one ends.
    pub connections: usize,
    /// How long a reader may take to ask, also between one request of a connection and the next.
    pub header_timeout: Span,
    /// How long a connection may last: so a reader who takes nothing off it can't hold it for ever.
    pub connection_timeout: Span,
}

impl Default for Serve {
    fn default() -> Self {
        Serve {
            listen: "127.0.0.1:8787".to_owned(),
            token_file: String::new(),
            hosts: Vec::new(),
            read_only: true,
            connections: 128,
            header_timeout: Span::seconds(10),
            connection_timeout: Span::seconds(60),
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
    /// Names of steps that are left out.
    pub without: Vec<String>,
    /// The steps in the order in which they run. Entries without `after` replace all six; those with
    /// `after` are added.
    pub step: Vec<StepSpec>,
}

impl Default for Pipeline {
    fn default() -> Self {
        Pipeline {
            grace: Span::seconds(5),
            deadline: Span::seconds(180),
            retries: 3,
            retry_delay: Span::seconds(1),
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

/// One `[[page]]`: odds from an HTML table of a bookmaker without an API. 1X2 only.
///
/// Off unless it is configured. Mind the site's robots.txt and terms of use: nothing here reads them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The bookmaker's name, as every later step shows it.
    pub book: String,
    /// The page's address, http or https.
    pub url: String,
    /// CSS selector of the rows, one match each.
    pub rows: String,
    /// The home side's name, within a row.
    pub home: Cell,
    /// The away side's name.
    pub away: Cell,
    /// The price of a home win.
    pub home_price: Cell,
    /// The price of a draw.
    pub draw_price: Cell,
    /// The price of an away win.
    pub away_price: Cell,
    /// How the page writes prices: `decimal`, `american`, `fractional` or `hong_kong`.
    #[serde(default = "Page::default_format")]
    pub format: String,
    /// Names that the page writes in its own way: `"its name" = "the feed's name or team id"`.
    #[serde(default)]
    pub aliases: BTreeMap<String, String>,
    /// The shortest time between two visits; at least a minute.
    #[serde(default = "Page::default_every")]
    pub every: Span,
    /// Prices that no visit has confirmed for so long are no longer used.
    #[serde(default = "Page::default_max_age")]
    pub max_age: Span,
    /// How long a visit may take from start to end.
    #[serde(default = "Page::default_timeout")]
    pub timeout: Span,
    /// The largest page that is read, in bytes.
    #[serde(default = "Page::default_max_bytes")]
    pub max_bytes: u64,
    /// The most rows that are read.
    #[serde(default = "Page::default_max_rows")]
    pub max_rows: usize,
    /// What we call ourselves to the site; say how to reach you.
    #[serde(default = "Page::default_user_agent")]
    pub user_agent: String,
}

impl Page {
    /// The least time between visits that a configuration may ask for.
    pub const LEAST_EVERY: Span = Span::seconds(60);

    fn default_format() -> String {
        "decimal".to_owned()
    }

    fn default_every() -> Span {
        Span::seconds(120)
    }

    fn default_max_age() -> Span {
        Span::seconds(600)
    }

    fn default_timeout() -> Span {
        Span::seconds(10)
    }

    fn default_max_bytes() -> u64 {
        2 * 1024 * 1024
    }

    fn default_max_rows() -> usize {
        1000
    }

    fn default_user_agent() -> String {
        concat!("football-bot/", env!("CARGO_PKG_VERSION")).to_owned()
    }

    /// What is wrong with it, if anything, beyond what the types tell.
    fn fault(&self) -> Option<String> {
        let web = ["http://", "https://"]
            .iter()
            .any(|scheme| self.url.starts_with(scheme) && self.url.len() > scheme.len());
        let formats = ["decimal", "american", "fractional", "hong_kong"];
        if self.book.trim().is_empty() || self.book.chars().count() > 40 {
            Some("book needs a name of 1 to 40 characters".to_owned())
        } else if self.book.chars().any(char::is_control) {
            Some("book has a control character in it".to_owned())
        } else if !web {
            // The address is not repeated: somebody may have put a secret into it.
            Some("url is no address such as `https://www.example.com/odds`".to_owned())
        } else if self.every < Page::LEAST_EVERY {
            Some(format!("every must be at least {}", Page::LEAST_EVERY))
        } else if !formats.contains(&self.format.as_str()) {
            Some(format!("format must be one of {}", formats.join(", ")))
        } else if self.timeout.0.is_zero() || self.max_bytes == 0 || self.max_rows == 0 {
            Some("timeout, max_bytes and max_rows must be more than nothing".to_owned())
        } else if self.user_agent.is_empty()
            || !self.user_agent.bytes().all(|b| (b' '..0x7f).contains(&b))
        {
            Some("user_agent must be plain text in one line".to_owned())
        } else {
            None
        }
    }
}

/// Where a value stands in a row of a page: a CSS selector for its text, or for an attribute.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// `"td.home"`: the text of the first element that fits.
    Text(String),
    /// `{ select = "td.price", attribute = "data-odds" }`.
    Attribute {
        /// The selector.
        select: String,
        /// The attribute of the first element that fits.
        attribute: String,
    },
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
        must(
            self.feed.reference_max > 0,
            "[feed] reference_max must be at least 1",
        );
        for (nth, page) in self.page.iter().enumerate() {
            if let Some(what) = page.fault() {
                must(false, &format!("[[page]] number {}: {what}", nth + 1));
            }
            let again = self.page[..nth].iter().any(|other| other.book == page.book);
            must(!again, "[[page]] books must differ from each other");
        }
        faults.extend(self.pipeline.steps().err().into_iter().flatten());
        faults.extend(alerts::fault(&self.alerts, &self.sink));
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
    fn the_example_of_a_page_in_the_annotated_file_is_valid_and_shows_every_key_with_its_default() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../football-bot.toml");
        let text = fs::read_to_string(path).unwrap();
        let (_, example) = text
            .split_once("# [[page]]\n")
            .expect("the example is there");
        let example: String = example
            .lines()
            .take_while(|line| line.starts_with('#'))
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| !line.starts_with('#'))
            .map(|line| format!("{line}\n"))
            .collect();
        let page = with(&[], &format!("[[page]]\n{example}"))
            .unwrap()
            .page
            .remove(0);
        let required = r#"
            [[page]]
            book = "b"
            url = "http://x"
            rows = "tr"
            home = "td"
            away = "td"
            home_price = "td"
            draw_price = "td"
            away_price = "td"
        "#;
        let least = with(&[], required).unwrap().page.remove(0);
        let optional = |page: Page| Page {
            book: String::new(),
            url: String::new(),
            rows: String::new(),
            home: Cell::Text(String::new()),
            away: Cell::Text(String::new()),
            home_price: Cell::Text(String::new()),
            draw_price: Cell::Text(String::new()),
            away_price: Cell::Text(String::new()),
            aliases: BTreeMap::new(),
            ..page
        };
        let written = Table::try_from(&page).unwrap();
        for key in written.keys() {
            assert!(example.contains(&format!("{key} = ")), "{key} is not shown");
        }
        assert_eq!(optional(page), optional(least));
    }

    #[test]
    fn a_page_that_would_be_visited_too_often_or_is_no_page_is_refused() {
        let page = |key: &str, value: &str| {
            let base = [
                ("book", "'b'"),
                ("url", "'https://x.example/'"),
                ("rows", "'tr'"),
                ("home", "'td'"),
                ("away", "'td'"),
                ("home_price", "'td'"),
                ("draw_price", "'td'"),
                ("away_price", "'td'"),
            ];
            let mut text = "[[page]]\n".to_owned();
            for (known, plain) in base {
                let value = if known == key { value } else { plain };
                text.push_str(&format!("{known} = {value}\n"));
            }
            if !base.iter().any(|(known, _)| *known == key) {
                text.push_str(&format!("{key} = {value}\n"));
            }
            with(&[], &text)
        };
        assert!(page("every", "'60s'").is_ok());
        for (key, value, word) in [
            ("every", "'59s'", "at least 1m"),
            ("format", "'malay'", "format must be"),
            ("url", "'ftp://hush@x/'", "url is no address"),
            ("book", "''", "book needs a name"),
            ("timeout", "0", "timeout"),
            ("user_agent", "\"a\\nb\"", "user_agent"),
            ("colour", "1", "colour"),
        ] {
            let failure = page(key, value).unwrap_err();
            assert!(failure.message.contains(word), "{failure} lacks {word}");
            assert!(!failure.message.contains("hush"), "{failure}");
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
