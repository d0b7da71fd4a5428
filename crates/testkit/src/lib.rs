//! Helpers for whole-program tests: finds the built programs, runs them in a data directory of their own.
