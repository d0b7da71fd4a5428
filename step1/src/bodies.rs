//! What the previous `step1.json` still knows: bodies as text, each with the time it was fetched.
//!
//! The previous file is the cache. What did not change is carried over unparsed; its age goes along, so
//! that nothing downstream takes it for newer than it is.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

use feed::json::{Cursor, Fault};
use feed::row::{Anomalies, Row};
use pipeline::handoff::{self, Head};
use serde_json::value::RawValue;

use crate::changes;

/// A body and when it was fetched, unix seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept<'a> {
    body: &'a str,
    pub(crate) at: i64,
}

impl<'a> Kept<'a> {
    pub(crate) fn text(&self) -> &'a str {
        self.body
    }

    /// The body as it is carried over. Most odds are fetched anew: only what is carried over is worth the look
    /// whether it is JSON all through.
    pub(crate) fn raw(&self) -> Option<&'a RawValue> {
        serde_json::from_str(self.body).ok()
    }
}

/// Bodies by id.
pub(crate) type KeptById<'a> = HashMap<&'a str, Kept<'a>>;

/// What is known from the previous cycle.
#[derive(Debug, Default)]
pub(crate) struct Known<'a> {
    pub(crate) details: KeptById<'a>,
    pub(crate) odds: KeptById<'a>,
    /// Matches that `odds/update` named and that nobody has asked for since.
    pub(crate) odds_waiting: Vec<String>,
    /// `odds_live` as it stood there.
    pub(crate) odds_live: Option<&'a str>,
    details_until: Option<i64>,
    /// When what is known of the details was last all that there was to know.
    pub(crate) details_at: Option<i64>,
}

/// The previous file.
#[derive(Debug, Default)]
pub(crate) struct Previous {
    /// Empty when it is none that can be used.
    pub(crate) text: String,
    /// What it says it came from.
    pub(crate) provider: Option<&'static str>,
}

/// The previous file, if it is one of these providers and recent enough. Says why it starts cold otherwise.
/// `oldest_s`: how old it may be, in seconds.
pub(crate) fn previous(
    path: &Path,
    providers: &[&'static str],
    now: i64,
    oldest_s: i64,
) -> Previous {
    let cold = |why: &str| {
        log::info!("starting cold: the previous step1.json {why}");
        Previous::default()
    };
    let text = match fs::read(path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(_) => return cold("is not UTF-8 text"),
        },
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Previous::default(),
        Err(why) => return cold(&format!("can't be read ({why})")),
    };
    let head = Head::of(&text);
    if head.schema != Some(handoff::schema(1)) {
        return cold("is of another schema");
    }
    let named = |known: &&&str| head.provider.as_deref() == Some(**known);
    let Some(provider) = providers.iter().find(named) else {
        return cold("is another provider's");
    };
    match head.fetched_at.map(|at| now - at.timestamp()) {
        Some(age) if (-60..oldest_s).contains(&age) => Previous {
            text,
            provider: Some(provider),
        },
        Some(age) if age < 0 => cold("is from the future (the clock was set back)"),
        Some(age) => cold(&format!("is too old ({} minutes)", age / 60)),
        None => cold("does not say when it was fetched"),
    }
}

