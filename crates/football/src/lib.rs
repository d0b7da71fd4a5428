//! The domain: prices, margins, Asian lines, clocks, weather, quotes.
//!
//! Pure functions over plain values: no clock, no I/O, no file format, no dependency. Everything a
//! step knows about *football betting* is here, with its source; a step only applies it. What a
//! number on the provider's wire means is the business of the crate `feed`, and what a field of our
//! own files is called is the business of the step that writes it. `docs/ODDS.md` tells the same
//! definitions to a reader who does not read Rust.
//!
//! Anything that cannot be right (a price of 1.00, a wind of -3 m/s, a book that pays out more than
//! it takes where a model needs a margin) is `None`, never a number that looks plausible.

mod asian;
mod clock;
mod environment;
mod margin;
mod market;
mod names;
mod number;
mod phase;
mod price;
mod quote;

pub use asian::{Line, Outcome, Side, settle_handicap, settle_total};
pub use clock::{Period, clock_text, minute};
pub use environment::{
    Beaufort, beaufort, celsius_to_fahrenheit, mps_to_mph, parse_humidity, parse_pressure,
    parse_temperature, parse_wind,
};
pub use margin::{Fair, Method, fair, overround, remove_margin};
pub use market::{
    Arbitrage, Consensus, Dutch, arbitrage, best, consensus, dutch, expected_value, implied_return,
    kelly,
};
pub use names::UnknownName;
pub use phase::Phase;
pub use price::{Format, Price};
pub use quote::{
    Book, Chosen, LIVE_STALE_AFTER_S, Newest, UPCOMING_STALE_AFTER_S, age_s, is_stale,
    preference_order, primary,
};
