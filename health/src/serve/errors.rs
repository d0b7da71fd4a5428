//! The last error of each step: when, in which cycle, how it ended, what it said, and how to look further.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use journal::reader::{Cycle, Step};
use journal::{JournalError, Reader, StepOutcome};
use maud::{Markup, html};

use super::page::seen;
use crate::explain::one_step;
use crate::logs::Line;
use crate::look::{Look, StepPace};
use crate::verdict::commands;
use crate::words::ago;

/// Bad cycles that are looked through.
const CYCLES: u32 = 500;
/// Lines of a step that are shown.
const LINES: usize = 8;
/// A cycle takes no longer than this.
const LONGEST: TimeDelta = TimeDelta::days(1);
/// What is read of a day log at most, in bytes.
const MOST: u64 = 256 * 1024;
/// What the search for a time reads at once, in bytes.
const PIECE: u64 = 16 * 1024;

/// One of them.
struct Failure {
    cycle: Cycle,
    step: Step,
    /// Until when what it said may stand in the log.
    until: DateTime<Utc>,
}

/// All of them.
pub(super) fn section(look: &Look, steps: &[StepPace]) -> Markup {
    let failures = match failures(look) {
        Ok(failures) => failures,
        Err(why) => {
            return html! { h2 { "Last errors" } p class="warn" { "They can't be read: " (why) } };
        }
    };
    // Of a step that stood at another place once, what is found is found.
    let failed = |name: &str| failures.iter().any(|one| one.step.name == name);
    let mut never: Vec<_> = steps
        .iter()
        .filter(|step| !failed(&step.window.name))
        .map(|step| step6::screen_text(&step.window.name, 40))
        .collect();
    never.dedup();
    html! {
        @if !failures.is_empty() || !never.is_empty() { h2 { "Last error of each step" } }
        @for one in &failures {
            @let pace = steps.iter().find(|step| is_of(&one.step, step));
            (details(look, one, pace))
        }
        @if !never.is_empty() {
            p class="dim" { "No error found for " (never.join(", ")) " (the newest " (CYCLES) " bad cycles were searched)." }
        }
    }
}

/// Whether this is how the step goes now: at its place another one may have come in.
fn is_of(failed: &Step, pace: &StepPace) -> bool {
    pace.window.position == failed.position && pace.window.name == failed.name
}

fn failures(look: &Look) -> Result<Vec<Failure>, JournalError> {
    let reader = Reader::open(&look.facts.data.journal())?;
    let failures = reader.last_failures(CYCLES)?.into_iter();
    failures
        .map(|(cycle, step)| {
            // When a step ended that died with the orchestrator is not known.
            let until = if step.outcome == Some(StepOutcome::Crashed) {
                let next = reader.next_start(&cycle)?.unwrap_or(look.facts.now);
                // It may have lain dead for weeks, of which the logs need not be searched.
                next.min(cycle.started_at + LONGEST)
            } else {
                cycle.ended_at.unwrap_or(look.facts.now)
            };
            Ok(Failure { until, cycle, step })
        })
        .collect()
}

fn details(look: &Look, one: &Failure, pace: Option<&StepPace>) -> Markup {
    let Failure { cycle, step, .. } = one;
    let ended = cycle.ended_at.unwrap_or(cycle.started_at);
    let again = pace.is_some_and(|pace| pace.newest == Some(StepOutcome::Ok));
    let lines = lines_of(look.facts.data.logs(), one);
    let name = step6::screen_text(&step.name, 40);
    html! {
        details id=(format!("error-{}", step.position)) {
            summary {
                b class=(if again { "" } else { "bad" }) { (name) } ": " (ago(ended, look.facts.now))
                @if again { span class="dim" { ", later runs were ok" } }
            }
            // A link to what stands in here opens it, a link to the whole would not.
            div class="inside" id=(format!("error-{}-what", step.position)) {
                p { "When: " (seen(ended)) ", in cycle " code { (step6::screen_text(&cycle.id, 60)) } }
                p { "How: " (one_step(step)) }
                @if let Some(why) = step.message.as_deref().or(cycle.message.as_deref()) {
                    p { "Why: " (step6::screen_text(why, 1000)) }
                }
                @if lines.is_empty() { p class="dim" { "The day logs have no line of it." } }
                @else {
                    p { "Its last lines:" }
                    @for line in &lines { (super::logs::shown(line)) }
                }
                p { "Look further: " code { (commands::health(&format!("explain {}", cycle.id), &look.facts)) } }
                p { "All it said: " code { (commands::health(&format!("logs --cycle {} --step {}", cycle.id, step.position), &look.facts)) } }
            }
        }
    }
}

/// The last lines that a step said in a cycle, the oldest first. A few pieces of the day logs are read,
/// however long they are.
fn lines_of(folder: &Path, one: &Failure) -> Vec<String> {
    // As `health logs --cycle` has it.
    let slack = TimeDelta::milliseconds(50);
    let (from, until) = (one.cycle.started_at - slack, one.until + slack);
    let mut found = Vec::new();
    // A log has the local date of its writer, which may be another than ours.
    let days = (-2..=1)
        .rev()
        .map(|day| until.date_naive() + TimeDelta::days(day));
    for day in days {
        let path = folder.join(day.format("continuous_orchestrator_%Y%m%d.log").to_string());
        let Ok(text) = before(&path, until) else {
            continue;
        };
        let mut earlier = false;
        for text in text.lines().rev() {
            let line = Line::of(text);
            let Some(at) = line.at else { continue };
            earlier |= at < from;
            if at >= from && at <= until && line.who == Some(one.step.name.as_str()) {
                found.push(text.to_owned());
            }
            if found.len() == LINES {
                break;
            }
        }
        // Where a line is too old, those of earlier days are too.
        if earlier || found.len() == LINES {
            break;
        }
    }
    found.reverse();
    found
}

