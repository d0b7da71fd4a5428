//! Step 1: fetch live matches, details, odds and reference data from the provider.
//!
//! Out: `step1.json`, the provider's own bodies, keyed as the provider keys them. Nothing is interpreted
//! beyond what the plan needs: ids, statuses, the age of what we have. What a failing provider does not
//! give is carried over from the previous file, marked by its age; nothing is ever invented.
//!
//! The way of a cycle: [`client`] asks the [`address`] ([`trust`] is about its certificate), [`unpack`] makes the body text,
//! [`answer`] understands every kind of failure ([`error`]), [`mood`] keeps us from asking an endpoint that has had enough, [`plan`] decides what to
//! ask for within the [`budget`], [`fetch`] carries it out, [`bodies`] is what we know, old and new.
//! [`explain`] says the plan without carrying it out. [`pages`] are visited meanwhile, where there are any.
//! The provider takes user and secret as query parameters, so no URL may ever be shown: [`secrets`].

mod address;
mod answer;
mod bodies;
mod budget;
mod changes;
mod cli;
mod client;
mod code;
mod coverage;
mod error;
mod explain;
mod fetch;
mod html;
mod jobs;
mod mood;
mod odds_live;
mod output;
mod pages;
mod plan;
mod recording;
mod reference;
mod secrets;
mod settings;
mod traffic;
mod trust;
mod unpack;
mod verdict;
mod words;

pub use cli::{command, main};
