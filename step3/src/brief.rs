//! What step 3 reads of a match. The rest, above all the odds, passes through as text.

use feed::json::{Cursor, Fault};
use pipeline::Text;
use serde::de::IgnoredAny;
use step2::Environment;

/// The fields of [`step2::Match`] that are counted and categorised.
#[derive(Clone, Debug, Default)]
pub(crate) struct Brief<'a> {
    pub(crate) status_id: i64,
    pub(crate) competition_id: Option<Text<'a>>,
    pub(crate) competition: Option<Text<'a>>,
    pub(crate) country: Option<Text<'a>>,
    pub(crate) venue_id: Option<Text<'a>>,
    pub(crate) environment: Option<Environment>,
    pub(crate) events: usize,
    pub(crate) ticks: u64,
    pub(crate) bookmakers: Vec<i64>,
}

/// Why the reading of a match ended.
enum End {
    /// All is read that is asked for.
    Done,
    Fault(Fault),
}

impl From<Fault> for End {
    fn from(fault: Fault) -> Self {
        End::Fault(fault)
    }
}

impl<'a> Brief<'a> {
    const FIELDS: usize = 9;

    /// Reads the match at `text`, which is JSON. Step 2 writes the odds last; they are not even passed over.
    ///
    /// # Errors
    /// When step 2 did not write it.
    pub(crate) fn read(text: &'a str) -> Result<Self, Fault> {
        let mut brief = Brief::default();
        let mut found = 0;
        let mut cursor = Cursor::new(text);
        let walked = cursor.object::<End>(|key, c| {
            found += 1;
            match &*key {
                "status_id" => brief.status_id = c.read()?,
                "competition_id" => brief.competition_id = c.read()?,
                "competition" => brief.competition = c.read()?,
                "country" => brief.country = c.read()?,
                "venue_id" => brief.venue_id = c.read()?,
                "environment" => brief.environment = c.read()?,
                "incidents" => brief.events = c.read::<Vec<IgnoredAny>>()?.len(),
                "ticks" => brief.ticks = c.read()?,
                "bookmakers" => brief.bookmakers = c.read()?,
                _ => {
                    found -= 1;
                    c.value()?;
                }
            }
            if found == Self::FIELDS {
                return Err(End::Done);
            }
            Ok(())
        });
        match walked {
            Err(End::Done) => Ok(brief),
            Err(End::Fault(fault)) => Err(fault),
            Ok(()) => Err(Fault {
                at: cursor.position(),
                ended: false,
                expected: "a field that is missing",
            }),
        }
    }

    pub(crate) fn weather_id(&self) -> Option<i64> {
        self.environment?.weather_id
    }
}
