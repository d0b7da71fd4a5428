//! The text format itself: families, samples, histograms.

use std::fmt::Write;

/// Upper bounds of the histograms, in seconds: few, since each is a series of every step. The steps behind
/// the fetch take some hundredths, a fetch seconds.
pub(super) const BOUNDS: [f64; 5] = [0.025, 0.1, 0.5, 2.5, 10.0];

#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    sum: f64,
}

impl Histogram {
    pub(super) fn add(&mut self, seconds: f64) {
        for (bucket, bound) in self.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
        self.count += 1;
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
        for (count, bound) in found.buckets.iter().zip(BOUNDS) {
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
