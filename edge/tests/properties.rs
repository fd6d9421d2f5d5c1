//! What holds for every answer of the application, whatever is asked, in whatever order, while whatever breaks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../../examples/planted.rs"]
#[allow(dead_code, reason = "its `main` writes files, which nobody needs here")]
mod planted;

mod hostile;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_session_panics_breaks_a_page_or_tells_one_visitor_of_another(bytes in prop::collection::vec(any::<u8>(), 0..900)) {
        hostile::run(&bytes);
    }
}

#[test]
fn a_session_of_ordinary_requests_is_answered() {
    // Zeros and ones: each byte picks the first choices.
    for fill in 0..=255 {
        hostile::run(&[fill; 300]);
    }
}
