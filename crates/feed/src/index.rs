//! Where the ticks of one odds series are, found without reading them.
//!
//! Of a series only a handful of ticks is reported. One look at each tick finds where it ends and notes
//! whether it may be of the minutes 3 to 6, which is all that is asked of the middle of a series. All else is
//! asked of its ends.

use crate::codes::in_play;
use crate::json::{Cursor, Fault};
use crate::odds::Tick;
use crate::row::Anomalies;

/// Working memory of an [`Index`], kept from one series to the next.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    /// Where each tick begins.
    starts: Vec<usize>,
    /// The ticks, by number, whose minute text may be one of `3` to `6`.
    early: Vec<usize>,
}

/// The ticks of one series; 0 is the newest.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a, 's> {
    text: &'a str,
    marks: &'s Marks,
    /// Where the list ends.
    end: usize,
}

impl<'a, 's> Index<'a, 's> {
    /// Indexes the series at the cursor and passes over it; `None`, with the cursor where it was, when it
    /// is not of the common shape.
    ///
    /// A tick ends at the first `]`, if no other bracket and no escape stands before it and a digit and a
    /// quote do: an opening quote can't follow a digit, so the bracket is outside every text.
    pub fn of(cursor: &mut Cursor<'a>, marks: &'s mut Marks) -> Option<Self> {
        marks.starts.clear();
        marks.early.clear();
        cursor.peek();
        let bytes = cursor.rest();
        let mut at = usize::from(*bytes.first()? == b'[');
        while at > 0 && *bytes.get(at)? == b'[' {
            let end = next_bracket(bytes, at + 1)?;
            let tick = &bytes[at..=end];
            if !(tick.ends_with(b"\"]") && tick[tick.len() - 3].is_ascii_digit()) {
                return None;
            }
            if may_be_early(tick) {
                marks.early.push(marks.starts.len());
            }
            marks.starts.push(cursor.position() + at);
            at = end + 1;
            match *bytes.get(at)? {
                b',' => at += 1 + usize::from(*bytes.get(at + 1)? == b' '),
                b']' => {
                    cursor.advance(at + 1);
                    return Some(Index {
                        text: cursor.whole_text(),
                        marks,
                        end: cursor.position() - 1,
                    });
                }
                _ => return None,
            }
        }
        None
    }

    /// How many ticks there are; never none.
    pub fn count(&self) -> usize {
        self.marks.starts.len()
    }

    /// Reads one tick; `None` when it can't be read.
    ///
    /// # Errors
    /// As [`Tick::read`].
    #[inline]
    pub fn read(&self, nth: usize, anomalies: &Anomalies) -> Result<Option<Tick<'a>>, Fault> {
        Tick::read(
            &mut Cursor::at(self.text, self.marks.starts[nth]),
            anomalies,
        )
    }

    /// The ticks that may be of the minutes 3 to 6, newest first; all others are not.
    pub fn early(&self) -> &'s [usize] {
        &self.marks.early
    }

    /// No tick from this one on is in play. Looks from the oldest one on, at few.
    pub fn in_play_until(&self) -> usize {
        let mut end = self.end;
        for (nth, start) in self.marks.starts.iter().enumerate().rev() {
            let tick = self.text[*start..end].trim_end_matches([',', ' ']);
            if may_be_in_play(tick.as_bytes()) {
                return nth + 1;
            }
            end = *start;
        }
        0
    }
}

