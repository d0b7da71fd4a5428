//! The faults by name.

/// Everything that can be made to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// HTTP 500.
    ServerError,
    /// HTTP 503 with a web page.
    Unavailable,
    /// HTTP 404 with a code.
    NotFound,
    /// HTTP 429 with Retry-After.
    Busy,
    /// HTTP 200 with code 429.
    BusyBody,
    /// The answer drips in over the time of `--fault-time`.
    Slow,
    /// No answer at all.
    Hang,
    /// Half the answer, then nothing, the connection open.
    Stall,
    /// Half the answer, then the end.
    Truncate,
    /// The connection is reset.
    Reset,
    /// HTTP 200 with text.
    NotJson,
    /// HTTP 200 with a web page.
    Page,
    /// HTTP 200 without a body.
    Empty,
    /// HTTP 200, the plan does not have the endpoint.
    OutOfPlan,
    /// HTTP 200, the address is not on the list.
    AddressRefused,
    /// HTTP 401.
    Unauthorized,
    /// HTTP 200 with code 405.
    OutOfScope,
    /// `"results": null`.
    NullResults,
    /// No `results`.
    NoResults,
    /// `"results"` is text.
    TextResults,
    /// `results` is empty.
    EmptyResults,
    /// An object where a list should be, and the other way round.
    ObjectForList,
    /// Text for numbers, numbers for text.
    WrongTypes,
    /// A small body that unpacks to 256 MiB.
    ZipBomb,
    /// A body of 80 MiB.
    Oversized,
    /// Chunks in place of Content-Length.
    Chunked,
    /// Neither Content-Length nor chunks.
    NoLength,
    /// Latin-1 that says it is UTF-8.
    WrongCharset,
    /// Half the matches are missing.
    VanishingMatches,
    /// Rows under other ids.
    ChangingIds,
    /// Date and times are an hour ahead.
    ClockSkew,
}

/// Every fault: its name, and what it does.
pub const FAULTS: [(Fault, &str, &str); 31] = [
    (Fault::ServerError, "500", "HTTP 500 with plain text"),
    (
        Fault::Unavailable,
        "503-html",
        "HTTP 503 with a web page, as from a proxy",
    ),
    (Fault::NotFound, "404", "HTTP 404 with a code and a message"),
    (Fault::Busy, "429", "HTTP 429 with Retry-After: 1"),
    (
        Fault::BusyBody,
        "429-body",
        "HTTP 200 with code 429 in the body, as the provider does",
    ),
    (
        Fault::Slow,
        "slow",
        "the right answer, in pieces over --fault-time",
    ),
    (
        Fault::Hang,
        "hang",
        "the request is taken and never answered",
    ),
    (
        Fault::Stall,
        "stall",
        "half the answer, then silence on an open connection",
    ),
    (
        Fault::Truncate,
        "truncate",
        "half the answer, then the connection ends",
    ),
    (
        Fault::Reset,
        "reset",
        "the connection is reset in place of an answer",
    ),
    (
        Fault::NotJson,
        "not-json",
        "HTTP 200 with text that is no JSON",
    ),
    (
        Fault::Page,
        "200-html",
        "HTTP 200 with a web page, as from a login portal",
    ),
    (Fault::Empty, "empty", "HTTP 200 with nothing in it"),
    (
        Fault::OutOfPlan,
        "unauthorized",
        "HTTP 200, \"URL is not authorized\": outside the plan, or lapsed in mid-run",
    ),
    (
        Fault::AddressRefused,
        "address-refused",
        "HTTP 200, \"IP is not authorized\": not on the address list",
    ),
    (Fault::Unauthorized, "401", "HTTP 401 with a message"),
    (
        Fault::OutOfScope,
        "405-body",
        "HTTP 200 with code 405, beyond the account's permissions",
    ),
    (Fault::NullResults, "null-results", "\"results\": null"),
    (
        Fault::NoResults,
        "no-results",
        "the envelope without \"results\"",
    ),
    (Fault::TextResults, "text-results", "\"results\" is a text"),
    (Fault::EmptyResults, "empty-results", "\"results\" is empty"),
    (
        Fault::ObjectForList,
        "object-for-list",
        "an object where a list should be, a list where an object should be",
    ),
    (
        Fault::WrongTypes,
        "wrong-types",
        "numbers as text, text of digits as numbers",
    ),
    (
        Fault::ZipBomb,
        "zip-bomb",
        "a quarter of a megabyte that unpacks to 256 MiB",
    ),
    (
        Fault::Oversized,
        "oversized",
        "the right answer and 80 MiB of spaces",
    ),
    (
        Fault::Chunked,
        "chunked",
        "the right answer in chunks, without Content-Length",
    ),
    (
        Fault::NoLength,
        "no-length",
        "the right answer, ended by the end of the connection",
    ),
    (
        Fault::WrongCharset,
        "wrong-charset",
        "Latin-1 that says it is UTF-8",
    ),
    (
        Fault::VanishingMatches,
        "vanishing-matches",
        "half of the rows are missing",
    ),
    (
        Fault::ChangingIds,
        "changing-ids",
        "the rows come under other ids",
    ),
    (
        Fault::ClockSkew,
        "clock-skew",
        "the Date header and every time are an hour ahead",
    ),
];

impl Fault {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        FAULTS[self as usize].1
    }
}

/// The list of all faults, one line each.
pub fn table() -> String {
    FAULTS
        .iter()
        .map(|(_, name, what)| format!("{name:<18} {what}\n"))
        .collect()
}
