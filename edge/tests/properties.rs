//! What holds for every answer of the application, whatever is asked, in whatever order, while whatever breaks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../../examples/planted.rs"]
#[allow(dead_code, reason = "its `main` writes files, which nobody needs here")]
mod planted;

mod hostile;

use std::collections::BTreeSet;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_session_panics_breaks_a_page_or_tells_one_visitor_of_another(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        hostile::run(&bytes);
    }
}

/// Otherwise the property would hold because nothing happens.
#[test]
fn random_sessions_reach_what_the_property_is_about() {
    let mut reached = BTreeSet::new();
    let mut state = 1u64;
    for _ in 0..150 {
        let bytes: Vec<u8> = (0..1200)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        reached.extend(hostile::run(&bytes));
    }
    for expected in [
        "200 recommend visitor",
        "200 recommend segment",
        "200 recommend context",
        "200 recommend everyone",
        "200 similar everyone",
        "200 rank visitor",
        "202 events",
        "204 key",
        "204 profile",
        "200 page",
        "404 page",
        "502 page",
        "503 readyz",
        "304 recommend",
        "400 recommend",
        "400 events",
        "403 events",
        "405 rank",
        "413 events",
        "set-cookie",
        "hit",
        "fwd=miss",
        "detail=visitor",
        "no-snapshot",
        "bad-snapshot",
        "bad-cookie",
        "no-cookie-key",
        "no-queue",
        "queue-failed",
        "cache-failed",
    ] {
        assert!(
            reached.contains(expected),
            "never reached: {expected}; reached: {reached:#?}"
        );
    }
}

#[test]
fn a_session_of_ordinary_requests_is_answered() {
    // One byte again and again: the same choice each time.
    for fill in (0..=255).step_by(3) {
        hostile::run(&[fill; 300]);
    }
}
