//! What the person at the terminal has chosen, and what each key does. Nothing here draws or reads.

use chrono::{DateTime, Utc};
use football::Format;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::paint::Paint;
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
    /// All that is wrong, in full.
    Alerts,
}

/// What the loop has to do after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Do {
    /// Nothing.
    Nothing,
    /// Draw.
    Draw,
    /// Draw everything again, whatever is on the screen.
    Redraw,
    /// Write a snapshot.
    Snapshot,
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
    /// Lines by which an overlay is scrolled.
    pub scroll: usize,
    /// What is being typed behind `/`.
    pub typing: Option<String>,
    /// The text that events and log lines are searched for.
    pub find: String,
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
            scroll: 0,
            typing: None,
            find: String::new(),
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
        self.message = None;
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return Do::Quit,
            KeyCode::Char('l' | 'r') if control => return Do::Redraw,
            _ => {}
        }
        if self.typing.is_some() {
            return self.typed(key.code, control);
        }
        match key.code {
            KeyCode::Char('q') => return Do::Quit,
            KeyCode::Esc if self.over == Over::Nothing && self.find.is_empty() => {
                if self.filter.text.is_empty() {
                    return Do::Quit;
                }
                self.filter.text.clear();
            }
            KeyCode::Esc if self.over == Over::Nothing => self.find.clear(),
            KeyCode::Esc => self.open(Over::Nothing),
            KeyCode::Char('?') => self.toggle(Over::Help),
            KeyCode::Enter => self.toggle(Over::Details),
            KeyCode::Char('l') => self.toggle(Over::Logs),
            KeyCode::Char('a') => self.toggle(Over::Alerts),
            KeyCode::Tab | KeyCode::BackTab => self.other_view(),
            KeyCode::Char('1') => self.show(View::Overview),
            KeyCode::Char('2' | 'm') => self.show(View::Matches),
            KeyCode::Char('e') => self.errors_only = !self.errors_only,
            KeyCode::Char('/') => self.typing = Some(String::new()),
            KeyCode::Char('t') => self.range = self.range.next(),
            KeyCode::Char('f') => {
                self.frozen = match self.frozen {
                    Some(_) => None,
                    None => Some(look.facts.now),
                };
            }
            KeyCode::Char('w') if !self.read_only => return Do::Snapshot,
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
            KeyCode::Char('n') => self.go(1, look),
            KeyCode::Char('N') => self.go(-1, look),
            KeyCode::Char('s') if self.view == View::Matches => {
                self.filter.sort = self.filter.sort.next();
            }
            KeyCode::Char('v') if self.view == View::Matches => {
                self.filter.which = self.filter.which.next();
            }
            KeyCode::Char('b') if self.view == View::Matches => {
                self.filter.min_books = match self.filter.min_books {
                    0 => 1,
                    1 => 5,
                    _ => 0,
                };
            }
            KeyCode::Char('o') if self.view == View::Matches => self.format = next(self.format),
            _ => return Do::Nothing,
        }
        Do::Draw
    }

    fn go(&mut self, by: isize, look: &Look) {
        if self.over != Over::Nothing {
            self.scroll = self.scroll.saturating_add_signed(by);
            return;
        }
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

    fn typed(&mut self, code: KeyCode, control: bool) -> Do {
        let Some(text) = &mut self.typing else {
            return Do::Nothing;
        };
        match code {
            KeyCode::Esc => self.typing = None,
            KeyCode::Enter => {
                let text = self.typing.take().unwrap_or_default();
                self.search(text);
            }
            KeyCode::Backspace => drop(text.pop()),
            KeyCode::Char('u') if control => text.clear(),
            KeyCode::Char(letter) if !control && text.chars().count() < 40 => text.push(letter),
            _ => return Do::Nothing,
        }
        Do::Draw
    }

    fn search(&mut self, text: String) {
        if self.view == View::Matches && self.over == Over::Nothing {
            self.filter.text = text;
        } else {
            self.find = text;
        }
        self.scroll = 0;
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
