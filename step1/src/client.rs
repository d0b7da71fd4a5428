//! The HTTP client: one request, its retries, and every way in which an answer can be no answer.
//!
//! Almost every error of this provider comes as HTTP 200, so the body decides. What can't succeed on a
//! second try is not tried again; a refusal (credentials, address, plan) ends everything at once.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use feed::endpoint::{self, Endpoint};
use pipeline::Failure;
use pipeline::config::{Feed, Provider};
use pipeline::handoff::RECORDING;
use reqwest::header::{ACCEPT_ENCODING, DATE};
use reqwest::{Certificate, Response, StatusCode};
use serde_json::value::RawValue;
use tokio::time::{Instant, sleep, timeout_at};

use crate::address::{Proxy, base_url, environment_proxy, is_loopback};
use crate::answer::{self, Question};
use crate::budget::{Budget, now_ms};
use crate::code::{self, answer_code};
use crate::error::FetchError;
use crate::mood::{Moods, Next};
use crate::secrets::Credentials;
use crate::traffic::{Passage, Tally, Traffic};
use crate::{trust, unpack};

/// The header with which the sandbox says that it serves a recording.
const RECORDED: &str = "x-sandbox-recording";
/// Clocks that differ by more than this are worth a word, in seconds.
const SKEW_S: i64 = 120;

/// A client of one provider.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    credentials: Credentials,
    max_body: u64,
    deadline: Instant,
    moods: Moods,
    budget: Arc<Budget>,
    /// Certificates that count beside the system's.
    trusted: Vec<Certificate>,
    proxied: bool,
    skew_seen: AtomicBool,
    provider: Provider,
    /// The sandbox says that what it serves was recorded.
    recorded: AtomicBool,
    tally: Tally,
}

impl Client {
    pub(crate) fn new(
        feed: &Feed,
        credentials: Credentials,
        budget: Arc<Budget>,
    ) -> Result<Client, Failure> {
        let base = base_url(feed)?;
        // An error only says that somebody installed one before, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("football-bot/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(feed.connect_timeout.0)
            .read_timeout(feed.read_timeout.0)
            .timeout(feed.request_timeout.0)
            .pool_max_idle_per_host(feed.concurrency)
            .redirect(reqwest::redirect::Policy::none());
        if feed.force_ipv4 {
            builder = builder.local_address(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        }
        let proxy = Proxy::of(&base, feed.proxy.trim());
        let proxied = match &proxy {
            Proxy::Environment => environment_proxy(),
            Proxy::None => false,
            Proxy::This(_) => true,
        };
        builder = match proxy {
            Proxy::Environment => builder,
            Proxy::None => builder.no_proxy(),
            // The address is not repeated: it may hold a password.
            Proxy::This(address) => builder.proxy(
                reqwest::Proxy::all(&address)
                    .map_err(|_| Failure::config("[feed] proxy is no address of a proxy"))?,
            ),
        };
        // Read in any case: who names a file that is none should hear of it now.
        let trusted = trust::extra(&feed.ca_file)?;
        builder = if base.scheme() == "http" && !proxied {
            // No connection here is encrypted: the system's certificates need not be read, 25 ms of every cycle.
            builder.tls_certs_only([])
        } else {
            builder.tls_certs_merge(trusted.clone())
        };
        if base.scheme() == "http" && !is_loopback(&base) {
            log::warn!(
                "[feed] base_url is plain http: user and secret travel unencrypted; a proxy that the environment \
                 names is not used, since it would see them"
            );
        }
        let http = builder.build().map_err(|why| {
            Failure::config(format!(
                "failed to set up the HTTP client: {}",
                credentials.scrub(&chain(&why.without_url()))
            ))
        })?;
        let deadline = Instant::now() + feed.deadline.0;
        Ok(Client {
            http,
            base: base.as_str().trim_end_matches('/').to_owned(),
            credentials,
            max_body: feed.max_body_bytes,
            deadline,
            moods: Moods::new(feed, deadline),
            budget,
            trusted,
            proxied,
            skew_seen: AtomicBool::new(false),
            provider: feed.provider,
            recorded: AtomicBool::new(false),
            tally: Tally::default(),
        })
    }

    /// The certificates that `[feed] ca_file` adds to those that the system trusts.
    pub(crate) fn trusted(&self) -> &[Certificate] {
        &self.trusted
    }

    /// When the step stops fetching.
    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What the answers are, as the envelope says it.
    pub(crate) fn source(&self) -> &'static str {
        if self.recorded.load(Ordering::Relaxed) {
            RECORDING
        } else {
            self.provider.as_str()
        }
    }

    /// What was asked for so far.
    pub(crate) fn traffic(&self) -> Traffic {
        self.tally.count(|traffic| traffic.clone())
    }

