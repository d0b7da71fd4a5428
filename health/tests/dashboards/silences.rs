//! The one thing that a page can change: silences, by whoever was shown the form, and by nobody else.

use std::fs;

use crate::pages::well;
use crate::place::Place;
use crate::server::{Answer, Server};

/// A service that is down fires without a delay, so that a test need not wait.
const RULE: &str = "[alerts.rule.ServiceDown]\nfor = \"0s\"\n";

pub fn writable(place: &Place, more: &[&str]) -> Server {
    let file = place.data("serve.toml");
    fs::write(&file, format!("{RULE}[serve]\nread_only = false\n")).unwrap();
    Server::of(
        place,
        &[&["--config", file.to_str().unwrap()], more].concat(),
    )
}

/// The word that the page's forms carry.
fn word(page: &str) -> String {
    let rest = page.split("name=\"word\" value=\"").nth(1);
    let rest = rest.unwrap_or_else(|| panic!("no form: {page}"));
    rest.split('"').next().unwrap().to_owned()
}

fn own(server: &Server) -> String {
    format!("Origin: http://{}", server.address)
}

fn listed(place: &Place) -> String {
    place
        .health(&["alerts", "list", "--data-dir", "data"])
        .stdout
}

/// Nobody runs, and the watcher has seen it.
pub fn broken() -> Place {
    let (place, lock) = well();
    drop(lock);
    let file = place.data("serve.toml");
    fs::write(&file, RULE).unwrap();
    place.health(&[
        "watch",
        "--once",
        "--data-dir",
        "data",
        "--config",
        file.to_str().unwrap(),
    ]);
    place
}

#[test]
fn a_button_silences_and_lets_speak_again_as_the_command_does() {
    let place = broken();
    let server = writable(&place, &[]);
    let page = server.get("/alerts").body;
    let name = page.split("id=\"alert-").nth(1).expect("nothing fires");
    let name = name.split('"').next().unwrap();
    let form = |what: &str| format!("word={}&name={name}&{what}", word(&page));
    let done = server.post("/alerts", &form("do=silence&for=1h"), &[&own(&server)]);
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(done.head.contains("location: /alerts"));
    let said = listed(&place);
    assert!(
        said.contains("Silences\n") && said.contains(", silenced") && said.contains("by the page"),
        "{said}"
    );
    let page = server.get("/alerts").body;
    assert!(
        page.contains("(silenced)") && page.contains("End this silence"),
        "{page}"
    );
    let done = server.post("/alerts", &form("do=unsilence"), &[&own(&server)]);
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(!listed(&place).contains("Silences\n"));
    assert!(server.get("/alerts").body.contains("No alert is silenced."));
    // Until the incident is over.
    let done = server.post("/alerts", &form("do=silence&for=over"), &[&own(&server)]);
    assert_eq!(done.status, 303, "{}", done.body);
    assert!(listed(&place).contains("until the incident is over"));
}

#[test]
fn what_does_not_come_from_our_own_page_changes_nothing() {
    let (place, _lock) = well();
    let server = writable(&place, &[]);
    let word = word(&server.get("/alerts").body);
    let ours = own(&server);
    let form = format!("word={word}&do=silence&name=all&for=1h");
    let refused = |answer: Answer, why: &str| {
        assert_eq!(answer.status, 403, "{why}: {}", answer.body);
        assert!(answer.body.contains("Nothing was changed"), "{why}");
    };
    for headers in [
        &["Origin: http://evil.example"][..],
        &["Origin: null"],
        &["Sec-Fetch-Site: cross-site"],
        &["Sec-Fetch-Site: same-site"],
        &[&ours, "Sec-Fetch-Site: cross-site"],
        &[],
    ] {
        refused(
            server.post("/alerts", &form, headers),
            &format!("{headers:?}"),
        );
    }
    for without in [
        "do=silence&name=all&for=1h".to_owned(),
        "word=&do=silence&name=all&for=1h".to_owned(),
        format!("word={}&do=silence&name=all&for=1h", "0".repeat(32)),
    ] {
        refused(server.post("/alerts", &without, &[&ours]), &without);
    }
    // Under another name than this machine's it is not even looked at.
    let other = server.ask(
        "POST /alerts HTTP/1.1\r\nHost: evil.example\r\nOrigin: http://evil.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(other.status, 403);
    assert!(!place.data("state/silences.json").exists());
    assert_eq!(server.post("/alerts", &form, &[&ours]).status, 303);
    assert!(listed(&place).contains("all "), "{}", listed(&place));
}

#[test]
fn a_page_that_only_shows_has_no_button_and_obeys_none() {
    let place = broken();
    let file = place.data("serve.toml");
    let server = Server::of(&place, &["--config", file.to_str().unwrap()]);
    for path in ["/", "/alerts"] {
        let page = server.get(path).body;
        assert!(
            !page.contains("method=\"post\"") && !page.contains("name=\"word\""),
            "{path}"
        );
        assert!(page.contains("health alerts silence"), "{path}: {page}");
    }
    assert!(server.get("/alerts").body.contains("read_only = false"));
    let answer = server.post(
        "/alerts",
        "word=&do=silence&name=all&for=1h",
        &[&own(&server)],
    );
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("read_only"), "{}", answer.body);
    assert!(!place.data("state/silences.json").exists());
}