impl<'a> Known<'a> {
    /// Reads the previous file's text; empty text knows nothing.
    pub(crate) fn read(text: &'a str) -> Known<'a> {
        if text.is_empty() {
            return Known::default();
        }
        Known::parse(text).unwrap_or_else(|why| {
            log::info!("starting cold: the previous step1.json is corrupt ({why})");
            Known::default()
        })
    }

    fn parse(text: &'a str) -> Result<Known<'a>, Fault> {
        let (mut details, mut odds) = (Vec::new(), Vec::new());
        let mut times = None;
        let mut odds_live = None;
        let mut cursor = Cursor::new(text);
        cursor.object::<Fault>(|key, cursor| {
            match &*key {
                "fetched" => times = serde_json::from_str::<Times>(cursor.value()?).ok(),
                "odds_live" => odds_live = Some(cursor.value()?),
                "match_details" => details = entries(cursor)?,
                "match_odds" => odds = entries(cursor)?,
                _ => drop(cursor.value()?),
            }
            Ok(())
        })?;
        cursor.end()?;
        // Without its time a body's age can't be told, so it is not used.
        let times = times.ok_or(Fault {
            at: 0,
            ended: false,
            expected: "`fetched`, the times of the bodies,",
        })?;
        Ok(Known {
            details: kept(details, &times.details),
            odds: kept(odds, &times.odds),
            odds_waiting: times.odds_waiting,
            odds_live,
            details_until: times.details_until,
            details_at: times.details_at,
        })
    }

    /// From which `updated_at` on changed details are to be asked for; `None` where nothing is known.
    pub(crate) fn changes_since(&self, now: i64) -> Option<i64> {
        // What is known was fetched in the future where the clock was set back since.
        Some(self.newest_update()?.min(now).saturating_add(1))
    }

    /// The newest `updated_at` that the provider is known to have had: what changed later is to be asked for.
    pub(crate) fn newest_update(&self) -> Option<i64> {
        let ignored = Anomalies::default();
        let updated = |kept: &Kept<'_>| {
            let at = detail_row(kept.text(), &ignored)?.int("updated_at")?;
            Some(changes::believed(at, kept.at))
        };
        self.details
            .values()
            .filter_map(updated)
            .chain(self.details_until)
            .max()
    }
}

/// The one row of a details body.
pub(crate) fn detail_row<'a, 'n>(body: &'a str, anomalies: &'n Anomalies) -> Option<Row<'a, 'n>> {
    let results = feed::envelope::results(body).ok()?;
    let row = feed::row::list(results, "match details", anomalies)
        .first()
        .copied()?;
    Row::parse(row, anomalies).ok()
}

fn entries<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<(&'a str, &'a str)>, Fault> {
    let mut entries = Vec::new();
    cursor.object::<Fault>(|id, c| {
        let body = c.value()?;
        // Ids need no escapes; one that has them is not worth a copy.
        if let std::borrow::Cow::Borrowed(id) = id {
            entries.push((id, body));
        }
        Ok(())
    })?;
    Ok(entries)
}

fn kept<'a>(entries: Vec<(&'a str, &'a str)>, times: &BTreeMap<String, i64>) -> KeptById<'a> {
    entries
        .into_iter()
        .filter_map(|(id, body)| {
            let at = *times.get(id)?;
            Some((id, Kept { body, at }))
        })
        .collect()
}

/// `fetched` of `step1.json`: when each body was fetched.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Times {
    /// The newest `updated_at` that `match/recent/list?time=` has given.
    pub(crate) details_until: Option<i64>,
    /// When all that had changed in the details was last asked for and came: whatever is older was still right then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) details_at: Option<i64>,
    #[serde(rename = "match_details")]
    pub(crate) details: BTreeMap<String, i64>,
    #[serde(rename = "match_odds")]
    pub(crate) odds: BTreeMap<String, i64>,
    /// Matches whose odds are known to have changed, and that the budget left for a later cycle.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) odds_waiting: Vec<String>,
}

