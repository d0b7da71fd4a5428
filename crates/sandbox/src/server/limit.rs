//! The provider's request limit: so many a minute to each endpoint that is asked by id.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_secs(60);

/// Counts requests of the last minute, real time.
#[derive(Debug)]
pub(super) struct Limiter {
    a_minute: usize,
    lately: Mutex<HashMap<&'static str, VecDeque<Instant>>>,
}

impl Limiter {
    /// 0 = no limit.
    pub fn new(requests_per_minute: u32) -> Limiter {
        Limiter {
            a_minute: requests_per_minute as usize,
            lately: Mutex::default(),
        }
    }

    /// Whether one more request to `endpoint` is within the limit at `now`; counts it if so.
    pub fn admit(&self, endpoint: &'static str, now: Instant) -> bool {
        if self.a_minute == 0 {
            return true;
        }
        let mut lately = self.lately.lock().unwrap_or_else(PoisonError::into_inner);
        let lately = lately.entry(endpoint).or_default();
        while lately
            .front()
            .is_some_and(|then| now.saturating_duration_since(*then) >= WINDOW)
        {
            lately.pop_front();
        }
        let admitted = lately.len() < self.a_minute;
        if admitted {
            lately.push_back(now);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_later_there_is_room_again_and_endpoints_count_apart() {
        let limiter = Limiter::new(2);
        let now = Instant::now();
        let admitted = [0, 10, 20, 59, 61, 62, 71]
            .map(|second| limiter.admit("odds/history", now + Duration::from_secs(second)));
        assert_eq!(admitted, [true, true, false, false, true, false, true]);
        assert!(limiter.admit("match/recent/list", now + Duration::from_secs(62)));
    }
}
