//! Text from the feed, made safe and narrow enough for a screen.
//!
//! A team is called whatever somebody typed into a form. [`screen_text`] lets letters of every script
//! through and nothing that acts: control characters become visible stand-ins, bidi and other format
//! characters go, right-to-left text is isolated, floods of combining marks are cut, and what is too
//! wide ends in `…` between two graphemes. Zero-width joiners go too: an emoji family falls apart, which
//! is better than a width on which no two terminals agree.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Combining marks on one base that are kept; written Vietnamese needs two, Hebrew three.
const MARKS_KEPT: usize = 3;
const FIRST_STRONG_ISOLATE: char = '\u{2068}';
const POP_ISOLATE: char = '\u{2069}';

/// `text` as it may stand on a screen, at most `max_width` columns wide.
///
/// Runs of white space are one space, and none stands at either end. Plain text is borrowed.
pub fn screen_text(text: &str, max_width: usize) -> Cow<'_, str> {
    if is_plain(text) {
        if text.len() <= max_width {
            return Cow::Borrowed(text);
        }
        return Cow::Owned(clipped(text, max_width));
    }
    let (clean, right_to_left) = cleaned(text);
    let clean = if width(&clean) <= max_width {
        clean
    } else {
        clipped(&clean, max_width)
    };
    if right_to_left && !clean.is_empty() {
        return Cow::Owned(format!("{FIRST_STRONG_ISOLATE}{clean}{POP_ISOLATE}"));
    }
    Cow::Owned(clean)
}

/// Columns that `text` takes: the sum over its grapheme clusters.
pub fn width(text: &str) -> usize {
    if text.bytes().all(|b| matches!(b, 0x20..=0x7e)) {
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// Printable ASCII without white space to collapse: what nearly all names are.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, 0x20..=0x7e))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
}

/// Cuts `text` to `max_width` columns, the `…` included.
fn clipped(text: &str, max_width: usize) -> String {
    let mut kept = String::with_capacity(max_width + 4);
    let Some(room) = max_width.checked_sub(1) else {
        return kept;
    };
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > room {
            break;
        }
        kept.push_str(grapheme);
    }
    kept.truncate(kept.trim_end().len());
    kept.push('…');
    kept
}

/// The text without what acts, and whether anything in it runs from right to left.
fn cleaned(text: &str) -> (String, bool) {
    let mut clean = String::with_capacity(text.len());
    let mut right_to_left = false;
    let mut marks = 0;
    for c in text.chars() {
        let c = match fate(c) {
            Fate::Keep => c,
            Fate::Drop => continue,
            Fate::Show(stand_in) => stand_in,
        };
        if c == ' ' && (clean.is_empty() || clean.ends_with(' ')) {
            continue;
        }
        if c.width().unwrap_or(0) == 0 {
            // A mark without a base would sit on whatever stands before the text.
            if clean.is_empty() || clean.ends_with(' ') {
                clean.push('◌');
                marks = 0;
            }
            marks += 1;
            if marks > MARKS_KEPT {
                continue;
            }
        } else {
            marks = 0;
        }
        right_to_left |= runs_right_to_left(c);
        clean.push(c);
    }
    clean.truncate(clean.trim_end().len());
    (clean, right_to_left)
}

enum Fate {
    Keep,
    Drop,
    Show(char),
}

/// What becomes of a character.
fn fate(c: char) -> Fate {
    match c {
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
            Fate::Show(' ')
        }
        // The control pictures: ESC is shown as ␛.
        '\0'..='\u{1f}' => Fate::Show(char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}')),
        '\u{7f}' => Fate::Show('␡'),
        '\u{80}'..='\u{9f}' => Fate::Show('\u{fffd}'),
        '\u{a0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200a}'
        | '\u{202f}'
        | '\u{205f}'
        | '\u{3000}'
        | '\u{2800}' => Fate::Show(' '),
        // Private use: every font and terminal has its own idea.
        '\u{e000}'..='\u{f8ff}' | '\u{f0000}'.. => Fate::Show('\u{fffd}'),
        _ if is_format(c) => Fate::Drop,
        _ => Fate::Keep,
    }
}

/// Characters that are not seen but change what is: format controls (Cf), bidi controls, joiners,
/// variation selectors, fillers, tags, musical and shorthand controls.
fn is_format(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}'
        | '\u{890}'..='\u{891}' | '\u{8e2}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}' | '\u{13430}'..='\u{1345f}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Hebrew, Arabic, Syriac, Thaana, N'Ko and the others whose letters run from right to left.
