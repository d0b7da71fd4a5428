//! Writes what is derived from the programs and never shipped as a program itself:
//!
//! - `manual pages DIR`: manual pages, one for each program, below `DIR/man1` (sources, not compressed);
//! - `manual completions DIR`: completions of `football-bot` for bash, zsh and fish;
//! - `manual configuration`: `docs/CONFIGURATION.md`, on standard output;
//! - `manual parts`: what the programs are made of (a CycloneDX document), on standard output.

use std::env;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap_complete::Shell;
use manual::{configuration, parts, programs};

const USAGE: &str =
    "manual pages DIR | manual completions DIR | manual configuration | manual parts";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("manual: {why:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words[..] {
        ["pages", folder] => pages(Path::new(folder)),
        ["completions", folder] => completions(Path::new(folder)),
        ["configuration"] => print(&configuration::page(&configuration::sources()?)?),
        ["parts"] => print(&parts::document()?),
        _ => bail!("usage: {USAGE}"),
    }
}

fn print(text: &str) -> Result<()> {
    io::stdout()
        .write_all(text.as_bytes())
        .context("failed to write to standard output")
}

fn pages(folder: &Path) -> Result<()> {
    let folder = folder.join("man1");
    fs::create_dir_all(&folder)
        .with_context(|| format!("failed to make `{}`", folder.display()))?;
    for (name, text) in programs::pages()? {
        let path = folder.join(format!("{name}.1"));
        fs::write(&path, text).with_context(|| format!("failed to write `{}`", path.display()))?;
    }
    Ok(())
}

fn completions(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("failed to make `{}`", folder.display()))?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut programs::all(), "football-bot", folder)
            .with_context(|| format!("failed to write completions for {shell}"))?;
    }
    Ok(())
}
