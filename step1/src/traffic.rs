//! What was asked for and what came back, counted.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use feed::endpoint::Endpoint;
use serde::{Serialize, Serializer};
use tokio::time::Instant;

use crate::code;

/// How long requests take is counted by these limits, in milliseconds; what takes longer is `longer`.
const WITHIN_MS: [(u128, &str); 4] = [(100, "100"), (250, "250"), (1000, "1000"), (5000, "5000")];
/// Longer than the last limit.
const LONGER: &str = "longer";

/// What was asked for and what came back, counted.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Traffic {
    pub(crate) requests: u64,
    pub(crate) retries: u64,
    /// Bytes of the bodies as they came over the wire.
    pub(crate) bytes: u64,
    /// The same after decompression.
    pub(crate) bytes_decoded: u64,
    /// Requests by endpoint.
    pub(crate) by_endpoint: BTreeMap<&'static str, u64>,
    /// What came of them, by endpoint and [`code`].
    pub(crate) answers: Answers,
    /// What they cost, by endpoint.
    pub(crate) cost: BTreeMap<&'static str, Cost>,
}

/// Answers by endpoint and kind.
pub(crate) type Answers = BTreeMap<&'static str, BTreeMap<&'static str, u64>>;

/// What the requests to one endpoint cost, tries included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Cost {
    /// Bytes of the bodies as they came over the wire.
    pub(crate) bytes: u64,
    /// From asking to the end of the answer, a connection that had to be made included, all together.
    #[serde(rename = "ms", serialize_with = "in_ms")]
    pub(crate) took: Duration,
    /// How many took so many milliseconds and no longer, each under the least limit that holds it: `100`, `250`,
    /// `1000`, `5000`, `longer`.
    pub(crate) within: BTreeMap<&'static str, u64>,
}

fn in_ms<S: Serializer>(took: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

/// The counts of a client, added to by all of its requests.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<Traffic>);

impl Tally {
    /// Adds to the counts, or reads them.
    pub(crate) fn count<T>(&self, with: impl FnOnce(&mut Traffic) -> T) -> T {
        with(
            &mut self
                .0
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner()),
        )
    }

    /// Counts a request that is sent now. Until something else is known it is one that nobody answered in time.
    pub(crate) fn sent(&self, endpoint: Endpoint) -> Passage<'_> {
        self.count(|traffic| {
            traffic.requests += 1;
            *traffic.by_endpoint.entry(endpoint.path()).or_default() += 1;
        });
        Passage {
            tally: self,
            endpoint,
            begun: Instant::now(),
            ended: None,
            code: code::TIMEOUT,
            bytes: 0,
        }
    }
}

/// One request on its way; counted with what came of it when it is dropped, also if nobody waits for it any more.
#[derive(Debug)]
pub(crate) struct Passage<'t> {
    tally: &'t Tally,
    endpoint: Endpoint,
    begun: Instant,
    /// When the answer's last byte was here; none before.
    pub(crate) ended: Option<Instant>,
    /// The kind of its answer.
    pub(crate) code: &'static str,
    /// Bytes of its body so far.
    pub(crate) bytes: u64,
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        let path = self.endpoint.path();
        // An answer that broke off, or never came, took until we knew.
        let took = self.ended.unwrap_or_else(Instant::now) - self.begun;
        self.tally.count(|traffic| {
            let answers = traffic.answers.entry(path).or_default();
            *answers.entry(self.code).or_default() += 1;
            traffic.bytes += self.bytes;
            let cost = traffic.cost.entry(path).or_default();
            cost.bytes += self.bytes;
            cost.took += took;
            *cost.within.entry(within(took)).or_default() += 1;
        });
    }
}

/// The least limit that holds this time.
fn within(took: Duration) -> &'static str {
    let holds = |(limit, _): &&(u128, &'static str)| took.as_micros() <= limit * 1000;
    WITHIN_MS
        .iter()
        .find(holds)
        .map_or(LONGER, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_counts_under_the_least_limit_that_holds_its_time() {
        for (us, name) in [
            (0, "100"),
            (100_000, "100"),
            (100_001, "250"),
            (250_000, "250"),
            (999_000, "1000"),
            (5_000_000, "5000"),
            (5_000_001, "longer"),
        ] {
            assert_eq!(within(Duration::from_micros(us)), name, "{us} us");
        }
        for (limit, name) in WITHIN_MS {
            assert_eq!(limit.to_string(), name);
        }
    }

    #[test]
    fn what_requests_cost_is_added_up_by_endpoint_and_an_answer_ends_with_its_last_byte() {
        let tally = Tally::default();
        for (ms, bytes) in [(40, 1000), (200, 500), (230, 0)] {
            let mut passage = tally.sent(Endpoint::OddsHistory);
            passage.code = code::GOOD;
            passage.ended = Some(passage.begun + Duration::from_millis(ms));
            passage.bytes = bytes;
        }
        drop(tally.sent(Endpoint::Team));
        let traffic = tally.count(|traffic| traffic.clone());
        assert_eq!((traffic.requests, traffic.bytes), (4, 1500));
        let odds = &traffic.cost[Endpoint::OddsHistory.path()];
        let written = r#"{"bytes":1500,"ms":470,"within":{"100":1,"250":2}}"#;
        assert_eq!(serde_json::to_string(odds).unwrap(), written);
        assert_eq!(traffic.answers[Endpoint::Team.path()][code::TIMEOUT], 1);
    }
}
