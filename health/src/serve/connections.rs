//! The connections: how many, how long, and how they end.
//!
//! A reader who sends his request letter by letter, says nothing, or takes nothing of the answer holds
//! his connection only until a timeout. Whoever comes while all connections are taken waits in the
//! kernel's queue. Told to stop, the server lets answers that are under way be finished, for a moment.

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use pipeline::config::Serve;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::answer::answer;
use super::shown::Server;

/// How long answers that are under way may take when the server is told to stop.
const LAST: Duration = Duration::from_millis(500);
/// The pause after the system refused a connection (no descriptor, no memory), which does not pass at once.
const PAUSE: Duration = Duration::from_millis(200);
/// What is held of a request at most: a browser's head has some 1,000 bytes.
const HEAD: usize = 16 * 1024;

/// What a connection may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    connections: usize,
    header: Duration,
    whole: Duration,
}

impl Limits {
    /// Those of the settings.
    ///
    /// # Errors
    /// In words, when nobody could ever be answered.
    pub(super) fn of(settings: &Serve) -> Result<Limits, String> {
        let limits = Limits {
            connections: settings.connections,
            header: settings.header_timeout.0,
            whole: settings.connection_timeout.0,
        };
        if limits.connections == 0 || limits.header.is_zero() || limits.whole.is_zero() {
            return Err(
                "`[serve] connections`, `header_timeout` and `connection_timeout` must be more than nothing"
                    .to_owned(),
            );
        }
        Ok(limits)
    }
}

/// Answers whoever connects until `stop` is done. No reader can end it.
pub(super) async fn serve(
    listener: TcpListener,
    server: Arc<Server>,
    limits: Limits,
    stop: impl Future<Output = ()>,
) {
    let mut stop = pin!(stop);
    let (stopping, told) = watch::channel(());
    let free = Arc::new(Semaphore::new(
        limits.connections.min(Semaphore::MAX_PERMITS),
    ));
    loop {
        let accepted = async {
            let permit = Arc::clone(&free).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = &mut stop => break,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = hold(stream, Arc::clone(&server), limits, told.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            // It was gone before we came to it.
            Err(why) if gone(&why) => {}
            Err(why) => {
                log::warn!("a reader could not be let in: {why}");
                sleep(PAUSE).await;
            }
        }
    }
    drop((listener, told));
    let _ = stopping.send(());
    // Done when every connection has dropped its end.
    if timeout(LAST, stopping.closed()).await.is_err() {
        log::debug!("readers who took too long were cut off");
    }
}

/// One connection until it ends, its time is over, or the server stops.
async fn hold(
    stream: TcpStream,
    server: Arc<Server>,
    limits: Limits,
    mut told: watch::Receiver<()>,
) {
    let service = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let server = Arc::clone(&server);
        async move { Ok::<_, Infallible>(answer(&server, request.map(Body::new)).await) }
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header)
            .max_buf_size(HEAD)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        ended = connection.as_mut() => Some(ended),
        () = sleep(limits.whole) => None,
        _ = told.changed() => None,
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            // The answer that is under way is the last one, and has as long as a request has.
            connection.as_mut().graceful_shutdown();
            match timeout(limits.header, connection).await {
                Ok(ended) => ended,
                Err(_) => return log::debug!("a connection that lasted too long was cut off"),
            }
        }
    };
    if let Err(why) = ended {
        log::debug!("a connection ended early: {why}");
    }
}

fn gone(why: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(
        why.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    )
}
