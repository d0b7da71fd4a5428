//! Step 1 against a provider that says exactly what we write: merged records, changes since a time, two
//! matches of the same names, price formats of pages, endpoints outside the plan. What a user loses if these
//! fail: a name, or a price at the wrong match.
#![expect(clippy::unwrap_used, reason = "a test's panic is its report")]

mod hostile_data;
mod hostile_wire;
mod names;
mod pages;
mod plan;
mod provider;
mod tls;
