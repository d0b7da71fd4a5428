//! A reply on the wire: JSON, packed for those who take it.

use std::io::Write;

use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, StatusCode};
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
    pub status: StatusCode,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn of(value: &Value) -> Reply {
        Reply::text(value.to_string().into_bytes())
    }

    pub fn text(body: Vec<u8>) -> Reply {
        let json = HeaderValue::from_static("application/json; charset=utf-8");
        Reply {
            what: "ok",
            status: StatusCode::OK,
            headers: vec![(CONTENT_TYPE, json)],
            body,
        }
    }

    /// A web page, as a proxy in front of the provider would send it.
    pub fn page(status: StatusCode, title: &str) -> Reply {
        let body = format!(
            "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr>\
             <center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        Reply {
            status,
            headers: vec![(CONTENT_TYPE, HeaderValue::from_static("text/html"))],
            ..Reply::text(body.into_bytes())
        }
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

    /// Compresses the body when it is worth it and the client takes it.
    pub fn packed(mut self, gzip: bool) -> Reply {
        let encoded = self
            .headers
            .iter()
            .any(|(name, _)| *name == CONTENT_ENCODING);
        if gzip
            && !encoded
            && self.body.len() >= WORTH_PACKING
            && let Some(packed) = packed(&self.body)
        {
            self.body = packed;
            let gzip = HeaderValue::from_static("gzip");
            self.headers.push((CONTENT_ENCODING, gzip));
        }
        self
    }

    pub fn into_response(self) -> Response {
        let mut response = self.body.into_response();
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().insert(name, value);
        }
        response
    }

    /// The same as bytes, with whatever says where the body ends; the connection is not to be used again.
    pub fn into_bytes(self, framing: Framing) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            bytes.extend_from_slice(name.as_str().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend_from_slice(value.as_bytes());
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"connection: close\r\n");
        match framing {
            Framing::Length => {
                let line = format!("{CONTENT_LENGTH}: {}\r\n\r\n", self.body.len());
                bytes.extend_from_slice(line.as_bytes());
                bytes.extend_from_slice(&self.body);
            }
            Framing::Chunks => {
                bytes.extend_from_slice(b"transfer-encoding: chunked\r\n\r\n");
                for chunk in self.body.chunks(1000) {
                    bytes.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    bytes.extend_from_slice(chunk);
                    bytes.extend_from_slice(b"\r\n");
                }
                bytes.extend_from_slice(b"0\r\n\r\n");
            }
            Framing::UntilClose => {
                bytes.extend_from_slice(b"\r\n");
                bytes.extend_from_slice(&self.body);
            }
        }
        bytes
    }
}

/// What says where a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// `Content-Length`.
    Length,
    /// Chunks with their sizes.
    Chunks,
    /// The end of the connection.
    UntilClose,
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
