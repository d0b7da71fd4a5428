//! The first page's ranges and last errors: what they count, what they say, and that they stay cheap.

use std::fs;
use std::thread;
use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta, Utc};
use journal::CycleOutcome;

use crate::browser::browser;
use crate::devtools::Tab;
use crate::pages::{HOSTILE, well};
use crate::place::Place;
use crate::server::Server;

const DAY: i64 = 86_400;

/// Waits until what began some seconds ago began in the hour that is running: of an hour that is over what was
/// read is kept, and a cycle that is written into it afterwards is not seen.
fn well_within_an_hour() {
    while !(15..3570).contains(&Utc::now().timestamp().rem_euclid(3600)) {
        thread::sleep(Duration::from_millis(200));
    }
}

/// The label at the left below the figure with this caption.
fn left_label<'a>(page: &'a str, caption: &str) -> &'a str {
    let figure = page.split("<figure>").find(|figure| {
        let caption = format!("<figcaption>{caption}");
        figure.starts_with(&caption)
    });
    let labels = figure.unwrap_or_else(|| panic!("no {caption}: {page}"));
    let labels = labels.split("<span class=\"x\"><span>").nth(1);
    labels.unwrap().split('<').next().unwrap()
}

#[test]
fn a_long_range_counts_its_own_cycles_and_the_new_ones_too() {
    let mut place = Place::new();
    let _lock = place.orchestrator();
    place.disk_free = Some(9_000_000_000);
    for age in [35 * DAY, 29 * DAY, 20 * DAY] {
        place.cycle(age, CycleOutcome::Ok);
    }
    place.cycle(10 * DAY, CycleOutcome::Failed);
    place.cycle(6 * DAY, CycleOutcome::Ok);
    place.cycle(3700, CycleOutcome::Ok);
    let server = Server::of(&place, &[]);
    let says = |range: &str, words: &str| {
        // A look is good for a second: what is newer than it is shown by the next one.
        let mut page = String::new();
        for _ in 0..100 {
            page = server.get(&format!("/?range={range}")).body;
            if page.contains(words) {
                break;
            }
            thread::sleep(Duration::from_millis(100));
        }
        assert!(page.contains(words), "{range} lacks {words}: {page}");
        assert!(page.contains(&format!("Cycles, {range}")), "{page}");
        assert!(page.contains(&format!("/?range={range}\" aria-current=\"true\"")));
        page
    };
    says("30d", "4 good and 1 bad cycles from ");
    says("7d", "2 good and 0 bad cycles from ");
    says("24h", "1 good and 0 bad cycles from ");
    // What was read once is kept, and does not hide what comes.
    well_within_an_hour();
    place.cycle(5, CycleOutcome::Ok);
    let page = says("30d", "5 good and 1 bad cycles from ");
    let week = says("7d", "3 good and 0 bad cycles from ");
    // The steps of the range, with the failed run of ten days ago.
    let row = page.split("id=\"step-1\"").nth(1).unwrap();
    let row = row.split("</tr>").next().unwrap();
    assert!(
        row.contains("<td class=\"bad\">1</td>") && row.contains("2.00 s"),
        "{row}"
    );
    // The chart of the disk begins with the first cycle of its range.
    for (page, age) in [(&page, 29), (&week, 6)] {
        let label = left_label(page, "Free space of the disk");
        let near = (age - 1..=age + 1).any(|days| {
            let day = Utc::now() - TimeDelta::days(days);
            label.starts_with(&day.format("%d %b ").to_string())
        });
        assert!(near, "{label} is not {age} days ago");
    }
    // Another journal is another past.
    drop(server);
    let server = Server::of(&place, &[]);
    assert!(server.get("/?range=30d").body.contains("5 good and 1 bad"));
    let mut other = Place::new();
    other.cycle(20, CycleOutcome::Failed);
    let new = place.data("state/journal.new");
    fs::copy(other.data("state/journal.sqlite"), &new).unwrap();
    for end in ["-wal", "-shm"] {
        let from = other.data(&format!("state/journal.sqlite{end}"));
        let _ = fs::copy(from, place.data(&format!("state/journal.sqlite{end}")));
    }
    fs::rename(new, place.data("state/journal.sqlite")).unwrap();
    let mut page = String::new();
    for _ in 0..100 {
        page = server.get("/?range=30d").body;
        if page.contains("0 good and 1 bad") {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    assert!(page.contains("0 good and 1 bad"), "{page}");
}

/// A place where step 3 failed ten minutes ago and step 1 just now, with what both said.
fn failed() -> (Place, journal::lock::Lock) {
    let (mut place, lock) = well();
    place.failure_at(3, 600, 65, &format!("exit 65, input unusable: {HOSTILE}"));
    place.failure(5, 69, "exit 69, provider unreachable or failing: no answer");
    let stamp = |age: i64| {
        let at = Utc::now() - TimeDelta::seconds(age);
        at.to_rfc3339_opts(SecondsFormat::Millis, false)
    };
    let mut log = String::new();
    for n in 0..3000 {
        log += &format!("{} INFO  step1: long before {n}\n", stamp(20_000 - n));
    }
    log += &format!("{} INFO  step3: before its cycle\n", stamp(700));
    log += &format!("{} WARN  step3: odd name {HOSTILE}\n", stamp(601));
    log += &format!("{} ERROR step3: no such field\n", stamp(601));
    log += &format!("{} ERROR orchestrator: not what step 3 said\n", stamp(601));
    for n in 0..3000 {
        log += &format!("{} INFO  step2: between {n}\n", stamp(300));
    }
    for n in 0..12 {
        log += &format!("{} INFO  step1: try {n}\n", stamp(6));
    }
    log += &format!("{} ERROR step1: no answer\n", stamp(6));
    fs::create_dir_all(place.data("logs")).unwrap();
    let day = Utc::now().format("continuous_orchestrator_%Y%m%d.log");
    fs::write(place.data(&format!("logs/{day}")), log).unwrap();
    (place, lock)
}

/// What the page says of the last error at this place.
fn error(page: &str, position: u32) -> &str {
    let rest = page
        .split(&format!("<details id=\"error-{position}\">"))
        .nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no error of step {position}: {page}"));
    rest.split("</details>").next().unwrap()
}

#[test]
fn the_last_error_of_each_step_is_said_with_what_it_said_and_how_to_look_further() {
    let (place, _lock) = failed();
    let server = Server::of(&place, &[]);
    let page = server.get("/").body;
    let details = |position| error(&page, position);
    let third = details(3);
    for words in [
        "10 min ago",
        "<code>c4</code>",
        "FAILED, exit 65",
        "odd name &lt;script&gt;",
        "no such field",
        "health explain c4 --data-dir data",
        "health logs --cycle c4 --step 3 --data-dir data",
    ] {
        assert!(third.contains(words), "{words} in {third}");
    }
    // Neither what others said, nor what it said in another cycle.
    for words in ["not what step 3 said", "before its cycle", "between"] {
        assert!(!third.contains(words), "{words} in {third}");
    }
    let first = details(1);
    for words in [
        "FAILED, exit 69",
        "step1: no answer",
        "try 11",
        "<code>c5</code>",
    ] {
        assert!(first.contains(words), "{words} in {first}");
    }
    assert!(
        !first.contains("try 4") && first.contains("try 5"),
        "{first}"
    );
    assert!(!page.contains("<script>alert"), "{page}");
    assert!(page.contains("No error found for step2"), "{page}");
    // The table leads there.
    assert!(
        page.contains("<a href=\"#error-1-what\">FAILED</a>"),
        "{page}"
    );
    let shared = server.get("/style.css").body.len() + server.get("/live.js").body.len();
    assert!(page.len() + shared < 60_000);
    // Without the logs it is still said what happened.
    fs::remove_dir_all(place.data("logs")).unwrap();
    let again = Server::of(&place, &[]).get("/").body;
    assert!(
        again.contains("The day logs have no line of it.") && again.contains("FAILED, exit 65")
    );
}

#[test]
fn an_error_of_a_step_that_is_no_longer_there_is_not_taken_for_one_of_the_step_in_its_place() {
    let (mut place, _lock) = well();
    let began = Utc::now() - TimeDelta::days(5);
    // Orchestrators that died in steps which were at these places then.
    for (position, name) in [(2, "former"), (3, "step1")] {
        let journal = place.journal();
        let key = journal.begin_cycle(name, began, None).unwrap();
        journal.begin_step(key, position, name, began).unwrap();
        place.close();
    }
    place.failure_at(4, 60, 65, "exit 65, input unusable");
    let at = began + TimeDelta::seconds(1);
    let stamp = at.to_rfc3339_opts(SecondsFormat::Millis, false);
    let day = at.format("continuous_orchestrator_%Y%m%d.log");
    fs::create_dir_all(place.data("logs")).unwrap();
    let log = place.data(&format!("logs/{day}"));
    fs::write(log, format!("{stamp} ERROR step1: its last words\n")).unwrap();
    let page = Server::of(&place, &[]).get("/").body;
    for (position, name) in [(2, "former"), (3, "step1"), (4, "step4")] {
        let details = error(&page, position);
        assert!(details.contains(&format!(">{name}</b>")), "{details}");
        assert!(!details.contains("later runs were ok"), "{details}");
    }
    // It was dead for days after them.
    assert!(error(&page, 3).contains("its last words"), "{page}");
    assert!(
        page.contains("No error found for step2, step3 (the"),
        "{page}"
    );
}

#[test]
fn the_last_error_opens_without_scripts_by_a_press_and_by_its_link() {
    let Some(browser) = browser() else { return };
    let (place, _lock) = failed();
    let server = Server::of(&place, &[]);
    let home = format!("http://{}/", server.address);
    for scripts in [false, true] {
        let mut tab = Tab::open(&browser, scripts);
        tab.go(&home);
        tab.page("error", |page| page.contains("<details id=\"error-3\">"));
        tab.click("#error-3 summary");
        let page = tab.page("open error", |page| {
            page.contains("<details id=\"error-3\" open")
        });
        assert!(page.contains("<details id=\"error-1\">"), "{page}");
        tab.click("a[href='#error-1-what']");
        tab.page("open error", |page| {
            page.contains("<details id=\"error-1\" open")
        });
    }
}

#[test]
fn where_nothing_was_written_yet_no_number_is_made_up_and_the_way_on_is_said() {
    let place = Place::new();
    let server = Server::of(&place, &[]);
    let page = server.get("/").body;
    assert!(page.contains("no data: nothing to bet on"), "{page}");
    assert!(
        page.contains("no matches can be read") && !page.contains("0 live"),
        "{page}"
    );
    assert!(page.contains("Do: <code>"), "{page}");
    let page = server.get("/matches").body;
    assert!(page.contains("no cycle has written any yet"), "{page}");
    assert!(!page.contains("--input"), "{page}");
}
