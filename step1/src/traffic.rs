//! What was asked for and what came back, counted.

use std::collections::BTreeMap;

use serde::Serialize;

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
}

/// Answers by endpoint and kind.
pub(crate) type Answers = BTreeMap<&'static str, BTreeMap<&'static str, u64>>;
