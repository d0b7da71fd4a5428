//! How long the provider lets one wait.

use std::str::FromStr;
use std::time::Duration;

use pipeline::config::Span;

use crate::rng::Rng;

/// `DURATION[±JITTER]`, such as `100ms±30ms` (or `100ms+-30ms`): evenly spread within the jitter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    pub(super) mean: Duration,
    jitter: Duration,
}

impl Latency {
    pub(super) fn is_even(self) -> bool {
        self.jitter.is_zero()
    }

    pub(super) fn drawn(self, rng: &mut Rng) -> Duration {
        let offset = rng.between(-1.0, 1.0) * self.jitter.as_secs_f64();
        Duration::from_secs_f64((self.mean.as_secs_f64() + offset).max(0.0))
    }
}

impl FromStr for Latency {
    type Err = String;

    fn from_str(text: &str) -> Result<Latency, String> {
        let (mean, jitter) = text
            .split_once('±')
            .or_else(|| text.split_once("+-"))
            .unwrap_or((text, "0s"));
        let span = |text: &str| text.parse::<Span>().map(|span| span.0);
        Ok(Latency {
            mean: span(mean)?,
            jitter: span(jitter)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Purpose;

    #[test]
    fn latency_reads_as_people_write_it_and_stays_within_its_jitter() {
        let latency: Latency = "100ms±30ms".parse().unwrap();
        assert_eq!(latency, "100ms +- 30ms".parse().unwrap());
        let mut rng = Rng::new(1, Purpose::Fault, &[]);
        let drawn: Vec<_> = (0..1000)
            .map(|_| latency.drawn(&mut rng).as_millis())
            .collect();
        assert!(drawn.iter().all(|ms| (70..=130).contains(ms)));
        assert!(drawn.iter().min() < Some(&75) && drawn.iter().max() > Some(&125));
        assert!("100ms".parse::<Latency>().unwrap().is_even());
        assert!("fast".parse::<Latency>().is_err());
    }
}
