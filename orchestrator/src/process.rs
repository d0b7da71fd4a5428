//! One child process: started in its own group and a clean environment, watched, reaped with what it
//! cost.
//!
//! Its number is signalled only while it is not reaped, so it can't be somebody else's. Its end is seen
//! through a process descriptor where the kernel has them. Children are only started from the main
//! thread, and without code of ours between fork and exec.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;
use pipeline::signals::PARENT;
use rustix::process::{PidfdFlags, Resource, Rlimit, pidfd_open, prlimit};
use tokio::io::unix::AsyncFd;
use tokio::time::sleep;
use wait4::Wait4;

use crate::family::{Family, TOKEN};
use crate::proc::{Identity, Stat};

/// What the environment of the orchestrator has that is not for its children: the line to systemd,
/// and the shell's idle timeout.
const NOT_FOR_CHILDREN: [&str; 7] = [
    "NOTIFY_SOCKET",
    "WATCHDOG_USEC",
    "WATCHDOG_PID",
    "LISTEN_FDS",
    "LISTEN_PID",
    "LISTEN_FDNAMES",
    "TMOUT",
];

/// How often the end is looked for where there are no process descriptors.
const LOOK: Duration = Duration::from_millis(10);

/// A command with what every child of ours needs: its own group, nothing to read, a clean environment.
pub fn command(program: &Path, args: &[OsString]) -> Command {
    use std::os::unix::process::CommandExt;
    let mut command = Command::new(program);
    command
        .args(args)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for name in NOT_FOR_CHILDREN {
        command.env_remove(name);
    }
    command.env(PARENT, std::process::id().to_string());
    command
}

/// Why a program did not start, with what to do.
pub fn spawn_failure(program: &Path, why: &io::Error) -> String {
    let advice = match why.kind() {
        io::ErrorKind::NotFound => "build it, or name its folder with --bin-dir",
        io::ErrorKind::PermissionDenied => "make it executable",
        io::ErrorKind::ExecutableFileBusy => "somebody is writing it; wait until that is done",
        io::ErrorKind::ArgumentListTooLong => "its arguments or the environment are too long",
        io::ErrorKind::WouldBlock => "too many processes; raise the limit (TasksMax, ulimit -u)",
        io::ErrorKind::OutOfMemory => "the machine is out of memory",
        _ => "try `orchestrator check`",
    };
    format!("can't start `{}`: {why} ({advice})", program.display())
}

/// A process that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// How.
    pub status: ExitStatus,
    /// The most memory it had resident, in bytes. Not below what we had when we started it.
    pub max_rss: u64,
    /// Its processor time, with that of the children it waited for.
    pub cpu: Duration,
}

/// A child that is not reaped yet. Dropped, it is killed.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pid: i32,
    watch: Option<AsyncFd<OwnedFd>>,
    family: Arc<Family>,
    reaped: bool,
}

impl Process {
    /// Starts it; `memory` limits what it may map, in bytes (0 = no limit).
    ///
    /// # Errors
    /// When the program can't be started.
    pub fn start(
        command: &mut Command,
        name: &str,
        memory: u64,
        family: &Arc<Family>,
    ) -> io::Result<Process> {
        let child = command.env(TOKEN, family.token()).spawn()?;
        let pid = child.id() as i32;
        let mut process = Process {
            child,
            pid,
            watch: None,
            family: Arc::clone(family),
            reaped: false,
        };
        // Also when it has already ended: until it is reaped it is known.
        let start = Stat::read(pid).map_or(0, |stat| stat.start);
        family.add(Identity { pid, start }, name);
        let raw = rustix::process::Pid::from_raw(pid);
        if memory > 0 {
            let limit = Rlimit {
                current: Some(memory),
                maximum: Some(memory),
            };
            if let Err(why) = prlimit(raw, Resource::As, limit) {
                log::warn!("failed to limit the memory of {name}: {why}");
            }
        }
        process.watch = raw
            .and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok())
            .and_then(watch);
        Ok(process)
    }

    /// Its process id.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Its pipes, once.
    pub fn pipes(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        (self.child.stdout.take(), self.child.stderr.take())
    }

    /// Waits for its end, without reaping it: its number stays its own. Cancel-safe.
    pub async fn end(&self) {
        while !self.has_ended() {
            match &self.watch {
                Some(watch) => match watch.readable().await {
                    Ok(_) if self.has_ended() => {}
                    Ok(mut ready) => ready.clear_ready(),
                    Err(_) => sleep(LOOK).await,
                },
                None => sleep(LOOK).await,
            }
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        let look = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        let state = waitid(Id::Pid(Pid::from_raw(self.pid)), look);
        self.reaped || !matches!(state, Ok(WaitStatus::StillAlive))
    }

    /// Asks it and its group to end; wakes stopped ones, or they would not hear it.
    pub fn ask(&self, signal: Signal) {
        self.signal(signal);
        self.signal(Signal::SIGCONT);
    }

    /// Ends it and its group.
    pub fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    fn signal(&self, signal: Signal) {
        if !self.reaped {
            // Gone is as good as told.
            let _ = killpg(Pid::from_raw(self.pid), signal);
        }
    }

    /// Reaps it after its end. None if it has not ended.
    pub fn reap(&mut self) -> Option<Ended> {
        if self.reaped || !self.has_ended() {
            return None;
        }
        let result = self.child.wait4();
        self.reaped = true;
        self.family.remove(self.pid);
        match result {
            Ok(used) => Some(Ended {
                status: used.status,
                max_rss: used.rusage.maxrss,
                cpu: used.rusage.utime + used.rusage.stime,
            }),
            Err(why) => {
                log::error!("failed to reap process {}: {why}", self.pid);
                None
            }
        }
    }
}

/// Watches a process descriptor, which is readable from the end of its process on.
#[expect(
    deprecated,
    reason = "the safe constructor; its flaw needs a type that closes or changes its descriptor, which an owned one can't"
)]
fn watch(descriptor: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(descriptor, tokio::io::Interest::READABLE).ok()
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            // A moment, so that it is no zombie. One that hangs in the kernel stays known, so that no
            // sweep waits for it.
            for _ in 0..50 {
                if self.reap().is_some() || self.reaped {
                    return;
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }
}
