//! Every fault of a configuration at once, for who checks it: [`Config::load`] stops at the first.
//!
//! Each key of the file is read on its own, so one that is misspelt or of a wrong type hides no other;
//! those that are right are then put together for what only shows in the whole.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use crate::config::Config;

/// The faults of `file` and of these environment variables, each in one line. Empty if there are none.
pub fn all(
    file: Option<&Path>,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Vec<String> {
    let mut faults = Vec::new();
    let table = match file.map(fs::read_to_string) {
        None => Table::new(),
        Some(Err(why)) => return vec![why.to_string()],
        Some(Ok(text)) => match text.parse::<Table>() {
            Ok(table) => table,
            Err(why) => return vec![one_line(&why.to_string())],
        },
    };
    let mut right = Table::new();
    for (section, value) in table {
        match value {
            Value::Table(keys) => {
                for (key, value) in keys {
                    keep(&mut right, &mut faults, &section, key, value);
                }
            }
            // A list of tables, such as `[[page]]`.
            Value::Array(list) if list.iter().all(Value::is_table) => {
                let before = faults.len();
                for entry in &list {
                    let one = Value::Array(vec![entry.clone()]);
                    let alone = Table::from_iter([(section.clone(), one)]);
                    if let Err(why) = alone.try_into::<Config>() {
                        faults.push(format!("[[{section}]] {}", one_line(&why.to_string())));
                    }
                }
                if faults.len() == before {
                    right.insert(section, Value::Array(list));
                }
            }
            other => faults.push(format!(
                "`{section}` is no section but {}",
                other.type_str()
            )),
        }
    }
    match right.try_into::<Config>() {
        Ok(config) => faults.extend(config.faults()),
        Err(why) => faults.push(one_line(&why.to_string())),
    }
    for (name, value) in variables {
        let one = [(name.clone(), value)];
        if let Err(failure) = Config::from_parts(None, one) {
            let message = one_line(&failure.message);
            faults.push(if message.contains(&name) {
                message
            } else {
                format!("${name}: {message}")
            });
        }
    }
    faults
}

/// Keeps one key if it is right by itself.
fn keep(right: &mut Table, faults: &mut Vec<String>, section: &str, key: String, value: Value) {
    // The entries of a list of tables are looked at one by one.
    let pieces = match &value {
        Value::Array(list) if list.iter().any(Value::is_table) => list
            .iter()
            .map(|entry| Value::Array(vec![entry.clone()]))
            .collect(),
        _ => vec![value.clone()],
    };
    let before = faults.len();
    for piece in pieces {
        let keys = Table::from_iter([(key.clone(), piece)]);
        let alone = Table::from_iter([(section.to_owned(), Value::Table(keys))]);
        if let Err(why) = alone.try_into::<Config>() {
            faults.push(format!("[{section}] {key}: {}", one_line(&why.to_string())));
        }
    }
    if faults.len() == before
        && let Value::Table(keys) = right
            .entry(section.to_owned())
            .or_insert_with(|| Value::Table(Table::new()))
    {
        keys.insert(key, value);
    }
}

fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    // The list of all keys would bury the one that is meant.
    match line.split_once(", expected one of ") {
        Some((what, _)) if what.contains("unknown field") => what.to_owned(),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_fault_hides_another() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(
            file.path(),
            "[feed]\nconcurency = 1\nretries = 'x'\nmin_completeness = 7.0\n[pipeline]\n[[pipeline.step]]\nname='a'\n[[pipeline.step]]\nname='b'\nprogram='b'\ntimeout='1s'\nextra=1\n[[page]]\nbook='b'\n",
        )
        .unwrap();
        let typo = ("FOOTBALL_BOT_FEED__TYPO".to_owned(), "1".to_owned());
        let faults = all(Some(file.path()), [typo]);
        for word in [
            "concurency",
            "retries",
            "min_completeness",
            "program",
            "extra",
            "TYPO",
            "[[page]]",
        ] {
            assert!(
                faults.iter().any(|fault| fault.contains(word)),
                "{word}: {faults:#?}"
            );
        }
        assert_eq!(faults.len(), 7, "{faults:#?}");
        assert_eq!(all(None, []), Vec::<String>::new());
    }
}