fn runs_right_to_left(c: char) -> bool {
    matches!(c,
        '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefe}'
        | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn acts(c: char) -> bool {
        c.is_control() || is_format(c) && !matches!(c, FIRST_STRONG_ISOLATE | POP_ISOLATE)
    }

    #[test]
    fn names_of_every_script_come_through() {
        for name in [
            "Malmö FF",
            "São Paulo",
            "Спартак",
            "浦和レッズ",
            "Đà Nẵng",
            "Ñublense",
        ] {
            assert_eq!(screen_text(name, 20), name);
        }
    }

    #[test]
    fn an_escape_sequence_is_seen_and_not_obeyed() {
        assert_eq!(screen_text("FC \x1b[2J\x1b]0;x\x07", 40), "FC ␛[2J␛]0;x␇");
        assert_eq!(screen_text("a\u{9b}31m", 40), "a\u{fffd}31m");
    }

    #[test]
    fn a_newline_or_a_tab_is_a_space() {
        assert_eq!(screen_text(" A\r\n\tB\u{2028}C  ", 40), "A B C");
    }

    #[test]
    fn bidi_overrides_and_zero_width_characters_go() {
        let hostile = "A\u{202e}B\u{2066}C\u{200f}D\u{200b}E\u{feff}F\u{2069}G\u{e0041}";
        assert_eq!(screen_text(hostile, 40), "ABCDEFG");
    }

    #[test]
    fn right_to_left_text_is_isolated_and_other_text_is_not() {
        assert_eq!(screen_text("مكابي", 40), "\u{2068}مكابي\u{2069}");
        assert_eq!(screen_text("\u{2069}אב\u{2068}", 40), "\u{2068}אב\u{2069}");
        assert!(!screen_text("Malmö", 40).contains('\u{2068}'));
    }

    #[test]
    fn a_flood_of_combining_marks_is_cut_and_a_bare_one_gets_a_base() {
        let flood = format!("Z{}x", "\u{301}".repeat(200));
        assert_eq!(screen_text(&flood, 40), "Z\u{301}\u{301}\u{301}x");
        assert_eq!(screen_text("\u{301}a", 40), "◌\u{301}a");
    }

    #[test]
    fn what_is_too_wide_ends_in_an_ellipsis_between_graphemes() {
        assert_eq!(screen_text("Fredrikstad", 8), "Fredrik…");
        assert_eq!(screen_text("Real Madrid", 6), "Real…");
        assert_eq!(screen_text("浦和レッズ", 6), "浦和…");
        assert_eq!(screen_text("e\u{301}e\u{301}e\u{301}", 2), "e\u{301}…");
        assert_eq!(screen_text("abc", 1), "…");
        assert_eq!(screen_text("abc", 0), "");
    }

    fn nasty() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<String>(),
            "\\PC{0,8}",
            prop::sample::select(vec![
                "\x1b[31m",
                "\u{202e}",
                "\u{2069}",
                "\u{200d}",
                "👩\u{200d}👧",
                "🇫🇮",
                "\u{301}\u{301}\u{301}",
                "לא",
                "لا",
                "각",
                "\u{1100}\u{1161}",
                "क्ष",
                "\u{fe0f}",
                "☂\u{fe0f}",
                "浦",
                "  ",
                "\n",
                "\u{600}",
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_text_is_harmless_and_no_wider_than_asked(text in nasty(), max in 0usize..40) {
            let shown = screen_text(&text, max);
            prop_assert!(!shown.chars().any(acts), "{shown:?}");
            prop_assert!(width(&shown) <= max, "{shown:?} {}", width(&shown));
            prop_assert!(UnicodeWidthStr::width(&*shown) <= max, "{shown:?}");
            let opened = shown.matches(FIRST_STRONG_ISOLATE).count();
            prop_assert_eq!(opened, shown.matches(POP_ISOLATE).count());
            prop_assert!(!shown.contains("  ") && shown.trim() == shown);
        }

        #[test]
        fn what_is_clean_stays_as_it_is(text in nasty()) {
            let once = screen_text(&text, 1000).into_owned();
            prop_assert_eq!(screen_text(&once, 1000), once.clone());
        }
    }
}
