use super::*;

/// One byte at a time, so that everything lies on a border.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let n = self.0.len().min(1);
        into[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

const TEXT: &str = r#" {"a": [1, {"match_odds": {"no": 1}}, "}]\"{"], "match_odds" :
    {"m1": {"x": "a\\\"]}", "y": [[], {}]}, "m\u00e9": [1,2 ], "n": -1.5e3 , "s":"ü\"", "t":true}, "z": null} "#;

fn found(reader: impl Read, wanted: &str) -> io::Result<Vec<(String, Span, String)>> {
    let mut all = Vec::new();
    of(
        reader,
        "match_odds",
        |id| wanted.is_empty() || wanted == id,
        |id, span, text| {
            all.push((id.to_owned(), span, text.to_owned()));
            true
        },
    )?;
    Ok(all)
}

#[test]
fn members_are_found_whole_wherever_the_pieces_end() {
    let expected = [
        ("m1", r#"{"x": "a\\\"]}", "y": [[], {}]}"#),
        ("mé", "[1,2 ]"),
        ("n", "-1.5e3"),
        ("s", r#""ü\"""#),
        ("t", "true"),
    ];
    for all in [
        found(TEXT.as_bytes(), "").unwrap(),
        found(Drip(TEXT.as_bytes()), "").unwrap(),
    ] {
        assert_eq!(all.len(), expected.len());
        for ((id, span, text), (key, value)) in all.iter().zip(expected) {
            assert_eq!((id.as_str(), text.as_str()), (key, value));
            let from = usize::try_from(span.from).unwrap();
            assert_eq!(&TEXT[from..from + span.length], value);
        }
    }
    assert_eq!(found(TEXT.as_bytes(), "n").unwrap().len(), 1);
}

#[test]
fn it_ends_early_when_nobody_wants_more() {
    // What is broken behind the member is not looked at.
    let text = r#"{"match_odds":{"a":1,"b":2"#;
    let mut seen = 0;
    let each = |_: &str, _: Span, _: &str| {
        seen += 1;
        false
    };
    of(text.as_bytes(), "match_odds", |_| true, each).unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn what_is_cut_off_or_no_json_is_an_error_and_never_a_hang() {
    for cut in 1..TEXT.trim_end().len() {
        if TEXT.is_char_boundary(cut) {
            assert!(found(&TEXT.as_bytes()[..cut], "").is_err(), "{cut}");
        }
    }
    for wrong in [
        "",
        "[]",
        "{,}",
        r#"{"a" 1}"#,
        r#"{"a":}"#,
        r#"{"a":1 "b":2}"#,
    ] {
        assert!(found(wrong.as_bytes(), "").is_err(), "{wrong}");
    }
    assert!(
        found(br#"{"match_odds":[1]}"#.as_slice(), "")
            .unwrap()
            .is_empty()
    );
    assert!(found(b"{\"match_odds\":{\"a\":\"\xff\"}}".as_slice(), "").is_err());
}

#[test]
fn a_member_that_is_too_large_is_left_out_and_the_next_one_found() {
    let text = format!(
        r#"{{"match_odds":{{"a":"{}","b":1}}}}"#,
        "x".repeat(LARGEST)
    );
    let all = found(text.as_bytes(), "").unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].0, "b");
}