impl Times {
    /// How old the odds of the `playing` matches are that are furthest behind, and the details of any match, in
    /// seconds at `now`; none where there are none.
    pub(crate) fn ages<'i>(
        &self,
        playing: impl Iterator<Item = &'i str>,
        now: i64,
    ) -> (Option<u64>, Option<u64>) {
        let age = |at: i64| now.saturating_sub(at).max(0).unsigned_abs();
        let odds = playing.filter_map(|id| self.odds.get(id)).min();
        let seen = self.details_at.unwrap_or(i64::MIN);
        let details = self.details.values().map(|at| seen.max(*at)).min();
        (odds.copied().map(age), details.map(age))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const NOW: i64 = 1_773_516_600;

    fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("step1.json");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    fn document(schema: &str, provider: &str, fetched_at: &str) -> String {
        format!(
            r#"{{"schema":"{schema}","cycle":"c","generated_at":"{fetched_at}","fetched_at":"{fetched_at}","provider":"{provider}","fetched":{{"details_until":7,"match_details":{{"a":5}},"match_odds":{{}}}},"match_details":{{"a":{{"code":0,"results":[]}},"b":{{}}}}}}"#
        )
    }

    #[test]
    fn a_recent_file_of_this_provider_is_used_and_every_other_one_is_not() {
        let ours = "football-bot/step1/1";
        for (schema, provider, at, used) in [
            (ours, "thesports", "2026-03-14T19:29:00Z", true),
            (ours, "thesports", "2026-03-13T19:29:00Z", false),
            (ours, "thesports", "2026-03-14T20:30:00Z", false),
            (ours, "sandbox", "2026-03-14T19:29:00Z", false),
            (
                "football-bot/step1/2",
                "thesports",
                "2026-03-14T19:29:00Z",
                false,
            ),
            (ours, "thesports", "soon", false),
        ] {
            let (_folder, path) = file(&document(schema, provider, at));
            let previous = previous(&path, &["thesports"], NOW, 3 * 3600);
            let known = Known::read(&previous.text);
            assert_eq!(
                known.details.contains_key("a"),
                used,
                "{schema} {provider} {at}"
            );
            assert!(!known.details.contains_key("b"), "a body without its time");
            assert_eq!(known.newest_update().is_some(), used);
        }
    }

    #[test]
    fn a_row_from_the_future_hides_no_changes() {
        let text = document("football-bot/step1/1", "thesports", "2026-03-14T19:29:00Z");
        let newest = |updated_at: i64| {
            let row = format!(r#""results":[{{"id":"a","updated_at":{updated_at}}}]"#);
            let text = text.replacen(r#""results":[]"#, &row, 1);
            let text = text.replacen(r#""details_until":7"#, r#""details_until":null"#, 1);
            Known::read(&text).newest_update()
        };
        assert_eq!(newest(3), Some(3));
        // It was fetched at 5.
        assert_eq!(newest(253_402_300_799), Some(5 - 60));
        assert_eq!(newest(i64::MAX), Some(5 - 60));
        assert_eq!(newest(i64::MIN), Some(i64::MIN));
    }

    #[test]
    fn what_was_seen_to_be_unchanged_is_as_old_as_that_look_and_odds_count_only_where_they_run() {
        let by = |list: [(&str, i64); 2]| list.map(|(id, at)| (id.to_owned(), at)).into();
        let mut times = Times {
            details: by([("a", NOW - 900), ("b", NOW)]),
            odds: by([("a", NOW - 90), ("b", NOW - 700)]),
            ..Times::default()
        };
        assert_eq!(
            times.ages(["a", "c"].into_iter(), NOW),
            (Some(90), Some(900))
        );
        times.details_at = Some(NOW - 60);
        assert_eq!(times.ages([].into_iter(), NOW), (None, Some(60)));
        // The clock was set back.
        assert_eq!(times.ages(["b"].into_iter(), NOW - 800), (Some(0), Some(0)));
        let text = serde_json::to_string(&times).unwrap();
        let back: Times = serde_json::from_str(&text).unwrap();
        assert_eq!(back.details_at, times.details_at);
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_not_used_in_part() {
        let whole = document("football-bot/step1/1", "thesports", "2026-03-14T19:29:00Z");
        for cut in 1..whole.len() {
            assert!(
                Known::read(&whole[..cut]).details.is_empty(),
                "cut at {cut}"
            );
        }
        assert!(Known::read(&format!("{whole}x")).details.is_empty());
    }
}