    /// The body of one endpoint: whole, JSON, with `results`. Tries again what may succeed on another try; a
    /// question about one id only as far as the budget has room for another request.
    pub(crate) async fn get(
        &self,
        endpoint: Endpoint,
        query: &[(&str, &str)],
    ) -> Result<Box<RawValue>, FetchError> {
        let (mut tries, mut before) = (0, None);
        let by_id = query.iter().any(|(name, _)| *name == "uuid");
        loop {
            let wait = self.moods.before(endpoint)?;
            if Instant::now() + wait >= self.deadline {
                return Err(before.unwrap_or(FetchError::Deadline));
            }
            sleep(wait).await;
            if by_id {
                self.budget.begun(endpoint);
            }
            let mut passage = self.tally.sent(endpoint);
            let answer = timeout_at(self.deadline, self.once(endpoint, query, &mut passage)).await;
            drop(passage);
            if by_id {
                self.budget.ended(endpoint, now_ms());
            }
            let why = match answer {
                Ok(Ok(body)) => {
                    self.moods.went_well(endpoint);
                    return Ok(body);
                }
                Ok(Err(why)) => why,
                // What went wrong until then says more than that the time was up.
                Err(_) => return Err(before.unwrap_or(FetchError::Deadline)),
            };
            let Next::Again(pause) = self.moods.after(endpoint, &why, tries) else {
                return Err(why);
            };
            if by_id && !self.budget.take_one_more(endpoint) {
                log::debug!("{}: {why}; the budget has no other try", endpoint.path());
                return Err(why);
            }
            log::debug!(
                "{}: {why}; again in {} ms",
                endpoint.path(),
                pause.as_millis()
            );
            sleep(pause).await;
            before = Some(why);
            tries += 1;
            self.tally.count(|traffic| traffic.retries += 1);
        }
    }

    /// One request; `passage` gets what came of it.
    async fn once(
        &self,
        endpoint: Endpoint,
        query: &[(&str, &str)],
        passage: &mut Passage<'_>,
    ) -> Result<Box<RawValue>, FetchError> {
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
            .map_err(|why| self.network(why, passage))?;
        self.compare_clocks(&response);
        // The real provider's data is never taken for a recording, whatever it sends.
        if self.provider == Provider::Sandbox && response.headers().contains_key(RECORDED) {
            self.recorded.store(true, Ordering::Relaxed);
        }
        let status = response.status();
        let after = answer::retry_after(response.headers());
        let text = self.text(response, passage).await;
        if status != StatusCode::OK {
            passage.code = answer_code(status);
            return Err(answer::rejected(status, after, text.ok().as_deref()));
        }
        let id = query.iter().find(|(name, _)| *name == "uuid");
        let id = id.map(|(_, id)| *id);
        let body = answer::judge(text?, Question { endpoint, id });
        passage.code = if body.is_ok() { code::GOOD } else { code::ERR };
        body
    }

    /// The body as text, decompressed, no larger than allowed.
    async fn text(
        &self,
        mut response: Response,
        passage: &mut Passage<'_>,
    ) -> Result<String, FetchError> {
        let coding = unpack::coding(response.headers());
        let mut bytes = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|why| self.network(why, passage))?
        {
            passage.bytes += chunk.len() as u64;
            if (bytes.len() + chunk.len()) as u64 > self.max_body {
                passage.code = code::ERR;
                return Err(unpack::too_large(self.max_body));
            }
            bytes.extend_from_slice(&chunk);
        }
        // All of it is here; what may still be wrong is what it says.
        passage.ended = Some(Instant::now());
        passage.code = code::ERR;
        let bytes = unpack::plain(bytes, coding.as_deref(), self.max_body)?;
        self.tally
            .count(|traffic| traffic.bytes_decoded += bytes.len() as u64);
        let text = String::from_utf8(bytes).map_err(|why| {
            let at = why.utf8_error().valid_up_to();
            FetchError::transient(format!("the answer is not UTF-8 text (byte {at})"))
        })?;
        // A provider that sends the request back must not make us write it down.
        Ok(self.credentials.scrub_body(text))
    }

    /// Says once when the provider's clock and ours differ: ages and minutes depend on both.
    fn compare_clocks(&self, response: &Response) {
        let date = response.headers().get(DATE).and_then(|v| v.to_str().ok());
        let Some(theirs) = date.and_then(|text| DateTime::parse_from_rfc2822(text).ok()) else {
            return;
        };
        let ahead = theirs.timestamp() - Utc::now().timestamp();
        if ahead.abs() > SKEW_S && !self.skew_seen.swap(true, Ordering::Relaxed) {
            log::warn!(
                "the provider's clock is {} s {} this machine's: ages and minutes are off by as much; check that \
                 this machine's time is synchronised",
                ahead.abs(),
                if ahead > 0 { "ahead of" } else { "behind" }
            );
        }
    }

    /// A failure below HTTP, in words, without the URL.
    fn network(&self, why: reqwest::Error, passage: &mut Passage<'_>) -> FetchError {
        passage.code = if why.is_timeout() {
            code::TIMEOUT
        } else {
            code::NETWORK
        };
        if let Some(fault) = trust::certificate_fault(&why) {
            // The same one would be shown again.
            return FetchError::Permanent(fault);
        }
        if trust::speaks_no_tls(&why) {
            return FetchError::Permanent(
                "what answers does not speak TLS; check whether [feed] base_url should begin with http://"
                    .to_owned(),
            );
        }
        let (timeout, connect) = (why.is_timeout(), why.is_connect());
        let broken = why.is_body() || why.is_decode();
        let why = why.without_url();
        let what = match (timeout, connect) {
            (_, true) if chain(&why).contains("dns error") => {
                "the provider's name can't be resolved"
            }
            (_, true) if self.proxied => "no connection through the proxy that is set",
            (true, true) => "no connection in time",
            (false, true) => "no connection",
            (true, false) => "no answer in time",
            (false, false) if broken => "the answer broke off",
            (false, false) => "the request failed",
        };
        // That a request could not be sent or a body not be read was said; what is worth reading is the last cause.
        let detail = self.credentials.scrub(&root(&why));
        FetchError::transient(if timeout {
            what.to_owned()
        } else {
            format!("{what} ({detail})")
        })
    }
}

/// The last cause of an error.
fn root(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    last.to_string()
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
