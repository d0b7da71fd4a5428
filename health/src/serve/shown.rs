//! What all requests share: one look a second at most, and the pages that were made of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{StatusCode, Uri};
use football::Format;
use pipeline::Config;
use pipeline::cli::Common;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::access::Access;
use super::answer::Page;
use super::course::Hours;
use super::guard::Guard;
use super::metrics::{self, Counts};
use super::routes;
use crate::alerts::command::{Alerts, What};
use crate::look::{Look, Looker, Range};

/// How long a look is good for.
const LOOK: Duration = Duration::from_secs(1);
/// How long a look may take; then the last one is shown again, and says itself how old it is.
const PATIENCE: Duration = Duration::from_secs(5);

/// What all requests share.
pub(super) struct Server {
    pub(super) access: Access,
    pub(super) guard: Guard,
    format: Format,
    eyes: Arc<Mutex<(Looker, Counts)>>,
    hours: Arc<Hours>,
    held: tokio::sync::Mutex<Held>,
}

/// The newest look, and the one that is being taken.
#[derive(Default)]
struct Held {
    shown: Option<Arc<Shown>>,
    /// When it was taken; none when something has been changed since.
    at: Option<Instant>,
    looking: Option<JoinHandle<Shown>>,
    /// Whether somebody has waited for it in vain; nobody else does then.
    late: bool,
}

/// One look, and the pages that were made of it.
pub(super) struct Shown {
    pub(super) look: Look,
    pub(super) metrics: String,
    pub(super) pages: Mutex<HashMap<String, Page>>,
}

impl Server {
    pub(super) fn new(common: Common, config: Config, access: Access, guard: Guard) -> Server {
        Server {
            access,
            guard,
            format: step6::parse_format(&config.display.format).unwrap_or(Format::American),
            eyes: Arc::new(Mutex::new((Looker::new(common, config), Counts::default()))),
            hours: Arc::default(),
            held: tokio::sync::Mutex::default(),
        }
    }

    /// The newest look; a new one if it is older than a second. One request looks, the others wait for it.
    pub(super) async fn look(&self) -> Option<Arc<Shown>> {
        let mut held = self.held.lock().await;
        let held = &mut *held;
        if held.at.is_some_and(|at| at.elapsed() < LOOK) {
            return held.shown.clone();
        }
        let looking = held.looking.get_or_insert_with(|| {
            let eyes = Arc::clone(&self.eyes);
            tokio::task::spawn_blocking(move || look_now(&eyes))
        });
        let patience = if held.late { Duration::ZERO } else { PATIENCE };
        match timeout(patience, looking).await {
            Ok(looked) => {
                held.looking = None;
                held.late = false;
                if let Ok(new) = looked {
                    held.shown = Some(Arc::new(new));
                    held.at = Some(Instant::now());
                }
            }
            // The disk hangs: what was seen last says itself when that was.
            Err(_) => held.late = true,
        }
        held.shown.clone()
    }

    /// Takes the first look, and reads what a page of a month needs, before anybody asks.
    pub(super) async fn warm(&self) {
        let Some(shown) = self.look().await else {
            return;
        };
        let hours = Arc::clone(&self.hours);
        let read = move || hours.warm(&shown.look.facts.data.journal(), shown.look.facts.now);
        // Nobody waits for it: a disk that hangs is told of by the looks.
        tokio::task::spawn_blocking(read);
    }

    /// The page at `uri`, made of `shown`; none when the disk does not answer in time.
    pub(super) async fn make(&self, shown: &Arc<Shown>, uri: &Uri) -> Option<Page> {
        let (shown, uri, format) = (Arc::clone(shown), uri.clone(), self.format);
        let hours = Arc::clone(&self.hours);
        let word = self.guard.word().map(str::to_owned);
        let made = tokio::task::spawn_blocking(move || {
            routes::make(&shown, &uri, format, word.as_deref(), &hours)
        });
        match timeout(PATIENCE, made).await {
            Ok(Ok(page)) => Some(page),
            Ok(Err(_)) => Some(Page::word(
                StatusCode::INTERNAL_SERVER_ERROR,
                "a bug: see the log of health serve\n",
            )),
            Err(_) => None,
        }
    }

    /// Does what `health alerts` would, on a look of its own; none when the disk does not answer in time.
    pub(super) async fn change(&self, what: What) -> Option<Result<String, String>> {
        let eyes = Arc::clone(&self.eyes);
        let changed = tokio::task::spawn_blocking(move || {
            let mut eyes = eyes.lock().unwrap_or_else(PoisonError::into_inner);
            let facts = eyes.0.look(Range::Hour).facts;
            let command = Alerts {
                what: Some(what),
                json: false,
            };
            command.run(&facts, eyes.0.config()).map(|(said, _)| said)
        });
        let changed = timeout(PATIENCE, changed).await.ok()?.ok();
        let mut held = self.held.lock().await;
        (held.at, held.looking) = (None, None);
        Some(changed.unwrap_or_else(|| Err("a bug: see the log of health serve".to_owned())))
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
    counts.listen(look.facts.data.logs(), looker.config());
    Shown {
        metrics: metrics::page(&look, counts),
        pages: Mutex::default(),
        look,
    }
}
