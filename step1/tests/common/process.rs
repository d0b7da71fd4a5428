//! The sandbox as a process.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use testkit::program;

/// A sandbox process, ended with the test.
pub struct Sandbox(Child, pub String);

impl Sandbox {
    /// One with these arguments.
    pub fn start(args: &[&str]) -> Sandbox {
        let mut child = Command::new(program("sandbox"))
            .args(["--listen", "127.0.0.1:0", "-q"])
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap()
            .to_owned();
        Sandbox(child, url)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
