//! Searching: what is typed behind `/`, and going through what was found.

use ratatui::crossterm::event::KeyCode;

use super::app::{App, Do, Over, View};
use crate::look::Look;

/// Letters that a search may have.
const MOST: usize = 40;

impl App {
    /// The next one that was found; in the details of one, the next one.
    pub(super) fn next(&mut self, by: isize, look: &Look) {
        match (self.over, self.view) {
            (Over::Nothing, View::Matches) => self.select(by, look),
            (Over::Details, _) => {
                self.select(by, look);
                self.scroll = 0;
            }
            _ => {
                let last = self.hits.saturating_sub(1);
                self.hit = self.hit.saturating_add_signed(by).min(last);
                self.follow = true;
            }
        }
    }

    /// Takes pasted text into a search that is typed; whether there was one. Elsewhere it means nothing:
    /// letters that somebody pastes by mistake are no keys.
    pub fn paste(&mut self, pasted: &str) -> bool {
        let Some(text) = &mut self.typing else {
            return false;
        };
        let room = MOST.saturating_sub(text.chars().count());
        text.extend(pasted.chars().filter(|c| !c.is_control()).take(room));
        true
    }

    /// A key while a search is typed.
    pub(super) fn typed(&mut self, code: KeyCode, control: bool) -> Do {
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
            KeyCode::Char(letter) if !control && text.chars().count() < MOST => text.push(letter),
            _ => return Do::Nothing,
        }
        Do::Draw
    }

    fn search(&mut self, text: String) {
        if self.view == View::Matches && self.over == Over::Nothing {
            self.filter.text = text;
        } else {
            self.find = text;
            self.hit = 0;
            self.follow = true;
        }
        self.scroll = 0;
    }
}
