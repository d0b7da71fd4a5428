//! The command line that all programs have in common.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process;

use clap::{Args, Parser};
use log::LevelFilter;

use crate::config::{Config, Source};
use crate::exit::{Exit, Failure};
use crate::logging::{self, Color};
use crate::paths::DataDir;

/// Flags of every program.
#[derive(Clone, Debug, Default, Args)]
pub struct Common {
    /// Configuration file [default: football-bot.toml here, if there is one]
    #[arg(
        long,
        value_name = "FILE",
        global = true,
        help_heading = "Common options"
    )]
    pub config: Option<PathBuf>,
    /// Data directory [default: $FOOTBALL_BOT_DATA_DIR, $STATE_DIRECTORY, or ./data]
    #[arg(
        long,
        value_name = "DIR",
        global = true,
        help_heading = "Common options"
    )]
    pub data_dir: Option<PathBuf>,
    /// Say more (twice: everything)
    #[arg(short, long, action = clap::ArgAction::Count, global = true, help_heading = "Common options")]
    pub verbose: u8,
    /// Say less (twice: only errors)
    #[arg(short, long, action = clap::ArgAction::Count, global = true, help_heading = "Common options")]
    pub quiet: u8,
    /// Colour: on a terminal, always or never (NO_COLOR is obeyed)
    #[arg(
        long,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        global = true,
        help_heading = "Common options"
    )]
    pub color: Color,
}

impl Common {
    /// The configuration that these flags and the environment name.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load_config(&self) -> Result<Config, Failure> {
        Config::load(self.config.as_deref())
    }

    /// As [`Common::load_config`], with what it was read from.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn read_config(&self) -> Result<(Config, Source), Failure> {
        Config::read(self.config.as_deref())
    }

    /// As [`Common::load_config`] for those who look on and ask, also while a bad edit waits to be mended: then the
    /// configuration that the orchestrator accepted last, if it is a copy of this very file. The data directory
    /// must be known without the file. That the copy is used is said as a warning.
    ///
    /// # Errors
    /// As [`Config::load`], when there is no such copy.
    pub fn load_config_or_accepted(&self) -> Result<Config, Failure> {
        self.load_config().or_else(|failure| {
            let copy = self.data_dir(&Config::default()).accepted();
            let ours = Source::named(self.config.as_deref())
                .is_ok_and(|source| source.is_copied_in(&copy).is_some());
            match Config::load(Some(&copy)) {
                Ok(config) if ours => {
                    log::warn!("{failure}");
                    log::warn!(
                        "what was accepted last is used instead: `{}`",
                        copy.display()
                    );
                    Ok(config)
                }
                _ => Err(failure),
            }
        })
    }

    /// The data directory: flag, `$FOOTBALL_BOT_DATA_DIR`, configuration, `$STATE_DIRECTORY`, `./data`;
    /// with the day logs in `$LOGS_DIRECTORY` when systemd sets it.
    pub fn data_dir(&self, config: &Config) -> DataDir {
        let variable = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let configured = || (!config.data.dir.is_empty()).then(|| OsString::from(&config.data.dir));
        let root = self
            .data_dir
            .clone()
            .or_else(|| variable("FOOTBALL_BOT_DATA_DIR").map(PathBuf::from))
            .or_else(|| configured().map(PathBuf::from))
            .or_else(|| variable("STATE_DIRECTORY").map(|value| first_of_list(&value)))
            .unwrap_or_else(|| PathBuf::from("data"));
        let data = DataDir::new(root);
        match variable("LOGS_DIRECTORY") {
            Some(logs) => data.with_logs(first_of_list(&logs)),
            None => data,
        }
    }

    /// The level of messages that `-v` and `-q` ask for.
    pub fn level(&self) -> LevelFilter {
        logging::level(self.verbose, self.quiet)
    }
}

/// systemd joins several directories with colons; ours is the first.
fn first_of_list(value: &OsString) -> PathBuf {
    let text = value.to_string_lossy();
    PathBuf::from(text.split(':').next().unwrap_or_default())
}

/// Parses the command line; wrong usage ends the process with 64 (`usage_exit`), `--help` and `--version` with 0.
pub fn parse<P: Parser>(usage_exit: u8) -> P {
    P::try_parse().unwrap_or_else(|error| {
        let code = if error.use_stderr() {
            usage_exit
        } else {
            Exit::Done.code()
        };
        // A closed stdout is the reader's choice.
        let _ = error.print();
        process::exit(i32::from(code))
    })
}
