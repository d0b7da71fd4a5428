//! Taking the bookmaker's margin out of a book: from the prices of every outcome of a market to the
//! probabilities behind them.
//!
//! With r = 1/d the implied probabilities of the n outcomes and B = Σr the book sum, the margin is
//! B − 1, and a method is a guess at how the bookmaker spread it. Formulas and sources (Shin 1993,
//! Jullien & Salanié 1994, Clarke et al. 2017, Cheung 2015, Buchdahl) are in `docs/ODDS.md`, "Fair
//! prices"; the results are checked against the R package `implied`, penaltyblog and mberk/shin.
//! No method knows the truth: a fair price is a description of the book, not advice.
//!
//! Every method here reduces to one decreasing function and a bracket around its only root, so that
//! there is one solver ([`root`]), which converges in a handful of steps and cannot run away, where
//! the fixed-point iteration of the literature takes hundreds.

use std::fmt;
use std::str::FromStr;

use crate::Price;
use crate::names::{self, UnknownName};

/// How the margin is assumed to be spread over the outcomes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Method {
    /// p = r/B: in proportion. Parameter: the margin B − 1.
    Multiplicative,
    /// p = r − (B−1)/n: the same for every outcome; long shots can fall below 0. Equal to
    /// Buchdahl's "margin weights proportional to the odds". Parameter: (B−1)/n.
    Additive,
    /// p = r^k (Vovk & Zhdanov; Clarke). Parameter: k.
    Power,
    /// r/(1−r) = c · p/(1−p) (Cheung). Parameter: c; penaltyblog's "logarithmic" is ln c.
    OddsRatio,
    /// A share z of the money comes from insiders (Shin). Parameter: z. Undefined when B < 1.
    Shin,
    /// Shin's model with the bookmaker balancing the book: p = (r−z)/(1−z), z = (B−1)/(n−1); can
    /// fall below 0. Parameter: z.
    BalancedBook,
    /// p = r − k·√(1−r): equal in standard errors (Goto); can fall below 0. Parameter: k.
    Goto,
    /// Every p is at the same Jensen–Shannon distance from its r (`implied`). Parameter: that
    /// distance, in natural logarithms. Undefined when a long shot is too near 0 to go so far.
    JensenShannon,
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 8] = [
        Method::Multiplicative,
        Method::Additive,
        Method::Power,
        Method::OddsRatio,
        Method::Shin,
        Method::BalancedBook,
        Method::Goto,
        Method::JensenShannon,
    ];

    /// The name in files, flags and test vectors.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Multiplicative => "multiplicative",
            Method::Additive => "additive",
            Method::Power => "power",
            Method::OddsRatio => "odds_ratio",
            Method::Shin => "shin",
            Method::BalancedBook => "balanced_books",
            Method::Goto => "goto",
            Method::JensenShannon => "jsd",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Method {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Method, UnknownName> {
        names::find("margin method", &Method::ALL, Method::as_str, name)
    }
}

/// The margin-free probabilities of a market's outcomes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fair<const N: usize> {
    /// One per outcome, in the order of the prices, each strictly between 0 and 1, summing to 1.
    pub p: [f64; N],
    /// What the method solved for; see [`Method`].
    pub parameter: f64,
}

/// The margin-free probabilities behind `prices`, the prices of all N outcomes of one market at one
/// bookmaker. Does not allocate.
///
/// `None` if N < 2, if the method is undefined for the book (Shin with a book sum below 1) or if it
/// gives a probability outside (0, 1), which additive, balanced-book and Goto do to long shots.
#[must_use]
pub fn fair<const N: usize>(method: Method, prices: &[Price; N]) -> Option<Fair<N>> {
    let r = prices.map(Price::implied);
    let mut p = r;
    let parameter = solve(method, &r, &mut p)?;
    p.iter()
        .all(|p| *p > 0.0 && *p < 1.0)
        .then_some(Fair { p, parameter })
}

/// The raw solver: from decimal odds to what `method` makes of them and its parameter, including
/// the negative "probabilities" some methods give to long shots.
///
/// `None` if there are fewer than two prices, if one is not finite and above 1 (no fair price can
/// be had from a book with a sealed leg), if the method is undefined for the book, or if prices
/// beyond any bookmaker's (1e300) leave nothing to solve.
#[must_use]
pub fn remove_margin(method: Method, decimal: &[f64]) -> Option<(Vec<f64>, f64)> {
    if !decimal.iter().all(|d| d.is_finite() && *d > 1.0) {
        return None;
    }
    let r: Vec<f64> = decimal.iter().map(|d| 1.0 / d).collect();
    let mut p = r.clone();
    let parameter = solve(method, &r, &mut p)?;
    p.iter().all(|p| p.is_finite()).then_some((p, parameter))
}

