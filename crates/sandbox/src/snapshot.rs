//! A match at one moment: status, clock and the feed's score arrays.

use crate::story::{Side, Story, What};

/// Places in a score array.
const GOALS: usize = 0;
const HALF_TIME: usize = 1;
const REDS: usize = 2;
const YELLOWS: usize = 3;
/// Corners.
pub(crate) const CORNERS: usize = 4;
/// Goals after extra time, those of the ninety minutes included.
pub(crate) const EXTRA_TIME: usize = 5;
/// Kicks scored in the shoot-out.
pub(crate) const KICKS: usize = 6;

/// One side's score array.
pub(crate) type Scores = [i64; 7];

/// The score arrays of home and away at second `t` of the story.
pub(crate) fn scores(story: &Story, t: i64) -> [Scores; 2] {
    let begins = |status: u8| {
        story
            .phases
            .iter()
            .find(|phase| phase.status == status)
            .map_or(i64::MAX, |phase| phase.from)
    };
    let (break_begins, extra_time_begins) = (begins(3), begins(5));
    let mut scores = [[0; 7]; 2];
    for event in story.events.iter().filter(|event| event.stands_at(t)) {
        let own = match event.side {
            Side::Home => &mut scores[0],
            Side::Away => &mut scores[1],
            Side::Neutral => continue,
        };
        match event.what {
            what if what.is_goal() => {
                own[EXTRA_TIME] += 1;
                own[GOALS] += i64::from(event.at < extra_time_begins);
                own[HALF_TIME] += i64::from(event.at < break_begins);
            }
            What::Red | What::SecondYellow => own[REDS] += 1,
            What::Yellow => own[YELLOWS] += 1,
            What::Corner => own[CORNERS] += 1,
            What::KickScored => own[KICKS] += 1,
            _ => {}
        }
    }
    if t < extra_time_begins {
        scores[0][EXTRA_TIME] = 0;
        scores[1][EXTRA_TIME] = 0;
    }
    scores
}

/// The period's kick-off at `t`, in seconds of the story; `None` outside play.
pub(crate) fn period_kickoff(story: &Story, t: i64) -> Option<i64> {
    let phase = story.phase_at(t);
    matches!(phase.status, 2 | 4 | 5).then_some(phase.zero)
}
