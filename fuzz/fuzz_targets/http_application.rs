//! Runs a session of random requests through the whole HTTP application in memory. It must not panic, and every answer must have the
//! properties that `edge/tests/hostile` checks.
#![no_main]

#[path = "../../examples/planted.rs"]
#[allow(dead_code, reason = "its `main` writes files, which nobody needs here")]
mod planted;

#[path = "../../edge/tests/hostile/mod.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::run(bytes);
});
