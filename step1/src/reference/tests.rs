use super::*;

const DAY: i64 = 86_400;
const KEEP: Keep = Keep {
    ttl_s: DAY,
    unused_s: 7 * DAY,
    most: 3,
};

fn body(id: &str, name: &str) -> Box<RawValue> {
    RawValue::from_string(format!(
        r#"{{"code":0,"results":[{{"id":"{id}","name":"{name}"}}]}}"#
    ))
    .unwrap()
}

#[test]
fn after_the_time_to_live_one_question_keeps_all_entries_current() {
    let folder = tempfile::tempdir().unwrap();
    let mut cache = Reference::open(folder.path(), "x", KEEP);
    assert_eq!(
        cache.changes_due(Kind::Team, 0),
        None,
        "nothing could have changed"
    );
    cache.put(Kind::Team, "a".to_owned(), body("a", "Old"), 1000);
    cache.put(Kind::Team, "b".to_owned(), body("b", "Same"), 5000);
    assert_eq!(cache.changes_due(Kind::Team, 1000 + DAY - 1), None);
    let due = cache.changes_due(Kind::Team, 1000 + DAY);
    assert_eq!(
        due,
        Some(1000 - SKEW_S),
        "from the oldest entry on, and a little before"
    );
    let rows = [
        r#"{"id":"a","name":"New","updated_at":7000}"#,
        r#"{"id":"stranger"}"#,
    ];
    assert_eq!(cache.take_changes(Kind::Team, &rows, 1000 + DAY), 1);
    cache.looked(Kind::Team, 7000, true, 1000 + DAY);
    assert!(
        cache
            .get(Kind::Team, "a")
            .unwrap()
            .get()
            .contains(r#""New""#)
    );
    assert_eq!(cache.get(Kind::Team, "stranger").map(RawValue::get), None);
    assert_eq!(cache.changes_due(Kind::Team, 1000 + 2 * DAY - 1), None);
    assert_eq!(cache.changes_due(Kind::Team, 1000 + 2 * DAY), Some(7001));
    assert!(
        !cache.needs(Kind::Team, "b", 1000 + 2 * DAY),
        "the look covers it"
    );
    assert!(
        cache.needs(Kind::Team, "b", 1000 + 3 * DAY),
        "no look for two days: one by one"
    );
}

#[test]
fn a_clock_that_was_set_back_asks_once_and_not_for_every_entry() {
    let folder = tempfile::tempdir().unwrap();
    let mut cache = Reference::open(folder.path(), "x", KEEP);
    cache.put(Kind::Team, "a".to_owned(), body("a", "A"), 10 * DAY);
    let now = 10 * DAY - 3600;
    assert!(cache.changes_due(Kind::Team, now).is_some());
    assert!(!cache.needs(Kind::Team, "a", now));
    cache.looked(Kind::Team, now, true, now);
    assert_eq!(cache.changes_due(Kind::Team, now), None);
}

#[test]
fn the_cache_never_grows_beyond_its_bounds() {
    let folder = tempfile::tempdir().unwrap();
    let mut cache = Reference::open(folder.path(), "x", KEEP);
    for n in 0..5 {
        cache.put(
            Kind::Team,
            format!("t{n}"),
            body(&format!("t{n}"), "T"),
            n * DAY,
        );
    }
    cache.save(5 * DAY).unwrap();
    let mut again = Reference::open(folder.path(), "x", KEEP);
    let ids: Vec<&str> = again
        .table(Kind::Team)
        .entries
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(ids, ["t2", "t3", "t4"], "the longest unused went");
    again.put(Kind::Team, "t9".to_owned(), body("t9", "T"), 20 * DAY);
    again.save(20 * DAY).unwrap();
    assert_eq!(
        Reference::open(folder.path(), "x", KEEP).len(Kind::Team),
        1,
        "unused for a week"
    );
    assert_eq!(
        Reference::open(folder.path(), "y", KEEP).len(Kind::Team),
        0,
        "another source's"
    );
}

#[test]
fn an_answer_without_a_row_is_asked_for_again_after_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let mut cache = Reference::open(folder.path(), "x", KEEP);
    let nothing = RawValue::from_string(r#"{"code":0,"results":[]}"#.to_owned()).unwrap();
    cache.put(Kind::Team, "a".to_owned(), nothing, 0);
    cache.looked(Kind::Team, 0, true, DAY);
    assert_eq!(
        (
            cache.needs(Kind::Team, "a", DAY - 1),
            cache.needs(Kind::Team, "a", DAY)
        ),
        (false, true)
    );
}
