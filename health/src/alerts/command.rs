//! `health alerts`: what fires, what was, silences, a test message, and one rule explained.

mod explain;
mod list;
mod silence;
mod test;

use chrono::TimeDelta;
use clap::{Args, Subcommand};
use pipeline::Config;
use pipeline::config::alerts::{Severity, Span};

use super::rules::{ALL, Definition};
use super::state::{self, State};
use crate::facts::Facts;
use crate::verdict::Level;
use crate::words::{instant, length, wrapped};

pub use list::{list, list_short};

use explain::explain;
pub use silence::{silence, unsilence};
use test::test;

/// `health alerts`.
#[derive(Clone, Debug, Args)]
pub struct Alerts {
    /// What to do [default: list]
    #[command(subcommand)]
    pub what: Option<What>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with alerts.
#[derive(Clone, Debug, Subcommand)]
pub enum What {
    /// Show what fires, what may soon, silences and sinks (the default)
    List,
    /// Show what fired and how long it lasted
    History {
        /// So many entries
        #[arg(long, short = 'n', default_value_t = 20)]
        lines: usize,
    },
    /// Hold back the messages of an alert (`all` = of every one)
    Silence {
        /// Its name, or `all`
        name: String,
        /// For so long, such as 20m [default: until the incident is over]
        #[arg(long = "for", value_name = "TIME")]
        length: Option<Span>,
        /// Why
        #[arg(long, default_value = "")]
        comment: String,
    },
    /// Let the messages of an alert through again
    Unsilence {
        /// Its name, or `all`
        name: String,
    },
    /// Send a test message to the sinks
    Test {
        /// Only to this one
        #[arg(long, value_name = "NAME")]
        sink: Option<String>,
    },
    /// Show a rule, the numbers now, and what to do
    Explain {
        /// Its name
        name: String,
    },
}

/// What to print, and how bad it is.
pub type Said = (String, Level);

impl Alerts {
    /// Does it.
    ///
    /// # Errors
    /// A sentence for the person; the exit code is then that of unknown.
    pub fn run(&self, facts: &Facts, config: &Config) -> Result<Said, String> {
        match self.what.as_ref().unwrap_or(&What::List) {
            What::List if self.json => Ok((json_line(&facts.alerts), level(facts))),
            What::List => Ok((list(facts), level(facts))),
            What::History { lines } => history(facts, *lines, self.json),
            What::Silence {
                name,
                length,
                comment,
            } => silence(facts, name, *length, comment),
            What::Unsilence { name } => unsilence(facts, name),
            What::Test { sink } => test(config, sink.as_deref()),
            What::Explain { name } => explain(facts, config, name, self.json),
        }
    }
}

fn level(facts: &Facts) -> Level {
    let worst = facts.alerts.firing.first();
    match worst.map(|active| active.alert.severity) {
        Some(Severity::Critical) => Level::Critical,
        Some(Severity::Warning) => Level::Warning,
        None if !facts.ever_ran() => Level::Unknown,
        None => Level::Ok,
    }
}

fn json_line(value: &impl serde::Serialize) -> String {
    // Our own types, whose keys are strings: writing them can't fail.
    serde_json::to_string(value).unwrap_or_default() + "\n"
}

fn shown(name: &str) -> &str {
    if name == "*" { "all" } else { name }
}

fn history(facts: &Facts, lines: usize, as_json: bool) -> Result<Said, String> {
    let state = state::load::<State>(&State::path(&facts.data.state()))?;
    let entries = state.history.iter().rev().take(lines);
    if as_json {
        let entries: Vec<_> = entries.collect();
        return Ok((json_line(&entries), Level::Ok));
    }
    let mut text = String::new();
    for entry in entries {
        let (verb, what) = match entry.lasted_s {
            Some(seconds) => {
                let lasted = length(TimeDelta::seconds(seconds));
                let words = format!("{} after {lasted} ({} messages)", entry.name, entry.told);
                ("RESOLVED", words)
            }
            None => ("FIRING", format!("{}: {}", entry.name, entry.what)),
        };
        let head = format!("{}  {verb:<8} ", instant(entry.at));
        text.push_str(&wrapped(&head, &what));
    }
    if text.is_empty() {
        text.push_str("no alert has fired yet (health watch remembers them)\n");
    }
    Ok((text, Level::Ok))
}

/// The name as rules have it; `all` is `*`.
fn named(name: &str) -> Result<String, String> {
    if name == "all" || name == "*" {
        return Ok("*".to_owned());
    }
    match Definition::find(name) {
        Some(rule) => Ok(rule.name.to_owned()),
        None => {
            let known: Vec<_> = ALL.iter().map(|rule| rule.name).collect();
            let list = wrapped("there are: ", &known.join(", "));
            Err(format!("there is no alert `{name}`\n{}", list.trim_end()))
        }
    }
}
