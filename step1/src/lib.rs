//! Step 1: fetch live matches, details, odds and reference data from the provider.
//!
//! Out: `step1.json`, the provider's own bodies, keyed as the provider keys them. Nothing is interpreted
//! beyond what the plan needs: ids, statuses, the age of what we have. What a failing provider does not
//! give is carried over from the previous file, marked by its age; nothing is ever invented.
//!
//! The way of a cycle: [`client`] asks and understands every kind of failure, [`plan`] decides what to
//! ask for within the [`budget`], [`fetch`] carries it out, [`bodies`] is what we know, old and new.
//! The provider takes user and secret as query parameters, so no URL may ever be shown: [`secrets`].

mod bodies;
mod budget;
mod cli;
mod client;
mod fetch;
mod html;
mod output;
mod plan;
mod recording;
mod reference;
mod secrets;

pub use cli::{command, main};
