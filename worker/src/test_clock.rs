//! A clock that HTTP tests set, so that their answers do not depend on when they run. Not in what is deployed.
//!
//! The time of a request is `SELVEDGE_TEST_NOW_MS` (a variable) plus `selvedge-test-advance-ms` (a header); it stands still while the
//! request is answered, and in the work behind its answer. Without the variable the clock is the runtime's.

use js_sys::Reflect;
use selvedge_edge::host::Request as _;
use worker::Env;

use crate::request::Incoming;

/// When the tests' time begins, Unix milliseconds.
pub fn start_ms(env: &Env) -> Option<u64> {
    let start = Reflect::get(env, &"SELVEDGE_TEST_NOW_MS".into()).ok()?;
    start.as_string()?.parse().ok()
}

/// The time of a request.
pub fn advanced_ms(start_ms: Option<u64>, request: &Incoming) -> Option<u64> {
    let advance = request.header("selvedge-test-advance-ms");
    let advance_ms: u64 = advance.and_then(|advance| advance.parse().ok()).unwrap_or(0);
    start_ms.map(|start_ms| start_ms.saturating_add(advance_ms))
}
