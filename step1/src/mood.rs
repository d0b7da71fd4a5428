//! How the endpoints take our questions: when to wait, how long, and when to stop asking.
//!
//! What can't succeed on a second try is not tried again. Pauses are exponential with full jitter, so that
//! many clients don't come back together. When the provider asks for fewer requests, every request to that
//! endpoint waits, not only the one that was told; when it still does after the retries, or when one
//! request after the other fails, the endpoint is left alone until the next cycle.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use feed::endpoint::Endpoint;
use pipeline::config::Feed;
use tokio::time::Instant;

use crate::error::FetchError;

/// After so many requests in a row that failed with all their retries, the next ones get one try each.
const NO_MORE_RETRIES: u32 = 8;
/// After so many an endpoint is left alone.
const LEFT_ALONE: u32 = 24;
/// Without a `Retry-After`, somebody who asks for fewer requests gets a pause so many times as long.
const BUSY_FACTOR: u32 = 4;

/// What is known of the endpoints in this cycle.
#[derive(Debug)]
pub(crate) struct Moods {
    retries: u32,
    base: Duration,
    cap: Duration,
    deadline: Instant,
    by_endpoint: Mutex<HashMap<Endpoint, Mood>>,
}

#[derive(Clone, Debug, Default)]
struct Mood {
    /// The provider asked for quiet until then.
    quiet_until: Option<Instant>,
    failed_in_a_row: u32,
    /// Why it is not asked any more.
    left_alone: Option<String>,
}

/// What comes after a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another try after this pause.
    Again(Duration),
    /// It is over.
    GiveUp,
}

impl Moods {
    pub(crate) fn new(feed: &Feed, deadline: Instant) -> Moods {
        Moods {
            retries: feed.retries,
            base: feed.retry_backoff.0,
            cap: feed.retry_backoff_max.0,
            deadline,
            by_endpoint: Mutex::default(),
        }
    }

    /// How long to wait before a request to `endpoint`; an error when it is not to be asked any more.
    pub(crate) fn before(&self, endpoint: Endpoint) -> Result<Duration, FetchError> {
        let moods = self.locked();
        let Some(mood) = moods.get(&endpoint) else {
            return Ok(Duration::ZERO);
        };
        if let Some(why) = &mood.left_alone {
            return Err(FetchError::LeftAlone(why.clone()));
        }
        let quiet = mood
            .quiet_until
            .map(|until| until.saturating_duration_since(Instant::now()))
            .filter(|quiet| !quiet.is_zero());
        // All who waited must not come at the same moment.
        Ok(quiet.map_or(Duration::ZERO, |quiet| quiet + self.jittered(0)))
    }

    pub(crate) fn went_well(&self, endpoint: Endpoint) {
        if let Some(mood) = self.locked().get_mut(&endpoint) {
            mood.failed_in_a_row = 0;
        }
    }

    /// What to do after try number `tries` (the first is 0) failed with `why`.
    pub(crate) fn after(&self, endpoint: Endpoint, why: &FetchError, tries: u32) -> Next {
        let mut moods = self.locked();
        let mood = moods.entry(endpoint).or_default();
        let (pause, busy) = match why {
            FetchError::Transient { after, .. } => {
                (after.unwrap_or_else(|| self.jittered(tries)), false)
            }
            FetchError::Busy { after, .. } => {
                let bound = self.bound(tries) * BUSY_FACTOR;
                // At least half of it: somebody who is told to slow down does.
                (
                    after.unwrap_or(bound / 2 + bound.mul_f64(fastrand::f64()) / 2),
                    true,
                )
            }
            // A refusal, an id that is wrong, our own time: another try would change nothing.
            _ => return Next::GiveUp,
        };
        let resume = Instant::now() + pause;
        if busy {
            mood.quiet_until = mood.quiet_until.max(Some(resume));
        }
        let one_try = mood.failed_in_a_row >= NO_MORE_RETRIES;
        if tries < self.retries && resume < self.deadline && !one_try {
            // Those who are told to be quiet wait in `before`, together with all others.
            return Next::Again(if busy { Duration::ZERO } else { pause });
        }
        mood.failed_in_a_row += 1;
        if busy {
            mood.left_alone = Some("the provider asked for fewer requests".to_owned());
        } else if mood.failed_in_a_row >= LEFT_ALONE {
            mood.left_alone = Some(format!("{LEFT_ALONE} requests in a row failed"));
        }
        Next::GiveUp
    }

