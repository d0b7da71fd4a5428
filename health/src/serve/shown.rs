//! What all requests share: one look a second at most, and the pages that were made of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::StatusCode;
use football::Format;
use pipeline::Config;
use pipeline::cli::Common;

use super::access::Access;
use super::metrics::{self, Counts};
use crate::look::{Look, Looker, Range};

/// How long a look is good for.
const LOOK: Duration = Duration::from_secs(1);
/// How long a look may take; then the last one is shown again, and says itself how old it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// What all requests share.
pub(super) struct Server {
    pub(super) access: Access,
    pub(super) format: Format,
    eyes: Arc<Mutex<(Looker, Counts)>>,
    pub(super) shown: tokio::sync::Mutex<Option<Arc<Shown>>>,
}

/// One look, and the pages that were made of it.
pub(super) struct Shown {
    pub(super) look: Look,
    at: Instant,
    pub(super) metrics: String,
    pub(super) pages: Mutex<HashMap<String, (StatusCode, &'static str, Bytes)>>,
}

impl Server {
    pub(super) fn new(common: Common, config: Config, access: Access) -> Server {
        Server {
            access,
            format: step6::parse_format(&config.display.format).unwrap_or(Format::American),
            eyes: Arc::new(Mutex::new((Looker::new(common, config), Counts::default()))),
            shown: tokio::sync::Mutex::new(None),
        }
    }

    /// The newest look; a new one if it is older than a second. One request looks, the others wait for it.
    pub(super) async fn look(&self) -> Option<Arc<Shown>> {
        let mut shown = self.shown.lock().await;
        if let Some(held) = shown.as_ref().filter(|held| held.at.elapsed() < LOOK) {
            return Some(Arc::clone(held));
        }
        let eyes = Arc::clone(&self.eyes);
        let looked = tokio::task::spawn_blocking(move || look_now(&eyes));
        match tokio::time::timeout(PATIENCE, looked).await {
            Ok(Ok(new)) => {
                *shown = Some(Arc::new(new));
                shown.clone()
            }
            // The disk hangs: what was seen last says itself when that was.
            _ => shown.clone(),
        }
    }
}

fn look_now(eyes: &Mutex<(Looker, Counts)>) -> Shown {
    let mut eyes = eyes.lock().unwrap_or_else(PoisonError::into_inner);
    let (looker, counts) = &mut *eyes;
    let look = looker.look(Range::Hour);
    let counted =
        journal::Reader::open(&look.facts.data.journal()).and_then(|reader| counts.count(&reader));
    if let Err(why) = counted {
        log::debug!("nothing counted: {why}");
    }
    Shown {
        metrics: metrics::page(&look, counts),
        at: Instant::now(),
        pages: Mutex::default(),
        look,
    }
}
