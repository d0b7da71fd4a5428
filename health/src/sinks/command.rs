//! A program that gets the webhook's JSON on its standard input. Exit 0 = delivered.

use std::io::Write;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Message, Outcome, Sink, webhook};

pub(super) fn deliver(sink: &Sink, message: &Message) -> Outcome {
    let again = |error: String| Outcome::Again { after: None, error };
    let Some((program, args)) = sink.spec.command.split_first() else {
        return Outcome::Refused {
            error: "no command".to_owned(),
        };
    };
    let child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(why) => {
            return Outcome::Refused {
                error: format!("failed to start `{program}`: {why}"),
            };
        }
    };
    let text = webhook::payload(message).to_string();
    let writer = child.stdin.take().map(|mut stdin| {
        // A program that does not read must not hold us up.
        thread::spawn(move || stdin.write_all(text.as_bytes()))
    });
    let begun = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if begun.elapsed() < sink.spec.timeout.0 => {
                thread::sleep(Duration::from_millis(20));
            }
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return again(format!("`{program}` did not end in time"));
            }
            Err(why) => return again(format!("`{program}`: {why}")),
        }
    };
    // With the program's end its pipe is broken, so the writer has ended too.
    drop(writer);
    if status.success() {
        Outcome::Delivered
    } else {
        again(format!("`{program}` ended with {status}"))
    }
}
