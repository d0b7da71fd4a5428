//! `orchestrator check`: would it run? Looks at everything that can be looked at without running a
//! cycle or changing a file, and lists every fault rather than the first.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::unistd::{AccessFlags, access};
use pipeline::config::Provider;
use pipeline::{Config, Exit, Failure, VERSION};
use tokio::runtime;
use tokio::time::timeout;

use crate::child;
use crate::cli::Cli;
use crate::group::Group;
use crate::plan::Plan;

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// One thing that was looked at, and what is wrong with it.
struct Finding {
    what: String,
    result: Result<String, String>,
}

/// Checks; returns 0, or 78 when there are faults.
///
/// # Errors
/// 70 when the check itself can't run.
pub fn main(cli: &Cli) -> Result<u8, Failure> {
    let mut findings = vec![Finding {
        what: "orchestrator".to_owned(),
        result: Ok(VERSION.to_owned()),
    }];
    let plan = plan(cli, &mut findings)?;
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::new(Exit::Bug, format!("failed to start the runtime: {why}")))?;
    runtime.block_on(programs(&plan, &mut findings));
    for (what, folder) in [
        ("data directory", plan.data.root()),
        ("day logs", plan.data.logs()),
    ] {
        findings.push(Finding {
            what: what.to_owned(),
            result: writable(folder),
        });
    }
    provider(&plan, &mut findings);
    let faults = findings.iter().filter(|f| f.result.is_err()).count();
    report(&findings, faults);
    Ok(if faults == 0 {
        Exit::Done.code()
    } else {
        Exit::Config.code()
    })
}

/// The plan; with the defaults where the configuration is at fault, so that the rest can be checked.
fn plan(cli: &Cli, findings: &mut Vec<Finding>) -> Result<Plan, Failure> {
    let file = Config::find(cli.common.config.as_deref());
    let loaded = cli.common.load_config();
    let result = match (&loaded, &file) {
        (Ok(_), Ok(Some(path))) => Ok(format!("`{}`", path.display())),
        (Ok(_), _) => Ok("built-in defaults (no file)".to_owned()),
        (Err(failure), _) => Err(failure.message.clone()),
    };
    findings.push(Finding {
        what: "configuration".to_owned(),
        result,
    });
    Plan::with(cli, loaded.unwrap_or_default(), file.unwrap_or(None))
}

async fn programs(plan: &Plan, findings: &mut Vec<Finding>) {
    let steps = plan
        .steps
        .iter()
        .map(|step| (step.name.as_str(), &step.program, step.number.is_some()));
    let sandbox = plan
        .sandbox
        .iter()
        .map(|program| ("sandbox", program, true));
    for (name, program, ours) in steps.chain(sandbox) {
        findings.push(Finding {
            what: name.to_owned(),
            result: program_is_ready(program, ours).await,
        });
    }
}

/// That the program is there and, if it is one of ours, of our version.
async fn program_is_ready(program: &Path, ours: bool) -> Result<String, String> {
    if !ours {
        let runs = program.is_file() && access(program, AccessFlags::X_OK).is_ok();
        return if runs {
            Ok(format!("`{}` (not one of ours)", program.display()))
        } else {
            Err(format!("`{}` is no executable file", program.display()))
        };
    }
    let child = child::command(program, &["--version".into()])
        .spawn()
        .map_err(|why| child::spawn_failure(program, &why))?;
    let group = child.id().and_then(Group::led_by);
    let output = match timeout(PATIENCE, child.wait_with_output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(why)) => return Err(format!("`{} --version`: {why}", program.display())),
        Err(_) => {
            group.iter().for_each(|group| group.kill());
            return Err(format!("`{} --version` does not end", program.display()));
        }
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().next().unwrap_or_default().trim();
    let version = line.split_once(' ').map_or("", |(_, version)| version);
    if version == VERSION {
        Ok(version.to_owned())
    } else if version.is_empty() {
        Err(format!("`{} --version` says no version", program.display()))
    } else {
        Err(format!("is of another build: {version}"))
    }
}

/// That files can be made in `folder`, or the folder in the first one above that is there.
fn writable(folder: &Path) -> Result<String, String> {
    let Some(there) = folder.ancestors().find(|path| path.exists()) else {
        return Err(format!("`{}` can't be made", folder.display()));
    };
    if !there.is_dir() {
        return Err(format!("`{}` is not a folder", there.display()));
    }
    match access(there, AccessFlags::W_OK | AccessFlags::X_OK) {
        Ok(()) if there == folder => Ok(format!("`{}`", folder.display())),
        Ok(()) => Ok(format!("`{}` (will be made)", folder.display())),
        Err(why) => Err(format!(
            "`{}` can't be written to: {}",
            there.display(),
            why.desc()
        )),
    }
}

fn provider(plan: &Plan, findings: &mut Vec<Finding>) {
    let (words, credentials): (_, &[_]) = match plan.provider {
        Provider::Sandbox => ("sandbox, data will be SIMULATED", &[]),
        Provider::Thesports => ("thesports", &["user", "secret"]),
    };
    findings.push(Finding {
        what: "provider".to_owned(),
        result: Ok(words.to_owned()),
    });
    findings.extend(credentials.iter().map(|name| Finding {
        what: (*name).to_owned(),
        result: credential(name).map(|()| "is there".to_owned()),
    }));
}

/// That the credential `name` (`user`, `secret`) is there. It is not read further than that.
fn credential(name: &str) -> Result<(), String> {
    let variable = format!("THESPORTS_{}", name.to_uppercase());
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
    if set(&variable).is_some() {
        return Ok(());
    }
    let file_variable = format!("FOOTBALL_BOT_{variable}_FILE");
    let file = set(&file_variable).map(PathBuf::from).or_else(|| {
        set("CREDENTIALS_DIRECTORY")
            .map(|folder| Path::new(&folder).join(format!("thesports_{name}")))
    });
    match file {
        None => Err(format!("not given: set ${variable}, or see README.md")),
        Some(path) => match fs::read(&path) {
            Ok(text) if text.iter().all(u8::is_ascii_whitespace) => {
                Err(format!("`{}` is empty", path.display()))
            }
            Ok(_) => Ok(()),
            Err(why) => Err(format!("`{}`: {why}", path.display())),
        },
    }
}

fn report(findings: &[Finding], faults: usize) {
    let mut text = String::new();
    for Finding { what, result } in findings {
        match result {
            Ok(words) => text.push_str(&format!("ok     {what:15} {words}\n")),
            Err(words) => text.push_str(&format!("FAULT  {what:15} {words}\n")),
        }
    }
    text.push_str(&match faults {
        0 => "ready to run: the same command without `check`\n".to_owned(),
        1 => "1 fault\n".to_owned(),
        n => format!("{n} faults\n"),
    });
    // A closed stdout is the reader's choice; the exit code says it too.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}
