//! The facts for programs, in the shape of `application/health+json`. Keys are only ever added.

use chrono::{DateTime, SecondsFormat, Utc};
use journal::lock::Presence;
use pipeline::VERSION;
use serde_json::{Map, Value, json};

use crate::facts::{Facts, Freshness, History};
use crate::verdict::{Level, Verdict};

/// The verdict alone.
pub fn verdict(facts: &Facts, verdict: &Verdict) -> String {
    let mut document = head(facts, verdict);
    document.push('\n');
    document
}

/// Everything.
pub fn report(facts: &Facts, verdict: &Verdict) -> String {
    let mut document = top(facts, verdict);
    let mut checks = Map::new();
    checks.insert("orchestrator:presence".to_owned(), presence(facts));
    match &facts.history {
        Ok(history) => cycles(facts, history, &mut checks),
        Err(why) => {
            let entry = json!([{"status": "fail", "output": why.to_string()}]);
            checks.insert("journal:readable".to_owned(), entry);
        }
    }
    for file in &facts.files {
        checks.insert(format!("file:{}", file.name), self::file(facts, file));
    }
    host(facts, &mut checks);
    storage(facts, &mut checks);
    feed(facts, &mut checks);
    alerts(facts, &mut checks);
    document.insert("checks".to_owned(), Value::Object(checks));
    // The same facts as they were gathered, for programs of our own.
    document.insert("facts".to_owned(), json!(facts));
    format!("{}\n", Value::Object(document))
}

fn head(facts: &Facts, verdict: &Verdict) -> String {
    Value::Object(top(facts, verdict)).to_string()
}

fn top(facts: &Facts, verdict: &Verdict) -> Map<String, Value> {
    let problems: Vec<_> = verdict
        .problems
        .iter()
        .map(|p| {
            json!({"situation": p.situation, "level": p.level.word(), "what": p.what,
            "since": p.since.map(instant), "why": p.why, "next": p.next})
        })
        .collect();
    let level = verdict.level();
    let mut top = Map::new();
    for (key, value) in [
        ("status", json!(status(level))),
        ("schema", json!(1)),
        ("serviceId", json!("football-bot")),
        ("version", json!(VERSION)),
        ("time", json!(instant(facts.now))),
        ("verdict", json!(level.word())),
        ("exit", json!(level.code())),
        ("output", json!(verdict.sentence())),
        ("problems", json!(problems)),
        ("provider", json!(facts.provider)),
        ("data_dir", json!(facts.data.root())),
    ] {
        top.insert(key.to_owned(), value);
    }
    if let Some(word) = facts.not_real() {
        top.insert("notes".to_owned(), json!([format!("the data is {word}")]));
    }
    top
}

fn presence(facts: &Facts) -> Value {
    let (word, status, holder) = match &facts.presence {
        Presence::Running(holder) => ("running", "pass", Some(holder)),
        Presence::Gone(holder) => ("not running", "warn", Some(holder)),
        Presence::NoLock if facts.ever_ran() => ("not running", "warn", None),
        Presence::NoLock => ("never ran", "warn", None),
    };
    json!([{
        "observedValue": word,
        "status": status,
        "pid": holder.map(|holder| holder.pid),
        "since": holder.and_then(|holder| holder.since).map(instant),
        "due": holder.and_then(|holder| holder.due).map(instant),
        "unit": facts.unit.as_ref().map(|unit| &unit.state),
        "restarts": facts.unit.as_ref().and_then(|unit| unit.restarts),
    }])
}

fn cycles(facts: &Facts, history: &History, checks: &mut Map<String, Value>) {
    let totals = &history.totals;
    let last = facts.last_activity();
    let newest = history.newest.as_ref();
    let streak = history.failures_in_a_row;
    for (key, value) in [
        ("total", json!(totals.cycles())),
        ("successful", json!(totals.ok)),
        ("failed", json!(totals.bad())),
        ("crashed", json!(totals.crashed)),
        ("cancelled", json!(totals.cancelled)),
        (
            "skipped",
            json!(totals.skipped_overlap + totals.skipped_backoff),
        ),
        ("successRate", json!(totals.success_rate())),
        ("successRate24h", json!(history.day.success_rate())),
        ("matches", json!(totals.matches)),
        ("starts", json!(totals.starts)),
        ("lastActivity", json!(last.map(instant))),
        (
            "lastGood",
            json!(
                history
                    .newest_good
                    .as_ref()
                    .and_then(|cycle| cycle.ended_at)
                    .map(instant)
            ),
        ),
        ("lastId", json!(newest.map(|cycle| &cycle.id))),
        (
            "lastMessage",
            json!(newest.and_then(|cycle| cycle.message.as_ref())),
        ),
        (
            "lastFailedStep",
            json!(newest.and_then(|cycle| cycle.failed_step.as_ref())),
        ),
    ] {
        checks.insert(format!("cycles:{key}"), json!([{"observedValue": value}]));
    }
    let status = if streak == 0 {
        Level::Ok
    } else if streak < facts.limits.backoff_after {
        Level::Warning
    } else {
        Level::Critical
    };
    checks.insert(
        "cycles:failuresInARow".to_owned(),
        json!([{"observedValue": streak, "status": self::status(status)}]),
    );
}

