//! The section of cycles and steps: of all time, of a day, of the last hour.

use journal::windows::Percentiles;

use super::Page;
use crate::facts::{Facts, History};
use crate::words::{ago, bytes, grouped, instant, wrapped};

impl Page {
    pub(super) fn performance(&mut self, facts: &Facts) {
        let simulated = facts
            .not_real()
            .map(|word| format!(" ({word})"))
            .unwrap_or_default();
        self.title(&format!("Pipeline Performance{simulated}"));
        let history = match &facts.history {
            Ok(history) => history,
            Err(why) => {
                self.text.push_str(&wrapped("  ", &why.to_string()));
                return;
            }
        };
        self.columns(
            "",
            ["all time", "last 24 h", "last hour"].map(str::to_owned),
        );
        self.cycles(history);
        let activity = match facts.last_activity() {
            Some(at) => format!("{} ({})", instant(at), ago(at, facts.now)),
            None => "none yet".to_owned(),
        };
        self.line("Last Activity:", &activity);
        self.steps(history);
    }

    fn columns(&mut self, label: &str, values: [String; 3]) {
        let [first, second, third] = values;
        let line = format!("  {label:<19} {first:<16}{second:<16}{third}");
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    fn counts(&mut self, label: &str, values: [u64; 3]) {
        self.columns(label, values.map(grouped));
    }

    fn cycles(&mut self, history: &History) {
        let (all, day, hour) = (&history.totals, &history.day, &history.hour);
        self.counts("Total Cycles:", [all.cycles(), day.cycles(), hour.cycles()]);
        self.counts("Successful:", [all.ok, day.ok, hour.ok]);
        self.counts("Failed:", [all.bad(), day.bad(), hour.bad()]);
        if all.crashed > 0 {
            self.counts("  by a crash:", [all.crashed, day.crashed, hour.crashed]);
        }
        if all.cancelled > 0 {
            self.counts("Cancelled:", [all.cancelled, day.cancelled, hour.cancelled]);
        }
        let rate =
            |rate: Option<f64>| rate.map_or("-".to_owned(), |r| format!("{:.1}%", r * 100.0));
        self.columns(
            "Success Rate:",
            [all.success_rate(), day.success_rate(), hour.success_rate()].map(rate),
        );
        self.counts(
            "Matches Processed:",
            [all.matches, day.matches, hour.matches],
        );
        let skipped = all.skipped_overlap
            + all.skipped_backoff
            + all.skipped_pause
            + all.skipped_suspend
            + all.skipped_disk;
        self.counts("Skipped Starts:", [skipped, day.skipped(), hour.skipped()]);
        for (label, values) in [
            (
                "  long cycles:",
                [
                    all.skipped_overlap,
                    day.skipped_overlap,
                    hour.skipped_overlap,
                ],
            ),
            (
                "  after failures:",
                [
                    all.skipped_backoff,
                    day.skipped_backoff,
                    hour.skipped_backoff,
                ],
            ),
            (
                "  paused:",
                [all.skipped_pause, day.skipped_pause, hour.skipped_pause],
            ),
            (
                "  asleep:",
                [
                    all.skipped_suspend,
                    day.skipped_suspend,
                    hour.skipped_suspend,
                ],
            ),
            (
                "  disk full:",
                [all.skipped_disk, day.skipped_disk, hour.skipped_disk],
            ),
        ] {
            if values[0] > 0 {
                self.counts(label, values);
            }
        }
        let retries = [history.retries_day(), history.retries_hour()].map(grouped);
        let [day, hour] = retries;
        self.columns("Retries:", ["-".to_owned(), day, hour]);
    }

    /// How long the steps take: half of the runs, 95 and 99 of 100 took no longer.
    fn steps(&mut self, history: &History) {
        if history.steps_day.is_empty() {
            return;
        }
        self.text
            .push_str("\n  Seconds            last hour              last 24 h         24 h\n");
        self.text.push_str(
            "                 p50    p95    p99      p50    p95    p99   fail   memory\n",
        );
        for day in &history.steps_day {
            let hour = history.steps_hour.iter().find(|step| step.name == day.name);
            let name: String = day.name.chars().take(12).collect();
            let memory = day.max_rss.map_or("-".to_owned(), bytes);
            self.text.push_str(&format!(
                "  {name:<12}{}  {} {:>6} {memory:>8}\n",
                three(hour.and_then(|step| step.times.as_ref())),
                three(day.times.as_ref()),
                grouped(day.bad),
            ));
        }
        self.text.push_str(&format!(
            "  {:<12}{}  {} {:>6}\n",
            "end to end",
            three(history.cycle_hour.as_ref()),
            three(history.cycle_day.as_ref()),
            grouped(history.day.bad()),
        ));
    }
}

fn three(times: Option<&Percentiles>) -> String {
    match times {
        Some(times) => [times.p50_s, times.p95_s, times.p99_s]
            .map(|seconds| format!("{seconds:>7.2}"))
            .concat(),
        None => format!("{:>7}{:>7}{:>7}", "-", "-", "-"),
    }
}
