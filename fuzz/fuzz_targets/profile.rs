//! Reads random text as a cookie and random bytes as a profile. Neither may panic, and a profile that was read and
//! written again reads as the same profile.
#![no_main]

use libfuzzer_sys::fuzz_target;
use selvedge::profile::Profile;
use selvedge::profile::cookie::{Keyring, Scheme, Terms};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(profile) = Profile::from_bytes(bytes) {
        assert_eq!(Profile::from_bytes(&profile.to_bytes()).as_ref(), Ok(&profile));
    }
    let key = "1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    if let (Ok(ring), Ok(text)) = (Keyring::parse(key), core::str::from_utf8(bytes)) {
        let terms = Terms {
            scheme: Scheme::Https,
            now_ms: 0,
            max_age_ms: u64::MAX,
        };
        assert!(ring.open(text, &terms).is_err(), "a seal was forged");
        let _ = Keyring::parse(text);
    }
});
