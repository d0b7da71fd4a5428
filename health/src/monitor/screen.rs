//! The terminal itself: raw mode, keys, resizing, drawing, and leaving it as it was found.

use std::io::{self, BufWriter, Stdout, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use chrono::Utc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use pipeline::cli::Common;
use pipeline::{Config, DataDir};
use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::app::{App, Do, Over, View};
use super::ask::Act;
use super::draw::{self, Beside};
use super::snapshot;
use crate::look::{Look, Looker, Range};
use crate::product::Detail;

/// Between two frames at least.
const FRAME: Duration = Duration::from_millis(250);
/// Between two looks at whether anything has changed.
const GLANCE: Duration = Duration::from_secs(1);
/// Between two looks when nothing has.
const LOOK: Duration = Duration::from_secs(5);
/// How long the loop may take to end after a signal.
const GRACE: Duration = Duration::from_secs(3);
/// Exit code of a program that its terminal's hang-up ends, as a shell has it.
const HUNG_UP: i32 = 129;

/// The terminal as it is drawn on.
pub type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

/// Whether an error means that there is no terminal any more.
pub fn gone(why: &io::Error) -> bool {
    why.kind() == io::ErrorKind::BrokenPipe
        || why.raw_os_error() == Some(nix::errno::Errno::EIO as i32)
}

/// Draws until a key, a signal or the end of the terminal ends it.
///
/// # Errors
/// When the terminal can't be read or written.
pub fn run(app: App, common: &Common, config: Config) -> io::Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    end_on_signal(&stop)?;
    end_with_terminal()?;
    // Before the terminal is ours: a disk that hangs can be left with Ctrl-C then.
    let acts = Acts::new(common.clone(), config.clone());
    let mut looker = Looker::new(common.clone(), config);
    let (look, looked) = (looker.look(app.range), Instant::now());
    with_terminal(|screen| {
        let eyes = Eyes::open(looker, look.facts.data.clone(), looked)?;
        Loop::new(screen, app, acts, eyes, look).run(&stop)
    })
}

/// Has the terminal for itself while `draw` runs, and leaves it as it was found, also after a panic.
///
/// # Errors
/// When the terminal can't be read or written, and what `draw` gives.
pub fn with_terminal<T>(draw: impl FnOnce(Screen) -> io::Result<T>) -> io::Result<T> {
    restore_after_panic();
    enable_raw_mode()?;
    let drawn = enter().and_then(draw);
    restore();
    drawn
}

fn enter() -> io::Result<Screen> {
    let mut out = BufWriter::with_capacity(64 * 1024, io::stdout());
    // The title is put aside where the terminal knows how, and taken back at the end.
    // What is pasted comes as one, so that no pasted letters ask and answer.
    execute!(out, EnterAlternateScreen, EnableBracketedPaste)?;
    out.write_all(b"\x1b[22;0t")?;
    out.flush()?;
    let mut screen = Terminal::new(CrosstermBackend::new(out))?;
    blank(&mut screen)?;
    Ok(screen)
}

/// Clears the screen, so that the next frame is drawn whole. The library's own way asks the terminal where
/// its cursor is and waits for the answer, which a slow line gives too late.
fn blank(screen: &mut Screen) -> io::Result<()> {
    screen.backend_mut().clear()?;
    // Both the frame that was drawn and the one to be drawn are blank then.
    screen.swap_buffers();
    Ok(())
}

/// Leaves the terminal as it was found. Best effort: it may be gone.
fn restore() {
    let mut out = io::stdout();
    let _ = out.write_all(b"\x1b[23;0t");
    let _ = execute!(out, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// A panic's message is worth nothing on a terminal in raw mode.
fn restore_after_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        restore();
        before(panic);
    }));
}

/// Asks the loop to end at SIGTERM and SIGINT, and ends the process if it can't: a terminal that takes
/// nothing any more holds up whoever writes to it.
fn end_on_signal(stop: &Arc<AtomicBool>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    let stop = Arc::clone(stop);
    thread::Builder::new()
        .name("signals".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || {
            if let Some(signal) = signals.forever().next() {
                stop.store(true, Ordering::Relaxed);
                thread::sleep(GRACE);
                std::process::exit(128 + signal);
            }
        })?;
    Ok(())
}

