//! How a person's command line names our programs and this data.

use std::env;
use std::path::Path;

use pipeline::cli::Common;

use crate::words::shell;

/// Where the packages put the programs. There a person runs them by `football-bot PROGRAM`, which knows
/// the service's data, logs and configuration.
const INSTALLED: [&str; 2] = ["/usr/lib/football-bot", "/usr/local/lib/football-bot"];

/// The service's data directory and configuration.
const SERVICE: &str = "/var/lib/football-bot";
const SERVICE_CONFIG: &str = "/etc/football-bot/football-bot.toml";

/// What stands before the name of a program, and behind its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Naming {
    pub before: &'static str,
    pub flags: String,
}

impl Naming {
    /// For this program, as it was called.
    pub(super) fn here(common: &Common, root: &Path) -> Naming {
        let program = env::current_exe().unwrap_or_default();
        Naming::of(&program, common, root)
    }

    fn of(program: &Path, common: &Common, root: &Path) -> Naming {
        let installed = INSTALLED.iter().any(|folder| program.starts_with(folder));
        let services = installed
            && root == Path::new(SERVICE)
            && common
                .config
                .as_ref()
                .is_none_or(|file| file == Path::new(SERVICE_CONFIG));
        let given = [("config", &common.config), ("data-dir", &common.data_dir)];
        let flag = |(name, path): &(&str, &Option<_>)| {
            let path: &std::path::PathBuf = path.as_ref()?;
            Some(format!(" --{name} {}", shell(&path.display().to_string())))
        };
        Naming {
            before: if installed { "football-bot " } else { "" },
            flags: if services {
                String::new()
            } else {
                given.iter().filter_map(flag).collect()
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(program: &str, config: Option<&str>, data_dir: Option<&str>, root: &str) -> String {
        let common = Common {
            config: config.map(Into::into),
            data_dir: data_dir.map(Into::into),
            ..Common::default()
        };
        let naming = Naming::of(Path::new(program), &common, Path::new(root));
        format!("{}health report{}", naming.before, naming.flags)
    }

    #[test]
    fn programs_by_hand_are_named_with_the_flags_that_were_given() {
        let by_hand = |config, data_dir, root| named("/home/me/bin/health", config, data_dir, root);
        assert_eq!(by_hand(None, None, "data"), "health report");
        assert_eq!(
            by_hand(Some("my c.toml"), Some("/d"), "/d"),
            "health report --config 'my c.toml' --data-dir /d"
        );
    }

    #[test]
    fn installed_ones_are_called_as_the_package_says() {
        let service = "/var/lib/football-bot";
        let config = "/etc/football-bot/football-bot.toml";
        for folder in ["/usr/lib/football-bot", "/usr/local/lib/football-bot/0.1.0"] {
            let program = format!("{folder}/health");
            // By a person, and by the orchestrator, which names everything.
            for (config, data_dir) in [(None, None), (Some(config), Some(service))] {
                let said = named(&program, config, data_dir, service);
                assert_eq!(said, "football-bot health report");
            }
            let said = named(&program, None, Some("/tmp/copy"), "/tmp/copy");
            assert_eq!(said, "football-bot health report --data-dir /tmp/copy");
        }
    }
}
