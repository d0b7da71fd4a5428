//! Every command that the documents tell an operator to type is one that our programs take.
//!
//! Looked at are the code spans and the shell blocks of `README.md` and `docs/*.md`: commands of our programs
//! are parsed by the programs' own definitions, those of `deploy_service.sh` by the script itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::error::ErrorKind;
use manual::parts::SHIPPED;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The documents: README and everything in docs.
fn documents() -> Vec<PathBuf> {
    let docs = fs::read_dir(root().join("docs")).expect("docs is there");
    let mut all: Vec<PathBuf> = docs.flatten().map(|entry| entry.path()).collect();
    all.retain(|path| path.extension().is_some_and(|e| e == "md"));
    all.push(root().join("README.md"));
    all.sort();
    all
}

/// Code spans, and the lines of shell blocks; a line that ends in `\` goes on.
fn code(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut prose = String::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            block = match block {
                Some(_) => None,
                None => Some(language.trim().to_owned()),
            };
            continue;
        }
        match block.as_deref() {
            Some("sh" | "bash" | "console") => {
                let line = line.split(" #").next().unwrap_or_default();
                match found.last_mut() {
                    Some(last) if last.ends_with('\\') => {
                        last.pop();
                        last.push_str(line);
                    }
                    _ => found.push(line.to_owned()),
                }
            }
            Some(_) => {}
            None => {
                prose.push_str(line);
                prose.push('\n');
            }
        }
    }
    let spans = prose.split('`').skip(1).step_by(2);
    found.extend(spans.map(|span| span.replace("\\|", "|").replace('\n', " ")));
    found
}

/// The simple commands of a line, each as words; brackets around what is optional are dropped.
fn commands(line: &str) -> Vec<Vec<String>> {
    // What stands in quotes is one word.
    let quoted = line
        .split(['"', '\''])
        .enumerate()
        .map(|(n, part)| match n % 2 {
            0 => part.to_owned(),
            _ => part.replace(' ', "_"),
        });
    let line = quoted.collect::<String>();
    let spaced = line.replace(['[', ']', '(', ')'], " ");
    let spaced = spaced.replace("&&", "\n").replace(['|', ';'], "\n");
    let words = |part: &str| -> Vec<String> {
        let shell = part
            .split_whitespace()
            .take_while(|w| !w.starts_with(['>', '<']) && *w != "&");
        shell.map(str::to_owned).collect()
    };
    spaced.lines().map(words).collect()
}

/// Without what stands before the program: sudo, its flags, variables.
fn bare(words: &[String]) -> &[String] {
    let before = |word: &String| {
        word == "sudo" || word == "nice" || word.starts_with("--") || word.contains("=")
    };
    let first = words.iter().position(|word| !before(word));
    first.map_or(&[], |first| &words[first..])
}

/// What is wrong with a command of ours; nothing for those of others, and for what is only named.
fn fault(words: &[String]) -> Option<Result<(), String>> {
    let words = bare(words);
    let (program, arguments) = words.split_first()?;
    let name = program.rsplit('/').next()?;
    // What is only named, or stands for several: `health`, `football-bot PROGRAM …`, `step1 … step6`.
    if arguments.is_empty() || words.iter().any(|w| w.contains('…') || w == "PROGRAM") {
        return None;
    }
    let clean = |w: &String| match w.as_str() {
        "DIR" => ".".to_owned(),
        // An alert's name, where one is asked for.
        "NAME" => "CrashLoop".to_owned(),
        other => other.to_owned(),
    };
    let arguments: Vec<String> = arguments.iter().map(clean).collect();
    match name {
        "deploy_service.sh" => Some(service(&arguments)),
        "football-bot" if arguments[0] == "service" => Some(service(&arguments[1..])),
        // The container's image of that name is not the command.
        "football-bot" => Some(parse(&arguments)),
        _ if SHIPPED.contains(&name) => {
            let mut all = vec![name.to_owned()];
            all.extend(arguments);
            Some(parse(&all))
        }
        _ => None,
    }
}

fn parse(arguments: &[String]) -> Result<(), String> {
    let named = std::iter::once("football-bot".to_owned()).chain(arguments.iter().cloned());
    match manual::programs::all().try_get_matches_from(named) {
        Err(error)
            if !matches!(
                error.kind(),
                ErrorKind::DisplayHelp
                    | ErrorKind::DisplayVersion
                    // Named without all that it needs, as prose does.
                    | ErrorKind::MissingRequiredArgument
                    | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
            ) =>
        {
            Err(error.to_string())
        }
        _ => Ok(()),
    }
}

/// The script reads its arguments up to `--help`, and refuses those that it does not know.
fn service(arguments: &[String]) -> Result<(), String> {
    let output = Command::new("bash")
        .arg(root().join("scripts/deploy_service.sh"))
        .args(arguments)
        .arg("--help")
        .output()
        .expect("bash runs");
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[test]
fn every_command_in_the_documents_is_taken_by_the_program_that_it_names() {
    let mut looked_at = 0;
    let mut faults = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for line in code(&text) {
            for words in commands(&line) {
                match fault(&words) {
                    Some(Ok(())) => looked_at += 1,
                    Some(Err(why)) => faults.push(format!(
                        "{}: `{}`: {}",
                        document.file_name().unwrap().to_string_lossy(),
                        words.join(" "),
                        why.lines().next().unwrap_or_default()
                    )),
                    None => {}
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(looked_at >= 40, "only {looked_at} commands were found");
}

#[test]
fn a_command_that_no_program_takes_is_found() {
    let wrong = [
        "sudo football-bot health reprot",
        "football-bot step3 --no-such-flag",
        "sudo football-bot service begin",
        "scripts/deploy_service.sh upgrade --bins DIR",
        "VARIABLE=1 target/release/orchestrator run --onec",
    ];
    for line in wrong {
        let words = commands(line);
        assert!(matches!(fault(&words[0]), Some(Err(_))), "{line}");
    }
    let right = "sudo --preserve-env=A,B scripts/deploy_service.sh install [--bin-dir DIR] && orchestrator check";
    for words in commands(right) {
        assert_eq!(fault(&words), Some(Ok(())), "{right}");
    }
}
