//! The stand-in feed: a simulated football evening behind the provider's own HTTP interface.
