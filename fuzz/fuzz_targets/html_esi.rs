//! Runs random pages with Edge Side Includes through the stream of slots, cut at random. The result must not depend on the cuts.
#![no_main]

#[path = "../../tests/pages/mod.rs"]
#[allow(dead_code, reason = "each target uses a part of it")]
mod pages;

use libfuzzer_sys::fuzz_target;
use selvedge::html::Options;

fuzz_target!(|bytes: &[u8]| {
    let [cuts @ .., kind] = bytes else { return };
    let (cuts, page) = cuts.split_at(cuts.len().min(4));
    let lengths: Vec<usize> = cuts.iter().map(|cut| usize::from(*cut) + 1).collect();
    let options = Options {
        esi: true,
        encoding: pages::ENCODINGS[usize::from(*kind) % pages::ENCODINGS.len()],
    };
    pages::check_page(page, &lengths, options);
});
