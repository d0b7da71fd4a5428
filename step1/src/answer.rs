//! What an answer is: results, or one of the many ways in which it is none.
//!
//! Almost every error of this provider comes as HTTP 200, so the body decides; and what comes with another
//! status may still be the provider's own word.

use std::time::Duration;

use chrono::{DateTime, Utc};
use feed::FeedError;
use feed::endpoint::Endpoint;
use feed::envelope;
use feed::row::{self, Anomalies, Row};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::value::RawValue;

use crate::error::FetchError;
use crate::html;

/// What was asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'q> {
    pub(crate) endpoint: Endpoint,
    /// For one id.
    pub(crate) id: Option<&'q str>,
}

/// How long the provider wants to be left alone: `Retry-After` in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    (date.to_utc() - Utc::now())
        .max(chrono::TimeDelta::zero())
        .to_std()
        .ok()
}

/// An answer other than 200, with its body if it could be read.
pub(crate) fn rejected(
    status: StatusCode,
    after: Option<Duration>,
    body: Option<&str>,
) -> FetchError {
    let said = body.map(envelope::results).and_then(Result::err);
    let words = match &said {
        Some(FeedError::Refused(why) | FeedError::Err(why)) => Some(format!(" ({why})")),
        Some(FeedError::Code { message, .. }) if !message.is_empty() => {
            Some(format!(" ({message})"))
        }
        _ => body
            .and_then(html::title)
            .map(|title| format!(" (with {title})")),
    };
    let message = format!("HTTP {}{}", status.as_u16(), words.unwrap_or_default());
    match (said, status.as_u16()) {
        (Some(FeedError::Refused(why)), _) => refused(&why),
        (_, 401 | 403 | 407) => FetchError::Refused(format!("the provider refused: {message}")),
        (Some(FeedError::TooMany), _) | (_, 429) => FetchError::Busy {
            message: format!("the provider asks for fewer requests ({message})"),
            after,
        },
        (_, 500..=599 | 408) => FetchError::Transient { message, after },
        (_, 300..=399) => FetchError::Permanent(format!(
            "{message}: it sends us elsewhere, which is not followed, since the request holds the credentials"
        )),
        _ => FetchError::Permanent(message),
    }
}

fn refused(why: &str) -> FetchError {
    let message = format!("the provider refused: {why}");
    if why.starts_with("URL ") {
        FetchError::OutOfPlan(message)
    } else {
        FetchError::Refused(message)
    }
}

/// The code with which the provider says that the account may not ask this.
const BEYOND_PERMISSIONS: i64 = 405;

/// An answer with 200: the body decides.
pub(crate) fn judge(text: String, question: Question<'_>) -> Result<Box<RawValue>, FetchError> {
    if let Some(title) = html::title(&text) {
        return Err(FetchError::transient(format!(
            "in place of data came {title}"
        )));
    }
    if text.trim().is_empty() {
        return Err(FetchError::transient("the answer is empty"));
    }
    let malformed = match envelope::results(&text) {
        Ok(results) => {
            check(results, question)?;
            None
        }
        Err(FeedError::Refused(why)) => return Err(refused(&why)),
        Err(why @ FeedError::TooMany) => {
            return Err(FetchError::Busy {
                message: why.to_string(),
                after: None,
            });
        }
        Err(why @ FeedError::Code { code, .. })
            if code == BEYOND_PERMISSIONS && question.id.is_none() =>
        {
            return Err(FetchError::OutOfPlan(why.to_string()));
        }
        // What exactly is wrong with it is said below.
        Err(why @ FeedError::Malformed(_)) => Some(why),
        Err(why) if why.is_transient() => return Err(FetchError::transient(why.to_string())),
        Err(why) => return Err(FetchError::Permanent(why.to_string())),
    };
    let body = RawValue::from_string(text).map_err(|why| {
        let cut = if why.is_eof() {
            "ends in the middle (truncated)"
        } else {
            "is not JSON"
        };
        FetchError::transient(format!("the answer {cut}: {why}"))
    })?;
    // JSON as such, but no object, so no results either.
    malformed.map_or(Ok(body), |why| Err(FetchError::transient(why.to_string())))
}

