//! The text format itself: families, samples, histograms.

use std::fmt::Write;

/// Upper bounds of a histogram, in seconds: few, since each is a series of every step or endpoint.
type Bounds = &'static [f64];
/// A fetch, and so a cycle, takes seconds.
const SLOW: Bounds = &[0.5, 2.5, 10.0];
/// The steps behind the fetch take some hundredths.
const QUICK: Bounds = &[0.025, 0.1, 0.5];
/// Of single requests, as step 1 counts them.
pub(super) const REQUEST: Bounds = &[0.1, 0.25, 1.0, 5.0];

#[derive(Clone, Debug)]
pub(super) struct Histogram {
    bounds: Bounds,
    buckets: Vec<u64>,
    count: u64,
    sum: f64,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram::within(SLOW)
    }
}

impl Histogram {
    /// With these bounds.
    pub(super) fn within(bounds: Bounds) -> Histogram {
        Histogram {
            bounds,
            buckets: vec![0; bounds.len()],
            count: 0,
            sum: 0.0,
        }
    }

    /// Of the times of this step: steps 2 to 6 are quick, what somebody adds need not be.
    pub(super) fn of_step(name: &str) -> Histogram {
        let quick = ["step2", "step3", "step4", "step5", "step6"].contains(&name);
        Histogram::within(if quick { QUICK } else { SLOW })
    }

    pub(super) fn add(&mut self, seconds: f64) {
        self.add_counted(Some(seconds), 1);
        self.sum += seconds;
    }

    /// Adds `n` that took no longer than `limit` seconds, or longer than any limit; what they took together is
    /// for [`add_sum`](Self::add_sum).
    pub(super) fn add_counted(&mut self, limit: Option<f64>, n: u64) {
        for (bucket, bound) in self.buckets.iter_mut().zip(self.bounds) {
            if limit.is_some_and(|limit| limit <= *bound) {
                *bucket += n;
            }
        }
        self.count += n;
    }

    /// What those that were counted took together, in seconds.
    pub(super) fn add_sum(&mut self, seconds: f64) {
        self.sum += seconds;
    }
}

pub(super) struct Text(pub(super) String);

impl Text {
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string can't fail.
        let _ = writeln!(
            self.0,
            "# HELP football_bot_{name} {help}\n# TYPE football_bot_{name} {kind}"
        );
    }

    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<_> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
            .collect();
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{}}}", labels.join(","))
        };
        let value = if value == f64::INFINITY {
            "+Inf".to_owned()
        } else {
            value.to_string()
        };
        let _ = writeln!(self.0, "football_bot_{name}{labels} {value}");
    }

    pub(super) fn one(&mut self, name: &str, kind: &str, help: &str, value: Option<f64>) {
        self.family(name, kind, help);
        if let Some(value) = value {
            self.sample(name, &[], value);
        }
    }

    /// A figure that every exporter has under the same name, without our prefix; left out when unknown.
    pub(super) fn standard(&mut self, name: &str, kind: &str, help: &str, value: Option<f64>) {
        if let Some(value) = value {
            let _ = writeln!(
                self.0,
                "# HELP process_{name} {help}\n# TYPE process_{name} {kind}\nprocess_{name} {value}"
            );
        }
    }

    pub(super) fn each<'l>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (&'l str, f64)>,
    ) {
        self.family(name, kind, help);
        for (value, number) in values {
            self.sample(name, &[(label, value)], number);
        }
    }

    pub(super) fn histogram(&mut self, name: &str, labels: &[(&str, &str)], found: &Histogram) {
        let bucket = format!("{name}_bucket");
        for (count, bound) in found.buckets.iter().zip(found.bounds) {
            let bound = bound.to_string();
            let labels: Vec<_> = labels
                .iter()
                .copied()
                .chain([("le", bound.as_str())])
                .collect();
            self.sample(&bucket, &labels, *count as f64);
        }
        let labels_inf: Vec<_> = labels.iter().copied().chain([("le", "+Inf")]).collect();
        self.sample(&bucket, &labels_inf, found.count as f64);
        self.sample(&format!("{name}_sum"), labels, found.sum);
        self.sample(&format!("{name}_count"), labels, found.count as f64);
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}
