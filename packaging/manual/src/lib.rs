//! The manual, the completions, the list of settings and the list of parts, each made from what it tells of,
//! so that none of them can say something else than the programs do.

pub mod configuration;
pub mod parts;
pub mod programs;
