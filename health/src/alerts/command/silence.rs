//! `health alerts silence` and `unsilence`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use pipeline::config::alerts::Span;

use super::{Said, named, shown};
use crate::alerts::state::{Silence, Silences};
use crate::facts::Facts;
use crate::verdict::Level;
use crate::words::instant;

/// Holds back the messages of an alert, for so long or until its incident is over.
///
/// # Errors
/// When there is no such alert, no incident to wait for, or the file can't be read or written.
pub fn silence(
    facts: &Facts,
    name: &str,
    length: Option<Span>,
    comment: &str,
) -> Result<Said, String> {
    let name = named(name)?;
    let now = facts.now;
    let until = length.map(|Span(length)| end(now, length));
    let incident = facts
        .alerts
        .firing
        .iter()
        .chain(&facts.alerts.pending)
        .find(|active| active.name == name)
        .map(|active| active.alert.since);
    if until.is_none() && incident.is_none() {
        return Err(format!(
            "{} does not fire now, so there is no incident to wait for: say how long, such as --for 20m",
            shown(&name)
        ));
    }
    Silences::change(&facts.data.state(), |all| {
        all.tidy(now);
        all.silences.retain(|silence| silence.name != name);
        all.silences.push(Silence {
            name: name.clone(),
            since: now,
            until,
            incident,
            comment: comment.to_owned(),
        });
        Ok(())
    })?;
    let until = match until {
        Some(at) => format!("until {}", instant(at)),
        None => "until this incident is over".to_owned(),
    };
    let text = format!(
        "{} is silenced {until}; that it is over will be told\n",
        shown(&name)
    );
    Ok((text, Level::Ok))
}

fn end(now: DateTime<Utc>, length: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(length)
        .ok()
        .and_then(|length| now.checked_add_signed(length))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Lets the messages of an alert through again.
///
/// # Errors
/// When there is no such alert, or the file can't be read or written.
pub fn unsilence(facts: &Facts, name: &str) -> Result<Said, String> {
    let name = named(name)?;
    let forgotten: usize = Silences::change_if_any(&facts.data.state(), |all| {
        let before = all.silences.len();
        all.silences
            .retain(|silence| name != "*" && silence.name != name);
        Ok(before - all.silences.len())
    })?;
    let words = match forgotten {
        0 => "was not silenced",
        _ => "is no longer silenced",
    };
    Ok((format!("{} {words}\n", shown(&name)), Level::Ok))
}
