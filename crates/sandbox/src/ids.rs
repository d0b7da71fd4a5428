//! Ids as the provider's look: fifteen lowercase letters and digits.
//!
//! An id is a number (kind, which one, round) put through a keyed permutation, so ids are unique by
//! construction, look random, and can be read back without a table: a sandbox that runs for months
//! remembers nothing. Two check digits tell our ids from others.

use crate::rng::{Purpose, Rng, mix};

/// What an id names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    Match = 1,
    Team,
    Competition,
    Country,
    Category,
    Player,
    Venue,
    Season,
    Stage,
    Referee,
}

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const LENGTH: usize = 15;
const VALUE_DIGITS: usize = 13;
const CHECKS: u64 = 36 * 36;

/// Makes and reads the ids of one seed.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    keys: [u64; 4],
}

impl Ids {
    pub fn new(seed: u64) -> Ids {
        let mut rng = Rng::new(seed, Purpose::Ids, &[]);
        Ids {
            keys: [rng.next(), rng.next(), rng.next(), rng.next()],
        }
    }

    /// The id of the `which`th (24 bits) of its kind; `part` tells rounds of a slot or players of a team apart.
    pub fn make(&self, kind: Kind, which: u32, part: u32) -> String {
        let plain =
            u64::from(kind as u8) << 56 | u64::from(which & 0xff_ffff) << 32 | u64::from(part);
        let value = self.permute(plain);
        let mut text = [0u8; LENGTH];
        let (digits, checks) = text.split_at_mut(VALUE_DIGITS);
        write_base36(digits, value);
        write_base36(checks, self.check(value));
        text.iter().map(|&byte| char::from(byte)).collect()
    }

    /// What [`Ids::make`] made `id` from, if it was made here and is of this kind.
    pub fn read(&self, kind: Kind, id: &str) -> Option<(u32, u32)> {
        if id.len() != LENGTH {
            return None;
        }
        let (digits, checks) = id.as_bytes().split_at(VALUE_DIGITS);
        let value = read_base36(digits)?;
        if read_base36(checks)? != self.check(value) {
            return None;
        }
        let plain = self.restore(value);
        (plain >> 56 == u64::from(kind as u8))
            .then_some(((plain >> 32) as u32 & 0xff_ffff, plain as u32))
    }

    /// A Feistel network: a permutation whatever the round function is.
    fn permute(&self, value: u64) -> u64 {
        let (left, right) = self.keys.iter().fold(halves(value), |(left, right), key| {
            (right, left ^ half(right, *key))
        });
        u64::from(left) << 32 | u64::from(right)
    }

    fn restore(&self, value: u64) -> u64 {
        let (left, right) = self
            .keys
            .iter()
            .rev()
            .fold(halves(value), |(left, right), key| {
                (right ^ half(left, *key), left)
            });
        u64::from(left) << 32 | u64::from(right)
    }

    fn check(&self, value: u64) -> u64 {
        mix(value ^ self.keys[0]) % CHECKS
    }
}

const fn halves(value: u64) -> (u32, u32) {
    ((value >> 32) as u32, value as u32)
}

const fn half(value: u32, key: u64) -> u32 {
    mix(value as u64 ^ key) as u32
}

/// Lowest digit first: the highest one has few values.
fn write_base36(into: &mut [u8], mut value: u64) {
    for digit in into {
        *digit = DIGITS[(value % 36) as usize];
        value /= 36;
    }
}

fn read_base36(digits: &[u8]) -> Option<u64> {
    digits.iter().rev().try_fold(0u64, |value, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'z' => byte - b'a' + 10,
            _ => return None,
        };
        value.checked_mul(36)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_by_its_own_seed_and_kind_only() {
        let ids = Ids::new(7);
        for (which, part) in [(0, 0), (99, u32::MAX), (0xff_ffff, 12)] {
            let id = ids.make(Kind::Match, which, part);
            assert_eq!(id.len(), 15);
            assert!(
                id.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
            );
            assert_eq!(ids.read(Kind::Match, &id), Some((which, part)));
            assert_eq!(ids.read(Kind::Team, &id), None);
            assert_eq!(Ids::new(8).read(Kind::Match, &id), None);
        }
    }

    #[test]
    fn foreign_and_malformed_ids_are_refused() {
        let ids = Ids::new(7);
        for id in [
            "",
            "zzzzzzzzzzzzzzz",
            "y0or5jh8l922qwz",
            "ABCDEFGHIJKLMNO",
            "öööööööa",
            "1",
        ] {
            assert_eq!(ids.read(Kind::Match, id), None, "{id}");
        }
    }
}
