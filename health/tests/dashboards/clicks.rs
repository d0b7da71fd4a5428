//! A person with a browser: what he presses happens. A machine without a browser says so.

use serde_json::Value;

use crate::browser::browser;
use crate::devtools::Tab;
use crate::place::Place;
use crate::silences::{broken, writable};

/// The silences as the file has them: each one's name.
fn silenced(place: &Place) -> Vec<String> {
    let Ok(text) = std::fs::read_to_string(place.data("state/silences.json")) else {
        return Vec::new();
    };
    let file: Value = serde_json::from_str(&text).unwrap();
    let silences = file["silences"].as_array().unwrap();
    let names = silences.iter().map(|one| one["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

#[test]
fn a_person_silences_an_alert_and_ends_the_silence_with_scripts_and_without() {
    let Some(browser) = browser() else { return };
    let place = broken();
    let server = writable(&place, &[]);
    let home = format!("http://{}/", server.address);
    for scripts in [true, false] {
        let mut tab = Tab::open(&browser, scripts);
        tab.go(&home);
        // The script says how old the page is; without it the page says that it reloads itself.
        let page = tab.page("alert", |page| {
            page.contains("id=\"alert-") && page.contains(" s old") == scripts
        });
        assert_eq!(page.contains("reloads every 30 s"), !scripts, "{page}");
        assert!(!page.contains("(silenced)"), "{page}");
        let name = page.split("id=\"alert-").nth(1).unwrap();
        let name = name.split('"').next().unwrap().to_owned();

        tab.click(&format!("#alert-{name} button[value='1h']"));
        let page = tab.page("silence", |page| page.contains("End this silence"));
        assert_eq!(silenced(&place), [name.as_str()]);
        // The page of the alerts says it, with its end and no button to do it again; so does the first page.
        assert!(
            page.contains("(silenced)") && page.contains("by the page"),
            "{page}"
        );
        assert!(page.contains(&format!("<b>{name}</b> until ")), "{page}");
        tab.go(&home);
        let again = format!("#alert-{name} button");
        let page = tab.page("first page", |page| page.contains("age of the data"));
        assert!(page.contains("(silenced)"), "{again}: {page}");
        let card = page.split(&format!("id=\"alert-{name}\"")).nth(1).unwrap();
        let card = card.split("</section>").next().unwrap();
        assert!(!card.contains("<button"), "{card}");

        tab.go(&format!("{home}alerts"));
        tab.page("way back", |page| page.contains("End this silence"));
        tab.click("form.event button");
        let page = tab.page("end", |page| page.contains("No alert is silenced."));
        assert!(silenced(&place).is_empty());
        assert!(!page.contains("(silenced)"), "{page}");
        // Loading the page anew sends no form again.
        tab.ask("Page.reload", serde_json::json!({}));
        tab.page("button", |page| page.contains("value=\"1h\""));
        assert!(silenced(&place).is_empty());
        let refused = |event: &Value| {
            event["method"] == "Log.entryAdded" && event["params"]["entry"]["level"] == "error"
        };
        let complaint = tab.events.iter().find(|event| refused(event));
        assert_eq!(complaint, None);
    }
}
