use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use toml::Table;

use super::*;

fn with(variables: &[(&str, &str)], file: &str) -> Result<Config, Failure> {
    let mut temporary = tempfile::NamedTempFile::new().unwrap();
    temporary.write_all(file.as_bytes()).unwrap();
    let variables = variables
        .iter()
        .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
    Config::from_parts(Some(temporary.path()), variables)
}

#[test]
fn the_annotated_file_says_what_the_code_defaults_to_and_names_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../football-bot.toml");
    let text = fs::read_to_string(path).unwrap();
    let from_file: Table = text.parse().unwrap();
    let from_code = Table::try_from(Config::default()).unwrap();
    let spans_alike = |t: &Table| toml::from_str::<Config>(&t.to_string()).unwrap();
    assert_eq!(spans_alike(&from_file), Config::default());
    for (section, keys) in &from_code {
        for key in keys.as_table().unwrap().keys() {
            assert!(
                from_file.get(section).is_some_and(|s| s.get(key).is_some()),
                "football-bot.toml does not show [{section}] {key}"
            );
        }
    }
}

#[test]
fn the_example_of_a_page_in_the_annotated_file_is_valid_and_shows_every_key_with_its_default() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../football-bot.toml");
    let text = fs::read_to_string(path).unwrap();
    let (_, example) = text
        .split_once("# [[page]]\n")
        .expect("the example is there");
    let example: String = example
        .lines()
        .take_while(|line| line.starts_with('#'))
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| !line.starts_with('#'))
        .map(|line| format!("{line}\n"))
        .collect();
    let page = with(&[], &format!("[[page]]\n{example}"))
        .unwrap()
        .page
        .remove(0);
    let required = r#"
        [[page]]
        book = "b"
        url = "http://x"
        rows = "tr"
        home = "td"
        away = "td"
        home_price = "td"
        draw_price = "td"
        away_price = "td"
    "#;
    let least = with(&[], required).unwrap().page.remove(0);
    let optional = |page: Page| Page {
        book: String::new(),
        url: String::new(),
        rows: String::new(),
        home: Cell::Text(String::new()),
        away: Cell::Text(String::new()),
        home_price: Cell::Text(String::new()),
        draw_price: Cell::Text(String::new()),
        away_price: Cell::Text(String::new()),
        aliases: BTreeMap::new(),
        ..page
    };
    let written = Table::try_from(&page).unwrap();
    for key in written.keys() {
        assert!(example.contains(&format!("{key} = ")), "{key} is not shown");
    }
    assert_eq!(optional(page), optional(least));
}