/// What stands in a day log before the first line that is later than `until`, the end of it.
fn before(path: &Path, until: DateTime<Utc>) -> io::Result<String> {
    let file = File::open(path)?;
    let (mut low, mut high) = (0, file.metadata()?.len());
    // The lines stand in the order of their times: halves, until what is left is one piece.
    while high - low > PIECE {
        let middle = low + (high - low) / 2;
        let later = text_of(&file, middle, (middle + PIECE).min(high))?
            .lines()
            // The first one may have lost its beginning.
            .skip(1)
            .find_map(|line| Line::of(line).at)
            .is_none_or(|at| at > until);
        if later {
            high = middle;
        } else {
            low = middle;
        }
    }
    // A line that begins in the piece may end behind it.
    let end = (high + PIECE).min(file.metadata()?.len());
    text_of(&file, end.saturating_sub(MOST), end)
}

fn text_of(file: &File, from: u64, until: u64) -> io::Result<String> {
    let mut bytes = vec![0; usize::try_from(until.saturating_sub(from)).unwrap_or_default()];
    let mut read = 0;
    while read < bytes.len() {
        match file.read_at(&mut bytes[read..], from + read as u64)? {
            0 => break,
            n => read += n,
        }
    }
    bytes.truncate(read);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use journal::{CycleOutcome, Journal};

    use super::*;

    /// Step 1 of a cycle that took ten minutes.
    fn failure(folder: &Path, began: DateTime<Utc>) -> Failure {
        let path = folder.join("journal.sqlite");
        let journal = Journal::open(&path).unwrap().0;
        let key = journal.begin_cycle("c1", began, None).unwrap();
        journal.begin_step(key, 1, "step1", began).unwrap();
        drop(journal);
        // Whoever opens it next finds it crashed.
        drop(Journal::open(&path).unwrap());
        let reader = Reader::open(&path).unwrap();
        let (cycle, step) = reader.last_failures(1).unwrap().remove(0);
        assert_eq!(cycle.outcome, Some(CycleOutcome::Crashed));
        Failure {
            until: began + TimeDelta::minutes(10),
            cycle,
            step,
        }
    }

    #[test]
    fn the_logs_of_earlier_days_are_read_only_while_lines_may_be_missing() {
        let folder = tempfile::tempdir().unwrap();
        let began: DateTime<Utc> = "2026-03-05T12:00:00Z".parse().unwrap();
        let one = failure(folder.path(), began);
        let log = |day: u32, lines: &[(i64, &str)]| {
            let line = |(minute, words): &(i64, &str)| {
                let at = began + TimeDelta::minutes(*minute);
                let at = at.to_rfc3339_opts(chrono::SecondsFormat::Millis, false);
                format!("{at} INFO  {words}\n")
            };
            let name = format!("continuous_orchestrator_202603{day:02}.log");
            let text: String = lines.iter().map(line).collect();
            fs::write(folder.path().join(name), text).unwrap();
        };
        let found = || -> Vec<_> {
            let lines = lines_of(folder.path(), &one).into_iter();
            lines.filter_map(|line| line.chars().last()).collect()
        };
        // The day before has what it can have only if this day's has nothing from before the cycle.
        log(4, &[(-60, "step1: -"), (1, "step1: a"), (2, "step1: b")]);
        log(5, &[(3, "step1: c"), (4, "step2: -"), (11, "step1: -")]);
        assert_eq!(found(), ['a', 'b', 'c']);
        log(5, &[(-1, "step2: -"), (3, "step1: c"), (11, "step1: -")]);
        assert_eq!(found(), ['c']);
        log(5, &[(3, "step1: c"); 12]);
        assert_eq!(found(), ['c'; LINES]);
        log(5, &[]);
        assert_eq!(found(), ['a', 'b']);
        // Nothing before it, and a day that only went on after it.
        log(5, &[(-3, "step1: -"), (12, "step1: -")]);
        assert_eq!(found(), [' '; 0]);
    }

    #[test]
    fn the_lines_of_a_time_are_found_in_a_log_of_any_length() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let at = |second: i64| DateTime::from_timestamp(1_795_000_000 + second, 0).unwrap();
        let lines: String = (0..40_000)
            .map(|n| {
                format!(
                    "{} INFO  step1: line {n} of many\n",
                    at(n).to_rfc3339_opts(chrono::SecondsFormat::Millis, false)
                )
            })
            .collect();
        std::fs::write(&path, lines).unwrap();
        for second in [0, 1, 17, 20_000, 39_998, 39_999] {
            let text = before(&path, at(second)).unwrap();
            assert!(text.len() as u64 <= MOST);
            assert!(text.contains(&format!(": line {second} of many\n")));
        }
        std::fs::write(&path, "").unwrap();
        assert_eq!(before(&path, at(5)).unwrap(), "");
    }
}