/// The first `[`, `\` or `]` from `at` on: in the next 32 bytes there is mostly none, from there on eight
/// at a time.
#[inline]
fn next_bracket(bytes: &[u8], mut at: usize) -> Option<usize> {
    if let Some((window, _)) = bytes.get(at..)?.split_first_chunk::<32>() {
        // How far above `[` each byte is; those below wrap around to the top.
        let above = window.iter().map(|byte| byte.wrapping_sub(b'['));
        at += 32 * usize::from(above.fold(u8::MAX, u8::min) > b']' - b'[');
    }
    // The three, and `X`, `Y`, `Z`, `^` and `_` too, are 0x58 to 0x5f; with those the search goes on behind.
    const GROUP: u8 = 0x58;
    while let Some((word, _)) = bytes.get(at..)?.split_first_chunk::<8>() {
        let group = (u64::from_le_bytes(*word) & all(0xf8)) ^ all(GROUP);
        // The lowest high bit is that of the first byte that is zero.
        let zero = group.wrapping_sub(all(0x01)) & !group & all(0x80);
        if zero == 0 {
            at += 8;
            continue;
        }
        at += zero.trailing_zeros() as usize / 8;
        if is_bracket(bytes[at]) {
            return Some(at);
        }
        at += 1;
    }
    let found = bytes[at..].iter().position(|byte| is_bracket(*byte))?;
    Some(at + found)
}

fn is_bracket(byte: u8) -> bool {
    matches!(byte, b'[' | b'\\' | b']')
}

/// Eight times the same byte.
const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Whether eight bytes are digits.
#[inline]
fn digits(bytes: [u8; 8]) -> bool {
    let above = u64::from_le_bytes(bytes) ^ all(b'0');
    // 10 and more reach the high bit when 0x76 is added, 0x80 and more have it.
    (above.wrapping_add(all(0x76)) | above) & all(0x80) == 0
}

/// Whether the minute text may be one of `3` to `6`.
#[inline]
fn may_be_early(tick: &[u8]) -> bool {
    // `[1748453415,"5",`: the seconds have had ten digits since 2001.
    let Some((&[_, ref seconds @ .., comma, a, b, c, d], _)) = tick.split_first_chunk::<16>()
    else {
        return true;
    };
    let [first, second, eight @ ..] = *seconds;
    if !(digits(eight) && first.is_ascii_digit() && second.is_ascii_digit()) {
        return true;
    }
    match (comma, a, b, c, d) {
        (b',', b'"', digit, b'"', _) | (b',', b' ', b'"', digit, b'"') => {
            (b'3'..=b'6').contains(&digit)
        }
        (b',', b'"', ..) | (b',', b' ', b'"', ..) => false,
        _ => true,
    }
}

/// Whether the status may be one of play.
#[inline]
fn may_be_in_play(tick: &[u8]) -> bool {
    // From behind: `,2,0,"1-0"]`, perhaps with spaces, with as many digits in the score as it takes.
    let status = |tick: &[u8]| -> Option<u8> {
        let score = tick.len().checked_sub(2)?;
        let opening = match tick.get(score.checked_sub(4)?..score)? {
            [b'"', _, b'-', _] => score - 4,
            _ => tick[..score].iter().rposition(|byte| *byte == b'"')?,
        };
        let comma = |at: usize| {
            at.checked_sub(1 + usize::from(tick.get(at.checked_sub(1)?) == Some(&b' ')))
        };
        // At the comma before the text, then at the one before `sealed`.
        let sealed = comma(opening)?.checked_sub(1)?;
        let at = comma(sealed)?.checked_sub(1)?;
        let alone = !tick.get(at.checked_sub(1)?)?.is_ascii_digit();
        (alone && tick[at].is_ascii_digit() && tick[at + 1] == b',').then(|| tick[at])
    };
    status(tick).is_none_or(|digit| in_play(i64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Eight bytes at a time find what one at a time finds.
        #[test]
        fn the_next_bracket_is_found(text in "[X-_0-9é\"ß]{0,40}", more in "[a-z0-9,.\"ÿ]{0,40}", from in 0usize..8) {
            for text in [format!("{text}{more}"), format!("{more}{text}")] {
                let bytes = text.as_bytes();
                let from = from.min(bytes.len());
                let found = (from..bytes.len()).find(|at| is_bracket(bytes[*at]));
                prop_assert_eq!(next_bracket(bytes, from), found);
            }
        }

        #[test]
        fn eight_digits_are_told_from_all_else(bytes in prop::array::uniform8(prop_oneof![b'0'..=b'9', any::<u8>()])) {
            prop_assert_eq!(digits(bytes), bytes.iter().all(u8::is_ascii_digit));
        }
    }
}
