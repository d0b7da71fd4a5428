//! What the person at the terminal has chosen, and what each key does. Nothing here draws or reads.

use chrono::{DateTime, Utc};
use football::Format;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::ask::{Act, Answer, Ask};
use super::paint::Paint;
use super::{alerts, keys};
use crate::look::{Look, Range};
use crate::product::{Filter, Row};

/// The two views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum View {
    /// Verdict, steps, feed, disk, events.
    #[default]
    Overview,
    /// The table of matches.
    Matches,
}

/// What lies over the view.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Over {
    /// Nothing.
    #[default]
    Nothing,
    /// The keys.
    Help,
    /// The selected step or match in full.
    Details,
    /// The end of the day log.
    Logs,
    /// The alerts, and all that is wrong, in full.
    Alerts,
}

/// What the loop has to do after a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Do {
    /// Nothing.
    Nothing,
    /// Draw.
    Draw,
    /// Draw everything again, whatever is on the screen.
    Redraw,
    /// Draw, and show what is true now: the screen is no longer frozen.
    Thaw,
    /// Write a snapshot.
    Snapshot,
    /// Do what was confirmed.
    Act(Act),
    /// End.
    Quit,
}

/// The choices.
#[derive(Clone, Debug)]
pub struct App {
    /// How to draw.
    pub paint: Paint,
    /// Which view.
    pub view: View,
    /// What lies over it.
    pub over: Over,
    /// Whether only errors and warnings are shown among the events and the log lines.
    pub errors_only: bool,
    /// The span of the step figures.
    pub range: Range,
    /// Which matches in what order.
    pub filter: Filter,
    /// How prices are written.
    pub format: Format,
    /// The selected step, from 0.
    pub step: usize,
    /// The id of the selected match; the first one if it is not there.
    pub chosen: Option<String>,
    /// The name of the selected alert; the first one if it is not there.
    pub alert: Option<String>,
    /// Lines by which an overlay is scrolled.
    pub scroll: usize,
    /// Whether the overlay is to be scrolled to what is selected or found.
    pub follow: bool,
    /// Only this step's lines of the log are shown.
    pub log_of: Option<String>,
    /// What is being typed behind `/`.
    pub typing: Option<String>,
    /// The text that events and log lines are searched for.
    pub find: String,
    /// Which of those that were found is meant, from 0, the newest.
    pub hit: usize,
    /// How many the newest frame has found.
    pub hits: usize,
    /// What is asked before anything is written.
    pub ask: Option<Ask>,
    /// Since when the screen is frozen.
    pub frozen: Option<DateTime<Utc>>,
    /// A message to the person, until the next key.
    pub message: Option<String>,
    /// Whether keys that write are absent.
    pub read_only: bool,
    /// The rows of the newest frame's table, for paging.
    pub page: usize,
}

impl App {
    /// The choices at the beginning.
    pub fn new(paint: Paint, view: View, format: Format, read_only: bool) -> App {
        App {
            paint,
            view,
            over: Over::Nothing,
            errors_only: false,
            range: Range::default(),
            filter: Filter::default(),
            format,
            step: 0,
            chosen: None,
            alert: None,
            scroll: 0,
            follow: false,
            log_of: None,
            typing: None,
            find: String::new(),
            hit: 0,
            hits: 0,
            ask: None,
            frozen: None,
            message: None,
            read_only,
            page: 10,
        }
    }

