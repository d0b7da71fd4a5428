//! The listeners on a child's pipes.
//!
//! What is to be shown goes on to the console whole lines at a time. While that is busy the program
//! waits, as it would if it wrote there itself; a console that is stuck it does not wait for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{ChildStderr, ChildStdout};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use crate::console::Console;
use crate::output::Said;
use crate::process::Process;

/// How long the pipes are still read after the process has ended.
const DRAIN: Duration = Duration::from_millis(200);

/// How often a busy console is looked at.
const LOOK: Duration = Duration::from_millis(2);

/// The longest line that is kept whole while it is shown, in bytes.
const LINE: usize = 64 * 1024;

/// What is heard of one child.
#[derive(Debug)]
pub struct Heard {
    /// What is said on stdout; nothing if that is shown.
    pub stdout: Said,
    /// What is said on stderr.
    pub stderr: Said,
    tasks: Vec<JoinHandle<()>>,
    broken: Arc<Broken>,
    /// The program has ended: it can't be made to wait, and no more comes than the pipe holds.
    ended: Arc<AtomicBool>,
}

/// Whether a listener has panicked.
#[derive(Debug, Default)]
struct Broken {
    is: AtomicBool,
    news: Notify,
}

/// Tells of a panic that goes past it.
struct Tell(Arc<Broken>);

impl Drop for Tell {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.is.store(true, Ordering::SeqCst);
            self.0.news.notify_one();
        }
    }
}

/// Lines on their way to the console.
struct Shown {
    console: Console,
    rest: Vec<u8>,
}

impl Shown {
    fn take(&mut self, piece: &[u8]) {
        self.rest.extend_from_slice(piece);
        let end = memchr::memrchr(b'\n', &self.rest).map(|end| end + 1);
        if let Some(end) = end.or((self.rest.len() > LINE).then_some(self.rest.len())) {
            let rest = self.rest.split_off(end);
            self.console.show(std::mem::replace(&mut self.rest, rest));
        }
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        if !self.rest.is_empty() {
            self.console.show(std::mem::take(&mut self.rest));
        }
    }
}

impl Heard {
    fn new(name: &str) -> Heard {
        Heard {
            stdout: Said::new(name),
            stderr: Said::new(name),
            tasks: Vec::new(),
            broken: Arc::default(),
            ended: Arc::default(),
        }
    }

    /// Starts listening to the pipes of `process`; what it says on stdout goes to `shown`, if that is
    /// given, and to the log otherwise.
    pub fn listen(name: &str, process: &mut Process, shown: Option<Console>) -> Heard {
        let mut heard = Heard::new(name);
        let (stdout, stderr) = process.pipes();
        let stdout = stdout.and_then(|pipe| ChildStdout::from_std(pipe).ok());
        let stderr = stderr.and_then(|pipe| ChildStderr::from_std(pipe).ok());
        match (shown, stdout) {
            (Some(console), Some(pipe)) => heard.show(console, pipe),
            (_, pipe) => heard.add(heard.stdout.clone(), pipe),
        }
        heard.add(heard.stderr.clone(), stderr);
        heard
    }

    fn add(&mut self, said: Said, pipe: Option<impl AsyncRead + Unpin + 'static + Send>) {
        if let Some(pipe) = pipe {
            let tell = Tell(Arc::clone(&self.broken));
            self.tasks.push(tokio::spawn(async move {
                said.listen(pipe).await;
                drop(tell);
            }));
        }
    }

    fn show(&mut self, console: Console, mut pipe: impl AsyncRead + Unpin + 'static + Send) {
        let tell = Tell(Arc::clone(&self.broken));
        let ended = Arc::clone(&self.ended);
        self.tasks.push(tokio::spawn(async move {
            let mut shown = Shown {
                console,
                rest: Vec::new(),
            };
            let mut piece = vec![0; LINE];
            // A broken pipe is the end of what can be heard, like an orderly one.
            while let Ok(n @ 1..) = pipe.read(&mut piece).await {
                while shown.console.is_busy() && !ended.load(Ordering::SeqCst) {
                    sleep(LOOK).await;
                }
                shown.take(&piece[..n]);
            }
            drop(tell);
        }));
    }

    /// Listens to the end, but not for long. Whether the pipes are still open: something else holds
    /// them.
    pub async fn drain(&mut self) -> bool {
        self.ended.store(true, Ordering::SeqCst);
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

    /// Waits until a listener panics, which is a bug of ours: then the program can't be heard any more.
    pub async fn break_down(&self) {
        self.broken.news.notified().await;
    }

    /// Whether a listener has panicked.
    pub fn is_broken(&self) -> bool {
        self.broken.is.load(Ordering::SeqCst)
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

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use tokio::io::ReadBuf;

    /// A pipe whose reading is a bug.
    struct Bug;

    impl AsyncRead for Bug {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            panic!("as a bug would");
        }
    }

    impl Heard {
        /// One whose listener to stdout panics; stderr says `words`.
        pub(crate) fn with_a_bug(words: &'static [u8]) -> Heard {
            let mut heard = Heard::new("step1");
            heard.add(heard.stderr.clone(), Some(words));
            heard.add(heard.stdout.clone(), Some(Bug));
            heard
        }
    }

    #[test]
    fn a_panic_in_a_listener_ends_the_listening_and_is_noticed() {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let mut heard = Heard::with_a_bug(b"ERROR step1: why\n");
            heard.break_down().await;
            assert!(!heard.drain().await, "nothing is held open");
            heard.finish();
            assert!(heard.is_broken());
            assert_eq!(heard.last_words().as_deref(), Some("why"));
        });
    }
}