fn file(facts: &Facts, file: &crate::facts::DataFile) -> Value {
    let freshness = facts.freshness(file);
    let status = match freshness {
        Freshness::Fresh => "pass",
        Freshness::Late => "warn",
        Freshness::Stale | Freshness::Missing => "fail",
    };
    let age = file
        .found
        .map(|(_, at)| (facts.now - at).num_milliseconds().max(0) as f64 / 1000.0);
    json!([{
        "observedValue": age,
        "observedUnit": "s",
        "status": status,
        "freshness": freshness.word(),
        "bytes": file.found.map(|(size, _)| size),
        "time": file.found.map(|(_, at)| instant(at)),
    }])
}

fn host(facts: &Facts, checks: &mut Map<String, Value>) {
    if let Some(cpu) = &facts.host.cpu {
        let entry = json!([{
            "componentType": "system",
            "observedValue": rounded(cpu.percent()),
            "observedUnit": "percent",
            "load": cpu.load,
            "processors": cpu.processors,
        }]);
        checks.insert("cpu:utilization".to_owned(), entry);
    }
    for (key, share) in [
        ("memory:utilization", facts.host.memory),
        ("disk:utilization", facts.host.disk),
    ] {
        if let Some(share) = share {
            let entry = json!([{
                "componentType": "system",
                "observedValue": rounded(share.percent()),
                "observedUnit": "percent",
                "used": share.used,
                "available": share.available,
                "total": share.total,
            }]);
            checks.insert(key.to_owned(), entry);
        }
    }
}

fn storage(facts: &Facts, checks: &mut Map<String, Value>) {
    let eta = facts.storage.full_in();
    let growing = facts.storage.growing.iter();
    let by_area: Map<_, _> = growing
        .map(|one| (one.area.to_owned(), json!(one.per_day)))
        .collect();
    let entry = json!([{
        "componentType": "system",
        "observedValue": eta.filter(|seconds| seconds.is_finite()),
        "observedUnit": "s",
        "known": eta.is_some(),
        "bytes": facts.storage.bytes,
        "growthPerDay": facts.storage.growth.and_then(|growth| growth.data_per_day),
        "growthPerDayByArea": by_area,
    }]);
    checks.insert("storage:fullEta".to_owned(), entry);
}

fn feed(facts: &Facts, checks: &mut Map<String, Value>) {
    if let Some(at) = facts.product.fetched_at {
        let status = match facts.freshness_at(at) {
            Freshness::Fresh => "pass",
            Freshness::Late => "warn",
            Freshness::Stale | Freshness::Missing => "fail",
        };
        let age = (facts.now - at).num_milliseconds().max(0) as f64 / 1000.0;
        let entry = json!([{"observedValue": age, "observedUnit": "s", "status": status, "time": instant(at)}]);
        checks.insert("data:age".to_owned(), entry);
    }
    if let Some(feed) = &facts.feed {
        for (key, value) in [
            ("requests1h", json!(feed.requests)),
            ("errors1h", json!(feed.failures())),
            ("completeness", json!(feed.completeness)),
            ("skippedForBudget1h", json!(feed.skipped_for_budget)),
            ("oddsBehind", json!(feed.odds_behind)),
        ] {
            checks.insert(format!("feed:{key}"), json!([{"observedValue": value}]));
        }
    }
    if let Ok(history) = &facts.history {
        for step in &history.steps_hour {
            let entry = json!([{
                "observedValue": step.times.map(|times| times.p95_s), "observedUnit": "s",
                "runs": step.ok + step.bad, "failed": step.bad, "retries": step.retries,
                "times": step.times, "maxRss": step.max_rss,
            }]);
            checks.insert(format!("{}:duration", step.name), entry);
        }
    }
}

fn alerts(facts: &Facts, checks: &mut Map<String, Value>) {
    for active in &facts.alerts.firing {
        let status = match active.alert.severity {
            pipeline::config::alerts::Severity::Critical => "fail",
            pipeline::config::alerts::Severity::Warning => "warn",
        };
        let entry = json!([{
            "observedValue": active.alert.value.is_finite().then_some(active.alert.value),
            "status": status,
            "output": active.alert.what,
            "since": instant(active.alert.since),
            "silenced": active.silenced,
        }]);
        checks.insert(format!("alert:{}", active.name), entry);
    }
}

fn status(level: Level) -> &'static str {
    match level {
        Level::Ok => "pass",
        Level::Warning => "warn",
        Level::Critical | Level::Unknown => "fail",
    }
}

fn rounded(percent: f64) -> f64 {
    (percent * 10.0).round() / 10.0
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
