//! The provider's envelope: `{"code":0,"results":…}`, and the errors that come with HTTP 200 in its place.
//!
//! Decided by the body, in this order: has `err`? an error. `code` other than 0? an error. No `results`?
//! malformed.

use std::borrow::Cow;

use thiserror::Error;

use crate::json::{Cursor, Fault};
use crate::row::{Anomalies, int};

/// What the provider said in place of results.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FeedError {
    /// `err`: the address or the plan is not authorized.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// Another `err`.
    #[error("the provider answered with an error: {0}")]
    Err(String),
    /// `code` 429: too many requests.
    #[error("the provider asks for fewer requests (code 429)")]
    TooMany,
    /// A `code` other than 0.
    #[error("the provider answered with code {code}: {message}")]
    Code {
        /// The code.
        code: i64,
        /// `msg`, if there is one.
        message: String,
    },
    /// An object without `results`.
    #[error("the answer has no results")]
    NoResults,
    /// No JSON object at all.
    #[error("the answer is not the JSON it should be: {0}")]
    Malformed(Fault),
}

impl FeedError {
    /// Whether the provider refuses us altogether, so that asking again only makes it worse.
    pub fn is_refusal(&self) -> bool {
        matches!(self, FeedError::Refused(_))
    }

    /// Whether the same request may succeed shortly.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            FeedError::TooMany | FeedError::Malformed(_) | FeedError::NoResults | FeedError::Err(_)
        )
    }
}

impl From<Fault> for FeedError {
    fn from(fault: Fault) -> Self {
        FeedError::Malformed(fault)
    }
}

/// The text of `results` in a body.
///
/// # Errors
/// What the provider said in place of it.
pub fn results(body: &str) -> Result<&str, FeedError> {
    let (mut err, mut code, mut message, mut results) = (None, None, None, None);
    Cursor::new(body).object::<Fault>(|key, cursor| {
        let slot = match &*key {
            "err" => &mut err,
            "code" => &mut code,
            "msg" => &mut message,
            "results" => &mut results,
            _ => return cursor.value().map(drop),
        };
        *slot = Some(cursor.value()?);
        Ok(())
    })?;
    judge(err, code, message)?;
    results.ok_or(FeedError::NoResults)
}

/// The first two of the three questions, for a reader that walks the body itself.
///
/// # Errors
/// What `err` or `code` say.
pub fn judge(
    err: Option<&str>,
    code: Option<&str>,
    message: Option<&str>,
) -> Result<(), FeedError> {
    if let Some(err) = err.filter(|raw| *raw != "null") {
        let text = plain(err);
        let refused = text.to_lowercase().contains("authorized");
        return Err(if refused {
            FeedError::Refused(text)
        } else {
            FeedError::Err(text)
        });
    }
    let ignored = Anomalies::default();
    match code.and_then(|raw| int(raw, "code", &ignored)) {
        None | Some(0) => Ok(()),
        Some(429) => Err(FeedError::TooMany),
        Some(code) => Err(FeedError::Code {
            code,
            message: message.map(plain).unwrap_or_default(),
        }),
    }
}

/// A message of the provider's as plain text, bounded, without control characters.
fn plain(raw: &str) -> String {
    let text = Cursor::new(raw).string().unwrap_or(Cow::Borrowed(raw));
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_is_read_in_the_order_err_code_results() {
        let refused = "IP is not authorized to access, please contact our business staff.";
        for (body, expected) in [
            (r#"{"code":0,"results":[1]}"#.to_owned(), Ok("[1]")),
            (r#"{"results":{},"code":"0"}"#.to_owned(), Ok("{}")),
            (
                format!(r#"{{"err":"{refused}","code":0,"results":[]}}"#),
                Err(FeedError::Refused(refused.to_owned())),
            ),
            (
                r#"{"code":429,"results":[]}"#.to_owned(),
                Err(FeedError::TooMany),
            ),
            (
                r#"{"code":100003,"msg":"Invalid parameter 'uuid' value."}"#.to_owned(),
                Err(FeedError::Code {
                    code: 100_003,
                    message: "Invalid parameter 'uuid' value.".to_owned(),
                }),
            ),
            (r#"{"code":0}"#.to_owned(), Err(FeedError::NoResults)),
        ] {
            assert_eq!(results(&body), expected, "{body}");
        }
        for body in [
            "<html><title>502</title></html>",
            "",
            "[]",
            r#"{"code":0,"results":[1,"#,
        ] {
            assert!(
                matches!(results(body), Err(FeedError::Malformed(_))),
                "{body}"
            );
        }
    }
}
