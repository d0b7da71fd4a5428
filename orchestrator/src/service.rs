//! The loop: cycle, record, wait; until the cycles are done or a signal comes.

use std::time::Duration;

use chrono::{Local, TimeDelta, Utc};
use journal::EventKind;
use journal::lock::{Lock, LockError};
use pipeline::config::Provider;
use pipeline::{CycleId, Exit, Failure, VERSION};
use tokio::runtime;
use tokio::time::{Instant, sleep_until};

use crate::cli::Cli;
use crate::cycle::{Cycle, SLACK, Verdict, Workshop};
use crate::daylog::{DayLog, Retention};
use crate::logger;
use crate::plan::Plan;
use crate::record::Record;
use crate::sandbox::Sandbox;
use crate::schedule::{Next, Reason, Rules, Schedule};
use crate::signals::{self, Signals};

/// Cycles between two status reports in the log.
const STATUS_EVERY: u64 = 10;

/// Runs cycles as the command line says; returns the exit code.
///
/// # Errors
/// 78 for a bad configuration, 75 when another orchestrator has the data directory, 74 when the
/// directory can't be used.
pub fn main(cli: &Cli) -> Result<u8, Failure> {
    signals::unblock_all();
    let plan = Plan::new(cli)?;
    logger::start(cli.common.level(), cli.common.color);
    let lock = take_lock(&plan)?;
    let retention = Retention {
        keep_days: plan.config.log.keep_days,
        keep_bytes: plan.config.log.keep_bytes,
    };
    logger::attach(DayLog::new(plan.data.logs(), retention));
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::new(Exit::Bug, format!("failed to start the runtime: {why}")))?;
    runtime.block_on(async {
        let record = Record::open(&plan.data.journal(), plan.config.journal.keep_days);
        let workshop = Workshop {
            signals: Signals::install()?,
            sandbox: Sandbox::default(),
            plan,
            lock,
            record,
        };
        Ok(run(workshop).await)
    })
}

fn take_lock(plan: &Plan) -> Result<Lock, Failure> {
    Lock::take(&plan.data.lock(), plan.interval).map_err(|error| match error {
        LockError::Held(holder) => {
            let who = match holder {
                Some(holder) => match holder.since {
                    Some(since) => {
                        let since = since.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S");
                        format!("process {}, since {since}", holder.pid)
                    }
                    None => format!("process {}", holder.pid),
                },
                None => "starting just now".to_owned(),
            };
            Failure::new(
                Exit::TryLater,
                format!(
                    "another orchestrator ({who}) runs on `{}`; stop it first, or use another --data-dir",
                    plan.data.root().display()
                ),
            )
        }
        LockError::Io(why) => Failure::new(
            Exit::CannotWrite,
            format!(
                "can't use the data directory `{}`: {why} (check owner, permissions and space)",
                plan.data.root().display()
            ),
        ),
    })
}

/// What was done since the start.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    good: u64,
    failed: u64,
    matches: u64,
    last_failure: Option<u8>,
}

impl Tally {
    fn add(&mut self, cycle: &Cycle) {
        match &cycle.verdict {
            Verdict::Good => {
                self.good += 1;
                self.matches += cycle.matches.unwrap_or(0);
            }
            Verdict::Failed { exit, .. } => {
                self.failed += 1;
                self.last_failure = Some(*exit);
            }
            Verdict::Cancelled(_) => {}
        }
    }

    fn cycles(&self) -> u64 {
        self.good + self.failed
    }

    fn in_words(&self, since: Instant) -> String {
        let rate = match self.cycles() {
            0 => String::new(),
            n => format!(" ({:.1}% good)", self.good as f64 * 100.0 / n as f64),
        };
        format!(
            "{} {}: {} good, {} failed{rate}, {} matches, in {}",
            self.cycles(),
            if self.cycles() == 1 {
                "cycle"
            } else {
                "cycles"
            },
            self.good,
            self.failed,
            self.matches,
            length(since.elapsed())
        )
    }
}

async fn run(mut shop: Workshop) -> u8 {
    let started = Instant::now();
    let limit = match (shop.plan.options.once, shop.plan.options.cycles) {
        (true, _) => Some(1),
        (false, cycles) => cycles.map(u64::from),
    };
    announce(&mut shop);
    let rules = Rules {
        interval: shop.plan.interval,
        backoff_after: shop.plan.config.schedule.backoff_after,
        backoff: shop.plan.config.schedule.backoff.0,
    };
    let mut schedule = Schedule::new(rules, started, shop.record.failures_in_a_row());
    let mut tally = Tally::default();
    let mut last_id = None;
    while shop.signals.poll().await.is_none() {
        let id = next_id(last_id.as_ref());
        let cycle = shop.cycle(&id).await;
        tally.add(&cycle);
        tell(&id, &cycle);
        logger::tidy();
        last_id = Some(id);
        if matches!(cycle.verdict, Verdict::Cancelled(_)) || limit == Some(tally.cycles()) {
            break;
        }
        if tally.cycles().is_multiple_of(STATUS_EVERY) {
            log::info!("status: {}", tally.in_words(started));
        }
        let next = schedule.after(cycle.verdict == Verdict::Good, Instant::now());
        account_for(&mut shop, &schedule, next);
        point_onward(&shop.plan, next.at);
        let wait = next.at.saturating_duration_since(Instant::now());
        // A lock file that can't be written only makes health think that we hang.
        let _ = shop.lock.promise(wait.saturating_add(SLACK));
        tokio::select! {
            biased;
            _ = shop.signals.next() => break,
            () = sleep_until(next.at) => {}
        }
    }
    shop.sandbox.stop().await;
    say_goodbye(&mut shop, &tally, started)
}

