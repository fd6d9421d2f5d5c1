//! Compiles random templates and renders them for items whose texts try to become markup, code or an expression. No value may open an
//! element or an attribute that the template does not name.
#![no_main]

#[path = "../../tests/pages/mod.rs"]
#[allow(dead_code, reason = "each target uses a part of it")]
mod pages;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let [template @ .., kind] = bytes else { return };
    pages::check_template(template, pages::ENCODINGS[usize::from(*kind) % pages::ENCODINGS.len()]);
});