    /// The rows that are shown, in order.
    pub fn rows<'l>(&self, look: &'l Look) -> Vec<&'l Row> {
        look.board()
            .map_or_else(Vec::new, |board| self.filter.apply(&board.matches))
    }

    /// The place of the selected match among the rows.
    pub fn chosen_at(&self, rows: &[&Row]) -> usize {
        let chosen = self.chosen.as_deref();
        rows.iter()
            .position(|row| Some(row.id.as_str()) == chosen)
            .unwrap_or(0)
    }

    /// What a key does.
    pub fn key(&mut self, key: KeyEvent, look: &Look) -> Do {
        if key.kind == KeyEventKind::Release {
            return Do::Nothing;
        }
        let told = self.message.take().is_some();
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return Do::Quit,
            KeyCode::Char('l' | 'r') if control => return Do::Redraw,
            _ => {}
        }
        if told && key.code == KeyCode::Esc {
            return Do::Draw;
        }
        if self.typing.is_some() {
            return self.typed(key.code, control);
        }
        if let Some(ask) = &self.ask {
            let answer = ask.answer(key.code);
            if answer == Answer::None {
                return Do::Nothing;
            }
            self.ask = None;
            return match answer {
                Answer::Yes(act) => Do::Act(act),
                _ => Do::Draw,
            };
        }
        match self.pressed(key.code, control, look) {
            // The message is gone from the last line.
            Do::Nothing if told => Do::Draw,
            done => done,
        }
    }

    /// What a key does where nothing is asked for or typed.
    fn pressed(&mut self, code: KeyCode, control: bool, look: &Look) -> Do {
        match code {
            KeyCode::Char(letter) if control || !keys::acts(self, look, letter) => {
                return Do::Nothing;
            }
            KeyCode::Enter if !keys::enters(self, look) => return Do::Nothing,
            KeyCode::Char('q') => return Do::Quit,
            KeyCode::Esc if !self.leave() => return Do::Quit,
            KeyCode::Esc => {}
            KeyCode::Char('?') => self.toggle(Over::Help),
            KeyCode::Enter => self.toggle(Over::Details),
            KeyCode::Char('l') => self.logs(look),
            KeyCode::Char('a') => self.toggle(Over::Alerts),
            KeyCode::Char('s') => self.silence(look),
            KeyCode::Char('u') => self.unsilence(look),
            KeyCode::Char('p') => self.ask = Ask::pause(look),
            KeyCode::Char('r') => self.ask = Ask::run_now(look),
            KeyCode::Tab | KeyCode::BackTab => self.other_view(),
            KeyCode::Char('1') => self.show(View::Overview),
            KeyCode::Char('2' | 'm') => self.show(View::Matches),
            KeyCode::Char('e') => self.errors_only = !self.errors_only,
            KeyCode::Char('/') => self.typing = Some(String::new()),
            KeyCode::Char('t') => self.range = self.range.next(),
            KeyCode::Char('f') => {
                if self.frozen.take().is_some() {
                    return Do::Thaw;
                }
                self.frozen = Some(look.facts.now);
            }
            KeyCode::Char('w') => return Do::Snapshot,
            code => return self.move_or_choose(code, look),
        }
        Do::Draw
    }

    /// Keys that depend on the view.
    fn move_or_choose(&mut self, code: KeyCode, look: &Look) -> Do {
        let page = self.page.max(2) as isize - 1;
        match code {
            KeyCode::Char('j') | KeyCode::Down => self.go(1, look),
            KeyCode::Char('k') | KeyCode::Up => self.go(-1, look),
            KeyCode::PageDown | KeyCode::Char(' ') => self.go(page, look),
            KeyCode::PageUp => self.go(-page, look),
            KeyCode::Char('g') | KeyCode::Home => self.go(isize::MIN / 2, look),
            KeyCode::Char('G') | KeyCode::End => self.go(isize::MAX / 2, look),
            KeyCode::Char('n') => self.next(1, look),
            KeyCode::Char('N') => self.next(-1, look),
            KeyCode::Char('S') => self.filter.sort = self.filter.sort.next(),
            KeyCode::Char('v') => self.filter.which = self.filter.which.next(),
            KeyCode::Char('b') => {
                self.filter.min_books = match self.filter.min_books {
                    0 => 1,
                    1 => 5,
                    _ => 0,
                };
            }
            KeyCode::Char('o') => self.format = next(self.format),
            _ => return Do::Nothing,
        }
        Do::Draw
    }

    fn go(&mut self, by: isize, look: &Look) {
        match self.over {
            Over::Nothing => self.select(by, look),
            Over::Alerts if by.abs() == 1 => self.select_alert(by, look),
            // The newest line of the log is the last one, and scrolling goes back from there.
            Over::Logs => self.scroll = self.scroll.saturating_add_signed(-by),
            _ => self.scroll = self.scroll.saturating_add_signed(by),
        }
    }

    pub(super) fn select(&mut self, by: isize, look: &Look) {
        if self.view == View::Overview {
            let last = look.pace.as_ref().map_or(0, |pace| pace.steps.len());
            self.step = self
                .step
                .saturating_add_signed(by)
                .min(last.saturating_sub(1));
            return;
        }
        let rows = self.rows(look);
        let at = self.chosen_at(&rows).saturating_add_signed(by);
        let row = rows.get(at.min(rows.len().saturating_sub(1)));
        self.chosen = row.map(|row| row.id.clone());
    }

    fn select_alert(&mut self, by: isize, look: &Look) {
        let items = alerts::items(look);
        let at = alerts::selected(self, &items).saturating_add_signed(by);
        let item = items.get(at.min(items.len().saturating_sub(1)));
        self.alert = item.map(|item| item.name.to_owned());
        self.follow = true;
    }

    /// Shows the alert that would be silenced, and asks for how long.
    fn silence(&mut self, look: &Look) {
        let name = alerts::to_silence(self, look).map(str::to_owned);
        self.ask_of(name.clone(), name.map(Ask::Silence));
    }

    /// Shows the alert that would be told again, and asks.
    fn unsilence(&mut self, look: &Look) {
        let found = alerts::to_unsilence(self, look);
        let found = found.map(|(item, name)| (item.to_owned(), Ask::Unsilence(name.to_owned())));
        let (item, ask) = found.unzip();
        self.ask_of(item, ask);
    }

    fn ask_of(&mut self, item: Option<String>, ask: Option<Ask>) {
        self.open(Over::Alerts);
        self.alert = item;
        self.ask = ask;
        self.follow = true;
    }

    /// The end of the log: of the step whose details are open, else of all.
    fn logs(&mut self, look: &Look) {
        let step = look
            .pace
            .as_ref()
            .and_then(|pace| pace.steps.get(self.step));
        let open = self.over == Over::Details && self.view == View::Overview;
        self.log_of = step.filter(|_| open).map(|step| step.window.name.clone());
        self.toggle(Over::Logs);
        self.hit = 0;
        self.follow = true;
    }

    /// Closes what lies over the view, or else ends a search; whether there was anything.
    fn leave(&mut self) -> bool {
        if self.over != Over::Nothing {
            self.open(Over::Nothing);
            return true;
        }
        let text = match self.view {
            View::Matches => &mut self.filter.text,
            View::Overview => &mut self.find,
        };
        let any = !text.is_empty();
        text.clear();
        any
    }

    fn toggle(&mut self, over: Over) {
        self.open(if self.over == over {
            Over::Nothing
        } else {
            over
        });
    }

    fn open(&mut self, over: Over) {
        self.over = over;
        self.scroll = 0;
        self.follow = false;
    }

    fn other_view(&mut self) {
        self.show(match self.view {
            View::Overview => View::Matches,
            View::Matches => View::Overview,
        });
    }

    fn show(&mut self, view: View) {
        self.view = view;
        self.open(Over::Nothing);
    }
}

fn next(format: Format) -> Format {
    let all = step6::FORMATS;
    let at = all.iter().position(|one| *one == format).unwrap_or(0);
    all[(at + 1) % all.len()]
}
