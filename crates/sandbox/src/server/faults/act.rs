//! What a fault does: to the answer, or to the wire.

use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use axum::http::header::{CONTENT_ENCODING, DATE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use chrono::{TimeDelta, Utc};
use flate2::{Compress, Compression, FlushCompress};
use serde_json::json;

use super::super::reply::{Framing, Reply};
use super::super::wire::{End, Order};
use super::{Fault, bodies};

/// What goes out in the end.
#[derive(Debug)]
pub(in super::super) enum Outcome {
    /// In good order.
    Reply(Reply),
    /// By an order to the wire; the first is what the reply says of itself.
    Order(&'static str, StatusCode, Order),
    /// Nothing.
    Silence,
}

/// How many spaces an oversized answer has behind it.
const OVERSIZE: u64 = 80 << 20;
/// Pieces of a slow answer.
const PIECES: usize = 10;

/// Carries out `fault` on what `right` would have answered. `gzip`: the client takes it packed.
pub(in super::super) fn act(
    fault: Option<Fault>,
    gzip: bool,
    slow: Duration,
    right: impl FnOnce() -> Reply,
) -> Outcome {
    let Some(fault) = fault else {
        return Outcome::Reply(right().packed(gzip));
    };
    if let Some(reply) = in_place_of_an_answer(fault) {
        return Outcome::Reply(Reply {
            what: "a fault",
            ..reply
        });
    }
    let packed = |reply: Reply| reply.packed(gzip);
    match fault {
        Fault::Hang => Outcome::Silence,
        Fault::Reset => Outcome::Order("nothing", StatusCode::OK, order(Vec::new(), End::Reset)),
        Fault::Slow => {
            let reply = packed(right());
            let (what, status) = (reply.what, reply.status);
            let bytes = reply.into_bytes(Framing::Length);
            let order = Order {
                piece: bytes.len().div_ceil(PIECES).max(1),
                pause: slow / PIECES as u32,
                ..order(bytes, End::Close)
            };
            Outcome::Order(what, status, order)
        }
        Fault::Stall => half(packed(right()), End::Silence),
        Fault::Truncate => half(packed(right()), End::Close),
        Fault::Chunked => framed(packed(right()), Framing::Chunks, 0),
        Fault::NoLength => framed(packed(right()), Framing::UntilClose, 0),
        Fault::Oversized => framed(right(), Framing::UntilClose, OVERSIZE),
        _ => Outcome::Reply(packed(spoilt(fault, right()))),
    }
}

fn in_place_of_an_answer(fault: Fault) -> Option<Reply> {
    let json = |status, body| Reply {
        status,
        ..Reply::of(&body)
    };
    let ok = |body: &str| Reply::text(body.as_bytes().to_vec());
    Some(match fault {
        Fault::ServerError => Reply {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            ..ok("Internal Server Error")
        },
        Fault::Unavailable => Reply::page(
            StatusCode::SERVICE_UNAVAILABLE,
            "503 Service Temporarily Unavailable",
        ),
        Fault::NotFound => json(
            StatusCode::NOT_FOUND,
            json!({"code": 404, "msg": "Not Found"}),
        ),
        Fault::Busy => {
            let mut reply = json(
                StatusCode::TOO_MANY_REQUESTS,
                json!({"code": 429, "msg": "Too Many Requests"}),
            );
            reply
                .headers
                .push((RETRY_AFTER, HeaderValue::from_static("1")));
            reply
        }
        Fault::BusyBody => Reply::too_many_requests(),
        Fault::NotJson => ok("service is being upgraded"),
        Fault::Page => Reply::page(StatusCode::OK, "Sign in to the network"),
        Fault::Empty => ok(""),
        Fault::OutOfPlan => Reply::unknown_path(),
        Fault::AddressRefused => Reply::unauthorized(),
        Fault::Unauthorized => json(
            StatusCode::UNAUTHORIZED,
            json!({"code": 401, "msg": "Unauthorized"}),
        ),
        Fault::OutOfScope => {
            Reply::of(&json!({"code": 405, "msg": "Beyond the scope of account permissions."}))
        }
        Fault::ZipBomb => {
            let mut reply = Reply::text(bomb().to_vec());
            reply
                .headers
                .push((CONTENT_ENCODING, HeaderValue::from_static("gzip")));
            reply
        }
        _ => return None,
    })
}

fn spoilt(fault: Fault, mut reply: Reply) -> Reply {
    if let Some(body) = bodies::spoilt(fault, &reply.body) {
        reply.body = body;
    }
    if fault == Fault::ClockSkew {
        let ahead = Utc::now() + TimeDelta::seconds(bodies::SKEW);
        let date = ahead.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = HeaderValue::try_from(date) {
            reply.headers.push((DATE, date));
        }
    }
    reply
}

fn order(bytes: Vec<u8>, end: End) -> Order {
    Order {
        bytes,
        spaces: 0,
        piece: usize::MAX,
        pause: Duration::ZERO,
        end,
    }
}

/// The head, which promises the whole body, and half of it.
fn half(reply: Reply, end: End) -> Outcome {
    let (what, status, missing) = (reply.what, reply.status, reply.body.len().div_ceil(2));
    let mut bytes = reply.into_bytes(Framing::Length);
    bytes.truncate(bytes.len() - missing);
    Outcome::Order(what, status, order(bytes, end))
}

fn framed(reply: Reply, framing: Framing, spaces: u64) -> Outcome {
    let (what, status) = (reply.what, reply.status);
    let order = Order {
        spaces,
        ..order(reply.into_bytes(framing), End::Close)
    };
    Outcome::Order(what, status, order)
}

/// A valid beginning of gzip for `{"code":0,"results":[` and 256 MiB of spaces. Made from one packed MiB,
/// again and again, and without its end, to which nobody gets.
fn bomb() -> &'static [u8] {
    static BOMB: OnceLock<Vec<u8>> = OnceLock::new();
    BOMB.get_or_init(|| {
        let mut bomb = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
        let mut deflate = Compress::new(Compression::best(), false);
        let mut pack = |bytes: &[u8]| {
            let mut packed = Vec::with_capacity(16 * 1024);
            // Room enough for the little that comes out; a failure only makes a smaller bomb.
            let _ = deflate.compress_vec(bytes, &mut packed, FlushCompress::Sync);
            packed
        };
        let spaces = vec![b' '; 1 << 20];
        let begin = pack(br#"{"code":0,"results":["#);
        let first = pack(&spaces);
        let again = pack(&spaces);
        let written = bomb
            .write_all(&begin)
            .and_then(|()| bomb.write_all(&first))
            .and_then(|()| bomb.write_all(&again.repeat(255)));
        debug_assert!(written.is_ok(), "a vector takes everything");
        bomb
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use std::io::Read;

    #[test]
    fn the_bomb_is_small_and_unpacks_to_256_mib_of_a_beginning() {
        let bomb = bomb();
        assert!(bomb.len() < 600_000, "{}", bomb.len());
        let mut unpacked = GzDecoder::new(bomb).take(3 << 20);
        let mut text = Vec::new();
        unpacked.read_to_end(&mut text).unwrap();
        assert_eq!(text.len(), 3 << 20);
        assert!(text.starts_with(br#"{"code":0,"results":[  "#));
        assert!(text[100..].iter().all(|byte| *byte == b' '));
    }

    #[test]
    fn what_needs_no_answer_does_not_ask_for_one() {
        for fault in [
            Fault::Hang,
            Fault::Reset,
            Fault::ServerError,
            Fault::ZipBomb,
        ] {
            act(Some(fault), true, Duration::ZERO, || {
                panic!("{fault:?} needs no answer")
            });
        }
    }
}
