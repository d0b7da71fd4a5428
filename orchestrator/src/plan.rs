//! What is going to run: configuration and command line made into programs, arguments and limits.
//!
//! A step of the configuration is any program. What the orchestrator knows about the six of ours
//! (that `step1` takes a provider, that `step6` can keep quiet, which file each owes) it knows by the
//! program's name, here and nowhere else.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pipeline::config::{Feed, Provider, Source, StepSpec};
use pipeline::{Config, CycleId, DataDir, Failure};

use crate::accepted::Accepted;
use crate::cli::{Cli, Options, Show};
use crate::companion::Spec;

/// Everything that is fixed at the start.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The configuration.
    pub config: Config,
    /// The same as it was read, for the programs of a cycle to go by too.
    pub accepted: Accepted,
    /// Where the files are, as an absolute path.
    pub data: DataDir,
    /// Where the programs are.
    pub bin_dir: PathBuf,
    /// The orchestrator's own file.
    pub own: PathBuf,
    /// The steps in their order.
    pub steps: Vec<PlannedStep>,
    /// From one cycle's start to the next.
    pub interval: Duration,
    /// Who answers step 1.
    pub provider: Provider,
    /// The sandbox to start, if it is ours to start.
    pub sandbox: Option<PathBuf>,
    /// The command line's own part.
    pub options: Options,
    /// Whether what is shown is shown in colour.
    pub colored: bool,
}

/// One step.
#[derive(Clone, Debug)]
pub struct PlannedStep {
    /// Its name in logs and reports.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Which of our six it is, by the program's name.
    pub number: Option<u8>,
    /// Its own arguments, before the standard ones.
    pub args: Vec<String>,
    /// When it is told to end.
    pub timeout: Duration,
    /// Whether the cycle fails with it.
    pub required: bool,
    /// The most memory it may map, in bytes; 0 = no limit.
    pub memory: u64,
}

impl Plan {
    /// The plan for this command line.
    ///
    /// # Errors
    /// 78 for a bad configuration, or when the current directory or our own program can't be found.
    pub fn new(cli: &Cli) -> Result<Plan, Failure> {
        let (config, source) = cli.common.read_config()?;
        Plan::with(cli, config, source)
    }

    /// The plan for this command line with a configuration that is already read, from `source`.
    ///
    /// # Errors
    /// 78 when the current directory or our own program can't be found.
    pub fn with(cli: &Cli, config: Config, mut source: Source) -> Result<Plan, Failure> {
        let absolute = |path: PathBuf| {
            std::path::absolute(&path).map_err(|why| {
                Failure::config(format!("`{}` is not a usable path: {why}", path.display()))
            })
        };
        source.file = source.file.map(absolute).transpose()?;
        let data = cli.common.data_dir(&config);
        let logs = absolute(data.logs().to_path_buf())?;
        let data = DataDir::new(absolute(data.root().to_path_buf())?).with_logs(logs);
        let bin_dir = match &cli.options.bin_dir {
            Some(folder) => absolute(folder.clone())?,
            None => beside_us()?,
        };
        let steps = config
            .pipeline
            .steps()
            .map_err(|faults| Failure::config(faults.join("; ")))?
            .iter()
            .map(|spec| PlannedStep::new(spec, &bin_dir))
            .collect();
        let provider = cli.options.provider.unwrap_or(config.feed.provider);
        let base_url = cli.options.base_url.as_deref();
        let no_address = base_url.unwrap_or(&config.feed.base_url).is_empty();
        let sandbox =
            (provider == Provider::Sandbox && no_address).then(|| bin_dir.join("sandbox"));
        let interval = cli.options.interval.unwrap_or(config.schedule.interval).0;
        Ok(Plan {
            accepted: Accepted::new(&source, data.accepted()),
            config,
            data,
            bin_dir,
            own: env::current_exe().map_or_else(|_| PathBuf::new(), undeleted),
            steps,
            interval,
            provider,
            sandbox,
            options: cli.options.clone(),
            colored: cli.common.color.on(&io::stdout()),
        })
    }

    /// The arguments of `step` in cycle `id`; `sandbox_url` is the address of the sandbox we started.
    pub fn arguments(
        &self,
        step: &PlannedStep,
        id: &CycleId,
        sandbox_url: Option<&str>,
    ) -> Vec<OsString> {
        let mut args: Vec<OsString> = step.args.iter().map(OsString::from).collect();
        let mut add = |name: &str, value: OsString| args.extend([name.into(), value]);
        add("--cycle", id.as_str().into());
        add("--data-dir", self.data.root().into());
        if let Some(file) = self.accepted.handed_out() {
            add("--config", file.into());
        }
        if step.number == Some(1) {
            if sandbox_url.is_some() || self.options.provider.is_some() {
                add("--provider", self.provider.as_str().into());
            }
            if let Some(url) = sandbox_url.or(self.options.base_url.as_deref()) {
                add("--base-url", url.into());
            }
        }
        if step.number == Some(6) {
            match self.options.show {
                None => args.push("--no-display".into()),
                Some(Show::Compact) => args.push("--compact".into()),
                Some(Show::Full) => {}
            }
            let decided = step.args.iter().any(|arg| arg.starts_with("--color"));
            if self.colored && self.shows(step) && !decided {
                args.extend(["--color".into(), "always".into()]);
            }
        }
        args
    }