/// The bookmaker's margin B − 1, as a share of 1: 0.05 is five per cent. Negative if the book pays
/// out more than it takes. What a bettor gets back on average, the payout, is 1/B.
#[must_use]
pub fn overround<const N: usize>(prices: &[Price; N]) -> f64 {
    prices.iter().map(|price| price.implied()).sum::<f64>() - 1.0
}

/// A book this near to 1 has no margin: the difference is the rounding of the reciprocals.
const NO_MARGIN: f64 = 1e-14;

/// Writes the probabilities to `p` and returns the parameter. Every `r` must be within (0, 1), and
/// `p` as long as `r`.
fn solve(method: Method, r: &[f64], p: &mut [f64]) -> Option<f64> {
    if r.len() < 2 {
        return None;
    }
    let n = r.len() as f64;
    let book: f64 = r.iter().sum();
    let margin = book - 1.0;
    let parameter = match method {
        Method::Multiplicative => margin,
        Method::Additive => margin / n,
        Method::Power => power(r),
        Method::OddsRatio => odds_ratio(r),
        Method::Shin => shin(r, book)?,
        Method::BalancedBook => margin / (n - 1.0),
        Method::Goto => margin / r.iter().map(|r| (1.0 - r).sqrt()).sum::<f64>(),
        Method::JensenShannon => jensen_shannon(r, margin)?,
    };
    for (p, &r) in p.iter_mut().zip(r) {
        *p = match method {
            Method::Multiplicative => r / book,
            Method::Additive => r - parameter,
            Method::Power => r.powf(parameter),
            Method::OddsRatio => 1.0 / (1.0 + parameter * against(r)),
            // With two outcomes Shin's probabilities are the additive ones, whatever z.
            Method::Shin if n == 2.0 => r - 0.5 * margin,
            Method::Shin => shin_p(r * r / book, parameter).0,
            Method::BalancedBook => (r - parameter) / (1.0 - parameter),
            Method::Goto => r - parameter * (1.0 - r).sqrt(),
            Method::JensenShannon => {
                r - jensen_shannon_shift(r, parameter, margin)
                    .0
                    .copysign(margin)
            }
        };
    }
    Some(parameter)
}

/// k with Σ r^k = 1. The smallest r alone bounds it from below, the largest from above.
fn power(r: &[f64]) -> f64 {
    let ln_n = (r.len() as f64).ln();
    root(ln_n / -least(r).ln(), ln_n / -greatest(r).ln(), 1.0, |k| {
        r.iter().fold((-1.0, 0.0), |(value, slope), r| {
            let p = r.powf(k);
            (value + p, slope + p * r.ln())
        })
    })
}

/// c with Σ 1/(1 + c·b) = 1, b = (1−r)/r the odds against.
fn odds_ratio(r: &[f64]) -> f64 {
    let others = r.len() as f64 - 1.0;
    let (lo, hi) = (others / against(least(r)), others / against(greatest(r)));
    root(lo, hi, 1.0, |c| {
        r.iter().fold((-1.0, 0.0), |(value, slope), &r| {
            let b = against(r);
            let p = 1.0 / (1.0 + c * b);
            (value + p, slope - b * p * p)
        })
    })
}

/// Shin's z. `None` if the book sum is below 1, where the model says nothing.
///
/// The textbook p = (√(z² + 4(1−z)a) − z) / (2(1−z)), a = r²/B, is 2a / (√… + z): the same number
/// without its cancellation near z = 1, and Σp − 1 loses the false root it has there.
fn shin(r: &[f64], book: f64) -> Option<f64> {
    let margin = book - 1.0;
    if margin < -NO_MARGIN {
        return None;
    }
    if margin <= NO_MARGIN {
        return Some(0.0);
    }
    if let [first, second] = r {
        let squared = (first - second) * (first - second);
        return Some(margin * (squared - book) / (book * (squared - 1.0)));
    }
    let start = margin / (r.len() as f64 - 1.0);
    Some(root(0.0, 1.0, start, |z| {
        r.iter().fold((-1.0, 0.0), |(value, slope), r| {
            let (p, dp) = shin_p(r * r / book, z);
            (value + p, slope + dp)
        })
    }))
}

/// Shin's p at z and its derivative by z; `a` is r²/B.
fn shin_p(a: f64, z: f64) -> (f64, f64) {
    let square_root = (z * z + 4.0 * (1.0 - z) * a).sqrt();
    let p = 2.0 * a / (square_root + z);
    let slope = (z - 2.0 * a) / square_root;
    (p, -p * (slope + 1.0) / (square_root + z))
}

