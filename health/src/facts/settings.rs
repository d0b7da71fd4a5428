//! Whether somebody edited the configuration and the orchestrator has not taken it yet.

use std::fs;
use std::path::absolute;

use pipeline::cli::Common;
use pipeline::config::Source;
use pipeline::{Config, DataDir};

/// Whether the configuration file that `common` names is the one that the orchestrator runs by, and says
/// something else now than what it accepted.
pub(super) fn edited(common: &Common, data: &DataDir) -> bool {
    let file = Config::find(common.config.as_deref()).ok().flatten();
    let file = file.and_then(|file| absolute(file).ok());
    let (Some(file), Ok(copy)) = (file, fs::read_to_string(data.accepted())) else {
        return false;
    };
    Source::of(Some(file)).is_ok_and(|source| {
        copy.split_once('\n').is_some_and(|(heading, accepted)| {
            heading == source.heading() && accepted != source.text
        })
    })
}
