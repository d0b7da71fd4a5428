//! The stand-in feed: a simulated football evening behind the provider's own HTTP interface.
//!
//! [`Evening`] is the simulation: a pure function of seed, number of matches, start and instant, which
//! gives the bodies that the provider would. [`server`] puts it behind the provider's paths, with its
//! checks, its way of saying no and, on demand, all that can go wrong with it. Clubs, leagues and people
//! are invented; nothing here was ever played. Left out: push messages, line-ups, text commentary, tables.

pub mod cli;
pub mod server;

mod books;
mod course;
mod evening;
mod families;
mod ids;
mod model;
mod names;
mod odds;
mod play;
mod price;
mod rng;
mod rows;
mod series;
mod snapshot;
mod story;
mod world;

pub use evening::Evening;
