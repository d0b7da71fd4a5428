//! Endpoints outside the plan.

use std::fs;

use serde_json::json;
use testkit::{Chain, message};

use crate::provider::{OUT_OF_PLAN, Provider, cycle, run};

#[test]
fn without_odds_update_in_the_plan_it_is_said_once_and_running_matches_are_all_asked_for() {
    let provider = Provider::start();
    provider.matches(&[("m1", "t1", "t2"), ("m2", "t2", "t1")]);
    provider.raw("odds/update", OUT_OF_PLAN);
    let chain = Chain::new();
    let (document, said) = cycle(&chain, &provider, &[]);
    assert_eq!(document["fetch"]["out_of_plan"], json!(["odds/update"]));
    assert!(said.contains("done without it"), "{said}");
    let (document, said) = cycle(&chain, &provider, &[]);
    assert!(!said.contains("done without it"), "said again: {said}");
    assert_eq!(provider.times_asked("odds/update"), 1);
    assert_eq!(document["fetch"]["by_endpoint"]["odds/history"], 2);
    assert_eq!(document["fetch"]["completeness"], 1.0);
}

#[test]
fn details_outside_the_plan_are_a_refusal_and_not_a_cycle_without_names() {
    let provider = Provider::start();
    provider.matches(&[("m1", "t1", "t2"), ("m2", "t2", "t1")]);
    let chain = Chain::new();
    cycle(&chain, &provider, &[]);
    let good = fs::read(chain.output(1)).unwrap();
    // Lapsed: what is known carries it on, until the matches are mostly others.
    provider.raw("match/recent/list?time", OUT_OF_PLAN);
    let (document, said) = cycle(&chain, &provider, &[]);
    assert_eq!(
        document["fetch"]["out_of_plan"],
        json!(["match/recent/list"])
    );
    assert!(said.contains("done without it"), "{said}");
    provider.matches(&[("m1", "t1", "t2"), ("m3", "t2", "t1"), ("m4", "t1", "t2")]);
    let kept = fs::read(chain.output(1)).unwrap();
    let output = run(&chain, &provider, &[]);
    let said = message(&output);
    assert_eq!(output.status.code(), Some(77), "{said}");
    assert!(
        said.contains("2 of 3 matches have neither names nor a kick-off"),
        "{said}"
    );
    assert_eq!(fs::read(chain.output(1)).unwrap(), kept);
    assert_ne!(kept, good);
    // As soon as the plan has it, the next run sees that.
    provider.rows("match/recent/list?time", json!([]));
    cycle(&chain, &provider, &[]);
    // And when nothing was known from the start.
    for id in ["m1", "m3", "m4"] {
        provider.raw(&format!("match/recent/list?uuid={id}"), OUT_OF_PLAN);
    }
    let output = run(&Chain::new(), &provider, &[]);
    assert_eq!(output.status.code(), Some(77), "{}", message(&output));
}
