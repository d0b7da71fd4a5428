//! A browser that a test drives as a person would: it looks at a page and clicks. Over the browser's own
//! debugging pipe, so that no port and no other program is needed.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser that hangs is a fault, and not a test's to wait for.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Tab {
    child: Child,
    send: ChildStdin,
    heard: Receiver<Value>,
    /// What the browser said by itself.
    pub events: VecDeque<Value>,
    session: Option<String>,
    asked: u64,
    _profile: TempDir,
}

impl Tab {
    /// A new browser with one empty tab, in which scripts run or do not.
    pub fn open(browser: &Path, scripts: bool) -> Tab {
        let profile = tempfile::tempdir().unwrap();
        // The pipe is expected at 3 and 4.
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>&1",
            ])
            .arg(browser)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
                "--window-size=390,844",
                "--remote-debugging-pipe",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let send = child.stdin.take().unwrap();
        let messages = BufReader::new(child.stdout.take().unwrap()).split(0);
        let (tell, heard) = channel();
        std::thread::spawn(move || {
            for message in messages.map_while(Result::ok) {
                if tell
                    .send(serde_json::from_slice(&message).unwrap())
                    .is_err()
                {
                    return;
                }
            }
        });
        let mut tab = Tab {
            child,
            send,
            heard,
            events: VecDeque::new(),
            session: None,
            asked: 0,
            _profile: profile,
        };
        let target = tab.ask("Target.createTarget", json!({"url": "about:blank"}));
        let target = &target["targetId"];
        let attached = tab.ask(
            "Target.attachToTarget",
            json!({"targetId": target, "flatten": true}),
        );
        tab.session = Some(attached["sessionId"].as_str().unwrap().to_owned());
        tab.ask("Page.enable", json!({}));
        tab.ask("Log.enable", json!({}));
        tab.ask(
            "Emulation.setScriptExecutionDisabled",
            json!({"value": !scripts}),
        );
        tab
    }

    /// What the browser answers to a command of its protocol.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.try_ask(method, &params)
            .unwrap_or_else(|why| panic!("{method} {params}: {why}"))
    }

    fn try_ask(&mut self, method: &str, params: &Value) -> Result<Value, String> {
        self.asked += 1;
        let mut request = json!({"id": self.asked, "method": method, "params": params});
        if let Some(session) = &self.session {
            request["sessionId"] = json!(session);
        }
        self.send
            .write_all(format!("{request}\0").as_bytes())
            .unwrap();
        self.send.flush().unwrap();
        loop {
            let message = self
                .heard
                .recv_timeout(PATIENCE)
                .expect("the browser hangs");
            if message["id"] != json!(self.asked) {
                self.events.push_back(message);
                continue;
            }
            return match message.get("error") {
                Some(why) => Err(why.to_string()),
                None => Ok(message["result"].clone()),
            };
        }
    }

    pub fn go(&mut self, address: &str) {
        let went = self.ask("Page.navigate", json!({"url": address}));
        assert_eq!(went.get("errorText"), None, "{address}: {went}");
    }

    /// The page as it stands, once `ready` says of it that it is what is waited for.
    pub fn page(&mut self, what: &str, ready: impl Fn(&str) -> bool) -> String {
        let begun = Instant::now();
        loop {
            let page = self.document().unwrap_or_default();
            if ready(&page) {
                return page;
            }
            assert!(begun.elapsed() < PATIENCE, "no {what} in {page}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The page's text now; an error while it changes.
    fn document(&mut self) -> Result<String, String> {
        let root = self.try_ask("DOM.getDocument", &json!({"depth": 0}))?;
        let node = &root["root"]["nodeId"];
        let html = self.try_ask("DOM.getOuterHTML", &json!({"nodeId": node}))?;
        Ok(html["outerHTML"].as_str().unwrap_or_default().to_owned())
    }

    /// Presses the left button of the mouse in the middle of what `selector` names, as far down as it is.
    pub fn click(&mut self, selector: &str) {
        let begun = Instant::now();
        // The page may be renewed between two questions: then they are asked again.
        while let Err(why) = self.try_click(selector) {
            assert!(begun.elapsed() < PATIENCE, "{selector}: {why}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn try_click(&mut self, selector: &str) -> Result<(), String> {
        let root = self.try_ask("DOM.getDocument", &json!({"depth": 0}))?;
        let root = &root["root"]["nodeId"];
        let found = self.try_ask(
            "DOM.querySelector",
            &json!({"nodeId": root, "selector": selector}),
        )?;
        let node = json!({"nodeId": found["nodeId"]});
        self.try_ask("DOM.scrollIntoViewIfNeeded", &node)?;
        let place = self.try_ask("DOM.getBoxModel", &node)?;
        let corner = |at: usize| place["model"]["border"][at].as_f64().unwrap();
        let (x, y) = ((corner(0) + corner(4)) / 2.0, (corner(1) + corner(5)) / 2.0);
        // A button that something lies over is not one that a person can press. Here a place is one of the
        // whole page, not of the window.
        let view = self.try_ask("Page.getLayoutMetrics", &json!({}))?;
        let moved = |key: &str| view["cssVisualViewport"][key].as_f64().unwrap();
        let there = self.try_ask(
            "DOM.getNodeForLocation",
            &json!({"x": (x + moved("pageX")) as i64, "y": (y + moved("pageY")) as i64}),
        )?;
        let all = json!({"nodeId": found["nodeId"], "depth": -1});
        let described = self.try_ask("DOM.describeNode", &all)?;
        if !holds(&described["node"], &there["backendNodeId"]) {
            return Err(format!("something else lies there: {there}"));
        }
        for kind in ["mousePressed", "mouseReleased"] {
            self.try_ask(
                "Input.dispatchMouseEvent",
                &json!({"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}),
            )?;
        }
        Ok(())
    }
}

/// Whether a node is this one or has it within.
fn holds(node: &Value, wanted: &Value) -> bool {
    let children = node["children"].as_array();
    node["backendNodeId"] == *wanted
        || children.is_some_and(|all| all.iter().any(|child| holds(child, wanted)))
}

impl Drop for Tab {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
