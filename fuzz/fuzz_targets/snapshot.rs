//! Opens random bytes as a snapshot without verifying signature or digests: the structure checks alone must prevent every panic.
//!
//! Seed it with the golden files; otherwise nearly all inputs are refused at the magic bytes:
//! `mkdir -p fuzz/corpus/snapshot && cp tests/vectors/*.selvedge fuzz/corpus/snapshot/`
//! `cargo fuzz run --sanitizer none snapshot -- -max_len=65536`
#![no_main]

use libfuzzer_sys::fuzz_target;
use selvedge::engine::{Engine, Recorded, Request, Visitor};
use selvedge::event::ItemIndex;
use selvedge::place::Place;
use selvedge::profile::{Consent, Profile, VisitorId};
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust};

const NOW_MS: u64 = 1_512_379_800_000;

fuzz_target!(|bytes: &[u8]| {
    let Ok(snapshot) = Snapshot::open(AlignedBytes::copy_of(bytes), Trust::Unverified) else {
        return;
    };
    let mut profile = Profile::new(VisitorId([1; 16]));
    let mut ids = Vec::new();
    for row in 0..u32::try_from(snapshot.rows()).unwrap_or(u32::MAX).min(64) {
        let item = ItemIndex(row);
        let text = snapshot.text(item);
        let found = snapshot.find_id(text.id);
        assert!(found.is_none_or(|found| snapshot.text(found).id == text.id));
        let _ = snapshot.category_path(item);
        ids.push(text.id.to_owned());
    }
    let Ok(engine) = Engine::new(snapshot) else { return };
    for id in ids.iter().take(8) {
        if let Ok(event) = Recorded::check("click", id, None, None, NOW_MS) {
            event.remember(&mut profile, id);
        }
    }
    engine.settle(&mut profile, NOW_MS);
    let slots: Vec<String> = engine
        .snapshot()
        .policy()
        .slots
        .iter()
        .map(|slot| slot.name.clone())
        .take(4)
        .collect();
    for profile in [None, Some(&profile)] {
        let visitor = Visitor {
            profile,
            consent: Consent::Granted,
            place: Place::default(),
            now_ms: NOW_MS,
        };
        for slot in &slots {
            let request = Request {
                slot,
                n: None,
                category: None,
                exclude: &[],
                visitor,
            };
            if let Ok(context) = engine.assign(&request) {
                let decision = engine.decide(&context);
                assert!(decision.items.len() <= context.n);
            }
        }
        let candidates: Vec<&str> = ids.iter().map(String::as_str).collect();
        let _ = engine.rank(&visitor, &candidates, 10);
    }
    if let Some(id) = ids.first() {
        let _ = engine.similar(id, 10, NOW_MS);
    }
});
