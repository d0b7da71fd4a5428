//! The HTTP client: one request, its retries, and every way in which an answer can be no answer.
//!
//! Almost every error of this provider comes as HTTP 200, so the body decides. What can't succeed on a
//! second try is not tried again; a refusal (credentials, address, plan) ends everything at once.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Mutex;
use std::time::Duration;

use feed::FeedError;
use feed::endpoint::{self, Endpoint};
use feed::envelope;
use flate2::read::GzDecoder;
use pipeline::config::{Feed, Provider};
use pipeline::{Exit, Failure};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, RETRY_AFTER};
use reqwest::{Response, StatusCode};
use serde::Serialize;
use serde_json::value::RawValue;
use thiserror::Error;
use tokio::time::{Instant, sleep, timeout_at};

use crate::html;
use crate::secrets::Credentials;

/// Where the sandbox listens unless it is told otherwise.
const SANDBOX_URL: &str = "http://127.0.0.1:8788";
const BACKOFF_BASE: Duration = Duration::from_millis(250);
const BACKOFF_CAP: Duration = Duration::from_secs(8);

/// Why a request gave no results. The sentences hold neither URL nor secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum FetchError {
    /// The provider refuses us altogether.
    #[error("{0}")]
    Refused(String),
    /// The account's plan does not have this endpoint (or has lapsed).
    #[error("{0}")]
    OutOfPlan(String),
    /// It may work in a moment; `after` if the provider said when.
    #[error("{message}")]
    Transient {
        message: String,
        after: Option<Duration>,
    },
    /// It will not work for this id.
    #[error("{0}")]
    Permanent(String),
    /// The step's time is up.
    #[error("the step's deadline came first")]
    Deadline,
}

impl FetchError {
    fn transient(message: impl Into<String>) -> Self {
        FetchError::Transient {
            message: message.into(),
            after: None,
        }
    }

    /// The failure of the whole step, when it is this request that counts.
    pub(crate) fn into_failure(self, what: &str) -> Failure {
        match self {
            FetchError::Refused(message) | FetchError::OutOfPlan(message) => refusal(&message),
            other => Failure::new(
                Exit::Unavailable,
                format!("failed to fetch {what}: {other}; the previous step1.json stays"),
            ),
        }
    }
}

/// Exit 77, with what to check.
pub(crate) fn refusal(message: &str) -> Failure {
    Failure::new(
        Exit::Refused,
        format!(
            "{}. Check, in this order: that this machine's IPv4 address is on the account's list, that the plan \
             covers the endpoint and has not lapsed, that user and secret are right. Not tried again",
            message.trim_end_matches('.')
        ),
    )
}

/// What was asked for and what came back, counted.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Traffic {
    pub(crate) requests: u64,
    pub(crate) retries: u64,
    /// Bytes of the bodies as they came over the wire.
    pub(crate) bytes: u64,
    /// The same after decompression.
    pub(crate) bytes_decoded: u64,
    /// Requests by endpoint.
    pub(crate) by_endpoint: BTreeMap<&'static str, u64>,
}

/// A client of one provider.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    credentials: Credentials,
    retries: u32,
    max_body: u64,
    deadline: Instant,
    traffic: Mutex<Traffic>,
}

