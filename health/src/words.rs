//! Numbers and lengths of time as people read them, and lines that fit.

use chrono::{DateTime, Local, TimeDelta, Utc};
use unicode_width::UnicodeWidthStr;

/// The width that everything fits into.
pub const WIDTH: usize = 80;

/// `14 s`, `3 min`, `2 h 5 min`, `4 d 3 h`. A negative length (a clock set back) is none.
pub fn length(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{minutes} min"),
        7200..172_800 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// How long ago.
pub fn ago(at: DateTime<Utc>, now: DateTime<Utc>) -> String {
    format!("{} ago", length(now - at))
}

/// `27,195`.
pub fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `39.5 MB` (thousands, as disks are sold).
pub fn bytes(n: u64) -> String {
    let mut value = n as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        // What would be shown as 1000.0 belongs to the next unit.
        if value < 999.95 {
            return if unit == "B" {
                format!("{n} B")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1000.0;
    }
    format!("{value:.1} TB")
}

/// `2024-01-15 14:30:22`, local.
pub fn instant(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local)
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}

/// `14:30:22`, local.
pub fn clock(at: DateTime<Utc>) -> String {
    at.with_timezone(&Local).format("%H:%M:%S").to_string()
}

/// The end of a text that is too wide, behind an ellipsis: of a path the end says most.
pub fn tail(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut start = text.len();
    for (at, _) in text.char_indices().rev() {
        if text[at..].width() >= width {
            break;
        }
        start = at;
    }
    format!("…{}", &text[start..])
}

/// A word of a command line that a shell takes as it is.
pub fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// The text in lines of at most [`WIDTH`], the first one behind `head`, the others indented as far.
/// A word that is too long for a line stands alone.
pub fn wrapped(head: &str, text: &str) -> String {
    let indent = " ".repeat(head.width());
    let mut lines = String::new();
    let mut line = head.to_owned();
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.width() + 1 + word.width() > WIDTH {
            lines.push_str(line.trim_end());
            lines.push('\n');
            line.clone_from(&indent);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push_str(line.trim_end());
    lines.push('\n');
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_one_or_two_units() {
        for (seconds, words) in [
            (-5, "0 s"),
            (14, "14 s"),
            (119, "119 s"),
            (185, "3 min"),
            (7500, "2 h 5 min"),
            (356_400, "4 d 3 h"),
        ] {
            assert_eq!(length(TimeDelta::seconds(seconds)), words);
        }
    }

    #[test]
    fn words_come_through_a_shell_as_they_are() {
        for (word, quoted) in [
            ("/var/lib/football-bot", "/var/lib/football-bot"),
            ("my data", "'my data'"),
            ("it's", r"'it'\''s'"),
            ("$HOME;x", "'$HOME;x'"),
            ("~", "'~'"),
            ("", "''"),
            ("größe", "'größe'"),
        ] {
            assert_eq!(shell(word), quoted);
            let told = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {quoted}")])
                .output()
                .unwrap();
            assert_eq!(String::from_utf8(told.stdout).unwrap(), word);
        }
    }

    #[test]
    fn numbers_are_as_people_write_them() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(27_195), "27,195");
        assert_eq!(grouped(1_000_000), "1,000,000");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(39_500_000), "39.5 MB");
        assert_eq!(bytes(999_990), "1.0 MB");
    }

    #[test]
    fn long_texts_are_folded_between_words_and_long_paths_lose_their_beginning() {
        let text = "word ".repeat(40);
        let folded = wrapped("  why: ", &text);
        assert!(folded.lines().count() > 2);
        assert!(folded.lines().all(|line| line.width() <= WIDTH));
        assert!(
            folded
                .lines()
                .skip(1)
                .all(|line| line.starts_with("       word"))
        );
        let path = tail("/a/very/long/path", 10);
        assert_eq!(path, "…long/path");
    }
}
