//! The six phases of a match's life, which is all that most rules need of the provider's fourteen
//! status codes. The table from code to phase is the provider's and lives in the crate `feed`.

use std::fmt;
use std::str::FromStr;

use crate::names::{self, UnknownName};

/// Where a match is in its life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Not started, or its kick-off still to be determined.
    Upcoming,
    /// Being played, breaks and shoot-out included.
    Live,
    /// Played to its end.
    Finished,
    /// Delayed or interrupted: may go on.
    Interrupted,
    /// Abandoned or cancelled: will not go on.
    Off,
    /// A status we do not know or the provider calls abnormal.
    Unknown,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Phase; 6] = [
        Phase::Upcoming,
        Phase::Live,
        Phase::Finished,
        Phase::Interrupted,
        Phase::Off,
        Phase::Unknown,
    ];

    /// The contract's word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Phase::Upcoming => "upcoming",
            Phase::Live => "live",
            Phase::Finished => "finished",
            Phase::Interrupted => "interrupted",
            Phase::Off => "off",
            Phase::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Phase {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Phase, UnknownName> {
        names::find("match phase", &Phase::ALL, Phase::as_str, name)
    }
}

#[cfg(test)]
mod tests {
    use super::Phase;

    #[test]
    fn a_phase_has_one_name() {
        for phase in Phase::ALL {
            assert_eq!(phase.to_string().parse(), Ok(phase));
        }
        assert!("Live".parse::<Phase>().is_err());
        assert!("".parse::<Phase>().is_err());
    }
}
