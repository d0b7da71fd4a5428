//! The few kinds of answers that are counted; [`answer_code`] has those with a status.

use reqwest::StatusCode;

/// What was asked for.
pub(crate) const GOOD: &str = "200";
/// HTTP 200, but not with what was asked for.
pub(crate) const ERR: &str = "err";
/// Nothing in time, or the step's deadline.
pub(crate) const TIMEOUT: &str = "timeout";
/// No connection, or one that broke off.
pub(crate) const NETWORK: &str = "network";

/// The kind of an answer with this status, before its body is read.
pub(crate) fn answer_code(status: StatusCode) -> &'static str {
    match status.as_u16() {
        200 => GOOD,
        429 => "429",
        300..=399 => "3xx",
        400..=499 => "4xx",
        500..=599 => "5xx",
        _ => "other",
    }
}
