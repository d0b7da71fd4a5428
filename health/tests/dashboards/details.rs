//! One match in full on the terminal, at every width.

use std::fs;

use chrono::Utc;
use health::monitor::app::Over;
use health::monitor::{View, snapshot};
use serde_json::json;

use crate::product::{document_of, match_of, merged, result_quote};
use crate::screens::{app, look, well};

#[test]
fn the_details_of_a_match_lose_no_state_and_cut_no_number_where_it_is_narrow() {
    let (place, _lock) = well();
    let own = json!({"suspended": true});
    let one = match_of(
        "m1",
        json!({"full_time_result": merged(result_quote(), own), "bookmakers": 3}),
    );
    fs::write(
        place.data("step5/step5.json"),
        document_of("sandbox", Utc::now(), &[one]),
    )
    .unwrap();
    let look = look(&place);
    let mut app = app(View::Matches);
    app.over = Over::Details;
    let mut found = Vec::new();
    for columns in [40, 60, 80, 120] {
        let text = snapshot::text(&mut app, &look, (columns, 24));
        assert!(text.contains("suspended"), "{text}");
        let row = text.lines().find(|line| line.starts_with("1X2 ")).unwrap();
        let numbers = row.split_whitespace().skip(1);
        found.push(numbers.map(str::to_owned).collect::<Vec<_>>());
    }
    let wide = found.pop().unwrap();
    for narrow in found {
        assert!(
            narrow.iter().all(|number| wide.contains(number)),
            "{narrow:?} {wide:?}"
        );
    }
}