impl Client {
    pub(crate) fn new(feed: &Feed, credentials: Credentials) -> Result<Client, Failure> {
        let base = base_url(feed)?;
        // An error only says that somebody installed one before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("football-bot/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(feed.connect_timeout.0)
            .timeout(feed.request_timeout.0)
            .pool_max_idle_per_host(feed.concurrency)
            .redirect(reqwest::redirect::Policy::none());
        if feed.force_ipv4 {
            builder = builder.local_address(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        }
        if is_loopback(&base) {
            builder = builder.no_proxy();
        }
        let http = builder.build().map_err(|why| {
            Failure::config(format!(
                "failed to set up the HTTP client: {}",
                credentials.scrub(&chain(&why.without_url()))
            ))
        })?;
        Ok(Client {
            http,
            base,
            credentials,
            retries: feed.retries,
            max_body: feed.max_body_bytes,
            deadline: Instant::now() + feed.deadline.0,
            traffic: Mutex::default(),
        })
    }

    /// When the step stops fetching.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What was asked for so far.
    pub(crate) fn traffic(&self) -> Traffic {
        self.count(|traffic| traffic.clone())
    }

    fn count<T>(&self, with: impl FnOnce(&mut Traffic) -> T) -> T {
        with(
            &mut self
                .traffic
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        )
    }

    /// The body of one endpoint: whole, JSON, with `results`. Tries again what may succeed on another try.
    pub(crate) async fn get(
        &self,
        endpoint: Endpoint,
        query: &[(&str, &str)],
    ) -> Result<Box<RawValue>, FetchError> {
        let mut tries = 0;
        loop {
            let answer = timeout_at(self.deadline, self.once(endpoint, query)).await;
            let (message, after) = match answer.unwrap_or(Err(FetchError::Deadline)) {
                Err(FetchError::Transient { message, after }) if tries < self.retries => {
                    (message, after)
                }
                other => return other,
            };
            let pause = after.unwrap_or_else(|| backoff(tries));
            if Instant::now() + pause >= self.deadline {
                return Err(FetchError::Transient { message, after });
            }
            log::debug!(
                "{}: {message}; again in {} ms",
                endpoint.path(),
                pause.as_millis()
            );
            sleep(pause).await;
            tries += 1;
            self.count(|traffic| traffic.retries += 1);
        }
    }

    async fn once(
        &self,
        endpoint: Endpoint,
        query: &[(&str, &str)],
    ) -> Result<Box<RawValue>, FetchError> {
        self.count(|traffic| {
            traffic.requests += 1;
            *traffic.by_endpoint.entry(endpoint.path()).or_default() += 1;
        });
        let response = self
            .http
            .get(format!(
                "{}{}{}",
                self.base,
                endpoint::PREFIX,
                endpoint.path()
            ))
            .query(&[
                ("user", self.credentials.user.reveal()),
                ("secret", self.credentials.secret.reveal()),
            ])
            .query(query)
            .header(ACCEPT_ENCODING, "gzip")
            .send()
            .await
            .map_err(|why| self.network(why))?;
        let status = response.status();
        let after = retry_after(&response);
        let text = self.text(response).await;
        let text = if status == StatusCode::OK {
            text?
        } else {
            return Err(rejected(status, after, text.ok()));
        };
        judge(text)
    }

    /// The body as text, decompressed, no larger than allowed.
    async fn text(&self, mut response: Response) -> Result<String, FetchError> {
        let gzipped = response
            .headers()
            .get(CONTENT_ENCODING)
            .is_some_and(|v| v.as_bytes() == b"gzip");
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|why| self.network(why))? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() as u64 > self.max_body {
                return Err(FetchError::Permanent(too_large(self.max_body)));
            }
        }
        self.count(|traffic| traffic.bytes += bytes.len() as u64);
        if gzipped {
            bytes = unzip(&bytes, self.max_body)?;
        }
        self.count(|traffic| traffic.bytes_decoded += bytes.len() as u64);
        let text = String::from_utf8(bytes).map_err(|why| {
            let at = why.utf8_error().valid_up_to();
            FetchError::transient(format!("the answer is not UTF-8 text (byte {at})"))
        })?;
        // A provider that sends the request back must not make us write it down.
        Ok(self.credentials.scrub_body(text))
    }

    /// A failure below HTTP, in words, without the URL.
    fn network(&self, why: reqwest::Error) -> FetchError {
        let what = if why.is_timeout() {
            "no answer in time"
        } else if why.is_connect() {
            "no connection"
        } else if why.is_body() || why.is_decode() {
            "the answer broke off"
        } else {
            "the request failed"
        };
        let detail = self.credentials.scrub(&chain(&why.without_url()));
        FetchError::transient(format!("{what} ({detail})"))
    }
}

fn base_url(feed: &Feed) -> Result<String, Failure> {
    let base = match (feed.base_url.trim_end_matches('/'), feed.provider) {
        ("", Provider::Thesports) => endpoint::BASE_URL,
        ("", Provider::Sandbox) => SANDBOX_URL,
        (other, _) => other,
    };
    match reqwest::Url::parse(base) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.query().is_none() => {
            Ok(base.to_owned())
        }
        // The address is not repeated: somebody may have put a secret into it.
        _ => Err(Failure::config(
            "[feed] base_url is no address such as `https://api.example.com` (without a query)",
        )),
    }
}

fn is_loopback(base: &str) -> bool {
    let host = reqwest::Url::parse(base)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned))
        .unwrap_or_default();
    host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

