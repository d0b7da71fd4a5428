//! Writes a year of cycles (525,600 with six steps each, or as many as the second argument says) into
//! a journal, to measure how fast it is read: `cargo run --release -p journal --example year -- DIR/state/journal.sqlite`.
//!
//! It goes past the writer's one-cycle-at-a-time calls, which would sync for hours, but only after the
//! writer has made the tables.

use std::env;
use std::error::Error;
use std::path::PathBuf;

use chrono::Utc;
use journal::Journal;
use rusqlite::{Connection, params};

/// What step 1 records of a cycle in which it asked four endpoints.
const ENDPOINTS: &str =
    r#"{"data/update":1,"match/detail_live":1,"odds/history":40,"odds/update":1}"#;
const ANSWERS: &str = r#"{"data/update":{"200":1},"match/detail_live":{"200":1},"odds/history":{"200":39,"5xx":1},"odds/update":{"200":1}}"#;
const COSTS: &str = r#"{"data/update":{"bytes":900,"ms":104,"within":{"250":1}},"match/detail_live":{"bytes":61000,"ms":140,"within":{"250":1}},"odds/history":{"bytes":830000,"ms":4900,"within":{"100":9,"250":27,"1000":4}},"odds/update":{"bytes":4100,"ms":98,"within":{"100":1}}}"#;

const STEPS: [i64; 6] = [2400, 160, 90, 60, 70, 40];

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = env::args_os().skip(1);
    let path = PathBuf::from(args.next().ok_or("usage: year JOURNAL [CYCLES]")?);
    let cycles: i64 = match args.next() {
        Some(text) => text.to_string_lossy().parse()?,
        None => 525_600,
    };
    drop(Journal::open(&path)?);
    let mut connection = Connection::open(&path)?;
    let now = Utc::now().timestamp_millis();
    let transaction = connection.transaction()?;
    {
        let mut cycle = transaction.prepare(
            "INSERT INTO cycle (id, started_at, ended_at, outcome, failed_step, matches, wall_ms, message,
             scheduled_at, fetched_at, with_odds, fetch, data_bytes, disk_free)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?2, ?2, ?9, ?10, ?11, ?12)",
        )?;
        let mut step = transaction.prepare(
            "INSERT INTO step (cycle, position, name, started_at, outcome, exit_code, wall_ms, bytes_out,
             matches, attempts, max_rss, cpu_ms, leaked)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, 30000000, 50, 0)",
        )?;
        let (mut good, mut bad, mut all) = (0, 0, 0);
        for n in 0..cycles {
            // The last one ended fifteen seconds ago.
            let started = now - 15_000 - 2_900 - (cycles - 1 - n) * 60_000;
            let failed = n % 97 == 13;
            let matches = 100 + n % 60;
            let fetch = format!(
                r#"{{"requests":{},"retries":{},"bytes":900000,"cache_hits":90,"completeness":{},"elapsed_ms":2300,"bytes_decoded":9000000,"skipped_for_budget":0,"odds_behind":0,"live_odds_age_s":31,"schedule_age_s":60,"by_endpoint":{ENDPOINTS},"answers":{ANSWERS},"cost":{COSTS},"budget_left":{{}},"errors":{}}}"#,
                40 + n % 9,
                n % 3,
                if n % 11 == 0 { "0.97" } else { "1.0" },
                if n % 11 == 0 {
                    r#"["odds/history: HTTP 502 (3×)"]"#
                } else {
                    "[]"
                },
            );
            cycle.execute(params![
                format!("y{started:015}"),
                started,
                started + 2_820,
                if failed { "failed" } else { "ok" },
                failed.then_some("step1"),
                (!failed).then_some(matches),
                2_820 + n % 400,
                failed.then_some("exit 69, provider unreachable or failing: timed out"),
                (!failed).then_some(matches - 7),
                fetch,
                40_000_000 + n * 300,
                90_000_000_000_i64 - n * 50_000,
            ])?;
            let row = transaction.last_insert_rowid();
            for (at, wall) in (1_i64..).zip(STEPS) {
                let outcome = match (failed, at) {
                    (true, 1) => "failed",
                    (true, _) => "not_run",
                    _ => "ok",
                };
                step.execute(params![
                    row,
                    at,
                    format!("step{at}"),
                    started,
                    outcome,
                    (outcome == "failed").then_some(69),
                    wall + (n * 7 + at) % (wall / 4 + 1),
                    wall * 4000,
                    matches,
                ])?;
            }
            if failed {
                bad += 1;
            } else {
                good += 1;
                all += matches;
            }
        }
        let mut total = transaction.prepare(
            "INSERT INTO total (name, value) VALUES (?1, ?2)
             ON CONFLICT (name) DO UPDATE SET value = value + excluded.value",
        )?;
        for (name, value) in [
            ("cycles_ok", good),
            ("cycles_failed", bad),
            ("matches", all),
            ("start", 1),
        ] {
            total.execute(params![name, value])?;
        }
        let mut event =
            transaction.prepare("INSERT INTO event (at, kind, text) VALUES (?1, ?2, ?3)")?;
        let first = now - cycles * 60_000;
        event.execute(params![first, "start", "version 0 starts"])?;
        for n in 0..cycles.min(600_000) / 300 {
            let at = first + n * 300 * 60_000;
            event.execute(params![
                at,
                "skipped_overlap",
                "2 start(s) fell out: the cycle took too long"
            ])?;
        }
    }
    transaction.commit()?;
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?;
    println!("{cycles} cycles in {}", path.display());
    Ok(())
}
