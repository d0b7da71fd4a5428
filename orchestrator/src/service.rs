//! The start and the end: everything that is set up before the first cycle, in the order that makes it
//! safe, and taken down after the last.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use chrono::Local;
use journal::control::Control;
use journal::lock::{Lock, LockError};
use journal::writer::Limits;
use pipeline::{Config, Exit, Failure};
use tokio::runtime;

use crate::cli::Cli;
use crate::companion::Companion;
use crate::cycle::Workshop;
use crate::daylog::{DayLog, Retention};
use crate::family::{self, Family};
use crate::logger;
use crate::plan::Plan;
use crate::pulse::Pulse;
use crate::record::Record;
use crate::rounds::Rounds;
use crate::sandbox::Sandbox;
use crate::signals::{self, Signals};
use crate::versions::{Set, Versions};

/// Runs cycles as the command line says; returns the exit code.
///
/// # Errors
/// 78 for a bad configuration or programs of several builds, 75 when another orchestrator has the data
/// directory, 74 when the directory can't be used.
pub fn main(cli: &Cli) -> Result<u8, Failure> {
    signals::unblock_all();
    // What our own parent left open is not for the steps.
    close_fds::set_fds_cloexec(3, &[]);
    let plan = Plan::new(cli)?;
    logger::start(cli.common.level(), cli.common.color);
    let mut versions = Versions::default();
    if let Set::Mixed(list) | Set::Upgraded(list) = versions.look(&plan.programs(), &plan.own) {
        return Err(Failure::config(format!(
            "the programs are of several builds: {list}; install one set"
        )));
    }
    let lock = take_lock(&plan)?;
    logger::attach(day_log(&plan));
    plan.accepted.lay_out_or_say();
    let children = plan.data.state().join("children");
    let left = family::end_leftovers(&children);
    if !left.is_empty() {
        let left = left.join(", ");
        log::warn!("an earlier orchestrator left these behind; they are ended now: {left}");
    }
    let family = Arc::new(Family::new(&children));
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|why| Failure::new(Exit::Bug, format!("failed to start the runtime: {why}")))?;
    let ran = catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let signals = Signals::install(&family)?;
            let record = Record::open(&plan.data.journal(), journal_limits(&plan.config));
            let shop = Workshop {
                pulse: Pulse::new(lock, Arc::clone(&family)),
                record,
                signals,
                control: Control::new(&plan.data.state()),
                sandbox: Sandbox::default(),
                companion: Companion::new(plan.companion()),
                family: Arc::clone(&family),
                plan,
            };
            Ok(Rounds::new(shop, versions, cli).run().await)
        })
    }));
    ran.unwrap_or_else(|_| {
        // What ran was ended while the panic went by.
        family.kill_all();
        Err(Failure::new(
            Exit::Bug,
            format!("a bug: the orchestrator panicked: {}", logger::last_panic()),
        ))
    })
}

/// How much of the journal is kept.
pub(crate) fn journal_limits(config: &Config) -> Limits {
    Limits {
        keep_days: config.journal.keep_days,
        max_bytes: config.journal.max_bytes,
    }
}

/// The day log that the plan asks for.
pub(crate) fn day_log(plan: &Plan) -> DayLog {
    let retention = Retention {
        keep_days: plan.config.log.keep_days,
        keep_bytes: plan.config.log.keep_bytes,
    };
    DayLog::new(plan.data.logs(), retention)
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
