//! Who may change something: a reader who was admitted, from one of our own pages.
//!
//! A browser sends whatever page it shows along with what it knows of us: the password, or simply that it
//! runs on this machine. So a change must come from a page of ours: the browser says so itself (`Origin`,
//! `Sec-Fetch-Site`), and the form carries a word that only our own pages hold and no other page can read.

use std::fs::File;
use std::io::Read;

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// The rule for changes.
#[derive(Clone)]
pub(super) struct Guard {
    word: String,
    read_only: bool,
}

/// Why a change is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing may be changed from here.
    ReadOnly,
    /// It does not come from a page of ours, or nobody says that it does.
    Foreign,
    /// The form has not our word.
    Word,
}

impl Refusal {
    /// What to tell the reader.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Refusal::ReadOnly => {
                "Nothing can be changed from here: `[serve] read_only = false` allows it, `health alerts silence` works without."
            }
            Refusal::Foreign => {
                "This was not asked for from a page of ours. Open /alerts here and press the button there."
            }
            Refusal::Word => {
                "This form is of an earlier `health serve`. Open /alerts again and press the button there."
            }
        }
    }
}

impl Guard {
    /// With a word of its own.
    ///
    /// # Errors
    /// In words, when the system has no random numbers.
    pub(super) fn new(read_only: bool) -> Result<Guard, String> {
        let mut bytes = [0; 16];
        File::open("/dev/urandom")
            .and_then(|mut file| file.read_exact(&mut bytes))
            .map_err(|why| format!("failed to get random numbers from `/dev/urandom`: {why}"))?;
        Ok(Guard {
            word: bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
            read_only,
        })
    }

    /// The word for a form; none where nothing may be changed, and so no form is shown.
    pub(super) fn word(&self) -> Option<&str> {
        (!self.read_only).then_some(&*self.word)
    }

    /// Whether a change may be made that came with these headers and this word.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn admits(&self, headers: &HeaderMap, word: &str) -> Result<(), Refusal> {
        if self.read_only {
            return Err(Refusal::ReadOnly);
        }
        if !ours(headers) {
            return Err(Refusal::Foreign);
        }
        if !super::access::same(word.as_bytes(), self.word.as_bytes()) {
            return Err(Refusal::Word);
        }
        Ok(())
    }
}

/// Whether the browser says that one of our pages asks. What says nothing is no page of ours.
fn ours(headers: &HeaderMap) -> bool {
    let text =
        |name: &axum::http::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    let site = headers
        .get("sec-fetch-site")
        .map(|value| value == "same-origin");
    let origin = text(&ORIGIN).map(|origin| {
        // A proxy may speak TLS for us: then the scheme is not ours to know.
        let name = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        name.is_some_and(|name| text(&HOST).is_some_and(|host| host.eq_ignore_ascii_case(name)))
    });
    match (site, origin) {
        (None, None) => false,
        (site, origin) => site.unwrap_or(true) && origin.unwrap_or(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(given: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = given.iter().map(|(name, value)| {
            let name = axum::http::HeaderName::from_static(name);
            (name, HeaderValue::from_str(value).unwrap())
        });
        pairs.collect()
    }

    const HOST: (&str, &str) = ("host", "127.0.0.1:8787");

    #[test]
    fn only_a_page_of_ours_may_ask() {
        for (given, admitted) in [
            (&[HOST, ("origin", "http://127.0.0.1:8787")][..], true),
            (&[HOST, ("origin", "https://127.0.0.1:8787")], true),
            (&[HOST, ("sec-fetch-site", "same-origin")], true),
            (&[HOST], false),
            (&[HOST, ("origin", "null")], false),
            (&[HOST, ("origin", "http://evil.example")], false),
            (&[HOST, ("origin", "http://127.0.0.1:8788")], false),
            (&[HOST, ("origin", "ftp://127.0.0.1:8787")], false),
            (&[("origin", "http://127.0.0.1:8787")], false),
            (&[HOST, ("sec-fetch-site", "same-site")], false),
            (&[HOST, ("sec-fetch-site", "cross-site")], false),
            (&[HOST, ("sec-fetch-site", "none")], false),
            (
                &[
                    HOST,
                    ("origin", "http://127.0.0.1:8787"),
                    ("sec-fetch-site", "cross-site"),
                ],
                false,
            ),
            (
                &[
                    HOST,
                    ("origin", "http://evil.example"),
                    ("sec-fetch-site", "same-origin"),
                ],
                false,
            ),
        ] {
            assert_eq!(ours(&headers(given)), admitted, "{given:?}");
        }
    }

    #[test]
    fn the_word_is_another_one_each_time_and_must_be_given_whole() {
        let (one, two) = (Guard::new(false).unwrap(), Guard::new(false).unwrap());
        let headers = headers(&[HOST, ("sec-fetch-site", "same-origin")]);
        let word = one.word().unwrap();
        assert_eq!(word.len(), 32);
        assert_eq!(one.admits(&headers, word), Ok(()));
        assert_eq!(two.admits(&headers, word), Err(Refusal::Word));
        assert_eq!(one.admits(&headers, ""), Err(Refusal::Word));
        assert_eq!(one.admits(&headers, &word[..31]), Err(Refusal::Word));
    }

    #[test]
    fn read_only_shows_no_word_and_admits_nobody() {
        let guard = Guard::new(true).unwrap();
        assert_eq!(guard.word(), None);
        let headers = headers(&[HOST, ("sec-fetch-site", "same-origin")]);
        assert_eq!(guard.admits(&headers, &guard.word), Err(Refusal::ReadOnly));
    }
}
