//! The pages in a real browser. A machine without one says so.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::pages::well;
use crate::server::Server;

/// A browser that hangs is a fault, and not this test's to wait for.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn browser() -> Option<PathBuf> {
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
        ("/alerts", "No alert is silenced."),
        ("/logs", "There is no log yet"),
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

/// A browser with scripts off prints nothing by itself: a frame in which none may run is looked at from around it.
#[test]
fn with_scripts_off_everything_is_there_and_the_page_reloads_itself() {
    let Some(browser) = browser() else { return };
    let (place, _lock) = well();
    let server = Server::of(&place, &[]);
    let folder = tempfile::tempdir().unwrap();
    let style = server.get("/style.css").body;
    let script = server.get("/live.js").body;
    for (path, words) in [
        (
            "/",
            &["3 of 3 cycles good", "step1", "age of the data", "Events"][..],
        ),
        ("/matches", &["+225", "2 of 2 matches", "<script>alert(1)"]),
        ("/matches/m2", &["Consensus of 4 books", "<script>alert(1)"]),
        (
            "/alerts",
            &["No alert fires", "No alert is silenced.", "All 21 rules"],
        ),
        ("/logs", &["There is no log yet", "all steps"]),
    ] {
        let copy = server
            .get(path)
            .body
            .replace("<head>", &format!("<head><style>{style}</style>"))
            .replace("</body>", &format!("<script>{script}</script></body>"));
        std::fs::write(folder.path().join("copy.html"), copy).unwrap();
        let seen = |sandbox: &str| {
            let around = format!(
                "<pre id=seen></pre><iframe {sandbox} src=copy.html style='width:1200px;height:900px'></iframe>\
                 <script>document.querySelector('iframe').addEventListener('load',function(){{\
                 var d=this.contentDocument;document.getElementById('seen').textContent=\
                 'RELOADS '+!!d.querySelector('noscript meta[http-equiv=refresh]')+' '+d.body.innerText}})</script>"
            );
            let file = folder.path().join("around.html");
            std::fs::write(&file, around).unwrap();
            let address = format!("file://{}", file.display());
            let dom = visit(
                &browser,
                &address,
                &["--dump-dom", "--allow-file-access-from-files"],
            )
            .dom;
            let text = dom.split("<pre id=\"seen\">").nth(1).unwrap_or_default();
            let text = text.split("</pre>").next().unwrap_or_default();
            text.replace("&lt;", "<").replace("&gt;", ">")
        };
        let off = seen("sandbox=allow-same-origin");
        assert!(
            off.starts_with("RELOADS true") && off.contains("reloads every 30 s"),
            "{path}: {off}"
        );
        for words in words {
            assert!(off.contains(words), "{path} lacks {words}: {off}");
        }
        // The script runs where it may: else this would prove nothing.
        let on = seen("");
        assert!(on.contains("s old, renewed every"), "{path}: {on}");
    }
}

#[test]
fn a_page_that_can_not_renew_itself_says_how_old_it_is() {
    let script = include_str!("../../src/serve/live.js");
    // What the banner says, and the class that turns it grey, have their style.
    assert!(script.contains("\"page is \"") && script.contains("trying again"));
    let style = include_str!("../../src/serve/style.css");
    assert!(style.contains("header.old{"));
    let Some(browser) = browser() else { return };
    let (place, _lock) = well();
    let mut server = Server::of(&place, &[]);
    // The page from a file: its script finds no server behind it, and a minute of its own time goes by.
    let folder = tempfile::tempdir().unwrap();
    let copy = server
        .get("/")
        .body
        .replace("<script src", "<script data-none")
        .replace("</body>", &format!("<script>{script}</script></body>"));
    assert!(
        server
            .terminate(std::time::Duration::from_secs(30))
            .is_some()
    );
    let file = folder.path().join("copy.html");
    std::fs::write(&file, copy).unwrap();
    let seen = visit(
        &browser,
        &format!("file://{}", file.display()),
        &["--dump-dom", "--virtual-time-budget=60000"],
    );
    assert!(
        seen.dom.contains("page is ") && seen.dom.contains("trying again"),
        "{}",
        seen.dom
    );
    assert!(seen.dom.contains("banner OK old"), "{}", seen.dom);
}

/// Our own policy lets no script of a test into a page, so a copy of it with its style measures itself.
#[test]
fn nothing_but_tables_is_wider_than_a_phone_and_the_matches_fit_it() {
    let Some(browser) = browser() else { return };
    let (place, _lock) = well();
    let server = Server::of(&place, &[]);
    let folder = tempfile::tempdir().unwrap();
    let style = server.get("/style.css").body;
    let measure = "<script>addEventListener('load',function(){var w=document.documentElement.scrollWidth,\
        m=document.querySelector('table.m');if(m){w=Math.max(w,m.scrollWidth)}parent.postMessage('W'+w+'/'+innerWidth,'*')})</script>";
    // A browser's own window may have a least width; a frame in it has the width that it is given.
    let around = "<title>none</title><script>addEventListener('message',function(e){document.title=e.data})</script>\
        <iframe src=copy.html style='width:360px;height:740px;border:0'></iframe>";
    let file = folder.path().join("around.html");
    std::fs::write(&file, around).unwrap();
    for path in ["/", "/matches", "/matches/m2", "/alerts", "/logs"] {
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
