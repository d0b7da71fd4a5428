//! The wire below HTTP: connections that can be told to send something of their own, and how to end.
//!
//! A server library never breaks off, resets or stalls on purpose. So each connection has a [`Line`]; an
//! order on it replaces what the library would have written for the request at hand.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep};

/// How a connection ends after the bytes of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is closed.
    Close,
    /// It is reset: the other side gets an error, not an end.
    Reset,
    /// Nothing more comes; after [`SILENCE`] it is closed.
    Silence,
}

/// How long a silent connection stays open: longer than any client should wait.
pub(super) const SILENCE: Duration = Duration::from_secs(600);

/// What to send in place of the library's answer.
#[derive(Debug)]
pub(super) struct Order {
    /// Head and body, byte for byte.
    pub bytes: Vec<u8>,
    /// So many spaces behind them.
    pub spaces: u64,
    /// At most so many bytes at once, with `pause` between them.
    pub piece: usize,
    pub pause: Duration,
    pub end: End,
}

/// What a request knows of its connection.
#[derive(Clone, Debug)]
pub(super) struct Line {
    peer: SocketAddr,
    order: Arc<Mutex<Option<Order>>>,
}

impl Line {
    /// Whether the other side is on this machine.
    pub fn is_local(&self) -> bool {
        self.peer.ip().is_loopback()
    }

    /// Sends `order` in place of the next thing that the library writes, and ends the connection.
    pub fn send(&self, order: Order) {
        *self.order.lock().unwrap_or_else(PoisonError::into_inner) = Some(order);
    }

    fn take(&self) -> Option<Order> {
        self.order
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }
}

/// Accepts connections that take orders.
#[derive(Debug)]
pub(super) struct Lines(pub TcpListener);

impl axum::serve::Listener for Lines {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok((stream, peer)) => {
                    // Best effort: answers only come a little later without it.
                    let _ = stream.set_nodelay(true);
                    let order = Arc::default();
                    return (Wire::new(stream, Line { peer, order }), peer);
                }
                Err(why) => {
                    log::warn!("failed to accept a connection: {why}");
                    sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Lines>> for Line {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Line {
        stream.io().line.clone()
    }
}

/// A connection.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    line: Line,
    running: Option<Order>,
    sent: usize,
    pause: Option<Pin<Box<Sleep>>>,
    silent: bool,
}

static SPACES: [u8; 64 * 1024] = [b' '; 64 * 1024];

impl Wire {
    fn new(stream: TcpStream, line: Line) -> Wire {
        Wire {
            stream,
            line,
            running: None,
            sent: 0,
            pause: None,
            silent: false,
        }
    }

    /// Carries the order out; its end is an error, since the library's own answer never goes out.
    fn carry_out(&mut self, order: &mut Order, cx: &mut Context<'_>) -> Poll<io::Error> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            let rest = &order.bytes[self.sent..];
            let chunk = if !rest.is_empty() {
                &rest[..rest.len().min(order.piece)]
            } else if order.spaces > 0 {
                &SPACES[..SPACES.len().min(order.spaces as usize)]
            } else {
                break;
            };
            match ready!(Pin::new(&mut self.stream).poll_write(cx, chunk)) {
                Ok(0) => return Poll::Ready(io::ErrorKind::WriteZero.into()),
                Ok(sent) if rest.is_empty() => order.spaces -= sent as u64,
                Ok(sent) => self.sent += sent,
                Err(why) => return Poll::Ready(why),
            }
            if !order.pause.is_zero() {
                self.pause = Some(Box::pin(sleep(order.pause)));
            }
        }
        match order.end {
            End::Silence if !self.silent => {
                self.silent = true;
                self.pause = Some(Box::pin(sleep(SILENCE)));
                return self.carry_out(order, cx);
            }
            // Best effort: without it the connection is closed in good order.
            End::Reset => drop(self.stream.set_zero_linger()),
            End::Close | End::Silence => {
                if let Err(why) = ready!(Pin::new(&mut self.stream).poll_shutdown(cx)) {
                    return Poll::Ready(why);
                }
            }
        }
        Poll::Ready(io::ErrorKind::ConnectionAborted.into())
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, into)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(mut order) = self.running.take().or_else(|| self.line.take()) else {
            return Pin::new(&mut self.stream).poll_write(cx, bytes);
        };
        let ended = self.carry_out(&mut order, cx);
        self.running = Some(order);
        ended.map(Err)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
