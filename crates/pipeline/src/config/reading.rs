//! How the configuration comes together: defaults, the file, the environment.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{self, Path, PathBuf};

use toml::{Table, Value};

use super::Config;
use crate::exit::Failure;

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
        Ok(Self::read(file)?.0)
    }

    /// As [`Config::load`], with what it was read from. The file is read once: what is told of it is what counts.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn read(file: Option<&Path>) -> Result<(Config, Source), Failure> {
        let variables = env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let source = Source::of(Self::find(file)?)?;
        Ok((source.config(variables)?, source))
    }

    /// The configuration from one file and these environment variables (others than ours are ignored).
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_parts(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config, Failure> {
        Source::of(file.map(Path::to_path_buf))?.config(variables)
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
}

/// What a configuration was read from, as it was at that moment.
#[derive(Clone, Debug)]
pub struct Source {
    /// The file; without one all is as the code and the environment say.
    pub file: Option<PathBuf>,
    /// Its text; empty without a file.
    pub text: String,
    /// Who may read it: its permission bits.
    pub mode: u32,
}

impl Source {
    /// What stands in `file` now.
    ///
    /// # Errors
    /// Exit 78 when it can't be read.
    pub fn of(file: Option<PathBuf>) -> Result<Source, Failure> {
        let Some(path) = file else {
            return Ok(Source {
                file: None,
                text: String::new(),
                mode: 0o644,
            });
        };
        let cannot = |why| {
            Failure::config(format!(
                "failed to read the configuration `{}`: {why}",
                path.display()
            ))
        };
        let text = fs::read_to_string(&path).map_err(cannot)?;
        // Some editors begin a file with a byte-order mark, which is none where something stands before it.
        let text = match text.strip_prefix('\u{feff}') {
            Some(rest) => rest.to_owned(),
            None => text,
        };
        let mode = fs::metadata(&path).map_err(cannot)?.permissions().mode() & 0o777;
        Ok(Source {
            file: Some(path),
            text,
            mode,
        })
    }

    /// The file that `file`, the environment or the usual places name, by its absolute path; see [`Config::find`].
    ///
    /// # Errors
    /// Exit 78 when a named file is not there or can't be read.
    pub fn named(file: Option<&Path>) -> Result<Source, Failure> {
        let found = Config::find(file)?;
        Source::of(found.map(|path| path::absolute(&path).unwrap_or(path)))
    }

    /// Whether `copy` is one of it, and then whether it says the same; none if it is of another file or not there.
    pub fn is_copied_in(&self, copy: &Path) -> Option<bool> {
        let there = fs::read_to_string(copy).ok()?;
        let (heading, text) = there.split_once('\n')?;
        (heading == self.heading()).then(|| text == self.text)
    }

    /// What a copy of it begins with: a comment that says what it is a copy of.
    pub fn heading(&self) -> String {
        let from = match &self.file {
            // In quotes and escaped: a name can't begin a line of its own.
            Some(file) => format!("of {file:?}"),
            None => "of the defaults, since there is no file".to_owned(),
        };
        format!(
            "# A copy {from}, which steps and alerts go by. Edit that, not this: it is written anew."
        )
    }

    /// The copy.
    pub fn copy(&self) -> String {
        format!("{}\n{}", self.heading(), self.text)
    }

    fn config(
        &self,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Config, Failure> {
        let mut table = match &self.file {
            None => Table::new(),
            Some(path) => {
                // Checked on its own first, so that a fault is shown with its line.
                toml::from_str::<Config>(&self.text).map_err(|why| {
                    Failure::config(format!(
                        "`{}` is not a valid configuration: {why}",
                        path.display()
                    ))
                })?;
                let table = self.text.parse::<Table>();
                table.map_err(|why| Failure::config(format!("`{}`: {why}", path.display())))?
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