fn announce(shop: &mut Workshop) {
    let plan = &shop.plan;
    let simulated = if plan.provider == Provider::Sandbox {
        ", SIMULATED data"
    } else {
        ""
    };
    let text = format!(
        "version {VERSION} starts: {} steps every {}{simulated}",
        plan.steps.len(),
        humantime::format_duration(plan.interval),
    );
    log::info!("{text}");
    log::info!("data directory {}", plan.data.root().display());
    shop.record.event(EventKind::Start, 1, &text);
}

/// Says at the end what was done, and why it ends; returns the exit code.
fn say_goodbye(shop: &mut Workshop, tally: &Tally, started: Instant) -> u8 {
    let summary = tally.in_words(started);
    let stop = shop.signals.stopping();
    match stop {
        Some(stop) => {
            log::info!("stopped by {} after {summary}", stop.name());
            shop.record
                .event(EventKind::Stop, 1, &format!("stopped by {}", stop.name()));
        }
        None => {
            log::info!("done, {summary}");
            shop.record.event(EventKind::Finished, 1, &summary);
        }
    }
    stop.map(signals::Stop::exit)
        .or(tally.last_failure)
        .unwrap_or(Exit::Done.code())
}

/// An id that differs from the last one, also when the clock was set back onto it.
fn next_id(last: Option<&CycleId>) -> CycleId {
    let now = Utc::now();
    let id = CycleId::at(now);
    if last == Some(&id) {
        return CycleId::at(now + TimeDelta::milliseconds(1));
    }
    id
}

/// One line about a cycle. A failed step has already said why.
fn tell(id: &CycleId, cycle: &Cycle) {
    let wall = length(cycle.wall);
    match &cycle.verdict {
        Verdict::Good => match cycle.matches {
            Some(matches) => log::info!("cycle {id} good: {matches} matches in {wall}"),
            None => log::info!("cycle {id} good in {wall}"),
        },
        Verdict::Failed { step, .. } => {
            log::warn!("cycle {id} failed at {step} after {wall}");
        }
        Verdict::Cancelled(_) => log::info!("cycle {id} cancelled after {wall}"),
    }
}

/// Tells somebody who watches when it goes on, and where there is more to see.
fn point_onward(plan: &Plan, next: Instant) {
    if plan.options.show.is_none() {
        return;
    }
    let wait = next.saturating_duration_since(Instant::now());
    let at = Local::now() + TimeDelta::from_std(wait).unwrap_or_default();
    let data = plan.data.root().display();
    log::info!("next cycle at {}; Ctrl-C stops", at.format("%H:%M:%S"));
    log::info!("meanwhile, elsewhere: less {data}/step6_matches.log");
    log::info!(
        "or: {}/health report --data-dir {data}",
        plan.bin_dir.display()
    );
}

/// Records and says what is out of the ordinary about the next start.
fn account_for(shop: &mut Workshop, schedule: &Schedule, next: Next) {
    if let Some((count, reason)) = next.skipped {
        let (kind, why) = match reason {
            Reason::Overlap => (EventKind::SkippedOverlap, "the cycle took too long"),
            Reason::Backoff => (EventKind::SkippedBackoff, "waiting after failures"),
        };
        let text = format!("{count} start(s) fell out: {why}");
        if reason == Reason::Overlap {
            log::warn!("{text}");
        }
        shop.record.event(kind, count, &text);
    }
    if schedule.backing_off() {
        let wait = next.at.saturating_duration_since(Instant::now());
        let at = Local::now() + TimeDelta::from_std(wait).unwrap_or_default();
        let text = format!(
            "{} failures in a row: waiting {}, next cycle at {}",
            schedule.failures(),
            length(wait),
            at.format("%H:%M:%S")
        );
        log::warn!("{text}");
        shop.record.event(EventKind::Backoff, 1, &text);
    }
}

/// A length of time at the precision people want: `812 ms`, `3.4 s`, `12m 5s`.
fn length(length: Duration) -> String {
    let millis = length.as_millis();
    match millis {
        0..1000 => format!("{millis} ms"),
        1000..60_000 => format!("{:.1} s", length.as_secs_f64()),
        _ => humantime::format_duration(Duration::from_secs(length.as_secs())).to_string(),
    }
}
