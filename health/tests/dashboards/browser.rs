//! The pages in a real browser. A machine without one says so.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::pages::well;
use crate::server::Server;

/// A browser that hangs is a fault, and not this test's to wait for.
const PATIENCE: Duration = Duration::from_secs(120);

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let found = std::env::split_paths(&path)
        .flat_map(|folder| {
            ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name))
        })
        .find(|file| file.is_file());
    if found.is_none() {
        eprintln!("skipped: no browser is installed (Debian package `chromium`)");
    }
    found
}

struct Seen {
    dom: String,
    log: String,
}

/// The page as the browser has it, and what it said. Every name resolves to nothing but our address.
fn visit(browser: &PathBuf, address: &str, flags: &[&str]) -> Seen {
    let profile = tempfile::tempdir().unwrap();
    let log = profile.path().join("stderr");
    let out = profile.path().join("stdout");
    let mut child = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args([
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            "--virtual-time-budget=3000",
        ])
        .args(["--enable-logging=stderr", "--v=0"])
        .arg(format!(
            "--user-data-dir={}",
            profile.path().join("profile").display()
        ))
        .args(flags)
        .arg(address)
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&out).unwrap())
        .stderr(std::fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if begun.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!(
                "the browser hangs: {}",
                std::fs::read_to_string(&log).unwrap_or_default()
            );
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let read = |path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
    Seen {
        dom: read(&out),
        log: read(&log),
    }
}

#[test]
fn a_browser_shows_every_page_without_a_complaint() {
    let Some(browser) = browser() else { return };
    let (place, _lock) = well();
    let server = Server::of(&place, &[]);
    for (path, words) in [
        ("/", "3 of 3 cycles good"),
        ("/matches", "+225"),
        ("/matches/m2", "Consensus"),
        ("/logs", "No such line"),
    ] {
        let seen = visit(
            &browser,
            &format!("http://{}{path}", server.address),
            &["--dump-dom"],
        );
        assert!(seen.dom.contains(words), "{path}: {}", seen.dom);
        // What is served has it all before any script runs, and then reloads itself.
        let served = server.get(path).body;
        assert!(served.contains(words), "{path} needs a script");
        assert!(served.contains("<noscript><meta http-equiv=\"refresh\""));
        // CONSOLE lines are what a page's author sees: errors of scripts and refused requests.
        let complaint = seen.log.lines().find(|line| line.contains("CONSOLE"));
        assert_eq!(complaint, None, "{path}");
        assert!(
            !seen.dom.contains("<script>"),
            "{path}: a name became a script"
        );
    }
}

/// Our own policy lets no script of a test into a page, so a copy of it with its style measures itself.
#[test]
fn nothing_but_tables_is_wider_than_a_phone() {
    let Some(browser) = browser() else { return };
    let (place, _lock) = well();
    let server = Server::of(&place, &[]);
    let folder = tempfile::tempdir().unwrap();
    let style = server.get("/style.css").body;
    let measure = "<script>addEventListener('load',function(){parent.postMessage(\
        'W'+document.documentElement.scrollWidth+'/'+innerWidth,'*')})</script>";
    // A browser's own window may have a least width; a frame in it has the width that it is given.
    let around = "<title>none</title><script>addEventListener('message',function(e){document.title=e.data})</script>\
        <iframe src=copy.html style='width:360px;height:740px;border:0'></iframe>";
    let file = folder.path().join("around.html");
    std::fs::write(&file, around).unwrap();
    for path in ["/", "/matches", "/matches/m2", "/logs"] {
        let copy = server
            .get(path)
            .body
            .replace("<head>", &format!("<head><style>{style}</style>"))
            .replace("</body>", &format!("{measure}</body>"));
        std::fs::write(folder.path().join("copy.html"), copy).unwrap();
        let seen = visit(
            &browser,
            &format!("file://{}", file.display()),
            &["--dump-dom"],
        );
        let title = seen.dom.split("<title>").nth(1);
        let title = title.and_then(|rest| rest.split('<').next()).unwrap();
        let measured = title
            .strip_prefix('W')
            .and_then(|rest| rest.split_once('/'));
        let (wide, window) = measured.unwrap_or_else(|| panic!("{path}: {title}"));
        assert_eq!(window, "360");
        assert!(wide.parse::<u32>().unwrap() <= 360, "{path} is {wide} wide");
    }
}
