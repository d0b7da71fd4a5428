//! `orchestrator check`: would it run? Looks at everything that can be looked at without running a
//! cycle or changing a file, and lists every fault rather than the first.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};
use pipeline::config::{Provider, Source};
use pipeline::{Config, Exit, Failure, VERSION, faults};

use crate::cli::Cli;
use crate::plan::{self, Plan};
use crate::versions::Versions;

/// Where the words of a finding begin.
const INDENT: usize = 23;

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
    programs(&plan, &mut findings);
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
    let loaded = cli.common.read_config();
    let result = match &loaded {
        Ok((
            _,
            Source {
                file: Some(path), ..
            },
        )) => Ok(format!("`{}`", path.display())),
        Ok(_) => Ok("built-in defaults (no file)".to_owned()),
        Err(failure) => Err(failure.message.clone()),
    };
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let mut faults = match (&result, &file) {
        (Err(_), Ok(path)) => faults::all(path.as_deref(), variables),
        _ => Vec::new(),
    };
    let first = faults.drain(..faults.len().min(1)).next();
    findings.push(Finding {
        what: "configuration".to_owned(),
        result: match (result, first) {
            (Err(_), Some(first)) => Err(first),
            (result, _) => result,
        },
    });
    findings.extend(faults.into_iter().map(|fault| Finding {
        what: "configuration".to_owned(),
        result: Err(fault),
    }));
    match loaded {
        Ok((config, source)) => Plan::with(cli, config, source),
        Err(_) => Plan::with(cli, Config::default(), Source::of(None)?),
    }
}

fn programs(plan: &Plan, findings: &mut Vec<Finding>) {
    let mut versions = Versions::default();
    for (name, program) in plan.programs() {
        findings.push(Finding {
            what: name,
            result: program_is_ready(&program, &mut versions),
        });
    }
}

/// That the program is there and, if it is one of ours, of our version. It is not run.
fn program_is_ready(program: &Path, versions: &mut Versions) -> Result<String, String> {
    let place = program.display();
    if !program.is_file() {
        return Err(format!(
            "can't start `{place}`: there is no such file (build it, or name its folder with --bin-dir)"
        ));
    }
    if access(program, AccessFlags::X_OK).is_err() {
        return Err(format!("can't start `{place}`: make it executable"));
    }
    match versions.of(program) {
        Some(version) if version == VERSION => Ok(version),
        Some(version) => Err(format!("is of another build: {version}")),
        None => Ok(format!("`{place}` (not one of ours)")),
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
    let columns = columns();
    for Finding { what, result } in findings {
        let (mark, words) = match result {
            Ok(words) => ("ok", words),
            Err(words) => ("FAULT", words),
        };
        let words = wrapped(words, columns);
        text.push_str(&format!("{mark:6} {what:15} {words}\n"));
    }
    text.push_str(&match faults {
        0 => "ready to run: the same command without `check`\n".to_owned(),
        1 => "1 fault\n".to_owned(),
        n => format!("{n} faults\n"),
    });
    // A closed stdout is the reader's choice; the exit code says it too.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

/// The columns of who reads it: the terminal's, or `$COLUMNS`. None: one line for each finding, as
/// scripts like it.
fn columns() -> Option<usize> {
    let said = || env::var("COLUMNS").ok()?.trim().parse().ok();
    plan::columns().map(usize::from).or_else(said)
}

/// The words in lines that begin under each other and do not go beyond `columns`; a word that is too
/// long stays whole.
fn wrapped(words: &str, columns: Option<usize>) -> String {
    let Some(columns) = columns else {
        return words.to_owned();
    };
    let mut text = String::new();
    let mut column = INDENT;
    for word in words.split(' ') {
        let length = word.chars().count();
        if !text.is_empty() {
            if column + 1 + length > columns {
                text.push_str(&format!("\n{:INDENT$}", ""));
                column = INDENT;
            } else {
                text.push(' ');
                column += 1;
            }
        }
        text.push_str(word);
        column += length;
    }
    text
}
