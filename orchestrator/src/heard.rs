//! The listeners on a child's pipes.

use std::time::Duration;

use tokio::io::AsyncRead;
use tokio::process::{ChildStderr, ChildStdout};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::output::Said;
use crate::process::Process;

/// How long the pipes are still read after the process has ended.
const DRAIN: Duration = Duration::from_millis(200);

/// What is heard of one child.
#[derive(Debug)]
pub struct Heard {
    /// What is said on stdout; nothing if that is not a pipe.
    pub stdout: Said,
    /// What is said on stderr.
    pub stderr: Said,
    tasks: Vec<JoinHandle<()>>,
}

impl Heard {
    /// Starts listening to the pipes of `process`.
    pub fn listen(name: &str, process: &mut Process) -> Heard {
        let mut heard = Heard {
            stdout: Said::new(name),
            stderr: Said::new(name),
            tasks: Vec::new(),
        };
        let (stdout, stderr) = process.pipes();
        let stdout = stdout.and_then(|pipe| ChildStdout::from_std(pipe).ok());
        let stderr = stderr.and_then(|pipe| ChildStderr::from_std(pipe).ok());
        heard.add(heard.stdout.clone(), stdout);
        heard.add(heard.stderr.clone(), stderr);
        heard
    }

    fn add(&mut self, said: Said, pipe: Option<impl AsyncRead + Unpin + 'static + Send>) {
        if let Some(pipe) = pipe {
            self.tasks.push(tokio::spawn(said.listen(pipe)));
        }
    }

    /// Listens to the end, but not for long. Whether the pipes are still open: something else holds
    /// them.
    pub async fn drain(&mut self) -> bool {
        let tasks = &mut self.tasks;
        let all = async {
            while let Some(task) = tasks.last_mut() {
                if let Err(why) = task.await {
                    log::error!("failed to read what a program said: {why}");
                }
                tasks.pop();
            }
        };
        timeout(DRAIN, all).await.is_err()
    }

    /// Stops listening.
    pub fn finish(&mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
        }
        self.stdout.finish();
        self.stderr.finish();
    }

    /// The last error that was said, else the last line, stderr before stdout.
    pub fn last_words(&self) -> Option<String> {
        self.stderr
            .last_words()
            .or_else(|| self.stdout.last_words())
    }

    /// The last lines of both pipes.
    pub fn tail(&self) -> Vec<String> {
        [self.stdout.tail(), self.stderr.tail()].concat()
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
