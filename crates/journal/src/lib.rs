//! What happened: cycles and steps, in SQLite; written by the orchestrator, read by health.
