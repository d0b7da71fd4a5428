use super::*;
use chrono::DateTime;

const RULES: Rules = Rules {
    interval: Duration::from_secs(60),
    backoff_after: 5,
    backoff: Duration::from_secs(300),
};

const FAILED: Ended = Ended::Failed { soon: true };

/// A clock that a test steps: seconds since the schedule began.
#[derive(Clone, Copy)]
struct Clock {
    boot: f64,
    slept: f64,
    wall: i64,
}

impl Clock {
    fn at(boot: f64) -> Clock {
        Clock {
            boot,
            slept: 0.0,
            wall: 0,
        }
    }

    fn now(self) -> Now {
        Now {
            boot: Duration::from_secs_f64(1000.0 + self.boot),
            awake: Duration::from_secs_f64(1000.0 + self.boot - self.slept),
            wall: DateTime::from_timestamp(1_790_000_000 + self.wall, 0).unwrap(),
        }
    }
}

fn begun() -> Schedule {
    Schedule::new(RULES, Clock::at(0.0).now(), 0)
}

fn seconds(schedule: &Schedule) -> f64 {
    schedule.next_start().as_secs_f64() - 1000.0
}

fn count(schedule: &Schedule, reason: Reason) -> u64 {
    schedule.skipped().get(&reason).copied().unwrap_or(0)
}

/// A cycle at the tick that is due, ending at `end`.
fn cycle(schedule: &mut Schedule, start: f64, end: f64, how: Ended) -> Option<Duration> {
    assert_eq!(
        schedule.turn(Clock::at(start).now(), false),
        Turn::Tick,
        "at {start}"
    );
    schedule.take();
    schedule.ended(how, Clock::at(end).now())
}

#[test]
fn starts_stay_on_the_grid_whatever_a_cycle_takes_and_the_overrun_is_known() {
    let mut schedule = begun();
    for (starts, ends, next, over) in [
        (0.0, 12.0, 60.0, None),
        (60.2, 119.0, 120.0, None),
        (120.0, 180.0, 240.0, Some(0)),
        (240.0, 501.0, 540.0, Some(201)),
        (540.0, 541.0, 600.0, None),
    ] {
        let overrun = cycle(&mut schedule, starts, ends, Ended::Good);
        assert_eq!(overrun, over.map(Duration::from_secs), "ends at {ends}");
        assert_eq!(seconds(&schedule), next, "ends at {ends}");
    }
    assert_eq!(count(&schedule, Reason::Overrun), 5);
    assert_eq!(schedule.ticks(), 10, "5 cycles and 5 skips");
}

#[test]
fn held_up_for_five_intervals_gives_no_burst_and_exact_counts() {
    let mut schedule = begun();
    cycle(&mut schedule, 0.0, 1.0, Ended::Good);
    let late = Clock::at(60.0 * 6.0 + 40.0);
    let Turn::Wait(until) = schedule.turn(late.now(), false) else {
        panic!("40 s after a tick is not on the grid");
    };
    assert_eq!(until, Duration::from_secs(1000 + 420));
    assert_eq!(count(&schedule, Reason::Overrun), 6);
    cycle(&mut schedule, 420.0, 421.0, Ended::Good);
    assert_eq!(schedule.ticks(), 8);
}

#[test]
fn a_night_of_sleep_is_counted_as_that_and_the_grid_stays() {
    let mut schedule = begun();
    cycle(&mut schedule, 0.0, 1.0, Ended::Good);
    let mut clock = Clock::at(60.0 * 100.0 + 5.0);
    clock.slept = 5900.0;
    assert_eq!(schedule.turn(clock.now(), false), Turn::Tick);
    assert_eq!(count(&schedule, Reason::Suspend), 99);
    assert_eq!(count(&schedule, Reason::Overrun), 0);
    schedule.take();
    clock.boot += 1.0;
    schedule.ended(Ended::Good, clock.now());
    assert_eq!(seconds(&schedule), 6060.0);
    assert_eq!(schedule.ticks(), 101);
}

#[test]
fn a_wall_clock_that_jumps_a_year_changes_nothing() {
    let mut schedule = begun();
    for (n, year) in [(0, 1), (1, -1), (2, 0)] {
        let mut clock = Clock::at(f64::from(n) * 60.0);
        clock.wall = year * 365 * 86_400;
        assert_eq!(schedule.turn(clock.now(), false), Turn::Tick);
        schedule.take();
        assert_eq!(schedule.ended(Ended::Good, clock.now()), None);
    }
    assert_eq!(schedule.ticks(), 3);
    assert!(schedule.skipped().is_empty());
}

#[test]
fn the_fifth_failure_in_a_row_waits_five_minutes_and_so_does_each_one_after_it() {
    let mut schedule = begun();
    for n in 0..4 {
        let start = f64::from(n) * 60.0;
        cycle(&mut schedule, start, start + 2.0, FAILED);
        assert_eq!(seconds(&schedule), start + 60.0, "the cadence is kept");
    }
    cycle(&mut schedule, 240.0, 242.0, FAILED);
    assert_eq!(seconds(&schedule), 542.0, "five minutes, and not six");
    for waiting in [243.0, 300.0, 541.0, 541.9] {
        assert!(matches!(
            schedule.turn(Clock::at(waiting).now(), false),
            Turn::Wait(_)
        ));
    }
    assert_eq!(
        count(&schedule, Reason::Backoff),
        4,
        "300, 360, 420, 480; the probe takes the place of 540"
    );
    cycle(&mut schedule, 542.0, 543.0, FAILED);
    assert_eq!(seconds(&schedule), 843.0);
    cycle(&mut schedule, 843.0, 844.0, Ended::Good);
    assert_eq!(seconds(&schedule), 900.0, "the grid goes on as it was");
    assert_eq!(schedule.failures(), 0);
    assert_eq!(schedule.ticks(), 15);
    assert_eq!(7 + count(&schedule, Reason::Backoff), 15);
}

