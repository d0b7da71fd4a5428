//! What a proxy's error page says: a provider behind nginx answers trouble in HTML.

use scraper::{Html, Selector};

/// A web page in words, by its title (else its first heading), if `body` is one: bounded, on one line.
pub(crate) fn title(body: &str) -> Option<String> {
    if !body.trim_start().starts_with('<') {
        return None;
    }
    // A page may be long; what it says stands at its top.
    let end = body
        .char_indices()
        .nth(20_000)
        .map_or(body.len(), |(at, _)| at);
    let page = Html::parse_document(&body[..end]);
    let text = ["title", "h1"].iter().find_map(|name| {
        let selector = Selector::parse(name).ok()?;
        let text: String = page.select(&selector).next()?.text().collect();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        (!line.is_empty()).then_some(line)
    });
    let Some(text) = text else {
        return Some("a web page without a title".to_owned());
    };
    let short: String = text.chars().filter(|c| !c.is_control()).take(120).collect();
    Some(format!("a web page titled \"{short}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_page_is_recognised_by_its_title() {
        let page = "\n<html><head><title>502  Bad\n Gateway</title></head><body><h1>nope</h1></body></html>";
        assert_eq!(
            title(page).as_deref(),
            Some("a web page titled \"502 Bad Gateway\"")
        );
        assert_eq!(
            title("<h1>Maintenance</h1>").as_deref(),
            Some("a web page titled \"Maintenance\"")
        );
        assert_eq!(
            title("<html></html>").as_deref(),
            Some("a web page without a title")
        );
        assert_eq!(title("{\"code\":0}"), None);
    }
}
