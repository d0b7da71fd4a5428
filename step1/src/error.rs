//! Why a request gave no results, and what that means for the step.

use std::time::Duration;

use pipeline::{Exit, Failure};
use thiserror::Error;

/// Why a request gave no results. The sentences hold neither URL nor secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum FetchError {
    /// The provider refuses us altogether.
    #[error("{0}")]
    Refused(String),
    /// The account's plan does not have this endpoint (or has lapsed).
    #[error("{0}")]
    OutOfPlan(String),
    /// It may work in a moment.
    #[error("{message}")]
    Transient {
        message: String,
        /// When, if the provider said so.
        after: Option<Duration>,
    },
    /// The provider asks for fewer requests.
    #[error("{message}")]
    Busy {
        message: String,
        /// When to come back, if it said so.
        after: Option<Duration>,
    },
    /// It will not work for this id.
    #[error("{0}")]
    Permanent(String),
    /// The step's time is up.
    #[error("the step's deadline came first")]
    Deadline,
    /// Not even asked: this endpoint is left alone for the rest of the cycle.
    #[error("not asked any more in this cycle: {0}")]
    LeftAlone(String),
}

impl FetchError {
    pub(crate) fn transient(message: impl Into<String>) -> Self {
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
