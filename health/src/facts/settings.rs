//! How the configuration file stands to what the orchestrator runs by.

use pipeline::cli::Common;
use pipeline::config::Source;
use pipeline::{Config, DataDir};
use serde::Serialize;

/// How the configuration file stands to what the orchestrator accepted last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Settings {
    /// The same, or it can't be told: it runs by another file, or by none.
    InForce,
    /// Edited since: nothing in it counts yet.
    Edited,
    /// Edited since, and not valid: a restart would end with 78.
    Wrong,
}

impl Settings {
    pub(super) fn look(common: &Common, data: &DataDir) -> Settings {
        let copied = Source::named(common.config.as_deref())
            .ok()
            .and_then(|source| source.is_copied_in(&data.accepted()));
        match copied {
            Some(false) if Config::load(common.config.as_deref()).is_err() => Settings::Wrong,
            Some(false) => Settings::Edited,
            Some(true) | None => Settings::InForce,
        }
    }
}
