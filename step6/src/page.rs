//! A page that can't be too wide: every piece of text goes through [`Page`], which counts columns,
//! clips at the edge, leaves no trailing spaces, and knows whether there is colour.

use std::borrow::Cow;

use crate::text::{screen_text, width};

/// How a piece of text looks where there is colour. Nothing depends on it: each is a word or a glyph too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Plain,
    Bold,
    Dim,
    Green,
    Red,
    Yellow,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Style::Plain => "",
            Style::Bold => "\x1b[1m",
            Style::Dim => "\x1b[2m",
            Style::Green => "\x1b[32m",
            Style::Red => "\x1b[31m",
            Style::Yellow => "\x1b[33m",
        }
    }
}

/// Pieces of text that stand together, each in its style.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell<'a>(Vec<(Style, Cow<'a, str>)>);

impl<'a> Cell<'a> {
    pub(crate) fn of(style: Style, text: impl Into<Cow<'a, str>>) -> Self {
        Cell(vec![(style, text.into())])
    }

    /// One more piece.
    pub(crate) fn and(mut self, style: Style, text: impl Into<Cow<'a, str>>) -> Self {
        self.0.push((style, text.into()));
        self
    }

    pub(crate) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| width(text)).sum()
    }
}

/// The page while it is being written.
pub(crate) struct Page {
    out: String,
    width: usize,
    color: bool,
    column: usize,
    /// Spaces that are due when something follows on this line.
    pending: usize,
}

impl Page {
    pub(crate) fn new(width: usize, color: bool) -> Self {
        Page {
            out: String::with_capacity(64 * 1024),
            width,
            color,
            column: 0,
            pending: 0,
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.width
    }

    pub(crate) fn column(&self) -> usize {
        self.column + self.pending
    }

    /// Columns that are left on this line.
    pub(crate) fn room(&self) -> usize {
        self.width.saturating_sub(self.column())
    }

    pub(crate) fn gap(&mut self, spaces: usize) {
        self.pending += spaces;
    }

    /// On to `column`, unless the line is beyond it already.
    pub(crate) fn to(&mut self, column: usize) {
        self.pending += column.saturating_sub(self.column());
    }

    /// Writes screen-safe text; clips it at the edge.
    pub(crate) fn put(&mut self, style: Style, text: &str) {
        let room = self.room();
        let mut wide = width(text);
        let mut text = Cow::Borrowed(text);
        if wide > room {
            text = Cow::Owned(screen_text(&text, room).into_owned());
            wide = width(&text);
        }
        if wide == 0 {
            return;
        }
        self.out.extend(std::iter::repeat_n(' ', self.pending));
        self.column += self.pending + wide;
        self.pending = 0;
        if self.color && style != Style::Plain {
            self.out.push_str(style.code());
            self.out.push_str(&text);
            self.out.push_str("\x1b[0m");
        } else {
            self.out.push_str(&text);
        }
    }

    /// `text` with its right edge `columns` from here.
    pub(crate) fn put_right(&mut self, style: Style, text: &str, columns: usize) {
        self.gap(columns.saturating_sub(width(text)));
        self.put(style, text);
    }

    /// Glyphs that fill the line up to `column`.
    pub(crate) fn fill(&mut self, style: Style, glyph: &str, column: usize) {
        let count = column.min(self.width).saturating_sub(self.column());
        self.put(style, &glyph.repeat(count));
    }

    pub(crate) fn cell(&mut self, cell: &Cell<'_>) {
        for (style, text) in &cell.0 {
            // Leading blanks of a piece are padding: they must not be clipped or coloured.
            let trimmed = text.trim_start_matches(' ');
            self.gap(text.len() - trimmed.len());
            self.put(*style, trimmed.trim_end_matches(' '));
            self.gap(trimmed.len() - trimmed.trim_end_matches(' ').len());
        }
    }

    /// A cell after `gap` blanks, or at `start` of the next line when it does not fit on this one.
    pub(crate) fn flow(&mut self, cell: &Cell<'_>, gap: usize, start: usize) {
        if self.column() > start {
            if gap + cell.width() > self.room() {
                self.line();
                self.to(start);
            } else {
                self.gap(gap);
            }
        }
        self.cell(cell);
    }

    /// Cells with ` · ` between them, over as many lines as they need, each from `start`.
    pub(crate) fn list(&mut self, cells: &[Cell<'_>], start: usize) {
        for (index, cell) in cells.iter().enumerate() {
            if index > 0 {
                if 3 + cell.width() <= self.room() {
                    self.put(Style::Dim, " ·");
                    self.gap(1);
                } else {
                    self.line();
                }
            }
            self.to(start);
            self.cell(cell);
        }
        self.line();
    }

    /// Ends the line.
    pub(crate) fn line(&mut self) {
        self.out.push('\n');
        self.column = 0;
        self.pending = 0;
    }

    pub(crate) fn finish(self) -> String {
        self.out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_clipped_at_the_edge_and_has_no_trailing_blanks() {
        let mut page = Page::new(10, false);
        page.put(Style::Bold, "abc");
        page.to(5);
        page.put(Style::Red, "defghijk");
        page.line();
        page.put(Style::Plain, "x");
        page.gap(20);
        page.put(Style::Plain, "nothing fits");
        page.line();
        assert_eq!(page.finish(), "abc  defg…\nx\n");
    }

    #[test]
    fn colour_costs_no_columns() {
        let mut page = Page::new(10, true);
        page.put(Style::Red, "abc");
        assert_eq!(page.room(), 7);
        page.line();
        assert_eq!(page.finish(), "\x1b[31mabc\x1b[0m\n");
    }

    #[test]
    fn what_does_not_fit_flows_to_the_next_line() {
        let mut page = Page::new(12, false);
        page.to(2);
        for word in ["aaaa", "bbbb", "cc"] {
            page.flow(&Cell::of(Style::Plain, word), 2, 2);
        }
        page.line();
        assert_eq!(page.finish(), "  aaaa  bbbb\n  cc\n");
    }
}