/// The Jensen–Shannon distance at which the probabilities sum to 1, or `None` if the outcome that
/// reaches 0 (or 1) first does so nearer than that.
fn jensen_shannon(r: &[f64], margin: f64) -> Option<f64> {
    let room = |r: f64| jensen_shannon_distance(r, room_to_move(r, margin), margin).0;
    let furthest = r.iter().map(|r| room(*r)).fold(f64::INFINITY, f64::min);
    let excess = |distance: f64| {
        r.iter().fold((margin.abs(), 0.0), |(value, slope), &r| {
            let (shift, by_distance) = jensen_shannon_shift(r, distance, margin);
            (value - shift, slope - by_distance)
        })
    };
    if excess(furthest).0 > 0.0 {
        return None;
    }
    let per_distance: f64 = r.iter().map(|r| (8.0 * r * (1.0 - r)).sqrt()).sum();
    Some(root(0.0, furthest, margin.abs() / per_distance, excess))
}

/// How far r has to move, down for a positive margin and up for a negative one, to be `distance`
/// from where it was; and the derivative of that by the distance.
fn jensen_shannon_shift(r: f64, distance: f64, margin: f64) -> (f64, f64) {
    let per_distance = (8.0 * r * (1.0 - r)).sqrt();
    if distance == 0.0 {
        return (0.0, per_distance);
    }
    let start = distance * per_distance;
    let shift = root(0.0, room_to_move(r, margin), start, |shift| {
        let (reached, slope) = jensen_shannon_distance(r, shift, margin);
        (distance - reached, -slope)
    });
    let (_, slope) = jensen_shannon_distance(r, shift, margin);
    (shift, 1.0 / slope)
}

/// The Jensen–Shannon distance of the binary distributions (r, 1−r) and (p, 1−p), p being r moved
/// by `shift` as above; and its derivative by the shift.
fn jensen_shannon_distance(r: f64, shift: f64, margin: f64) -> (f64, f64) {
    let half = 0.5 * shift.copysign(margin);
    let middle = r - half;
    let (t, u) = (half / middle, half / (1.0 - middle));
    let divergence = 0.5 * (middle * spread(t) + (1.0 - middle) * spread(u));
    let distance = divergence.sqrt();
    let slope = 0.25 * ((-t).ln_1p() - u.ln_1p()).abs() / distance;
    (distance, slope)
}

/// (1−t)·ln(1−t) + (1+t)·ln(1+t), which for small t is a difference of near-equals: there by its
/// series t² + t⁴/6 + t⁶/15 + … = Σ t^2k / (k(2k−1)).
fn spread(t: f64) -> f64 {
    let t = t.abs().min(1.0);
    if t > 0.1 {
        let below = if t < 1.0 {
            (1.0 - t) * (-t).ln_1p()
        } else {
            0.0
        };
        return below + (1.0 + t) * t.ln_1p();
    }
    let square = t * t;
    (1..=8).rev().fold(0.0, |sum, k| {
        let k = f64::from(k);
        square * (sum + 1.0 / (k * (2.0 * k - 1.0)))
    })
}

/// The way from r to the end of the scale the margin pushes it towards.
fn room_to_move(r: f64, margin: f64) -> f64 {
    if margin < 0.0 { 1.0 - r } else { r }
}

/// The odds against, (1−p)/p: what Hong Kong odds are to implied probabilities.
fn against(p: f64) -> f64 {
    (1.0 - p) / p
}

fn least(r: &[f64]) -> f64 {
    r.iter().copied().fold(f64::INFINITY, f64::min)
}

fn greatest(r: &[f64]) -> f64 {
    r.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// The root of a decreasing function within [lo, hi], as exactly as `f` can tell.
///
/// `f` gives the value and the slope. Newton's method, with a bisection wherever its step would
/// leave the bracket or does not at least halve the one before (Numerical Recipes' `rtsafe`). As
/// Newton doubles the good digits, a step in the tenth is the last: the next would be all noise.
fn root(mut lo: f64, mut hi: f64, start: f64, f: impl Fn(f64) -> (f64, f64)) -> f64 {
    /// A bisection of any bracket of doubles we make ends long before this.
    const MOST_STEPS: u32 = 200;
    const LAST_STEP: f64 = 1e-9;
    let mut x = start.max(lo).min(hi);
    let mut step = hi - lo;
    for _ in 0..MOST_STEPS {
        let (value, slope) = f(x);
        if value == 0.0 {
            break;
        }
        if value > 0.0 {
            lo = x;
        } else {
            hi = x;
        }
        let newton = x - value / slope;
        // At the end of the scale a slope is infinite, and a step of nothing means nothing.
        if slope.is_finite() && (newton - x).abs() <= LAST_STEP * x.abs() {
            return newton.max(lo).min(hi);
        }
        let good = newton > lo && newton < hi && 2.0 * (newton - x).abs() <= step;
        let next = if good { newton } else { 0.5 * (lo + hi) };
        step = (next - x).abs();
        x = next;
        if step <= f64::EPSILON * x.abs() {
            break;
        }
    }
    x
}

#[cfg(test)]
#[path = "margin_tests.rs"]
mod tests;
