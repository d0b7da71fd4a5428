use super::*;

fn envelope() -> Envelope {
    let at = DateTime::from_timestamp(1_748_453_417, 518_000_000).unwrap();
    Envelope {
        schema: schema(2),
        cycle: CycleId::at(at),
        generated_at: at,
        fetched_at: at,
        provider: "sandbox".to_owned(),
    }
}

fn written(pretty: bool) -> String {
    #[derive(Serialize)]
    struct Body {
        total_matches: u64,
        matches: [u8; 2],
    }
    let mut bytes = Vec::new();
    document(
        &mut bytes,
        &envelope(),
        &Body {
            total_matches: 2,
            matches: [1, 2],
        },
        pretty,
    )
    .unwrap();
    String::from_utf8(bytes).unwrap()
}

#[test]
fn a_document_starts_with_its_envelope_and_is_one_object() {
    let text = written(false);
    assert!(
        text.starts_with(
            r#"{"schema":"football-bot/step2/1","cycle":"20250528T173017518Z","generated_at":"2025-05-28T17:30:17.518Z","fetched_at":"2025-05-28T17:30:17.518Z","provider":"sandbox","total_matches":2"#
        ),
        "{text}"
    );
    let compact: serde_json::Value = serde_json::from_str(&text).unwrap();
    let pretty: serde_json::Value = serde_json::from_str(&written(true)).unwrap();
    assert_eq!(compact, pretty);
}

#[test]
fn the_head_is_read_from_a_document_that_is_cut_off_behind_it() {
    let text = written(false);
    let head = Head::of(&text[..text.find("matches\":[").unwrap() + 3]);
    assert_eq!(head.total_matches, Some(2));
    assert_eq!(head.cycle.as_deref(), Some("20250528T173017518Z"));
}

#[test]
fn another_cycle_another_schema_and_no_json_are_refused_in_one_sentence() {
    let text = written(false);
    let source = Source::Stdin;
    assert_eq!(
        open(&text, &source, 2, Some(&envelope().cycle)).unwrap(),
        envelope()
    );
    let other = CycleId::at(Utc::now());
    for (document, number, word) in [
        (text.as_str(), 3, "football-bot/step3/1"),
        (text.as_str(), 2, "stale"),
        ("[1,2", 2, "truncated"),
        ("{\"a\":1}", 2, "without a schema"),
        ("nonsense", 2, "not the JSON"),
    ] {
        let failure = open(document, &source, number, Some(&other)).unwrap_err();
        assert_eq!(failure.exit, Exit::BadInput);
        assert!(failure.message.contains(word), "{failure} lacks {word}");
    }
}
