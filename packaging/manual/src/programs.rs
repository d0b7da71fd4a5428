//! The command lines of all programs, as clap knows them, and the manual pages made from them.

use anyhow::Result;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use pipeline::VERSION;
use pipeline::harness::command;

/// `football-bot PROGRAM …`, with every program as a subcommand.
pub fn all() -> Command {
    let mut all = Command::new("football-bot")
        .version(VERSION)
        .about("live football odds every minute: six steps, their orchestrator, and what looks after them")
        .subcommand_required(true)
        .disable_help_subcommand(true)
        .long_about(
            "football-bot PROGRAM runs one of the programs of Football Bot on the service's own data: the \
             configuration in /etc/football-bot, the data in /var/lib/football-bot, the day logs in \
             /var/log/football-bot. With --data-dir, or FOOTBALL_BOT_DATA_DIR in the environment, the program \
             works on that directory instead. root becomes the service's user first. Members of the group \
             football-bot may read everything.",
        );
    for program in programs() {
        all = all.subcommand(program);
    }
    all.subcommand(service())
}

/// The programs.
fn programs() -> [Command; 9] {
    [
        orchestrator::cli::Cli::command(),
        health::cli::Cli::command(),
        step1::command(),
        command::<step2::Merge>(),
        command::<step3::Summarise>(),
        command::<step4::Extract>(),
        command::<step5::Convert>(),
        step6::command(),
        sandbox::cli::Cli::command(),
    ]
}

/// The actions of `deploy_service.sh`, for the completions; the script says itself what they do.
fn service() -> Command {
    const ACTIONS: [(&str, &str); 8] = [
        ("start", "Start the service"),
        ("stop", "Stop it"),
        ("restart", "Stop and start it"),
        ("status", "What systemd and health say of it"),
        ("logs", "The last lines of its journal"),
        ("follow", "Its journal, as it grows"),
        ("doctor", "Look at everything it needs, and say what to do"),
        (
            "credentials",
            "Give or replace the account, or a sink's secret",
        ),
    ];
    ACTIONS.into_iter().fold(
        Command::new("service").about("Look after the service"),
        |service, (name, about)| service.subcommand(Command::new(name).about(about)),
    )
}

/// The manual pages, of every program and every subcommand: name without section, and source.
///
/// # Errors
/// When clap can't render one.
pub fn pages() -> Result<Vec<(String, Vec<u8>)>> {
    let mut pages = Vec::new();
    let mut all = all();
    all.build();
    add(&mut pages, &all)?;
    Ok(pages)
}

fn add(pages: &mut Vec<(String, Vec<u8>)>, command: &Command) -> Result<()> {
    let known = command
        .get_subcommands()
        .filter(|sub| sub.get_name() != "help");
    known.into_iter().try_for_each(|sub| add(pages, sub))?;
    let name = command.get_display_name().unwrap_or(command.get_name());
    let mut text = Vec::new();
    Man::new(command.clone().disable_help_subcommand(true))
        .section("1")
        .manual("Football Bot")
        .render(&mut text)?;
    pages.push((name.to_owned(), text));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_has_a_page_that_names_its_flags() {
        let pages = pages().unwrap();
        for (name, text) in &pages {
            let text = String::from_utf8_lossy(text);
            assert!(text.contains(".TH"), "{name} is no manual page");
        }
        let of = |name: &str| {
            let (_, text) = pages.iter().find(|(n, _)| n == name).unwrap();
            String::from_utf8_lossy(text).into_owned()
        };
        for program in programs() {
            let page = of(&format!("football-bot-{}", program.get_name()));
            assert!(
                page.contains(r"\-\-data\-dir"),
                "{} lacks --data-dir",
                program.get_name()
            );
        }
        assert!(of("football-bot-health-report").contains(r"\-\-json"));
        assert!(of("football-bot-step1").contains(r"\-\-replay"));
        assert!(of("football-bot-orchestrator").contains(r"\-\-once"));
    }

    #[test]
    fn the_command_lines_are_free_of_contradictions() {
        all().debug_assert();
    }
}
