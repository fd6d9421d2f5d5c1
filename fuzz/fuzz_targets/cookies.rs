//! Reads random text as a `Cookie` header, by requests to the whole HTTP application, and random text as a sealed cookie.
//!
//! No request may panic or end in an error of the server, no seal may be forged, and a good cookie anywhere in the header still counts.
#![no_main]

use std::rc::Rc;

use libfuzzer_sys::fuzz_target;
use selvedge::event::{EventKind, ItemKey};
use selvedge::profile::cookie::{Keyring, Scheme, Terms};
use selvedge::profile::{HistoryEntry, KeptProfile, RecentProfiles, VisitorId};
use selvedge_edge::memory_host::{MemoryHost, MemoryRequest};
use selvedge_edge::{App, Config};

const KEY: &str = "1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
const NOW_MS: u64 = 1_512_379_800_000;

fuzz_target!(|bytes: &[u8]| {
    let Ok(ring) = Keyring::parse(KEY) else { return };
    let text = String::from_utf8_lossy(bytes);
    for scheme in [Scheme::Http, Scheme::Https] {
        let terms = Terms {
            scheme,
            now_ms: NOW_MS,
            max_age_ms: 86_400_000,
        };
        assert!(ring.open(&text, &terms).is_err(), "a seal was forged");
        let mut recent = RecentProfiles::new();
        assert!(recent.open(&ring, &text, &terms).is_err());
        recent.forget(&text);
    }

    // What a runtime gives: no control characters.
    let header: String = text.chars().filter(|letter| !letter.is_control()).take(4096).collect();
    let mut kept = KeptProfile::new(VisitorId([7; 16]), NOW_MS, None);
    kept.profile.remember(HistoryEntry {
        item: ItemKey::of("a"),
        kind: EventKind::Click,
        at_min: 25_206_330,
    });
    let Ok(sealed) = ring.seal(&kept, Scheme::Https, [9; 24]) else {
        return;
    };
    let split = bytes.first().map_or(0, |byte| usize::from(*byte));
    let place = header
        .char_indices()
        .map(|(at, _)| at)
        .nth(split)
        .unwrap_or(header.len());
    let (before, after) = header.split_at(place);
    let cookies = format!("{before}; __Host-selvedge={sealed}; {after}");
    let host = MemoryHost::new(NOW_MS, 7);
    let app = Rc::new(App::new(Config::read(
        |name| (name == "SELVEDGE_COOKIE_KEYS").then(|| KEY.to_owned()),
        |_| (),
    )));
    for request in [
        MemoryRequest::get("/v1/recommend/home"),
        MemoryRequest::post("/v1/events", r#"{"events": [{"type": "view", "item": "b"}]}"#),
        MemoryRequest::new("DELETE", "/v1/profile"),
    ] {
        let objects = cookies.contains("selvedge-consent=off") || cookies.contains("selvedge-deleted=");
        let is_event = request.method == "POST";
        let reply = host.fetch(&app, request.with("cookie", cookies.as_str()));
        assert!(reply.status < 500, "{} {}", reply.status, reply.text());
        assert!(
            objects || !reply.fallbacks().contains(&"bad-cookie"),
            "a good cookie was hidden"
        );
        if is_event && !objects {
            assert!(
                reply
                    .profile_cookie()
                    .is_some_and(|cookie| cookie.starts_with("__Host-selvedge-"))
            );
        }
    }
});
