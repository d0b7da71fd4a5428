//! The configuration: every limit and default of the project, as types.
//!
//! Precedence: flag, then environment (`FOOTBALL_BOT_SECTION__KEY`), then the file, then the default
//! that stands here. An unknown key is an error, since a misspelt one would silently do nothing.
//! `football-bot.toml` at the top of the repository is these defaults, annotated; a test compares.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::exit::Failure;

pub mod alerts;
mod page;
mod reading;
mod span;
mod steps;
#[cfg(test)]
mod tests;

pub use page::{Cell, Page};
pub use reading::Source;
pub use span::Span;
pub use steps::{Pipeline, StepSpec};

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
    /// Cycles older than this many days are removed from the record, reckoned from the cycle 1,440 back (a day at one a
    /// minute), so that a clock that is ahead for a while takes nothing away.
    pub keep_days: u32,
    /// The oldest cycles are removed until the record needs no more than this, in bytes.
    pub max_bytes: u64,
}

impl Default for Journal {
    fn default() -> Self {
        Journal {
            keep_days: 400,
            max_bytes: 1024 * 1024 * 1024,
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

impl Config {
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
