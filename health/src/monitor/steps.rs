//! The table of steps, in the order in which they run: position is memory, so it is never sorted.

use chrono::{DateTime, Utc};
use journal::StepOutcome;
use journal::lock::Presence;
use journal::windows::Percentiles;
use ratatui::text::{Line, Span};
use step6::screen_text;

use super::app::App;
use super::overview::{short, strip};
use super::paint::{Paint, Tone};
use crate::facts::Facts;
use crate::look::{Look, Pace, StepPace};
use crate::verdict::Level;

/// What a step is doing, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Its last good run is as young as it should be.
    Well,
    /// It is being run.
    Runs,
    /// It was being run when the orchestrator died.
    Died,
    /// Its last good run is older than it should be.
    Late,
    /// Its last good run is too old.
    Stale,
    /// Its newest run failed.
    Failed,
    /// It did not run because an earlier one failed.
    Waits,
    /// Nothing is known.
    Unknown,
}

impl Doing {
    /// What the step does, when the facts were gathered.
    pub fn of(step: &StepPace, facts: &Facts) -> Doing {
        Doing::at(step, facts, facts.now)
    }

    /// The same as it is at `now`.
    pub fn at(step: &StepPace, facts: &Facts, now: DateTime<Utc>) -> Doing {
        if step.running_since.is_some() {
            return match facts.presence {
                Presence::Running(_) => Doing::Runs,
                _ => Doing::Died,
            };
        }
        let Some(newest) = step.newest else {
            return Doing::Unknown;
        };
        match newest {
            StepOutcome::NotRun => return Doing::Waits,
            StepOutcome::Ok | StepOutcome::Cancelled => {}
            _ => return Doing::Failed,
        }
        let Some(at) = step.last_good else {
            return Doing::Unknown;
        };
        let age = (now - at).to_std().unwrap_or_default();
        if age <= facts.limits.fresh {
            Doing::Well
        } else if age <= facts.limits.late {
            Doing::Late
        } else {
            Doing::Stale
        }
    }

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Doing::Well => "ok",
            Doing::Runs => "runs",
            Doing::Died => "died",
            Doing::Late => "late",
            Doing::Stale => "stale",
            Doing::Failed => "FAILED",
            Doing::Waits => "waits",
            Doing::Unknown => "-",
        }
    }

    /// Its tone.
    pub const fn tone(self) -> Tone {
        match self {
            Doing::Well => Tone::Good,
            Doing::Runs => Tone::Plain,
            Doing::Late => Tone::Warn,
            Doing::Stale | Doing::Failed | Doing::Died => Tone::Bad,
            Doing::Waits => Tone::Waits,
            Doing::Unknown => Tone::Dim,
        }
    }

    const fn mark(self) -> &'static str {
        match self {
            Doing::Failed | Doing::Stale | Doing::Died => "!",
            Doing::Waits => "~",
            _ => " ",
        }
    }
}

/// How many steps are as young as they should be, of how many.
pub fn fresh(look: &Look) -> (usize, usize) {
    fresh_at(look, look.facts.now)
}

/// The same as it is at `now`.
pub fn fresh_at(look: &Look, now: DateTime<Utc>) -> (usize, usize) {
    let steps = look.pace.as_ref().map_or(&[][..], |pace| &pace.steps[..]);
    let young = steps.iter().filter(|step| {
        let age = step.last_good.map(|at| now - at);
        age.is_some_and(|age| age.to_std().unwrap_or_default() <= look.facts.limits.fresh)
    });
    (young.count(), steps.len())
}

/// The tone of a level.
pub const fn tone_of(level: Level) -> Tone {
    match level {
        Level::Ok => Tone::Good,
        Level::Warning | Level::Unknown => Tone::Warn,
        Level::Critical => Tone::Bad,
    }
}

/// The table, with its heading if that is wanted.
pub fn table(
    look: &Look,
    app: &App,
    columns: usize,
    headed: bool,
    now: DateTime<Utc>,
) -> Vec<Line<'static>> {
    let Some(pace) = &look.pace else {
        let why = match &look.facts.history {
            Err(why) => why.to_string(),
            Ok(_) => "the record of cycles can't be read".to_owned(),
        };
        return vec![super::overview::text(
            app.paint,
            Tone::Warn,
            &format!(" {why}"),
            columns,
        )];
    };
    let shape = Shape::of(columns);
    let mut lines = Vec::new();
    if headed {
        let head = format!("   {}", shape.head(pace));
        lines.push(Line::styled(head, app.paint.of(Tone::Head)));
    }
    for (at, step) in pace.steps.iter().enumerate() {
        let line = shape.step(step, look, app.paint, now);
        let chosen = at == app.step && app.view == super::app::View::Overview;
        lines.push(if chosen && headed {
            line.style(app.paint.selected())
        } else {
            line
        });
    }
    if pace.steps.is_empty() {
        lines.push(super::overview::text(
            app.paint,
            Tone::Dim,
            &format!("   no cycle in {}", pace.range.word()),
            columns,
        ));
    } else if headed {
        lines.push(shape.whole(pace, app.paint, now));
    }
    if look.running().is_none() {
        // What is only the last known stands back.
        lines = lines
            .into_iter()
            .map(|line| line.patch_style(app.paint.of(Tone::Dim)))
            .collect();
    }
    lines
}

