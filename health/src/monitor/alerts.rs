//! The page of the alerts: each with what, why, what to do and who was told, then all that is wrong.

use std::ops::Range;

use chrono::{DateTime, Utc};
use pipeline::config::alerts::Severity;
use ratatui::text::Line;

use super::app::{App, Over};
use super::overview::{moment, short, text};
use super::paint::Tone;
use super::{help, panes, situation, steps};
use crate::alerts::Active;
use crate::alerts::state::Silence;
use crate::look::Look;

/// Something on the page that a key can act on.
#[derive(Clone, Copy, Debug)]
pub struct Item<'l> {
    /// The alert's name; `*` for a silence of all.
    pub name: &'l str,
    /// The alert; none for a silence of one that does not hold now.
    pub active: Option<&'l Active>,
    /// Whether it fires, and so is told.
    pub fires: bool,
    /// The silence that is named after it.
    pub silence: Option<&'l Silence>,
}

/// What can be selected: what fires, what is not told yet, and the silences of others.
pub fn items(look: &Look) -> Vec<Item<'_>> {
    let view = &look.facts.alerts;
    let silence = |name: &str| view.silences.iter().find(|one| one.name == name);
    let held = |active, fires| {
        let active: &Active = active;
        Item {
            name: &active.name,
            active: Some(active),
            fires,
            silence: silence(&active.name),
        }
    };
    let firing = view.firing.iter().map(|active| held(active, true));
    let mut items: Vec<_> = firing
        .chain(view.pending.iter().map(|active| held(active, false)))
        .collect();
    for one in &view.silences {
        if !items.iter().any(|item| item.name == one.name) {
            items.push(Item {
                name: &one.name,
                active: None,
                fires: false,
                silence: Some(one),
            });
        }
    }
    items
}

/// The place of the selected one.
pub fn selected(app: &App, items: &[Item<'_>]) -> usize {
    let name = app.alert.as_deref();
    items
        .iter()
        .position(|item| Some(item.name) == name)
        .unwrap_or(0)
}

/// The alert that can be silenced: the selected one, or the first one where none is selected.
pub fn to_silence<'l>(app: &App, look: &'l Look) -> Option<&'l str> {
    let loud = |item: &&Item<'l>| item.active.is_some_and(|active| !active.silenced);
    let items = items(look);
    let found = if app.over == Over::Alerts {
        items.get(selected(app, &items)).filter(loud)
    } else {
        items.iter().find(loud)
    };
    found.map(|item| item.name)
}

/// What can be told again: the selected one, or the first one where none is selected; and the name that
/// its silence has (`*` where all are silenced).
pub fn to_unsilence<'l>(app: &App, look: &'l Look) -> Option<(&'l str, &'l str)> {
    let silenced = |item: &Item<'l>| match (item.silence, item.active) {
        (Some(silence), _) => Some((item.name, silence.name.as_str())),
        (None, Some(active)) if active.silenced => Some((item.name, "*")),
        _ => None,
    };
    let items = items(look);
    if app.over == Over::Alerts {
        items.get(selected(app, &items)).and_then(silenced)
    } else {
        items.iter().find_map(silenced)
    }
}

/// The part of the page that there is room for.
pub fn page(
    app: &mut App,
    look: &Look,
    columns: usize,
    rows: usize,
    now: DateTime<Utc>,
) -> Vec<Line<'static>> {
    let (lines, chosen) = lines(app, look, columns, now);
    if std::mem::take(&mut app.follow) {
        if chosen.end > app.scroll + rows {
            app.scroll = chosen.end - rows;
        }
        app.scroll = app.scroll.min(chosen.start);
    }
    super::draw::scrolled(app, lines, rows)
}

