//! The evening behind the provider's own paths.
//!
//! A request goes one way: what it asks is put into an `Ask`, `answers` decides what the provider
//! would say, `reply` puts that on the wire. `handle` is the one place that sees both ends, so what
//! is to happen to replies on purpose (delays, faults) belongs there. Query strings hold the secret and
//! are never logged.

mod answers;
mod ask;
mod limit;
mod reply;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::ACCEPT_ENCODING;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;

use crate::Evening;

use ask::Ask;
pub use ask::Credentials;
use limit::Limiter;

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

/// The stand-in provider.
#[derive(Debug)]
pub struct Server {
    evening: Evening,
    clock: Clock,
    credentials: Credentials,
    limiter: Limiter,
}

impl Server {
    /// A server of `evening`; `requests_per_minute` holds for each endpoint that is asked for one id
    /// at a time, 0 = no limit.
    pub fn new(
        evening: Evening,
        clock: Clock,
        credentials: Credentials,
        requests_per_minute: u32,
    ) -> Server {
        Server {
            evening,
            clock,
            credentials,
            limiter: Limiter::new(requests_per_minute),
        }
    }

    /// Answers whoever connects, until the process ends.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, listener: TcpListener) -> io::Result<()> {
        let router = Router::new().fallback(handle).with_state(Arc::new(self));
        axum::serve(listener, router).await
    }
}

/// One request, from what is asked to what is sent.
async fn handle(State(server): State<Arc<Server>>, request: Request) -> Response {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let began = Instant::now();
    let path = request.uri().path().to_owned();
    let ask = Ask::new(request.uri());
    let gzip = reply::accepts_gzip(request.headers().get_all(ACCEPT_ENCODING));
    // Making a match's odds takes some milliseconds, packing a long history too.
    let work = tokio::task::spawn_blocking(move || {
        let reply = answers::answer(&server, &ask);
        let (what, bytes) = (reply.what, reply.body.len());
        (reply.into_response(gzip), what, bytes)
    });
    match work.await {
        Ok((response, what, bytes)) => {
            let took = began.elapsed().as_millis();
            log::debug!("{path:?}: {what}, {bytes} bytes in {took} ms");
            response
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