#[test]
fn a_failure_that_another_try_will_not_change_waits_at_once() {
    let mut schedule = begun();
    cycle(&mut schedule, 0.0, 1.0, Ended::Failed { soon: false });
    assert_eq!(seconds(&schedule), 301.0);
    schedule.release(Clock::at(130.0).now());
    assert_eq!(seconds(&schedule), 180.0, "a person asked for it");
    assert_eq!(count(&schedule, Reason::Backoff), 2, "60 and 120");
}

#[test]
fn a_probe_that_starts_just_before_a_tick_stands_for_it_and_makes_no_burst() {
    let mut schedule = begun();
    cycle(&mut schedule, 0.0, 59.0, Ended::Failed { soon: false });
    assert_eq!(seconds(&schedule), 359.0);
    cycle(&mut schedule, 359.5, 359.8, Ended::Good);
    assert_eq!(seconds(&schedule), 420.0, "and not 360");
    assert_eq!(count(&schedule, Reason::Backoff), 5, "60 to 300");
    assert_eq!(schedule.ticks(), 7);
}

#[test]
fn a_pause_or_a_full_disk_at_the_end_of_a_backoff_takes_the_probe_and_the_grid_goes_on() {
    let mut schedule = begun();
    cycle(&mut schedule, 0.0, 2.0, Ended::Failed { soon: false });
    let mut paused = schedule.clone();
    assert!(matches!(
        paused.turn(Clock::at(302.0).now(), true),
        Turn::Wait(_)
    ));
    assert_eq!(seconds(&paused), 360.0);
    assert_eq!(count(&paused, Reason::Pause), 1);
    assert_eq!(schedule.turn(Clock::at(302.0).now(), false), Turn::Tick);
    schedule.skip(Reason::Disk);
    assert_eq!(seconds(&schedule), 360.0);
    assert_eq!(schedule.ticks(), 6);
}

#[test]
fn a_backoff_shorter_than_the_interval_brings_no_cycle_forward() {
    let rules = Rules {
        interval: Duration::from_secs(600),
        ..RULES
    };
    let mut schedule = Schedule::new(rules, Clock::at(0.0).now(), 0);
    cycle(&mut schedule, 0.0, 2.0, Ended::Failed { soon: false });
    assert_eq!(seconds(&schedule), 600.0);
    cycle(&mut schedule, 600.0, 601.0, Ended::Good);
    assert_eq!(schedule.ticks(), 2);
}

#[test]
fn a_deadline_of_an_earlier_life_is_kept_but_never_longer_than_the_backoff() {
    let mut schedule = begun();
    schedule.hold(Duration::from_secs(100), Clock::at(0.0).now());
    assert_eq!(seconds(&schedule), 100.0);
    // The wall clock was set back in between.
    schedule.hold(Duration::from_secs(365 * 86_400), Clock::at(0.0).now());
    assert_eq!(seconds(&schedule), 300.0);
}

#[test]
fn a_pause_skips_ticks_and_counts_neither_way() {
    let mut schedule = begun();
    cycle(&mut schedule, 0.0, 1.0, FAILED);
    for n in 1..=9 {
        let now = Clock::at(f64::from(n) * 30.0).now();
        assert!(matches!(schedule.turn(now, true), Turn::Wait(_)));
    }
    assert_eq!(count(&schedule, Reason::Pause), 4);
    assert_eq!(schedule.failures(), 1);
    cycle(&mut schedule, 300.0, 301.0, Ended::Cancelled);
    assert_eq!(schedule.failures(), 1, "a cancelled one counts neither way");
}

#[test]
fn another_interval_begins_another_grid_and_loses_no_count() {
    let mut schedule = begun();
    cycle(&mut schedule, 0.0, 1.0, Ended::Good);
    let rules = Rules {
        interval: Duration::from_secs(10),
        ..RULES
    };
    schedule.set_rules(rules, Clock::at(5.0).now());
    cycle(&mut schedule, 5.0, 6.0, Ended::Good);
    assert_eq!(seconds(&schedule), 15.0);
    assert_eq!(schedule.ticks(), 2);
}

#[test]
fn cycles_and_skips_add_up_to_the_ticks_after_ten_thousand_random_steps() {
    let mut random = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = move |limit: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % limit
    };
    let mut schedule = begun();
    let mut clock = Clock::at(0.0);
    let mut cycles = 0;
    for _ in 0..10_000 {
        let sleep = if next(50) == 0 {
            next(5000) as f64
        } else {
            0.0
        };
        clock.boot += next(9000) as f64 / 100.0 + sleep;
        clock.slept += sleep;
        clock.wall = next(1_000_000) as i64;
        if schedule.turn(clock.now(), next(20) == 0) == Turn::Tick {
            if next(30) == 0 {
                schedule.skip(Reason::Disk);
                continue;
            }
            schedule.take();
            cycles += 1;
            clock.boot += next(15_000) as f64 / 100.0;
            let how = match next(4) {
                0 => Ended::Failed { soon: next(9) > 0 },
                1 => Ended::Cancelled,
                _ => Ended::Good,
            };
            schedule.ended(how, clock.now());
        }
    }
    let skips: u64 = schedule.skipped().values().sum();
    assert_eq!(cycles + skips, schedule.ticks());
    let passed = (schedule.time_of(schedule.next).as_secs_f64() - 1000.0) / 60.0;
    assert_eq!(
        schedule.ticks() as f64,
        passed,
        "and to the time that passed"
    );
    assert!(
        cycles > 1000 && skips > 1000,
        "{cycles} cycles, {skips} skips"
    );
}