/// All lines, and where the selected alert is among them, its title included.
fn lines(
    app: &App,
    look: &Look,
    columns: usize,
    now: DateTime<Utc>,
) -> (Vec<Line<'static>>, Range<usize>) {
    let mut page = Page {
        app,
        columns,
        now,
        lines: Vec::new(),
    };
    let items = items(look);
    let at = selected(app, &items);
    let mut chosen = 0..0;
    let firing = look.facts.alerts.firing.len();
    page.line(Tone::Head, &format!(" ALERTS, {firing} of them told"));
    if items.is_empty() {
        page.line(Tone::Good, " no alert");
    }
    for (place, item) in items.iter().enumerate() {
        let start = page.lines.len();
        page.item(item, place == at);
        if place == at {
            let start = if place == 0 { 0 } else { start };
            chosen = start..page.lines.len();
        }
    }
    let (_, tone, words) = panes::notify(look, now);
    page.part("sinks", &words, tone);
    page.line(Tone::Head, " WHAT IS WRONG NOW");
    for problem in &look.verdict.problems {
        let what = situation::what(problem, look);
        let head = format!(" {} {what}", problem.level.word());
        page.line(steps::tone_of(problem.level), &head);
        if let Some(why) = &problem.why {
            page.part("why", why, Tone::Plain);
        }
        page.part("do", &problem.next, Tone::Plain);
    }
    if look.verdict.problems.is_empty() {
        page.line(Tone::Good, " nothing is wrong");
    }
    (page.lines, chosen)
}

struct Page<'p> {
    app: &'p App,
    columns: usize,
    now: DateTime<Utc>,
    lines: Vec<Line<'static>>,
}

impl Page<'_> {
    fn line(&mut self, tone: Tone, words: &str) {
        let line = text(self.app.paint, tone, words, self.columns);
        self.lines.push(line);
    }

    fn part(&mut self, title: &str, words: &str, tone: Tone) {
        let room = self.columns.saturating_sub(9);
        for (at, part) in help::fold(words, room).iter().enumerate() {
            let title = if at == 0 { title } else { "" };
            self.line(tone, &format!("   {title:<5} {part}"));
        }
    }

    fn item(&mut self, item: &Item<'_>, chosen: bool) {
        let now = self.now;
        let mark = if chosen { '>' } else { ' ' };
        let name = if item.name == "*" { "all" } else { item.name };
        let silence = match (item.silence, item.active) {
            (Some(silence), _) => match silence.until {
                Some(at) => format!(", SILENCED until {}", moment(at, now)),
                None => ", SILENCED until resolved".to_owned(),
            },
            (None, Some(active)) if active.silenced => ", SILENCED as all are".to_owned(),
            _ => String::new(),
        };
        let Some(active) = item.active else {
            let comment = item.silence.map_or("", |silence| &silence.comment);
            self.head(
                chosen,
                Tone::Silenced,
                &format!("{mark}{name} does not hold now{silence}"),
            );
            self.part("note", comment, Tone::Plain);
            return;
        };
        let alert = &active.alert;
        let word = match alert.severity {
            Severity::Critical => "CRITICAL",
            Severity::Warning => "WARNING",
        };
        let (tone, state) = match (&alert.waits_on, item.fires, alert.severity) {
            (Some(cause), ..) => (Tone::Waits, format!("waits on {cause}")),
            (None, false, _) => (
                Tone::Waits,
                format!("not told before {}", moment(alert.ready_from, now)),
            ),
            (None, true, Severity::Critical) => (Tone::Bad, "fires".to_owned()),
            (None, true, Severity::Warning) => (Tone::Warn, "fires".to_owned()),
        };
        let tone = if silence.is_empty() {
            tone
        } else {
            Tone::Silenced
        };
        let lasted = short(now - alert.since);
        let head = format!("{mark}{word} {name} {state}, {lasted}{silence}");
        self.head(chosen, tone, &head);
        self.part("what", &alert.what, Tone::Plain);
        if let Some(why) = &alert.why {
            self.part("why", why, Tone::Plain);
        }
        self.part("do", &alert.next, Tone::Plain);
        if let Some(last) = alert.last_told {
            let reminder = active
                .next_reminder
                .map(|at| format!(", next reminder {}", moment(at, now)))
                .unwrap_or_default();
            let told = format!("{}, {} in all{reminder}", moment(last, now), alert.told);
            self.part("told", &told, Tone::Plain);
        }
    }

    fn head(&mut self, chosen: bool, tone: Tone, words: &str) {
        let line = text(self.app.paint, tone, words, self.columns);
        self.lines.push(if chosen {
            line.style(self.app.paint.selected())
        } else {
            line
        });
    }
}
