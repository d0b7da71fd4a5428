//! Prices of web pages at their matches.

use std::fs;

use testkit::Chain;

use crate::provider::{Provider, cycle};

/// A site with one table.
fn site(rows: &[[&str; 5]]) -> String {
    let provider = Provider::start();
    let row = |cells: &[&str; 5]| format!("<tr><td>{}</tr>", cells.join("<td>"));
    let table: String = rows.iter().map(row).collect();
    provider.raw("/odds", &format!("<table>{table}</table>"));
    format!("{}/odds", provider.url)
}

fn page(book: &str, url: &str, more: &str) -> String {
    let column = |nth: u8| format!("\"td:nth-child({nth})\"");
    format!(
        "[[page]]\nbook = \"{book}\"\nurl = \"{url}\"\nrows = \"tr\"\nhome = {}\naway = {}\nhome_price = {}\n\
         draw_price = {}\naway_price = {}\n{more}\n",
        column(1),
        column(2),
        column(3),
        column(4),
        column(5)
    )
}

#[test]
fn pages_in_every_price_format_give_the_same_prices() {
    let provider = Provider::start();
    provider.matches(&[("m1", "t1", "t2")]);
    provider.team("t1", "Alpha Town");
    provider.team("t2", "Beta Rovers");
    let chain = Chain::new();
    let formats = [
        ("decimal", ["2.50", "3.25", "3.00"]),
        ("american", ["+150", "+225", "+200"]),
        ("fractional", ["6/4", "9/4", "2/1"]),
        ("hong_kong", ["1.50", "2.25", "2.00"]),
    ];
    let pages: String = formats
        .iter()
        .map(|(format, [home, draw, away])| {
            let url = site(&[["Alpha Town", "Beta Rovers", home, draw, away]]);
            page(format, &url, &format!("format = \"{format}\""))
        })
        .collect();
    fs::write(chain.path().join("football-bot.toml"), pages).unwrap();
    let (document, said) = cycle(&chain, &provider, &[]);
    let books = &document["page_odds"]["matches"]["m1"];
    for (nth, (format, _)) in formats.iter().enumerate() {
        let tick = &books[(1_000_001 + nth).to_string()]["eu"][0];
        let prices = [2, 3, 4].map(|place| tick[place].as_f64().unwrap());
        assert_eq!(prices, [2.5, 3.25, 3.0], "{format}: {said}");
    }
}

#[test]
fn two_matches_of_the_same_names_are_told_apart_by_an_alias_and_never_by_guess() {
    let provider = Provider::start();
    provider.matches(&[("m1", "t1", "t2"), ("m2", "t3", "t4")]);
    for (id, name) in [
        ("t1", "Alpha Town"),
        ("t2", "Beta Rovers"),
        ("t3", "Alpha Town"),
        ("t4", "Beta Rovers"),
    ] {
        provider.team(id, name);
    }
    let chain = Chain::new();
    let url = site(&[
        ["Alpha Town", "Beta Rovers", "2.50", "3.25", "3.00"],
        ["Alpha Ladies", "Beta Ladies", "1.50", "4.00", "7.00"],
    ]);
    let configure = |aliases: &str| {
        let text = page("Corner Shop", &url, aliases);
        fs::write(chain.path().join("football-bot.toml"), text).unwrap();
    };
    configure("");
    let (document, _) = cycle(&chain, &provider, &[]);
    let joined = document["page_odds"]["matches"].as_object();
    assert!(
        joined.is_none_or(|matches| matches.is_empty()),
        "neither is sure: {joined:?}"
    );
    let report = &document["fetch"]["pages"][0];
    assert_eq!(report["matched"], 0, "{report}");
    assert_eq!(report["unmatched"].as_array().unwrap().len(), 2, "{report}");
    configure("aliases = { \"Alpha Ladies\" = \"t3\", \"Beta Ladies\" = \"t4\" }");
    let _ = fs::remove_file(chain.path().join("state/pages.json"));
    let (document, _) = cycle(&chain, &provider, &[]);
    let matches = document["page_odds"]["matches"].as_object().unwrap();
    assert_eq!(matches.keys().collect::<Vec<_>>(), ["m2"]);
    assert_eq!(matches["m2"]["1000001"]["eu"][0][2], 1.5);
}
