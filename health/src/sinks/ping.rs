//! A dead-man's switch elsewhere (healthchecks.io's protocol): it is called after good cycles, and
//! raises the alarm when it is not. Everything on this machine dies with it; that does not.

use super::{Outcome, Sink, http};

/// What it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// A cycle was good.
    Good,
    /// Something is critical.
    Fail,
    /// Only a remark.
    Log,
}

/// Calls it.
pub(super) fn call(sink: &Sink, call: Call, text: &str) -> Outcome {
    let client = match http::client(sink) {
        Ok(client) => client,
        Err(outcome) => return outcome,
    };
    let suffix = match call {
        Call::Good => "",
        Call::Fail => "/fail",
        Call::Log => "/log",
    };
    let (path, query) = match sink.address().split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (sink.address(), String::new()),
    };
    let url = format!("{}{suffix}{query}", path.trim_end_matches('/'));
    http::send(client.post(url).body(text.to_owned()), http::no_wait)
}

impl Sink {
    /// Calls a dead-man's switch.
    pub fn ping(&self, call: Call, text: &str) -> Outcome {
        let outcome = self::call(self, call, text);
        self.scrubbed(outcome)
    }
}