/// Ends the process when its terminal hangs up, also where SIGHUP is ignored (`nohup`): a program that
/// goes on reading a dead terminal finds it readable for ever.
fn end_with_terminal() -> io::Result<()> {
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    thread::Builder::new()
        .name("terminal".to_owned())
        .stack_size(64 * 1024)
        .spawn(move || {
            loop {
                // No event is asked for: a hang-up and an error are always told.
                let mut watched = [PollFd::new(input.as_fd(), PollFlags::empty())];
                match poll(&mut watched, PollTimeout::NONE) {
                    Ok(_) => std::process::exit(HUNG_UP),
                    Err(nix::errno::Errno::EINTR) => {}
                    Err(_) => return,
                }
            }
        })?;
    Ok(())
}

struct Loop {
    screen: Screen,
    app: App,
    data: DataDir,
    look: Look,
    eyes: Eyes,
    acts: Acts,
    beside: Beside,
    detail_of: Option<(String, String)>,
    title: String,
}

/// Who looks is another thread: a disk that hangs must not hang the keys.
struct Eyes {
    looks: Receiver<Look>,
    wanted: SyncSender<Range>,
    looked: Instant,
}

impl Eyes {
    fn open(mut looker: Looker, data: DataDir, looked: Instant) -> io::Result<Eyes> {
        let (wanted, ranges) = sync_channel(4);
        let (send, looks) = sync_channel(1);
        thread::Builder::new()
            .name("look".to_owned())
            .spawn(move || look_on(&mut looker, &data, &ranges, &send))?;
        Ok(Eyes {
            looks,
            wanted,
            looked,
        })
    }
}

/// What was confirmed is done by a thread of its own: a disk that hangs must not hang the keys.
struct Acts {
    common: Common,
    config: Config,
    done: Receiver<String>,
    tell: Sender<String>,
}

impl Acts {
    fn new(common: Common, config: Config) -> Acts {
        let (tell, done) = channel();
        Acts {
            common,
            config,
            done,
            tell,
        }
    }

    fn begin(&self, act: Act) -> io::Result<()> {
        let (common, config) = (self.common.clone(), self.config.clone());
        let tell = self.tell.clone();
        thread::Builder::new()
            .name("act".to_owned())
            .spawn(move || {
                let said = act.run(&common, &config).unwrap_or_else(|why| why);
                // Nobody waits for it when the program has ended meanwhile.
                let _ = tell.send(said);
            })
            .map(drop)
    }
}

impl Loop {
    fn new(screen: Screen, app: App, acts: Acts, eyes: Eyes, look: Look) -> Loop {
        Loop {
            screen,
            app,
            data: look.facts.data.clone(),
            look,
            eyes,
            acts,
            beside: Beside::default(),
            detail_of: None,
            title: String::new(),
        }
    }

    fn run(&mut self, stop: &AtomicBool) -> io::Result<()> {
        let mut drawn: Option<Instant> = None;
        let mut second = 0;
        let mut changed = true;
        while !stop.load(Ordering::Relaxed) {
            let wait = drawn.map_or(Duration::ZERO, |at| FRAME.saturating_sub(at.elapsed()));
            let patience = if changed { wait } else { FRAME };
            if event::poll(patience)? {
                match event::read()? {
                    Event::Key(key) => {
                        let range = self.app.range;
                        match self.app.key(key, &self.look) {
                            Do::Nothing => {}
                            Do::Draw => changed = true,
                            Do::Redraw => {
                                blank(&mut self.screen)?;
                                changed = true;
                            }
                            Do::Snapshot => {
                                self.snapshot();
                                changed = true;
                            }
                            Do::Thaw => {
                                self.look_again();
                                changed = true;
                            }
                            Do::Act(act) => {
                                self.acts.begin(act)?;
                                changed = true;
                            }
                            Do::Quit => return Ok(()),
                        }
                        if range != self.app.range {
                            self.look_again();
                        }
                    }
                    Event::Paste(pasted) => changed |= self.app.paste(&pasted),
                    Event::Resize(..) => changed = true,
                    _ => {}
                }
            }
            while let Ok(look) = self.eyes.looks.try_recv() {
                if self.app.frozen.is_none() {
                    self.look = look;
                    self.eyes.looked = Instant::now();
                    changed = true;
                }
            }
            while let Ok(said) = self.acts.done.try_recv() {
                self.app.message = Some(said);
                self.look_again();
                changed = true;
            }
            let now = Utc::now();
            changed |= now.timestamp() != second;
            if changed && drawn.is_none_or(|at| at.elapsed() >= FRAME) {
                self.draw(now)?;
                second = now.timestamp();
                drawn = Some(Instant::now());
                changed = false;
            }
        }
        Ok(())
    }

