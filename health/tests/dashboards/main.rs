//! The live views of health: the product as a table, the terminal, the pages, the figures.

#![expect(
    clippy::unwrap_used,
    reason = "a test may say unwrap: its panic is its report"
)]

mod browser;
mod clicks;
mod connections;
mod details;
mod devtools;
mod figures;
mod held;
mod keys;
mod overview;
mod pages;
#[path = "../it/place.rs"]
#[expect(dead_code, reason = "the other tests use the rest of it")]
mod place;
// Step 6's tests have small product files by hand; these are about the same file.
#[path = "../../../step6/tests/common/mod.rs"]
mod product;
mod screens;
mod server;
mod silences;
mod situations;
mod table;
mod terminal;
