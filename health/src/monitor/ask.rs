//! What is asked before a key writes anything, and what is then done: by the same code as
//! `health alerts silence|unsilence` and by the same files as `orchestrator pause|resume|run-now`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use journal::control::{Control, Pause};
use journal::lock::Presence;
use pipeline::Config;
use pipeline::cli::Common;
use pipeline::config::alerts::Span;
use ratatui::crossterm::event::KeyCode;

use super::overview::moment;
use crate::alerts::command;
use crate::facts::{Depth, Facts};
use crate::look::Look;

/// How long a silence or a pause may be asked to last, in minutes; none = until it is over by itself or
/// a person ends it.
const LENGTHS: [(char, Option<u64>); 4] = [
    ('1', Some(15)),
    ('2', Some(60)),
    ('3', Some(240)),
    ('4', None),
];

/// A question on the last line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// How long this alert is to be silenced.
    Silence(String),
    /// Whether this alert (`*` = all) is to be told again.
    Unsilence(String),
    /// How long no cycle is to be started.
    Pause,
    /// Whether cycles are to be started again.
    Resume,
    /// Whether a cycle is to be run now.
    RunNow,
}

/// What was confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Hold back the messages of this alert, for so long or until its incident is over.
    Silence(String, Option<Duration>),
    /// Let the messages of this alert (`*` = all) through again.
    Unsilence(String),
    /// Start no cycle, for so long or until a person resumes.
    Pause(Option<Duration>),
    /// Start cycles again.
    Resume,
    /// Run a cycle now.
    RunNow,
}

/// What a key answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing: the question stays.
    None,
    /// No.
    No,
    /// Yes, so.
    Yes(Act),
}

impl Ask {
    /// The question and the keys that answer it.
    pub fn words(&self) -> String {
        let lengths = |what: &str, end: &str| {
            format!("{what} for  [1]15m  [2]1h  [3]4h  [4]until {end}  [Esc]no")
        };
        match self {
            Ask::Silence(name) => lengths(&format!("silence {name}"), "resolved"),
            Ask::Unsilence(name) if name == "*" => {
                "tell of all alerts again?  [y]yes  [Esc]no".to_owned()
            }
            Ask::Unsilence(name) => format!("tell of {name} again?  [y]yes  [Esc]no"),
            Ask::Pause => lengths("PAUSE the pipeline", "resumed"),
            Ask::Resume => "resume the pipeline?  [y]yes  [Esc]no".to_owned(),
            Ask::RunNow => "run a cycle now?  [y]yes  [Esc]no".to_owned(),
        }
    }

    /// What this key answers to it.
    pub fn answer(&self, code: KeyCode) -> Answer {
        let letter = match code {
            KeyCode::Esc => return Answer::No,
            KeyCode::Char(letter) => letter,
            _ => return Answer::None,
        };
        let act = match self {
            _ if matches!(letter, 'n' | 'q') => return Answer::No,
            Ask::Silence(_) | Ask::Pause => {
                let Some((_, minutes)) = LENGTHS.iter().find(|(key, _)| *key == letter) else {
                    return Answer::None;
                };
                let length = minutes.map(|minutes| Duration::from_secs(minutes * 60));
                match self {
                    Ask::Silence(name) => Act::Silence(name.clone(), length),
                    _ => Act::Pause(length),
                }
            }
            _ if letter != 'y' => return Answer::None,
            Ask::Unsilence(name) => Act::Unsilence(name.clone()),
            Ask::Resume => Act::Resume,
            Ask::RunNow => Act::RunNow,
        };
        Answer::Yes(act)
    }

    /// The question that the key of pausing asks now; none where no orchestrator ever ran.
    pub fn pause(look: &Look) -> Option<Ask> {
        match (&look.facts.presence, &look.facts.pause) {
            (Presence::NoLock, _) => None,
            (_, Some(_)) => Some(Ask::Resume),
            (_, None) => Some(Ask::Pause),
        }
    }

    /// The question that the key of running asks now; none while nobody would run anything.
    pub fn run_now(look: &Look) -> Option<Ask> {
        look.running().map(|_| Ask::RunNow)
    }
}

impl Act {
    /// Does it, on what is true now and not on what was when the screen was drawn; what was done.
    ///
    /// # Errors
    /// When a file in `state/` can't be read or written, or there is no incident to wait for.
    pub fn run(&self, common: &Common, config: &Config) -> Result<String, String> {
        let facts = Facts::gather(common, config, Depth::Verdict);
        match self {
            Act::Silence(name, length) => {
                let said = command::silence(&facts, name, length.map(Span), "in health monitor")?;
                Ok(said.0.trim_end().to_owned())
            }
            Act::Unsilence(name) => {
                let said = command::unsilence(&facts, name)?;
                Ok(said.0.trim_end().to_owned())
            }
            Act::Pause(length) => pause(&facts, *length),
            Act::Resume => match control(&facts).resume() {
                Ok(true) => Ok("resumed: cycles begin again with the next tick".to_owned()),
                Ok(false) => Ok("there was no pause".to_owned()),
                Err(why) => Err(failed(&facts, &why)),
            },
            Act::RunNow => {
                let asked = control(&facts).ask_for_run();
                asked.map_err(|why| failed(&facts, &why))?;
                Ok("asked for: it begins at once, or when the running cycle has ended".to_owned())
            }
        }
    }
}

fn pause(facts: &Facts, length: Option<Duration>) -> Result<String, String> {
    let until: Option<DateTime<Utc>> = length
        .and_then(|length| TimeDelta::from_std(length).ok())
        .and_then(|length| facts.now.checked_add_signed(length));
    let since = Some(facts.now);
    let set = control(facts).set_pause(Pause { since, until });
    set.map_err(|why| failed(facts, &why))?;
    Ok(match until {
        Some(at) => format!("paused until {}; p resumes", moment(at, facts.now)),
        None => "paused until resumed; p resumes".to_owned(),
    })
}

fn control(facts: &Facts) -> Control {
    Control::new(&facts.data.state())
}

fn failed(facts: &Facts, why: &std::io::Error) -> String {
    format!(
        "failed to write in `{}`: {why}",
        facts.data.state().display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_keys_that_a_question_names_answer_it() {
        let ask = Ask::Silence("DataStale".to_owned());
        let hour = Some(Duration::from_secs(3600));
        let yes = Answer::Yes(Act::Silence("DataStale".to_owned(), hour));
        assert_eq!(ask.answer(KeyCode::Char('2')), yes);
        assert_eq!(ask.answer(KeyCode::Char('y')), Answer::None);
        assert_eq!(ask.answer(KeyCode::Esc), Answer::No);
        assert_eq!(Ask::Pause.answer(KeyCode::Enter), Answer::None);
        assert_eq!(
            Ask::Pause.answer(KeyCode::Char('4')),
            Answer::Yes(Act::Pause(None))
        );
        assert_eq!(Ask::RunNow.answer(KeyCode::Char('r')), Answer::None);
        assert_eq!(Ask::RunNow.answer(KeyCode::Char('n')), Answer::No);
        assert_eq!(
            Ask::RunNow.answer(KeyCode::Char('y')),
            Answer::Yes(Act::RunNow)
        );
        for ask in [ask, Ask::Pause, Ask::Resume, Ask::RunNow] {
            assert!(ask.words().len() < 79, "{}", ask.words());
        }
    }
}
