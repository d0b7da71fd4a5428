//! The reader for ticks of the one common shape: one look at each byte, nothing copied.

use std::borrow::Cow;

use super::{TIMES, Tick};
use crate::json::Cursor;

/// The reader for the one common shape. Every method returns `None` when the text is not of it.
pub(super) struct Lexer<'c, 'a> {
    cursor: &'c Cursor<'a>,
    bytes: &'a [u8],
    at: usize,
}

impl<'c, 'a> Lexer<'c, 'a> {
    pub(super) fn new(cursor: &'c Cursor<'a>) -> Self {
        Lexer {
            cursor,
            bytes: cursor.rest(),
            at: 0,
        }
    }

    pub(super) fn tick(mut self) -> Option<(Tick<'a>, usize)> {
        self.pass(b'[')?;
        let at = self.whole().filter(|at| TIMES.contains(at))?;
        self.comma()?;
        let minute = self.words()?;
        self.comma()?;
        let a = self.decimal()?;
        self.comma()?;
        let b = self.decimal()?;
        self.comma()?;
        let c = self.decimal()?;
        self.comma()?;
        let status = self.whole()?;
        self.comma()?;
        let sealed = self.whole()? != 0;
        self.comma()?;
        let score = self.words()?;
        self.pass(b']')?;
        let values = [Some(a), Some(b), Some(c)];
        let tick = Tick {
            at,
            minute: Cow::Borrowed(minute),
            values,
            status,
            sealed,
            score: Cow::Borrowed(score),
        };
        Some((tick, self.at))
    }

    #[inline]
    fn pass(&mut self, byte: u8) -> Option<()> {
        (*self.bytes.get(self.at)? == byte).then(|| self.at += 1)
    }

    /// A comma, and one space as Python's `json.dumps` writes it.
    #[inline]
    fn comma(&mut self) -> Option<()> {
        self.pass(b',')?;
        self.at += usize::from(*self.bytes.get(self.at)? == b' ');
        Some(())
    }

    #[inline]
    fn digits(&mut self, mut number: i64) -> Option<i64> {
        let start = self.at;
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(self.at) {
            // Of so many digits that it wraps around, the number is not used.
            number = number
                .wrapping_mul(10)
                .wrapping_add(i64::from(digit - b'0'));
            self.at += 1;
        }
        // More than any of the feed's numbers has, and with the four places of a decimal none that could overflow.
        (self.at > start && self.at - start <= 12).then_some(number)
    }

    #[inline]
    fn whole(&mut self) -> Option<i64> {
        self.digits(0)
    }

    /// A decimal number in ten-thousandths; at most four places.
    #[inline]
    fn decimal(&mut self) -> Option<i64> {
        let negative = *self.bytes.get(self.at)? == b'-';
        self.at += usize::from(negative);
        let mut number = self.digits(0)?;
        let mut places = 0;
        if *self.bytes.get(self.at)? == b'.' {
            self.at += 1;
            let start = self.at;
            number = self.digits(number)?;
            places = self.at - start;
        }
        const SCALE: [i64; 5] = [10_000, 1_000, 100, 10, 1];
        number = number.checked_mul(*SCALE.get(places)?)?;
        // An exponent would follow here.
        matches!(self.bytes.get(self.at)?, b',').then_some(if negative { -number } else { number })
    }

    #[inline]
    fn words(&mut self) -> Option<&'a str> {
        self.pass(b'"')?;
        let start = self.at;
        loop {
            match *self.bytes.get(self.at)? {
                b'"' => break,
                b'\\' => return None,
                _ => self.at += 1,
            }
        }
        let words = self.cursor.text_at(start, self.at);
        self.at += 1;
        Some(words)
    }
}
