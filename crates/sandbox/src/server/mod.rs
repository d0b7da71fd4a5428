//! The evening behind the provider's own paths.
//!
//! A request goes one way: what it asks is put into an `Ask`, `answers` decides what the provider
//! would say, `reply` puts that on the wire. `handle` is the one place that sees both ends: there `faults`
//! spoils what was right, and `wire` sends what no server library would. Query strings hold the secret and
//! are never logged.

mod answers;
mod ask;
mod control;
mod faults;
mod latency;
mod limit;
mod recording;
mod reply;
mod requests;
mod wire;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{ACCEPT_ENCODING, CONNECTION};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::time::{sleep, sleep_until};

use crate::Evening;

use ask::Ask;
pub use ask::Credentials;
use faults::Outcome;
pub use faults::{ENDPOINTS, FAULTS, Fault, Faults, Rule, table};
pub use latency::Latency;
use limit::Limiter;
pub use recording::Recording;
use requests::Entry;
pub use requests::Requests;
use wire::{Line, Lines, SILENCE};

/// The simulated time: starts at an instant and runs at a speed.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: i64,
    speed: f64,
    began: Instant,
}

impl Clock {
    /// A clock that shows `start` (unix seconds) now and runs `speed` times as fast as the real one.
    pub fn new(start: i64, speed: f64) -> Clock {
        Clock {
            start,
            speed,
            began: Instant::now(),
        }
    }

    /// The simulated instant in unix seconds.
    pub fn now(&self) -> i64 {
        let passed = self.began.elapsed().as_secs_f64() * self.speed;
        self.start.saturating_add(passed as i64)
    }
}

/// Where the answers come from.
#[derive(Debug)]
pub enum Source {
    /// A simulation, at the time of a clock.
    Evening(Evening, Clock),
    /// A recorded cycle.
    Recording(Box<Recording>),
}

/// The stand-in provider.
#[derive(Debug)]
pub struct Server {
    source: Source,
    credentials: Credentials,
    limiter: Limiter,
    faults: Faults,
    requests: Requests,
    odds_updates: usize,
}

impl Server {
    /// A server of `source`; `requests_per_minute` holds for each endpoint that is asked for one id
    /// at a time, 0 = no limit.
    pub fn new(source: Source, credentials: Credentials, requests_per_minute: u32) -> Server {
        Server {
            source,
            credentials,
            limiter: Limiter::new(requests_per_minute),
            faults: Faults::new(0, Latency::default(), Vec::new(), Duration::ZERO),
            requests: Requests::default(),
            odds_updates: usize::MAX,
        }
    }

    /// With these faults.
    #[must_use]
    pub fn with_faults(self, faults: Faults) -> Server {
        Server { faults, ..self }
    }

    /// With this record of requests.
    #[must_use]
    pub fn with_requests(self, requests: Requests) -> Server {
        Server { requests, ..self }
    }

    /// With no more than `most` matches in `odds/update`.
    #[must_use]
    pub fn with_odds_updates(self, most: usize) -> Server {
        Server {
            odds_updates: most,
            ..self
        }
    }

    /// Answers whoever connects, until the process ends.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let router = Router::new().fallback(handle).with_state(Arc::new(self));
        let service = router.into_make_service_with_connect_info::<Line>();
        axum::serve(Lines(listener), service).await
    }
}

/// One request, from what is asked to what is sent.
async fn handle(
    State(server): State<Arc<Server>>,
    ConnectInfo(line): ConnectInfo<Line>,
    request: Request,
) -> Response {
    if line.is_local() && request.uri().path().starts_with(control::PREFIX) {
        return control::control(&server, request).await;
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let began = Instant::now();
    let path = request.uri().path().to_owned();
    let ask = Ask::new(request.uri());
    let gzip = reply::accepts_gzip(request.headers().get_all(ACCEPT_ENCODING));
    let (entry, drawn) = (Entry::of(&ask), server.faults.draw(&ask));
    // Making a match's odds takes some milliseconds, packing a long history too.
    let asked = Arc::clone(&server);
    let work = tokio::task::spawn_blocking(move || {
        let mut bytes = 0;
        let outcome = faults::act(drawn.fault, gzip, asked.faults.slow(), || {
            let reply = answers::answer(&asked, &ask);
            bytes = reply.body.len();
            reply
        });
        match &outcome {
            Outcome::Reply(reply) if bytes == 0 => bytes = reply.body.len(),
            _ => {}
        }
        (outcome, bytes)
    });
    let Ok((outcome, bytes)) = work.await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    if !drawn.latency.is_zero() {
        sleep_until((began + drawn.latency).into()).await;
    }
    let (status, what) = match &outcome {
        Outcome::Reply(reply) => (reply.status.as_u16(), reply.what),
        Outcome::Order(what, status, _) => (status.as_u16(), *what),
        Outcome::Silence => (0, "nothing"),
    };
    let (fault, took) = (drawn.fault.map(Fault::name), began.elapsed().as_millis());
    log::debug!(
        "{path:?}: {what}, {bytes} bytes in {took} ms{}",
        fault.map(|name| format!(", {name}")).unwrap_or_default()
    );
    let entry = entry.answered(status, bytes, what, fault, took as u64);
    server.requests.add(entry);
    match outcome {
        Outcome::Reply(reply) => reply.into_response(),
        Outcome::Order(_, _, order) => {
            line.send(order);
            ([(CONNECTION, HeaderValue::from_static("close"))], "").into_response()
        }
        Outcome::Silence => {
            sleep(SILENCE).await;
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
    }
}