#[test]
fn a_form_that_is_wrong_is_told_so() {
    let (place, _lock) = well();
    let server = writable(&place, &[]);
    let word = word(&server.get("/alerts").body);
    let ours = own(&server);
    for (form, status, words) in [
        ("do=silence&name=Nothing&for=1h", 422, "there is no alert"),
        (
            "do=silence&name=DataStale&for=over",
            422,
            "does not fire now",
        ),
        ("do=silence&name=all&for=", 400, "for how long"),
        ("do=silence&name=all&for=1s", 400, "for how long"),
        ("do=dance&name=all", 400, "neither"),
    ] {
        let answer = server.post("/alerts", &format!("{form}&word={word}"), &[&ours]);
        assert_eq!(answer.status, status, "{form}: {}", answer.body);
        assert!(answer.body.contains(words), "{form}: {}", answer.body);
    }
    let large = format!("word={word}&do=silence&name={}", "x".repeat(5000));
    assert_eq!(server.post("/alerts", &large, &[&ours]).status, 413);
    let kind = server.ask(&format!(
        "POST /alerts HTTP/1.1\r\nHost: {}\r\n{ours}\r\nContent-Type: text/plain\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        server.address
    ));
    assert_eq!(kind.status, 400);
    assert!(!place.data("state/silences.json").exists());
}

#[test]
fn a_silence_that_can_not_be_written_is_said_with_why() {
    use std::os::unix::fs::PermissionsExt;
    let (place, _lock) = well();
    let server = writable(&place, &[]);
    let word = word(&server.get("/alerts").body);
    // A folder in the file's place: that stops root as well.
    fs::create_dir(place.data("state/silences.json")).unwrap();
    fs::set_permissions(
        place.data("state/silences.json"),
        fs::Permissions::from_mode(0o755),
    )
    .unwrap();
    let form = format!("word={word}&do=silence&name=all&for=1h");
    let answer = server.post("/alerts", &form, &[&own(&server)]);
    assert_eq!(answer.status, 422, "{}", answer.body);
    assert!(answer.body.contains("silences.json"), "{}", answer.body);
}

#[test]
fn with_a_token_a_form_needs_both_the_token_and_our_page() {
    const TOKEN: &str = "correct-horse-battery";
    let (place, _lock) = well();
    let file = place.data("token");
    fs::write(&file, TOKEN).unwrap();
    let server = writable(&place, &["--token-file", file.to_str().unwrap()]);
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let page = server.ask(&format!(
        "GET /alerts HTTP/1.1\r\nHost: bot.example\r\n{bearer}\r\nConnection: close\r\n\r\n"
    ));
    let form = format!("word={}&do=silence&name=all&for=1h", word(&page.body));
    let ours = own(&server);
    assert_eq!(server.post("/alerts", &form, &[&ours]).status, 401);
    assert_eq!(server.post("/alerts", &form, &[&bearer]).status, 403);
    assert_eq!(
        server
            .post("/alerts", &form, &[&bearer, "Origin: http://evil.example"])
            .status,
        403
    );
    assert_eq!(server.post("/alerts", &form, &[&bearer, &ours]).status, 303);
}
