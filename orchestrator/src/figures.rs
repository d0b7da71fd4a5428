//! What a cycle fetched and found, read from the first kilobytes of the files that say it: `fetch` is
//! right behind the envelope of step1.json, `rejected` behind that of step2.json, `statistics` near the start
//! of step3.json and step5.json.
//! Never more than the head: step1.json may have tens of megabytes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use journal::{Fetch, Records};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};

/// No head is longer.
const LONGEST: u64 = 512 * 1024;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// The `fetch` object.
    pub fetch: Option<Fetch>,
    /// `statistics.with_odds`.
    pub with_odds: Option<u64>,
    /// `rejected`, counted by why, in the few words of [`REASONS`].
    pub rejected: Option<BTreeMap<String, u64>>,
}

/// Why step 2 leaves a match out: what its sentence says, and the word that is recorded.
const REASONS: [(&str, &str); 4] = [
    ("its id occurs twice", "duplicate"),
    ("live list is no object", "no_object"),
    ("live list has no id", "no_id"),
    ("tell its status", "no_status"),
];

/// What went into a step that has done its work, and what it left out: step 2 got what it put out and what it
/// left out, the ones behind it `before`, what the one before them put out.
pub fn records(
    number: Option<u8>,
    before: Option<u64>,
    put_out: Option<u64>,
    rejected: Option<BTreeMap<String, u64>>,
) -> Option<Records> {
    match number? {
        2 => {
            let left_out = rejected.as_ref().map(|by| by.values().sum::<u64>());
            let received = put_out.zip(left_out).map(|(out, left)| out + left);
            Some(Records { received, rejected })
        }
        3.. => Some(Records {
            received: before,
            rejected: None,
        }),
        _ => None,
    }
}

impl Figures {
    /// Reads them from the file at `path`; what is not there, or makes no sense, is none.
    pub fn of_file(path: &Path) -> Figures {
        File::open(path).map_or_else(|_| Figures::default(), Figures::of)
    }

    fn of(text: impl Read) -> Figures {
        let mut figures = Figures::default();
        let reader = BufReader::with_capacity(8 * 1024, text.take(LONGEST));
        let mut document = serde_json::Deserializer::from_reader(reader);
        // The error that ends the reading early is expected; what was read until then stands.
        let _ = Head(&mut figures).deserialize(&mut document);
        figures
    }
}

#[derive(Deserialize)]
struct Statistics {
    with_odds: Option<u64>,
}

#[derive(Deserialize)]
struct Rejected<'a> {
    #[serde(borrow, default)]
    reason: Cow<'a, str>,
}

/// How often each reason stands there.
fn counted(rejected: &[Rejected<'_>]) -> BTreeMap<String, u64> {
    let mut by = BTreeMap::new();
    for one in rejected {
        let known = REASONS.iter().find(|(said, _)| one.reason.contains(said));
        let word = known.map_or("other", |(_, word)| word);
        *by.entry(word.to_owned()).or_default() += 1;
    }
    by
}

struct Head<'f>(&'f mut Figures);

impl<'de> DeserializeSeed<'de> for Head<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Head<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match &*key {
                "fetch" => {
                    self.0.fetch = Some(map.next_value()?);
                    return Err(A::Error::custom("all is found"));
                }
                "statistics" => {
                    self.0.with_odds = map.next_value::<Statistics>()?.with_odds;
                    return Err(A::Error::custom("all is found"));
                }
                "rejected" => {
                    let rejected: Vec<Rejected<'de>> = map.next_value()?;
                    self.0.rejected = Some(counted(&rejected));
                }
                "matches" | "live_matches" => return Err(A::Error::custom("the head ends here")),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_enough_and_nothing_behind_it_is_read() {
        let head = r#"{"schema":"football-bot/step1/1","cycle":"c","fetch":{"requests":12,"completeness":0.5,"new_key":[1],
            "by_endpoint":{"/a":3},"errors":["x"]},"live_matches":"#;
        // Behind the head is no JSON at all.
        let figures = Figures::of(head.as_bytes().chain(std::io::repeat(b'\xff')));
        let fetch = figures.fetch.unwrap();
        assert_eq!((fetch.requests, fetch.completeness), (12, 0.5));
        assert_eq!(fetch.by_endpoint["/a"], 3);
        let product =
            r#"{"schema":"s","total_matches":3,"statistics":{"total":3,"with_odds":2},"matches":{"#;
        assert_eq!(Figures::of(product.as_bytes()).with_odds, Some(2));
    }

    #[test]
    fn what_step_2_left_out_is_counted_by_few_words_which_its_sentences_have() {
        let text = r#"{"schema":"s","total_matches":1,"rejected":[{"match_id":"a","reason":"its id occurs twice in the live list"},
            {"match_id":"","reason":"its id occurs twice in the live list"},{"match_id":"HJK","reason":"HJK"},{"match_id":"x"}],"matches":{"#;
        let found = Figures::of(text.as_bytes()).rejected.unwrap();
        let by = BTreeMap::from([("duplicate".to_owned(), 2), ("other".to_owned(), 2)]);
        assert_eq!(found, by);
        let two = records(Some(2), None, Some(1), Some(found)).unwrap();
        assert_eq!((two.received, two.rejected), (Some(5), Some(by)));
        let three = records(Some(3), Some(1), Some(1), Some(BTreeMap::new())).unwrap();
        assert_eq!((three.received, three.rejected), (Some(1), None));
        assert_eq!(records(Some(1), None, None, None), None);
        assert_eq!(records(None, Some(1), Some(1), None), None);
        let step2 = include_str!("../../step2/src/merge.rs");
        for (said, _) in REASONS {
            assert!(step2.contains(said), "step 2 says `{said}` no more");
        }
    }

    #[test]
    fn what_makes_no_sense_gives_nothing() {
        for text in [
            "",
            "[]",
            "{",
            r#"{"fetch":7}"#,
            r#"{"matches":{}}"#,
            "\0\0\0",
        ] {
            assert_eq!(Figures::of(text.as_bytes()), Figures::default(), "{text}");
        }
    }
}
