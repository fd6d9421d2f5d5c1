//! Reads random bytes as HTML. The tokenizer must not panic, and text that it passes over at once must read as byte by byte.
#![no_main]

#[path = "../../tests/pages/mod.rs"]
#[allow(dead_code, reason = "each target uses a part of it")]
mod pages;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    pages::check_scanner(bytes);
});