/// Which columns there are.
struct Shape {
    times: bool,
    limit: bool,
    matches: bool,
    counts: bool,
    memory: bool,
    strip: usize,
}

impl Shape {
    fn of(columns: usize) -> Shape {
        // Mark and number, name, state, age.
        let mut left = columns.saturating_sub(3 + 10 + 7 + 8);
        let mut take = |cost: usize| {
            let fits = left >= cost;
            left -= if fits { cost } else { 0 };
            fits
        };
        let times = take(24);
        let limit = take(7);
        let matches = take(8);
        let counts = columns >= 110 && take(16);
        let memory = columns >= 110 && take(10);
        Shape {
            times,
            limit,
            matches,
            counts,
            memory,
            strip: left.saturating_sub(2).min(96),
        }
    }

    fn head(&self, pace: &Pace) -> String {
        let mut text = format!("{:<10}{:<7}{:>8}", "STEP", "STATE", "AGE");
        let mut put = |wanted: bool, title: &str, columns: usize| {
            if wanted {
                text += &format!("{title:>columns$}");
            }
        };
        put(self.limit, "LIMIT", 7);
        put(self.counts, "RUNS", 8);
        put(self.counts, "BAD", 8);
        put(self.times, "p50", 8);
        put(self.times, "p95", 8);
        put(self.times, "p99", 8);
        put(self.memory, "MEMORY", 10);
        put(self.matches, "MATCHES", 8);
        if self.strip >= 9 {
            let title = format!("RUNS {}", pace.range.word());
            text += &format!("  {title:<0$}", self.strip);
        }
        text.trim_end().to_owned()
    }

    fn step(
        &self,
        step: &StepPace,
        look: &Look,
        paint: Paint,
        now: DateTime<Utc>,
    ) -> Line<'static> {
        let doing = Doing::at(step, &look.facts, now);
        let name = screen_text(&step.window.name, 9).into_owned();
        let since = step.running_since.filter(|_| doing == Doing::Runs);
        let age = match (since, step.last_good) {
            (Some(since), _) => short(now - since),
            (None, Some(at)) => short(now - at),
            (None, None) => "-".to_owned(),
        };
        let mark = if doing.tone() == Tone::Bad {
            Tone::Bad
        } else {
            Tone::Plain
        };
        let mut spans = vec![
            Span::styled(
                format!("{}{} {name:<10}", doing.mark(), step.window.position),
                paint.of(mark),
            ),
            Span::styled(format!("{:<7}", doing.word()), paint.of(doing.tone())),
            Span::raw(format!("{age:>8}")),
        ];
        let mut text = String::new();
        if self.limit {
            let limit = chrono::TimeDelta::from_std(look.facts.limits.fresh);
            text += &format!("{:>7}", limit.map(short).unwrap_or_default());
        }
        if self.counts {
            text += &format!("{:>8}{:>8}", step.window.ok, step.window.bad);
        }
        if self.times {
            text += &times(step.window.times.as_ref());
        }
        if self.memory {
            let memory = step.window.max_rss.map(crate::words::bytes);
            text += &format!("{:>10}", memory.unwrap_or_default());
        }
        if self.matches {
            let matches = step.matches.map(|n| n.to_string());
            text += &format!("{:>8}", matches.unwrap_or_else(|| "-".to_owned()));
        }
        spans.push(Span::raw(text));
        if self.strip >= 9 {
            spans.push(Span::raw("  "));
            spans.push(Span::raw(strip(paint, &step.strip, self.strip)));
        }
        Line::from(spans)
    }

    /// All steps together.
    fn whole(&self, pace: &Pace, paint: Paint, now: DateTime<Utc>) -> Line<'static> {
        let last = pace.steps.last();
        let age = last.and_then(|step| step.last_good);
        let age = age.map_or("-".to_owned(), |at| short(now - at));
        let mut text = format!("   {:<10}{:<7}{age:>8}", "all", "");
        if self.limit {
            text += &format!("{:>7}", "");
        }
        if self.counts {
            text += &format!("{:>8}{:>8}", pace.window.ok, pace.window.bad());
        }
        if self.times {
            text += &times(pace.times.as_ref());
        }
        if self.memory {
            text += &format!("{:>10}", "");
        }
        if self.matches {
            text += &format!("{:>8}", "");
        }
        if self.strip >= 9 {
            text += &format!("  {}", strip(paint, &pace.strip, self.strip));
        }
        Line::from(Span::styled(text, paint.of(Tone::Dim)))
    }
}

fn times(found: Option<&Percentiles>) -> String {
    let Some(times) = found else {
        return format!("{:>8}{:>8}{:>8}", "-", "-", "-");
    };
    let number = |seconds: f64| {
        if seconds < 99.995 {
            format!("{seconds:.2}s")
        } else {
            format!("{seconds:.0}s")
        }
    };
    format!(
        "{:>8}{:>8}{:>8}",
        number(times.p50_s),
        number(times.p95_s),
        number(times.p99_s)
    )
}