    fn look_again(&self) {
        // A full queue means that a look is coming anyway.
        let _ = self.eyes.wanted.try_send(self.app.range);
    }

    fn draw(&mut self, now: chrono::DateTime<Utc>) -> io::Result<()> {
        self.beside.age = self.eyes.looked.elapsed();
        self.read_beside();
        let title = format!("{} football-bot", self.look.verdict.level().word());
        if title != self.title {
            execute!(self.screen.backend_mut(), SetTitle(&title))?;
            self.title = title;
        }
        let (app, look, beside) = (&mut self.app, &self.look, &self.beside);
        self.screen
            .draw(|frame| draw::frame(frame, app, look, beside, now))?;
        Ok(())
    }

    /// Reads what only an overlay shows, while it is open.
    fn read_beside(&mut self) {
        if self.app.over == Over::Logs && (self.app.frozen.is_none() || self.beside.log.is_empty())
        {
            self.beside.log = crate::tail::lines(self.data.logs());
        }
        if self.app.over != Over::Details || self.app.view != View::Matches {
            return;
        }
        let rows = self.app.rows(&self.look);
        let Some(row) = rows.get(self.app.chosen_at(&rows)) else {
            return;
        };
        let cycle = self
            .look
            .board()
            .map(|board| board.envelope.cycle.to_string());
        let wanted = (row.id.clone(), cycle.unwrap_or_default());
        if self.detail_of.as_ref() != Some(&wanted) {
            self.beside.detail = Some(match Detail::read(&self.data, &row.id) {
                Ok(Some(detail)) => Ok(detail),
                Ok(None) => Err("step 2's newest file has no such match".to_owned()),
                Err(why) => Err(why.message),
            });
            self.detail_of = Some(wanted);
        }
    }

    fn snapshot(&mut self) {
        let folder = std::env::current_dir().unwrap_or_else(|_| ".".into());
        let written = snapshot::write(&self.app, &self.look, &self.beside, &folder);
        self.app.message = Some(match written {
            Ok([frame, facts]) => format!("wrote {} and {}", frame.display(), facts.display()),
            Err(why) => format!("failed to write a snapshot to {}: {why}", folder.display()),
        });
    }
}

/// Looks when something was written, after five seconds, and at once when another span is asked for.
fn look_on(looker: &mut Looker, data: &DataDir, ranges: &Receiver<Range>, send: &SyncSender<Look>) {
    let mut range = Range::default();
    let mut seen = written(data);
    let mut last = Instant::now();
    loop {
        match ranges.recv_timeout(GLANCE) {
            Ok(wanted) => range = wanted,
            Err(RecvTimeoutError::Timeout) => {
                let now = written(data);
                if now == seen && last.elapsed() < LOOK {
                    continue;
                }
                seen = now;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
        last = Instant::now();
        if send.send(looker.look(range)).is_err() {
            return;
        }
    }
}

/// When the record, the lock and the product were last written.
fn written(data: &DataDir) -> [Option<SystemTime>; 4] {
    let record = data.journal();
    let mut log = record.clone().into_os_string();
    log.push("-wal");
    [record, log.into(), data.lock(), data.output(5)].map(|path| {
        std::fs::metadata(path)
            .and_then(|found| found.modified())
            .ok()
    })
}
