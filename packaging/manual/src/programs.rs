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
    for (_, program) in programs() {
        all = all.subcommand(program);
    }
    all.subcommand(service())
}

/// The programs, each with the name of its page.
pub fn programs() -> Vec<(&'static str, Command)> {
    vec![
        (
            "football-bot-orchestrator",
            orchestrator::cli::Cli::command(),
        ),
        ("football-bot-health", health::cli::Cli::command()),
        ("football-bot-step1", step1::command()),
        ("football-bot-step2", command::<step2::Merge>()),
        ("football-bot-step3", command::<step3::Summarise>()),
        ("football-bot-step4", command::<step4::Extract>()),
        ("football-bot-step5", command::<step5::Convert>()),
        ("football-bot-step6", step6::command()),
        ("football-bot-sandbox", sandbox::cli::Cli::command()),
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

/// The manual pages: name without section, and source.
///
/// # Errors
/// When clap can't render one.
pub fn pages() -> Result<Vec<(String, Vec<u8>)>> {
    let mut pages = Vec::new();
    let mut whole = all();
    whole.build();
    add(&mut pages, whole.clone())?;
    for (name, program) in programs() {
        add(&mut pages, program.name(name))?;
    }
    Ok(pages)
}

fn add(pages: &mut Vec<(String, Vec<u8>)>, command: Command) -> Result<()> {
    let name = command.get_name().to_owned();
    let mut text = Vec::new();
    Man::new(command)
        .section("1")
        .manual("Football Bot")
        .render(&mut text)?;
    pages.push((name, text));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_has_a_page_that_names_its_flags() {
        let pages = pages().unwrap();
        assert_eq!(pages.len(), 10);
        for (name, text) in &pages {
            let text = String::from_utf8_lossy(text);
            assert!(text.contains(".TH"), "{name} is no manual page");
            if name != "football-bot" {
                assert!(text.contains(r"\-\-data\-dir"), "{name} lacks --data-dir");
            }
        }
        let of = |name: &str| {
            let (_, text) = pages.iter().find(|(n, _)| n == name).unwrap();
            String::from_utf8_lossy(text).into_owned()
        };
        assert!(of("football-bot-step1").contains(r"\-\-replay"));
        assert!(of("football-bot-orchestrator").contains(r"\-\-once"));
    }

    #[test]
    fn the_command_lines_are_free_of_contradictions() {
        all().debug_assert();
    }
}
