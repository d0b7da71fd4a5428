//! `health trace MATCH`: one match through the steps. What each file says of it stands side by side,
//! and where two sources disagree, which of them was taken.

mod rows;
mod sources;

use std::fs;

use pipeline::DataDir;
use pipeline::handoff::Head;
use serde_json::{Map, Value, json};

use crate::words::{length, wrapped};
use sources::{Raw, find_in_step1};

/// The match in one file of ours.
#[derive(Debug)]
struct Seen {
    number: u8,
    record: Option<Value>,
}

/// Traces the match whose id is `wanted`, or in the names of whose teams it occurs.
///
/// # Errors
/// A sentence for the person: no files, no such match, or several.
pub fn trace(data: &DataDir, wanted: &str, as_json: bool) -> Result<String, String> {
    let files: Vec<_> = (2..=5).map(|number| (number, load(data, number))).collect();
    let id = identify(&files, wanted)?;
    let text = fs::read_to_string(data.output(1)).unwrap_or_default();
    let raw = find_in_step1(&text, &id);
    let seen: Vec<_> = files
        .iter()
        .map(|(number, file)| Seen {
            number: *number,
            record: file
                .as_ref()
                .and_then(|file| file.pointer("/matches")?.get(&id))
                .cloned(),
        })
        .collect();
    if raw.is_none() && seen.iter().all(|seen| seen.record.is_none()) {
        let rejected = rejected(&files, &id);
        return Err(match rejected {
            Some(reason) => format!("match `{id}` was left out: {reason}"),
            None => format!("no file has a match `{wanted}`"),
        });
    }
    let raw = raw.unwrap_or_default();
    if as_json {
        let steps: Map<String, Value> = seen
            .iter()
            .map(|seen| (format!("step{}", seen.number), json!(seen.record)))
            .collect();
        return Ok(format!(
            "{}\n",
            json!({"match_id": id, "step1": raw.to_json(), "steps": steps})
        ));
    }
    Ok(page(data, &id, &raw, &seen))
}

fn load(data: &DataDir, number: u8) -> Option<Value> {
    let text = fs::read_to_string(data.output(number)).ok()?;
    serde_json::from_str(&text).ok()
}

/// The id that is meant. The newest file knows most names.
fn identify(files: &[(u8, Option<Value>)], wanted: &str) -> Result<String, String> {
    let needle = wanted.to_lowercase();
    let mut none = true;
    for (_, file) in files.iter().rev() {
        let Some(matches) = file
            .as_ref()
            .and_then(|file| file.get("matches")?.as_object())
        else {
            continue;
        };
        none = false;
        if matches.contains_key(wanted) {
            return Ok(wanted.to_owned());
        }
        let name = |one: &Value, key: &str| {
            one.get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let found: Vec<_> = matches
            .iter()
            .filter(|(_, one)| {
                ["home_team", "away_team"]
                    .iter()
                    .any(|key| name(one, key).to_lowercase().contains(&needle))
            })
            .collect();
        match found.as_slice() {
            [] => {}
            [(id, _)] => return Ok((*id).clone()),
            several => {
                let mut text = format!(
                    "`{wanted}` fits {} matches; name one by its id:",
                    several.len()
                );
                for (id, one) in several.iter().take(20) {
                    let teams = format!("{} - {}", name(one, "home_team"), name(one, "away_team"));
                    text.push_str(&format!("\n  {id}  {teams}"));
                }
                return Err(text);
            }
        }
    }
    if none {
        return Err(
            "there are no files of steps 2 to 5 to look into: run a cycle first, or name the data directory with --data-dir"
                .to_owned(),
        );
    }
    // It may be in step 1's file only, or have been left out.
    Ok(wanted.to_owned())
}

fn rejected(files: &[(u8, Option<Value>)], id: &str) -> Option<String> {
    files.iter().find_map(|(number, file)| {
        let list = file.as_ref()?.get("rejected")?.as_array()?;
        let entry = list.iter().find(|entry| entry["match_id"] == id)?;
        Some(format!("{} (step {number})", entry["reason"].as_str()?))
    })
}

fn page(data: &DataDir, id: &str, raw: &Raw, seen: &[Seen]) -> String {
    let latest = seen.iter().rev().find_map(|seen| seen.record.as_ref());
    let name = |key: &str| {
        latest
            .and_then(|one| one.get(key)?.as_str())
            .unwrap_or("?")
            .to_owned()
    };
    let mut text = format!("{id}  {} - {}\n", name("home_team"), name("away_team"));
    text.push_str("\nFiles\n");
    let mut cycles = Vec::new();
    for number in 1..=5 {
        let head = Head::of_file(&data.output(number)).unwrap_or_default();
        let has = match number {
            1 => raw.live.is_some() || raw.detail.is_some(),
            _ => seen[usize::from(number) - 2].record.is_some(),
        };
        let mark = if has { "has it" } else { "DOES NOT HAVE IT" };
        let cycle = head.cycle.unwrap_or_else(|| "missing".to_owned());
        text.push_str(&format!("  step{number}  {mark:<16}  cycle {cycle}\n"));
        cycles.push(cycle);
    }
    cycles.dedup();
    if cycles.len() > 1 {
        text.push_str(&wrapped(
            "  note:  ",
            "the files are of different cycles: a step failed, or a cycle is under way",
        ));
    }
    text.push_str("\nFetched\n");
    for (what, at) in [("details", raw.detail_at), ("odds", raw.odds_at)] {
        let words = match (at, raw.fetched_at) {
            (Some(at), Some(fetched)) => {
                format!("{} before the live list", length(fetched - at))
            }
            _ => "time not known".to_owned(),
        };
        text.push_str(&format!("  {what:<8} {words}\n"));
    }
    for row in rows::all(raw, seen) {
        text.push_str(&format!("\n{}\n", row.field));
        for (file, value) in row.values {
            text.push_str(&wrapped(&format!("  {file:<16} "), &value));
        }
        if let Some(note) = row.note {
            text.push_str(&wrapped("  from:            ", &note));
        }
    }
    text
}