    fn bound(&self, tries: u32) -> Duration {
        self.base.saturating_mul(1 << tries.min(16)).min(self.cap)
    }

    /// Full jitter: anything up to the exponential bound.
    fn jittered(&self, tries: u32) -> Duration {
        self.bound(tries).mul_f64(fastrand::f64())
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Endpoint, Mood>> {
        self.by_endpoint
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODDS: Endpoint = Endpoint::OddsHistory;

    fn moods() -> Moods {
        Moods::new(&Feed::default(), Instant::now() + Duration::from_secs(45))
    }

    fn busy(seconds: Option<u64>) -> FetchError {
        FetchError::Busy {
            message: String::new(),
            after: seconds.map(Duration::from_secs),
        }
    }

    #[test]
    fn pauses_grow_and_stay_below_their_cap() {
        let moods = moods();
        let longest = |tries| (0..200).map(|_| moods.jittered(tries)).max().unwrap();
        assert!(
            longest(0) <= Duration::from_millis(250) && longest(0) > Duration::from_millis(150)
        );
        assert!(longest(3) > Duration::from_secs(1) && longest(3) <= Duration::from_secs(2));
        assert!(longest(40) <= Duration::from_secs(8));
    }

    #[test]
    fn only_what_can_succeed_on_another_try_gets_one() {
        let moods = moods();
        for why in [
            FetchError::Refused(String::new()),
            FetchError::OutOfPlan(String::new()),
            FetchError::Permanent(String::new()),
            FetchError::Deadline,
        ] {
            assert_eq!(moods.after(ODDS, &why, 0), Next::GiveUp, "{why:?}");
        }
        let transient = FetchError::transient("x");
        assert!(matches!(moods.after(ODDS, &transient, 2), Next::Again(_)));
        assert_eq!(moods.after(ODDS, &transient, 3), Next::GiveUp);
    }

    #[test]
    fn all_requests_of_an_endpoint_wait_when_one_is_told_to_and_others_do_not() {
        let moods = moods();
        assert!(matches!(
            moods.after(ODDS, &busy(Some(7)), 0),
            Next::Again(_)
        ));
        let wait = moods.before(ODDS).unwrap();
        assert!(
            wait > Duration::from_secs(6) && wait < Duration::from_secs(8),
            "{wait:?}"
        );
        assert_eq!(moods.before(Endpoint::Team), Ok(Duration::ZERO));
    }

    #[test]
    fn an_endpoint_that_is_busy_after_all_retries_or_beyond_the_deadline_is_left_alone() {
        for (seconds, tries) in [(Some(600), 0), (None, 3)] {
            let moods = moods();
            assert_eq!(moods.after(ODDS, &busy(seconds), tries), Next::GiveUp);
            let why = moods.before(ODDS).unwrap_err();
            assert!(why.to_string().contains("fewer requests"), "{why}");
            assert_eq!(moods.before(Endpoint::Team), Ok(Duration::ZERO));
        }
    }

    #[test]
    fn when_one_after_the_other_fails_retries_end_first_and_then_the_asking() {
        let (moods, why) = (moods(), FetchError::transient("x"));
        let fail = || moods.after(ODDS, &why, 3);
        (0..NO_MORE_RETRIES).for_each(|_| assert_eq!(fail(), Next::GiveUp));
        assert_eq!(
            moods.after(ODDS, &why, 0),
            Next::GiveUp,
            "one try is enough"
        );
        moods.went_well(ODDS);
        assert!(matches!(moods.after(ODDS, &why, 0), Next::Again(_)));
        (0..LEFT_ALONE).for_each(|_| assert_eq!(fail(), Next::GiveUp));
        assert!(matches!(moods.before(ODDS), Err(FetchError::LeftAlone(_))));
    }
}
