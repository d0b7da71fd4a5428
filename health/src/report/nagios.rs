//! One line for Nagios and its kin: verdict, then performance data (`name=value;warn;crit`).

use pipeline::Config;

use crate::facts::Facts;
use crate::verdict::Verdict;

/// The line.
pub fn line(facts: &Facts, verdict: &Verdict, config: &Config) -> String {
    // The bar begins the performance data: it may not stand in the text.
    let sentence = verdict.sentence().replace('|', "/");
    let mut data = Vec::new();
    if let Some(at) = facts.product.fetched_at {
        let age = (facts.now - at).num_seconds().max(0);
        let limits = &facts.limits;
        data.push(format!(
            "data_age={age}s;{};{}",
            limits.fresh.as_secs(),
            limits.late.as_secs()
        ));
    }
    if let Ok(history) = &facts.history {
        if let Some(wall) = history.newest_good.as_ref().and_then(|cycle| cycle.wall) {
            data.push(format!("cycle={:.3}s", wall.as_secs_f64()));
        }
        data.push(format!(
            "failures_in_a_row={};1;{}",
            history.failures_in_a_row, facts.limits.backoff_after
        ));
        data.push(format!(
            "failed_1h={};{}",
            history.hour.bad(),
            level(config, "FailedCycles")
        ));
    }
    if let Some(matches) = facts.product.matches {
        data.push(format!("matches={matches}"));
    }
    for (name, share, rule) in [
        ("memory", facts.host.memory, "MemoryHigh"),
        ("disk", facts.host.disk, "DiskHigh"),
    ] {
        if let Some(share) = share {
            data.push(format!(
                "{name}={:.1}%;{}",
                share.percent(),
                level(config, rule)
            ));
        }
    }
    if let Some(seconds) = facts
        .storage
        .full_in()
        .filter(|seconds| seconds.is_finite())
    {
        data.push(format!("disk_eta={seconds:.0}s"));
    }
    format!(
        "{} - {sentence} | {}\n",
        verdict.level().word(),
        data.join(" ")
    )
}

fn level(config: &Config, rule: &str) -> String {
    config
        .alerts
        .rule
        .get(rule)
        .map_or(String::new(), |rule| rule.threshold.to_string())
}
