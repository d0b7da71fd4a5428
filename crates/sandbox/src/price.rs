//! From chances to prices: margin, rounding, the feed's two formats.
//!
//! Bookmakers load longshots more than favourites. Raising every chance to a power k < 1 until the sum
//! is 1 + margin does that and never makes a price below 1. Prices are kept in hundredths.

/// The highest price there is.
const HIGHEST: u16 = 50_100;

/// How a bookmaker rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ladder {
    /// To the hundredth, tenths from 10 and whole from 20.
    Fine,
    /// In bookmakers' steps (1.85, 1.9, 1.95 …; 5.25, 5.5 …; 34, 41, 51 …).
    Coarse,
}

/// `chances` with a margin: they sum to 1 + `margin`.
pub(crate) fn loaded<const N: usize>(chances: [f64; N], margin: f64) -> [f64; N] {
    let logs = chances.map(|p| p.max(1e-6).ln());
    let mut k = 1.0;
    // Newton; the sum falls and is convex in k, so it settles quickly.
    for _ in 0..8 {
        let powers = logs.map(|log| (k * log).exp());
        let excess: f64 = powers.iter().sum::<f64>() - 1.0 - margin;
        if excess.abs() < 1e-5 {
            break;
        }
        let slope: f64 = powers.iter().zip(&logs).map(|(p, log)| p * log).sum();
        k = (k - excess / slope).clamp(0.1, 2.0);
    }
    logs.map(|log| (k * log).exp())
}

/// The decimal price of a loaded chance, in hundredths.
pub(crate) fn decimal(loaded: f64, ladder: Ladder) -> u16 {
    let price = 100.0 / loaded;
    let step = match ladder {
        Ladder::Fine => match price {
            _ if price < 1000.0 => 1.0,
            _ if price < 2000.0 => 10.0,
            _ => 100.0,
        },
        Ladder::Coarse => match price {
            _ if price < 130.0 => 1.0,
            _ if price < 200.0 => 2.5,
            _ if price < 350.0 => 5.0,
            _ if price < 500.0 => 10.0,
            _ if price < 700.0 => 25.0,
            _ if price < 1300.0 => 50.0,
            _ if price < 3000.0 => 100.0,
            _ => return far_out(price),
        },
    };
    // Half steps are cut to the hundredth below, as in print.
    ((price / step).round() * step).clamp(101.0, f64::from(HIGHEST)) as u16
}

fn far_out(price: f64) -> u16 {
    const STEPS: [u16; 14] = [
        3000, 3400, 4100, 5100, 6700, 8100, 10_100, 12_600, 15_100, 20_100, 25_100, 30_100, 40_100,
        HIGHEST,
    ];
    let below = STEPS.partition_point(|step| f64::from(*step) <= price);
    STEPS[below.saturating_sub(1)]
}

/// The Hong Kong price of a loaded chance, in hundredths: the decimal price less the stake.
pub(crate) fn hong_kong(loaded: f64, ladder: Ladder) -> u16 {
    let price = 100.0 / loaded - 100.0;
    let step = match ladder {
        Ladder::Coarse if price > 30.0 && price < 250.0 => 2.5,
        _ => 1.0,
    };
    ((price / step).round() * step).clamp(1.0, 1500.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loading_adds_the_margin_and_keeps_the_order() {
        for chances in [
            [0.5, 0.3, 0.2],
            [0.9990, 0.0008, 0.0002],
            [0.97, 0.02, 0.01],
        ] {
            let loaded = loaded(chances, 0.08);
            let sum: f64 = loaded.iter().sum();
            assert!((sum - 1.08).abs() < 1e-4, "{chances:?}: {sum}");
            assert!(loaded[0] < 1.0 && loaded[0] > loaded[1] && loaded[1] > loaded[2]);
        }
    }

    #[test]
    fn prices_are_above_one_and_capped() {
        assert_eq!(decimal(0.9999, Ladder::Fine), 101);
        assert_eq!(decimal(0.0001, Ladder::Fine), 50_100);
        assert_eq!(decimal(0.0001, Ladder::Coarse), 50_100);
        assert_eq!(decimal(1.0 / 1.876, Ladder::Coarse), 187);
        assert_eq!(hong_kong(0.5, Ladder::Fine), 100);
        assert_eq!(hong_kong(1.0 / 1.976, Ladder::Coarse), 97);
    }
}
