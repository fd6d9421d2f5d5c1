//! A session of foreign requests against the whole HTTP application, in memory: it never panics, and what holds for every answer
//! holds (`edge/tests/hostile`).
#![no_main]

#[path = "../../examples/planted.rs"]
#[allow(dead_code, reason = "its `main` writes files, which nobody needs here")]
mod planted;

#[path = "../../edge/tests/hostile/mod.rs"]
mod hostile;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    hostile::run(bytes);
});
