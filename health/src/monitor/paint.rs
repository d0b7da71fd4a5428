//! What things look like: sixteen colours at most, and never colour alone. Every state has its word or
//! its mark too, so nothing is lost where colour is off.

use ratatui::style::{Color, Modifier, Style};

use crate::verdict::Level;

/// How a terminal may be drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    /// Whether colours may be used.
    pub color: bool,
    /// Whether only ASCII may be used.
    pub ascii: bool,
}

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Ordinary.
    Plain,
    /// Of little weight, or not there.
    Dim,
    /// A heading.
    Head,
    /// As it should be.
    Good,
    /// To be watched.
    Warn,
    /// To be acted on.
    Bad,
    /// Waiting for something else.
    Waits,
    /// Put to silence by a person.
    Silenced,
}

impl Paint {
    /// The style of a text.
    pub fn of(self, tone: Tone) -> Style {
        let plain = Style::default();
        let (color, modifier) = match tone {
            Tone::Plain => return plain,
            Tone::Dim => return plain.add_modifier(Modifier::DIM),
            Tone::Head => return plain.add_modifier(Modifier::BOLD),
            Tone::Good => (Color::Green, Modifier::empty()),
            Tone::Warn => (Color::Yellow, Modifier::empty()),
            Tone::Bad => (Color::Red, Modifier::BOLD),
            Tone::Waits => (Color::Blue, Modifier::empty()),
            Tone::Silenced => (Color::Magenta, Modifier::empty()),
        };
        let style = plain.add_modifier(modifier);
        if self.color { style.fg(color) } else { style }
    }

    /// The style of the first line.
    pub fn banner(self, level: Level) -> Style {
        let style = Style::default().add_modifier(Modifier::BOLD);
        if !self.color {
            return style.add_modifier(Modifier::REVERSED);
        }
        let (back, fore) = match level {
            Level::Ok => (Color::Green, Color::Black),
            Level::Warning | Level::Unknown => (Color::Yellow, Color::Black),
            Level::Critical => (Color::Red, Color::White),
        };
        style.bg(back).fg(fore)
    }

    /// The style of the row that a key acts on.
    pub fn selected(self) -> Style {
        Style::default().add_modifier(Modifier::REVERSED)
    }

    /// `text`, or its replacement where only ASCII may be used.
    pub const fn or<'t>(self, text: &'t str, ascii: &'t str) -> &'t str {
        if self.ascii { ascii } else { text }
    }

    /// A text of our own without what ASCII has no letter for: arrows, dashes and blocks become near ones.
    pub fn plain(self, text: &str) -> String {
        if !self.ascii {
            return text.to_owned();
        }
        let near = |c: char| match c {
            '▲' => '^',
            '▼' => 'v',
            '■' => '#',
            '–' | '─' => '-',
            '…' => '~',
            '·' => '|',
            '→' => '>',
            c if c.is_ascii() => c,
            _ => '?',
        };
        text.chars().map(near).collect()
    }

    /// A strip of numbers between the least and the greatest of them, one column each; nothing where
    /// there is none. Equal ones are all low.
    pub fn spark(self, values: &[Option<f64>]) -> String {
        let there = || values.iter().flatten().copied();
        let (low, high) = (
            there().fold(f64::INFINITY, f64::min),
            there().fold(f64::NEG_INFINITY, f64::max),
        );
        let steps = self.steps();
        let level = |value: f64| {
            if high <= low {
                return steps[0];
            }
            let at = ((value - low) / (high - low) * (steps.len() - 1) as f64).round();
            steps[(at as usize).min(steps.len() - 1)]
        };
        values
            .iter()
            .map(|value| value.map_or(' ', level))
            .collect()
    }

    const fn steps(self) -> &'static [char] {
        if self.ascii {
            &['_', '.', '-', '\'']
        } else {
            &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█']
        }
    }
}

/// `values` in `width` points: the newest of each equal part.
pub fn thinned(values: &[Option<f64>], width: usize) -> Vec<Option<f64>> {
    if values.len() <= width || width == 0 {
        return values.to_vec();
    }
    (1..=width)
        .map(|point| values[point * values.len() / width - 1])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const UTF8: Paint = Paint {
        color: false,
        ascii: false,
    };

    #[test]
    fn a_gap_in_a_strip_is_blank_and_never_a_zero() {
        let values = [Some(1.0), None, Some(8.0), Some(4.4)];
        assert_eq!(UTF8.spark(&values), "▁ █▄");
        let ascii = Paint {
            ascii: true,
            ..UTF8
        };
        assert_eq!(ascii.spark(&values), "_ '.");
        assert_eq!(UTF8.spark(&[Some(2.0), Some(2.0)]), "▁▁");
        assert_eq!(UTF8.spark(&[None]), " ");
    }

    #[test]
    fn without_colour_nothing_has_a_colour_but_much_still_stands_out() {
        for tone in [Tone::Good, Tone::Warn, Tone::Bad, Tone::Waits] {
            let style = UTF8.of(tone);
            assert_eq!((style.fg, style.bg), (None, None));
        }
        assert!(
            UTF8.banner(Level::Critical)
                .add_modifier
                .contains(Modifier::REVERSED)
        );
        assert_eq!(UTF8.banner(Level::Critical).bg, None);
    }

    #[test]
    fn a_thinned_strip_keeps_the_newest_value() {
        let values: Vec<_> = (0..10).map(|n| Some(f64::from(n))).collect();
        assert_eq!(thinned(&values, 5).last(), Some(&Some(9.0)));
        assert_eq!(thinned(&values, 5).len(), 5);
        assert_eq!(thinned(&values, 20).len(), 10);
    }
}
