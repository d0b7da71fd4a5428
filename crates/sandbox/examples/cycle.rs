//! Makes whole cycles of a hundred matches and says how long that takes; with a path, writes the last one there.
//!
//! `cargo run --release -p sandbox --example cycle [FILE]`

use std::time::Instant;

use sandbox::Evening;

fn main() -> std::io::Result<()> {
    const START: i64 = 1_764_442_800;
    let evening = Evening::new(1, 100, START);
    let mut text = String::new();
    for (what, now) in [
        ("first", START),
        ("same again", START),
        ("a minute later", START + 60),
    ] {
        let began = Instant::now();
        let recording = evening.recording(now);
        let made = began.elapsed();
        text = recording.to_string();
        let (written, bytes) = (began.elapsed() - made, text.len());
        println!("{what}: made in {made:.0?}, written in {written:.0?}, {bytes} bytes");
    }
    match std::env::args_os().nth(1) {
        Some(path) => std::fs::write(path, text),
        None => Ok(()),
    }
}