/// Whether `results` can be what was asked for. An empty list or object always can.
fn check(results: &str, question: Question<'_>) -> Result<(), FetchError> {
    if !results.starts_with(['[', '{']) {
        return Err(FetchError::transient(
            "the answer's results are neither a list nor an object",
        ));
    }
    let by_row = matches!(
        question.endpoint,
        Endpoint::DetailLive | Endpoint::RecentList | Endpoint::Team | Endpoint::Competition
    );
    if !by_row {
        return Ok(());
    }
    let anomalies = Anomalies::default();
    let rows = row::list(results, "rows", &anomalies);
    let mut named = rows
        .iter()
        .filter_map(|raw| Row::parse(raw, &anomalies).ok())
        .filter_map(|row| row.text("id"));
    match question.id {
        _ if rows.is_empty() => Ok(()),
        Some(id) if named.any(|named| named == id) => Ok(()),
        // The provider ignores parameters that it does not know, and answers about something else.
        Some(_) => Err(FetchError::transient(
            "the answer is about another id than was asked for",
        )),
        None if named.next().is_some() => Ok(()),
        None => Err(FetchError::transient("no row of the answer has an id")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(answer: Result<Box<RawValue>, FetchError>) -> &'static str {
        match answer {
            Ok(_) => "fine",
            Err(FetchError::Refused(_)) => "refused",
            Err(FetchError::OutOfPlan(_)) => "out of plan",
            Err(FetchError::Transient { .. }) => "transient",
            Err(FetchError::Busy { .. }) => "busy",
            Err(FetchError::Permanent(_)) => "permanent",
            Err(FetchError::Deadline | FetchError::LeftAlone(_)) => "not asked",
        }
    }

    #[test]
    fn the_body_decides_what_happens_next() {
        let live = Question {
            endpoint: Endpoint::DetailLive,
            id: None,
        };
        for (body, expected) in [
            (r#"{"code":0,"results":[]}"#, "fine"),
            (r#"{"code":0,"results":{}}"#, "fine"),
            (r#"{"code":0,"results":{"0":{"id":"a"}}}"#, "fine"),
            (
                r#"{"err":"IP is not authorized to access, please contact our business staff."}"#,
                "refused",
            ),
            (
                r#"{"err":"URL is not authorized to access, please contact our business staff."}"#,
                "out of plan",
            ),
            (
                r#"{"code":405,"msg":"Beyond the scope of account permissions."}"#,
                "out of plan",
            ),
            (r#"{"code":429,"msg":"slow down"}"#, "busy"),
            (
                r#"{"code":100003,"msg":"Invalid parameter 'uuid' value."}"#,
                "permanent",
            ),
            (r#"{"code":0,"results":[1,2"#, "transient"),
            (r#"{"code":0,"results":[1,]}"#, "transient"),
            (r#"{"code":0,"results":null}"#, "transient"),
            (r#"{"code":0,"results":"none"}"#, "transient"),
            (r#"{"code":0,"results":[1,{"a":2}]}"#, "transient"),
            (r#"[1]"#, "transient"),
            ("<html><title>502 Bad Gateway</title></html>", "transient"),
            ("", "transient"),
        ] {
            assert_eq!(kind(judge(body.to_owned(), live)), expected, "{body}");
        }
    }

    #[test]
    fn an_answer_about_another_id_is_no_answer() {
        let about = |id, body: &str| {
            let endpoint = Endpoint::Team;
            kind(judge(
                body.to_owned(),
                Question {
                    endpoint,
                    id: Some(id),
                },
            ))
        };
        assert_eq!(about("a", r#"{"code":0,"results":[{"id":"a"}]}"#), "fine");
        assert_eq!(about("a", r#"{"code":0,"results":[]}"#), "fine");
        assert_eq!(
            about("a", r#"{"code":0,"results":[{"id":"b"}]}"#),
            "transient"
        );
        assert_eq!(
            about("a", r#"{"code":405,"msg":"Beyond the scope"}"#),
            "permanent",
            "this id, not the endpoint"
        );
    }

    #[test]
    fn another_status_is_read_with_its_body() {
        let rejected = |status, body| {
            let status = StatusCode::from_u16(status).unwrap();
            rejected(status, None, Some(body))
        };
        for (status, body, expected, word) in [
            (
                503,
                "<title>Down for work</title>",
                "transient",
                "Down for work",
            ),
            (500, "oops", "transient", "HTTP 500"),
            (
                401,
                r#"{"code":401,"msg":"Unauthorized"}"#,
                "refused",
                "Unauthorized",
            ),
            (
                403,
                r#"{"err":"URL is not authorized to access"}"#,
                "out of plan",
                "URL",
            ),
            (429, "", "busy", "fewer requests"),
            (400, r#"{"code":429}"#, "busy", "fewer requests"),
            (
                404,
                r#"{"code":404,"msg":"Not Found"}"#,
                "permanent",
                "Not Found",
            ),
            (302, "", "permanent", "not followed"),
        ] {
            let why = rejected(status, body);
            assert!(why.to_string().contains(word), "{status}: {why}");
            assert_eq!(kind(Err(why)), expected, "{status} {body}");
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let after = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("soon"), None);
        assert_eq!(after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let later = (Utc::now() + chrono::TimeDelta::seconds(90)).to_rfc2822();
        let wait = after(&later).unwrap();
        assert!((85..=90).contains(&wait.as_secs()), "{wait:?}");
    }
}
