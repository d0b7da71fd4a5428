//! Small deterministic randomness: splitmix64, keyed by what it is used for.
//!
//! Every draw belongs to a stream named by (seed, purpose, slot, round, …), so adding a draw in one
//! place never changes another, and nothing depends on the order of requests. Not for secrets.

/// What a stream of random numbers is for; the first part of its key.
#[derive(Clone, Copy, Debug)]
#[repr(u64)]
pub(crate) enum Purpose {
    Ids = 1,
    Team,
    Slot,
    Fixture,
    Story,
    Row,
    Market,
    Series,
    Pace,
    Fault,
}

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

/// The output function of splitmix64: every input bit reaches every output bit.
pub(crate) const fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

impl Rng {
    /// The stream for `purpose` and `key` under `seed`.
    pub fn new(seed: u64, purpose: Purpose, key: &[u64]) -> Rng {
        let start = mix(seed ^ STEP.wrapping_mul(purpose as u64));
        Rng(key.iter().fold(start, |state, part| {
            mix(state.wrapping_add(STEP) ^ part.wrapping_mul(STEP))
        }))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// Uniform in [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in [low, high).
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// A whole number from `low` to `high`, both included.
    pub fn range(&mut self, low: i64, high: i64) -> i64 {
        let width = high.abs_diff(low) + 1;
        low + (self.next() % width) as i64
    }

    /// True with probability `p`.
    pub fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// About standard normal, within ±3.5 (sum of four uniforms).
    pub fn normal(&mut self) -> f64 {
        let sum = self.unit() + self.unit() + self.unit() + self.unit();
        (sum - 2.0) * 3.0f64.sqrt()
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }

    /// One of `items`, which must not be empty.
    pub fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[(self.next() % items.len() as u64) as usize]
    }
}

/// `seconds` truncated to whole seconds.
pub(crate) const fn seconds(seconds: f64) -> i64 {
    seconds as i64
}
