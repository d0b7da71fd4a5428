//! A reply on the wire: JSON, packed for those who take it.

use std::io::Write;

use axum::http::HeaderValue;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

/// Shorter bodies are sent as they are.
const WORTH_PACKING: usize = 512;

/// A body, and a word about it for the log. The provider says nearly everything with HTTP 200.
#[derive(Debug)]
pub(super) struct Reply {
    pub what: &'static str,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn of(value: &Value) -> Reply {
        Reply::text(value.to_string().into_bytes())
    }

    pub const fn text(body: Vec<u8>) -> Reply {
        Reply { what: "ok", body }
    }

    /// The credentials are wrong or missing; the provider blames the address.
    pub fn unauthorized() -> Reply {
        let err = "IP is not authorized to access, please contact our business staff.";
        Reply::refusal("refused", &json!({"err": err}))
    }

    /// There is no such path, or it isn't in the plan.
    pub fn unknown_path() -> Reply {
        let err = "URL is not authorized to access, please contact our business staff.";
        Reply::refusal("unknown path", &json!({"err": err}))
    }

    /// A parameter can't be used.
    pub fn invalid(parameter: &str) -> Reply {
        let msg = format!("Invalid parameter '{parameter}' value.");
        Reply::refusal("invalid parameter", &json!({"code": 100_003, "msg": msg}))
    }

    /// Over the limit.
    pub fn too_many_requests() -> Reply {
        let body = json!({"code": 429, "msg": "Too Many Requests"});
        Reply::refusal("over the limit", &body)
    }

    fn refusal(what: &'static str, body: &Value) -> Reply {
        Reply {
            what,
            ..Reply::of(body)
        }
    }

    pub fn into_response(self, gzip: bool) -> Response {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        if gzip
            && self.body.len() >= WORTH_PACKING
            && let Some(packed) = packed(&self.body)
        {
            let encoding = HeaderValue::from_static("gzip");
            let headers: [(HeaderName, HeaderValue); 2] =
                [(CONTENT_TYPE, json), (CONTENT_ENCODING, encoding)];
            return (headers, packed).into_response();
        }
        ([(CONTENT_TYPE, json)], self.body).into_response()
    }
}

fn packed(body: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder.write_all(body).ok()?;
    encoder.finish().ok()
}

/// Whether one of the `Accept-Encoding` headers takes gzip.
pub(super) fn accepts_gzip<'h>(headers: impl IntoIterator<Item = &'h HeaderValue>) -> bool {
    let codings = headers.into_iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|value| value.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight
            .trim()
            .strip_prefix("q=")
            .is_some_and(|q| q.trim().parse() == Ok(0.0f32));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}