    /// Variables for `step` on top of the environment. The provider's limit on requests is not the limit of
    /// a sandbox that is ours alone; one that somebody set stays. Who is shown can't see for itself how
    /// wide the terminal is, since its output goes through us.
    pub fn variables(
        &self,
        step: &PlannedStep,
        sandbox_url: Option<&str>,
    ) -> Vec<(&'static str, String)> {
        let mut variables = Vec::new();
        let untouched = self.config.feed.requests_per_minute == Feed::default().requests_per_minute;
        if step.number == Some(1) && sandbox_url.is_some() && untouched {
            variables.push(("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "0".to_owned()));
        }
        if self.shows(step)
            && let Some(columns) = columns()
        {
            variables.push(("COLUMNS", columns.to_string()));
        }
        variables
    }

    /// Whether `step` shows what it has to say on our standard output.
    pub fn shows(&self, step: &PlannedStep) -> bool {
        step.number == Some(6) && self.options.show.is_some()
    }

    /// All programs that a cycle runs, by name.
    pub fn programs(&self) -> Vec<(String, PathBuf)> {
        let steps = self.steps.iter();
        let steps = steps.map(|step| (step.name.clone(), step.program.clone()));
        let sandbox = self.sandbox.iter();
        let sandbox = sandbox.map(|program| ("sandbox".to_owned(), program.clone()));
        let companion = self.companion();
        let companion = companion.map(|spec| (spec.name, spec.program));
        steps.chain(sandbox).chain(companion).collect()
    }

    /// What is kept running beside the cycles: `health watch`, if `[alerts] companion` asks for it.
    pub fn companion(&self) -> Option<Spec> {
        if !self.config.wants_companion() {
            return None;
        }
        // The file is only for the commands that it names to people.
        let mut args: Vec<OsString> = vec!["watch".into(), "--accepted".into()];
        args.extend(["--data-dir".into(), self.data.root().into()]);
        if let Some(file) = self.accepted.source() {
            args.extend(["--config".into(), file.into()]);
        }
        Some(Spec {
            name: "health".to_owned(),
            program: self.bin_dir.join("health"),
            args,
            settings: self.accepted.content().to_owned(),
        })
    }

    /// The arguments of the sandbox.
    pub fn sandbox_arguments(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = vec!["--listen".into(), "127.0.0.1:0".into()];
        if let Some(file) = self.accepted.handed_out() {
            args.extend(["--config".into(), file.into()]);
        }
        if let Some(n) = self.options.sandbox_matches {
            args.extend(["--matches".into(), n.to_string().into()]);
        }
        if let Some(n) = self.options.sandbox_seed {
            args.extend(["--seed".into(), n.to_string().into()]);
        }
        args
    }
}

impl PlannedStep {
    fn new(spec: &StepSpec, bin_dir: &Path) -> PlannedStep {
        let given = Path::new(&spec.program);
        let program = if given.components().count() > 1 {
            std::path::absolute(given).unwrap_or_else(|_| given.to_path_buf())
        } else {
            bin_dir.join(given)
        };
        let number = given
            .file_name()
            .and_then(|name| name.to_str()?.strip_prefix("step")?.parse().ok())
            .filter(|number| (1..=6).contains(number));
        PlannedStep {
            name: spec.name.clone(),
            program,
            number,
            args: spec.args.clone(),
            timeout: spec.timeout.0,
            required: spec.required,
            memory: spec.memory,
        }
    }

    /// The number of the JSON file that the step owes when it succeeds.
    pub fn owes(&self) -> Option<u8> {
        self.number.filter(|number| *number <= 5)
    }
}

/// The path as it was before the file was replaced under our feet, which the kernel adds to it.
fn undeleted(path: PathBuf) -> PathBuf {
    match path
        .to_str()
        .and_then(|text| text.strip_suffix(" (deleted)"))
    {
        Some(text) => PathBuf::from(text),
        None => path,
    }
}

/// The columns of the terminal that is our standard output, if it is one.
pub(crate) fn columns() -> Option<u16> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0).then_some(size.ws_col)
}

/// The folder of our own program.
fn beside_us() -> Result<PathBuf, Failure> {
    let own = env::current_exe().map_err(|why| {
        Failure::config(format!(
            "the orchestrator can't find its own program ({why}); name the folder of the programs with --bin-dir"
        ))
    })?;
    Ok(own.parent().unwrap_or(Path::new("/")).to_path_buf())
}
