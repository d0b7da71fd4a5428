//! Requests for one id each, carried out a bounded number at once.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use feed::endpoint::Endpoint;
use pipeline::{Exit, Failure};
use serde_json::value::RawValue;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::client::Client;
use crate::error::FetchError;
use crate::reference::Kind;

/// A request for one id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Job {
    Detail(String),
    Odds(String),
    Name(Kind, String),
}

impl Job {
    pub(crate) fn endpoint(&self) -> Endpoint {
        match self {
            Job::Detail(_) => Endpoint::RecentList,
            Job::Odds(_) => Endpoint::OddsHistory,
            Job::Name(kind, _) => kind.endpoint(),
        }
    }

    pub(crate) fn id(&self) -> &str {
        match self {
            Job::Detail(id) | Job::Odds(id) | Job::Name(_, id) => id,
        }
    }
}

/// A job and how long it has to wait for its turn in the provider's minute.
pub(crate) type Turn = (Duration, Job);

/// What came of a job.
pub(crate) type Done = (Job, Result<Box<RawValue>, FetchError>);

/// Carries out the jobs in their order, those that have to wait after the others, and hands each result to `take`, whose failure ends it all. An
/// endpoint that turns out not to be in the plan is not asked again; its other jobs are dropped.
pub(crate) async fn carry_out(
    client: &Arc<Client>,
    at_once: usize,
    mut jobs: Vec<Turn>,
    mut take: impl FnMut(Done) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let began = Instant::now();
    jobs.sort_by_key(|(wait, _)| *wait);
    let mut waiting = jobs.into_iter();
    let mut running = JoinSet::new();
    let mut given_up = HashSet::new();
    loop {
        while running.len() < at_once {
            let Some((wait, job)) = waiting.next() else {
                break;
            };
            if given_up.contains(&job.endpoint()) {
                continue;
            }
            let client = Arc::clone(client);
            running.spawn(async move {
                if !wait.is_zero() {
                    sleep_until(began + wait).await;
                }
                let result = client.get(job.endpoint(), &[("uuid", job.id())]).await;
                (job, result)
            });
        }
        let Some(joined) = running.join_next().await else {
            return Ok(());
        };
        let (job, result) = joined.map_err(|why| {
            Failure::new(
                Exit::Bug,
                format!("a request's task ended unexpectedly: {why}"),
            )
        })?;
        if matches!(result, Err(FetchError::OutOfPlan(_))) {
            given_up.insert(job.endpoint());
        }
        take((job, result))?;
    }
}