/// Full jitter: anything up to the exponential bound, so that many clients don't come back together.
fn backoff(tries: u32) -> Duration {
    let bound = BACKOFF_BASE
        .saturating_mul(1 << tries.min(16))
        .min(BACKOFF_CAP);
    bound.mul_f64(fastrand::f64())
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds: u64 = response
        .headers()
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

/// An answer other than 200.
fn rejected(status: StatusCode, after: Option<Duration>, body: Option<String>) -> FetchError {
    let page = body
        .as_deref()
        .and_then(html::title)
        .map(|title| format!(" (with {title})"));
    let message = format!("HTTP {}{}", status.as_u16(), page.unwrap_or_default());
    match status.as_u16() {
        401 | 403 => FetchError::Refused(format!("the provider refused: {message}")),
        429 => FetchError::Transient {
            message: format!("the provider asks for fewer requests ({message})"),
            after,
        },
        500..=599 | 408 => FetchError::Transient { message, after },
        _ => FetchError::Permanent(message),
    }
}

/// An answer with 200: the body decides.
fn judge(text: String) -> Result<Box<RawValue>, FetchError> {
    if let Some(title) = html::title(&text) {
        return Err(FetchError::transient(format!(
            "in place of data came {title}"
        )));
    }
    if text.trim().is_empty() {
        return Err(FetchError::transient("the answer is empty"));
    }
    match envelope::results(&text) {
        Ok(_) => {}
        Err(FeedError::Refused(why)) => {
            let message = format!("the provider refused: {why}");
            let endpoint_only = why.starts_with("URL ");
            return Err(if endpoint_only {
                FetchError::OutOfPlan(message)
            } else {
                FetchError::Refused(message)
            });
        }
        Err(why) if why.is_transient() => return Err(FetchError::transient(why.to_string())),
        Err(why) => return Err(FetchError::Permanent(why.to_string())),
    }
    RawValue::from_string(text).map_err(|why| {
        let cut = if why.is_eof() {
            "ends in the middle (truncated)"
        } else {
            "is not JSON"
        };
        FetchError::transient(format!("the answer {cut}: {why}"))
    })
}

fn unzip(bytes: &[u8], most: u64) -> Result<Vec<u8>, FetchError> {
    let mut plain = Vec::with_capacity(bytes.len().saturating_mul(4).min(16 << 20));
    GzDecoder::new(bytes)
        .take(most + 1)
        .read_to_end(&mut plain)
        .map_err(|why| {
            FetchError::transient(format!("the compressed answer is damaged ({why})"))
        })?;
    if plain.len() as u64 > most {
        return Err(FetchError::Permanent(too_large(most)));
    }
    Ok(plain)
}

fn too_large(most: u64) -> String {
    format!("the answer is larger than [feed] max_body_bytes ({most})")
}

/// An error with its causes, outermost first.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_decides_what_happens_next() {
        let kind = |body: &str| match judge(body.to_owned()) {
            Ok(_) => "fine",
            Err(FetchError::Refused(_)) => "refused",
            Err(FetchError::OutOfPlan(_)) => "out of plan",
            Err(FetchError::Transient { .. }) => "transient",
            Err(FetchError::Permanent(_)) => "permanent",
            Err(FetchError::Deadline) => "deadline",
        };
        for (body, expected) in [
            (r#"{"code":0,"results":[]}"#, "fine"),
            (
                r#"{"err":"IP is not authorized to access, please contact our business staff."}"#,
                "refused",
            ),
            (
                r#"{"err":"URL is not authorized to access, please contact our business staff."}"#,
                "out of plan",
            ),
            (r#"{"code":429,"msg":"slow down"}"#, "transient"),
            (
                r#"{"code":100003,"msg":"Invalid parameter 'uuid' value."}"#,
                "permanent",
            ),
            (r#"{"code":0,"results":[1,2"#, "transient"),
            (r#"{"code":0,"results":[1,]}"#, "transient"),
            ("<html><title>502 Bad Gateway</title></html>", "transient"),
            ("", "transient"),
        ] {
            assert_eq!(kind(body), expected, "{body}");
        }
    }

    #[test]
    fn a_zip_bomb_is_not_unpacked() {
        use flate2::{Compression, write::GzEncoder};
        use std::io::Write;
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![b' '; 4 << 20]).unwrap();
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 10_000);
        assert!(
            matches!(unzip(&bomb, 1 << 20), Err(FetchError::Permanent(why)) if why.contains("max_body_bytes"))
        );
        assert!(matches!(
            unzip(&bomb[..bomb.len() / 2], 8 << 20),
            Err(FetchError::Transient { .. })
        ));
    }

    #[test]
    fn backoff_grows_and_stays_below_its_cap() {
        for tries in 0..40 {
            let bound = BACKOFF_BASE
                .saturating_mul(1 << tries.min(16))
                .min(BACKOFF_CAP);
            assert!((0..20).all(|_| backoff(tries) <= bound));
        }
    }

    #[test]
    fn an_address_with_a_query_is_refused_without_repeating_it() {
        let feed = Feed {
            base_url: "http://127.0.0.1:1/?secret=hush".to_owned(),
            ..Feed::default()
        };
        let failure = base_url(&feed).unwrap_err();
        assert!(!failure.message.contains("hush"));
    }
}
