//! The provider's endpoints that we use, below `/v1/football/`.

/// One endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// Score, statistics and incidents of every match that changed in the last 120 minutes.
    DetailLive,
    /// Fixtures; `uuid=` for one match.
    RecentList,
    /// The whole odds history of one match; `uuid=`.
    OddsHistory,
    /// Which matches' odds changed or were repaired in the last 60 s.
    OddsUpdate,
    /// The odds of all matches that changed in the last 60 s.
    OddsLive,
    /// Teams; `uuid=` for one.
    Team,
    /// Competitions; `uuid=` for one.
    Competition,
    /// All countries.
    Country,
}

impl Endpoint {
    /// The path below `/v1/football/`.
    pub const fn path(self) -> &'static str {
        match self {
            Endpoint::DetailLive => "match/detail_live",
            Endpoint::RecentList => "match/recent/list",
            Endpoint::OddsHistory => "odds/history",
            Endpoint::OddsUpdate => "odds/update",
            Endpoint::OddsLive => "odds/live",
            Endpoint::Team => "team/additional/list",
            Endpoint::Competition => "competition/additional/list",
            Endpoint::Country => "country/list",
        }
    }
}

/// The provider's own address.
pub const BASE_URL: &str = "https://api.thesports.com";

/// What stands before every path.
pub const PREFIX: &str = "/v1/football/";
