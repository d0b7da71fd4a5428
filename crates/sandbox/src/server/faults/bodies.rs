//! Faults of the body: what a JSON answer becomes.

use serde_json::{Map, Value, json};

use super::Fault;
use crate::rng::mix;

/// So far ahead is a skewed clock, in seconds.
pub(super) const SKEW: i64 = 3600;

/// What `body` becomes; `None` for a body that is no JSON object.
pub(super) fn spoilt(fault: Fault, body: &[u8]) -> Option<Vec<u8>> {
    let mut body: Map<String, Value> = serde_json::from_slice(body).ok()?;
    match fault {
        Fault::NullResults => set(&mut body, Value::Null),
        Fault::NoResults => drop(body.remove("results")),
        Fault::TextResults => set(&mut body, json!("none")),
        Fault::EmptyResults => {
            let empty = if body["results"].is_object() {
                json!({})
            } else {
                json!([])
            };
            set(&mut body, empty);
        }
        Fault::ObjectForList => body.values_mut().for_each(swap_shape),
        Fault::WrongTypes => body.values_mut().for_each(swap_types),
        Fault::VanishingMatches => rows(&mut body, |rows| {
            rows.retain(|row| id_hash(row).is_multiple_of(2));
        }),
        Fault::ChangingIds => rows(&mut body, |rows| rows.iter_mut().for_each(rename)),
        Fault::ClockSkew => body.values_mut().for_each(skew),
        Fault::WrongCharset => {
            body.insert("note".to_owned(), json!("très réel"));
            return Some(latin_1(&Value::Object(body).to_string()));
        }
        _ => {}
    }
    Some(Value::Object(body).to_string().into_bytes())
}

/// Nothing at all stays as it is: a refusal has no results to spoil.
fn set(body: &mut Map<String, Value>, results: Value) {
    if let Some(slot) = body.get_mut("results") {
        *slot = results;
    }
}

fn rows(body: &mut Map<String, Value>, change: impl FnOnce(&mut Vec<Value>)) {
    if let Some(Value::Array(rows)) = body.get_mut("results") {
        change(rows);
    }
}

/// The outermost list becomes an object of its places; within an object that is none, the lists of lists.
fn swap_shape(value: &mut Value) {
    match value {
        Value::Array(elements) => {
            let numbered = elements.drain(..).enumerate();
            *value = Value::Object(numbered.map(|(n, e)| (n.to_string(), e)).collect());
        }
        Value::Object(fields) if fields.is_empty() => *value = json!([]),
        Value::Object(fields) => fields.values_mut().for_each(swap_shape),
        _ => {}
    }
}

fn swap_types(value: &mut Value) {
    match value {
        Value::Number(number) => *value = Value::String(number.to_string()),
        Value::String(text) => {
            if let Ok(number) = text.parse::<i64>() {
                *value = json!(number);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(swap_types),
        Value::Object(fields) => fields.values_mut().for_each(swap_types),
        _ => {}
    }
}

fn skew(value: &mut Value) {
    match value {
        // Nothing else in a body is as large as an instant of these decades.
        Value::Number(number) => {
            if let Some(at) = number.as_i64()
                && (1_400_000_000..2_200_000_000).contains(&at)
            {
                *value = json!(at + SKEW);
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(skew),
        Value::Object(fields) => fields.values_mut().for_each(skew),
        _ => {}
    }
}

fn id_hash(row: &Value) -> u64 {
    let id = row["id"].as_str().unwrap_or_default();
    id.bytes().fold(1, |hash, byte| mix(hash ^ u64::from(byte)))
}

/// The row under an id that nobody has.
fn rename(row: &mut Value) {
    let Some(id) = row["id"].as_str() else { return };
    let id: String = id.chars().rev().collect();
    if row["score"][0].is_string() {
        row["score"][0] = json!(id);
    }
    row["id"] = json!(id);
}

/// What Latin-1 does not have becomes `?`.
fn latin_1(text: &str) -> Vec<u8> {
    text.chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: &str = r#"{"code":0,"results":[{"id":"abc","score":["abc",2,[0,1],[0,0],1764442800,""]},{"id":"xyz1"}]}"#;

    fn spoil(fault: Fault, body: &str) -> String {
        String::from_utf8(spoilt(fault, body.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn each_fault_spoils_what_it_says() {
        for (fault, body, expected) in [
            (Fault::NullResults, LIVE, r#"{"code":0,"results":null}"#),
            (Fault::NoResults, LIVE, r#"{"code":0}"#),
            (Fault::EmptyResults, LIVE, r#"{"code":0,"results":[]}"#),
            (
                Fault::EmptyResults,
                r#"{"code":0,"results":{"2":[]}}"#,
                r#"{"code":0,"results":{}}"#,
            ),
            (
                Fault::ObjectForList,
                r#"{"code":0,"results":[1,2]}"#,
                r#"{"code":0,"results":{"0":1,"1":2}}"#,
            ),
            (
                Fault::ObjectForList,
                r#"{"code":0,"results":{"2":{"eu":[[1]]}}}"#,
                r#"{"code":0,"results":{"2":{"eu":{"0":[1]}}}}"#,
            ),
            (
                Fault::ObjectForList,
                r#"{"code":0,"results":{}}"#,
                r#"{"code":0,"results":[]}"#,
            ),
            (
                Fault::WrongTypes,
                r#"{"code":0,"results":[1.5,"7","x"]}"#,
                r#"{"code":"0","results":["1.5",7,"x"]}"#,
            ),
            (
                Fault::ClockSkew,
                r#"{"code":0,"results":[1764442800,5]}"#,
                r#"{"code":0,"results":[1764446400,5]}"#,
            ),
            (
                Fault::ChangingIds,
                r#"{"code":0,"results":[{"id":"abc"}]}"#,
                r#"{"code":0,"results":[{"id":"cba"}]}"#,
            ),
            (Fault::NullResults, r#"{"code":429}"#, r#"{"code":429}"#),
        ] {
            assert_eq!(spoil(fault, body), expected, "{fault:?}");
        }
        let bytes = spoilt(Fault::WrongCharset, LIVE.as_bytes()).unwrap();
        assert!(String::from_utf8(bytes).is_err());
        assert_eq!(spoilt(Fault::WrongTypes, b"no JSON"), None);
    }
}
