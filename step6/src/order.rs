//! Which match stands where: by country and competition, groups with a live match first; within a
//! group live, then upcoming, then what hangs, then what is over.

use std::cmp::Reverse;

use crate::brief::Brief;

/// Matches of one competition, in the order in which they are shown.
pub(crate) struct Group<'m> {
    pub(crate) country: Option<&'m str>,
    pub(crate) competition: Option<&'m str>,
    pub(crate) matches: Vec<&'m Brief<'m>>,
}

impl Group<'_> {
    pub(crate) fn live(&self) -> bool {
        self.matches.iter().any(|one| is_live(&one.phase))
    }
}

pub(crate) fn is_live(phase: &str) -> bool {
    phase == "live"
}

/// Whether a match in this phase is over or will not be played: nothing can be bet on.
pub(crate) fn is_over(phase: &str) -> bool {
    matches!(phase, "finished" | "off")
}

/// The matches in groups, in order.
pub(crate) fn groups<'m>(mut matches: Vec<&'m Brief<'m>>) -> Vec<Group<'m>> {
    matches.sort_by(|a, b| place(a).cmp(&place(b)).then_with(|| rank(a).cmp(&rank(b))));
    let mut groups: Vec<Group<'m>> = Vec::new();
    for one in matches {
        match groups.last_mut() {
            Some(group) if (group.country, group.competition) == place(one) => {
                group.matches.push(one)
            }
            _ => {
                let (country, competition) = place(one);
                groups.push(Group {
                    country,
                    competition,
                    matches: vec![one],
                });
            }
        }
    }
    // Stable, so that the order by name stays within each half.
    groups.sort_by_key(|group| !group.live());
    groups
}

fn place<'m>(one: &'m Brief<'_>) -> (Option<&'m str>, Option<&'m str>) {
    (
        one.country.as_deref().map(str::trim),
        one.competition.as_deref().map(str::trim),
    )
}

type Rank<'m> = (
    u8,
    i64,
    Reverse<Option<u32>>,
    (bool, Option<&'m str>),
    Option<&'m str>,
    &'m str,
);

/// Phase, status, later minute first, kick-off (unknown last), then what makes the order total.
fn rank<'m>(one: &'m Brief<'_>) -> Rank<'m> {
    let phase = match &*one.phase {
        "live" => 0,
        "upcoming" => 1,
        "finished" => 3,
        _ => 2,
    };
    // What has not begun goes by kick-off alone.
    let status = if phase == 1 { 0 } else { one.status_id };
    let kickoff = one.kickoff.as_deref();
    (
        phase,
        status,
        Reverse(one.minute),
        (kickoff.is_none(), kickoff),
        one.home_team.as_deref(),
        &one.match_id,
    )
}
