//! What the reference data is about, and where it is asked for.

use feed::endpoint::Endpoint;

/// What a body is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Competition,
    Team,
}

impl Kind {
    pub(crate) const ALL: [Kind; 2] = [Kind::Competition, Kind::Team];

    /// Where it is asked for.
    pub(crate) const fn endpoint(self) -> Endpoint {
        match self {
            Kind::Competition => Endpoint::Competition,
            Kind::Team => Endpoint::Team,
        }
    }

    /// The fields of a match's details that name one.
    pub(crate) const fn fields(self) -> &'static [&'static str] {
        match self {
            Kind::Competition => &["competition_id"],
            Kind::Team => &["home_team_id", "away_team_id"],
        }
    }
}