#[test]
fn a_page_that_would_be_visited_too_often_or_is_no_page_is_refused() {
    let page = |key: &str, value: &str| {
        let base = [
            ("book", "'b'"),
            ("url", "'https://x.example/'"),
            ("rows", "'tr'"),
            ("home", "'td'"),
            ("away", "'td'"),
            ("home_price", "'td'"),
            ("draw_price", "'td'"),
            ("away_price", "'td'"),
        ];
        let mut text = "[[page]]\n".to_owned();
        for (known, plain) in base {
            let value = if known == key { value } else { plain };
            text.push_str(&format!("{known} = {value}\n"));
        }
        if !base.iter().any(|(known, _)| *known == key) {
            text.push_str(&format!("{key} = {value}\n"));
        }
        with(&[], &text)
    };
    assert!(page("every", "'60s'").is_ok());
    for (key, value, word) in [
        ("every", "'59s'", "at least 1m"),
        ("format", "'malay'", "format must be"),
        ("url", "'ftp://hush@x/'", "url is no address"),
        ("book", "''", "book needs a name"),
        ("timeout", "0", "timeout"),
        ("user_agent", "\"a\\nb\"", "user_agent"),
        ("colour", "1", "colour"),
    ] {
        let failure = page(key, value).unwrap_err();
        assert!(failure.message.contains(word), "{failure} lacks {word}");
        assert!(!failure.message.contains("hush"), "{failure}");
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let config = with(
        &[
            ("FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE", "0"),
            ("FOOTBALL_BOT_FEED__PROVIDER", "sandbox"),
            ("FOOTBALL_BOT_SCHEDULE__INTERVAL", "90"),
            ("FOOTBALL_BOT_ODDS__BOOKMAKERS", "22, 2"),
            ("FOOTBALL_BOT_DATA_DIR", "/ignored/here"),
            ("HOME", "/root"),
        ],
        "[feed]\nrequests_per_minute = 60\nconcurrency = 4\n",
    )
    .unwrap();
    assert_eq!(config.feed.requests_per_minute, 0);
    assert_eq!(config.feed.concurrency, 4);
    assert_eq!(config.feed.provider, Provider::Sandbox);
    assert_eq!(config.schedule.interval, Span::seconds(90));
    assert_eq!(config.odds.bookmakers, [22, 2]);
}

#[test]
fn every_fault_says_where_it_is() {
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str);
    let cases: [Case; 6] = [
        (&[], "[feed]\nconcurency = 4\n", "concurency"),
        (&[], "[schedule]\ninterval = \"soon\"\n", "soon"),
        (
            &[],
            "[feed]\nconcurrency = 0\n",
            "concurrency must be 1 to 256",
        ),
        (
            &[("FOOTBALL_BOT_FEED__TYPO", "1")],
            "",
            "FOOTBALL_BOT_FEED__TYPO",
        ),
        (
            &[("FOOTBALL_BOT_FEED__CONCURRENCY", "many")],
            "",
            "FOOTBALL_BOT_FEED__CONCURRENCY",
        ),
        (
            &[],
            "[[pipeline.step]]\nname='a'\nprogram='a'\ntimeout='1s'\n[[pipeline.step]]\nname='a'\nprogram='b'\ntimeout='1s'\n",
            "differ",
        ),
    ];
    for (variables, file, word) in cases {
        let failure = with(variables, file).unwrap_err();
        assert_eq!(failure.exit, crate::Exit::Config);
        assert!(failure.message.contains(word), "{failure} lacks {word}");
    }
}

#[test]
fn steps_are_replaced_added_and_left_out() {
    let names = |file: &str| {
        let steps = with(&[], file).unwrap().pipeline.steps().unwrap();
        steps.into_iter().map(|step| step.name).collect::<Vec<_>>()
    };
    let six = ["step1", "step2", "step3", "step4", "step5", "step6"];
    assert_eq!(names(""), six);
    let add = |name: &str, after: &str| {
        format!("[[pipeline.step]]\nname='{name}'\nprogram='x'\ntimeout='1s'\nafter='{after}'\n")
    };
    let three = add("a", "step5") + &add("c", "b") + &add("b", "step5");
    assert_eq!(
        names(&three),
        [
            "step1", "step2", "step3", "step4", "step5", "a", "b", "c", "step6"
        ]
    );
    assert_eq!(
        names("[pipeline]\nwithout=['step6']\n"),
        ["step1", "step2", "step3", "step4", "step5"]
    );
    let own = "[[pipeline.step]]\nname='mine'\nprogram='x'\ntimeout='1s'\n";
    assert_eq!(names(own), ["mine"]);
    let optional = format!("{own}required=false\nmemory=1000\n");
    let step = with(&[], &optional).unwrap().pipeline.steps().unwrap();
    assert!(!step[0].required && step[0].memory == 1000);
}

#[test]
fn all_faults_of_the_values_are_named_at_once() {
    let file = "[feed]\nconcurrency = 0\nmin_completeness = 2.0\n[schedule]\nbackoff_after = 0\n\
        [pipeline]\nwithout = ['step9']\n\
        [[pipeline.step]]\nname='a'\nprogram='a'\ntimeout='0s'\nafter='nowhere'\n";
    let message = with(&[], file).unwrap_err().message;
    for word in [
        "concurrency",
        "min_completeness",
        "backoff_after",
        "step9",
        "nowhere",
    ] {
        assert!(message.contains(word), "{message} lacks {word}");
    }
}

#[test]
fn spans_read_as_people_write_them_and_survive_a_round_trip() {
    for (text, millis) in [
        ("60s", 60_000),
        ("1h 30m", 5_400_000),
        ("250ms", 250),
        ("60", 60_000),
    ] {
        let span: Span = text.parse().unwrap();
        assert_eq!(span.0, Duration::from_millis(millis));
        assert_eq!(span.to_string().parse::<Span>().unwrap(), span);
    }
}
