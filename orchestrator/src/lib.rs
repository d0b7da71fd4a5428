//! The supervisor: schedule, child, shutdown, backoff, day log.
