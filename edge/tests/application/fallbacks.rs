//! What is missing or broken never costs a visitor the page: each has its fall-back, named in a header and counted.

use selvedge_edge::memory_host::{Health, MemoryRequest};
use serde_json::{Value, json};

use crate::site::{COOKIE_KEY, NEWER_COOKIE_KEY, NOW_MS, PLANTED, Site, events_of, ids};

/// That all resources that list items are answered by 200 and nothing, by this fall-back.
fn assert_empty_lists(site: &Site, fallback: &str) {
    let answers = [
        ("home", site.get("/v1/recommend/home")),
        ("similar", site.get("/v1/similar/tea-00")),
        ("rank", site.post("/v1/rank", &json!({ "candidates": ["b", "a"] }))),
    ];
    for (slot, reply) in answers {
        assert_eq!(reply.status, 200, "{slot}");
        assert_eq!(reply.fallbacks(), [fallback], "{slot}");
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{slot}");
        assert_eq!(
            reply.header("cache-status"),
            Some("selvedge; fwd=bypass; detail=no-model")
        );
        let decision = reply.json();
        assert_eq!(decision["slot"], slot);
        assert_eq!((&decision["scope"], ids(&decision).len()), (&json!("everyone"), 0));
        let unknown = if slot == "rank" { json!(["b", "a"]) } else { json!([]) };
        assert_eq!(decision["unknown"], unknown);
    }
    let key = site.get("/v1/key/home");
    assert_eq!((key.status, key.header("selvedge-key")), (204, None));
    assert_eq!(site.get("/readyz").status, 503);
    assert!(site.counted("counters", fallback) >= 3);
}

#[test]
fn without_a_snapshot_lists_are_empty_and_candidates_come_back_in_their_order() {
    let site = Site::new(&[]);
    assert_empty_lists(&site, "no-snapshot");
    let log = site.host.take_log();
    assert!(
        log[0].starts_with("model store: models/current.json: not found; looked into "),
        "{log:?}"
    );
}

#[test]
fn when_the_place_of_models_fails_lists_are_empty() {
    let site = Site::new(&[]);
    site.host.models_health.set(Health::Fails);
    assert_empty_lists(&site, "no-snapshot");
}

#[test]
fn a_first_load_that_takes_too_long_is_not_waited_for_and_answers_later() {
    let site = Site::new(&[]);
    site.host.publish("models/1.selvedge", &PLANTED.snapshot);
    site.host.models_delay_ms.set(9_000);
    let first = site.get("/v1/recommend/home");
    assert_eq!(first.fallbacks(), ["no-snapshot"]);
    assert_eq!(
        first.header("server-timing").unwrap().split_once(',').unwrap().0,
        "model;dur=5000.000"
    );
    // Pointer and file, one after the other, within the 20 seconds that a load may take.
    site.host.advance(4_000);
    site.host.work();
    site.host.advance(9_000);
    site.host.work();
    assert_eq!(site.get("/v1/recommend/home").fallbacks(), [""; 0]);
}

#[test]
fn the_first_requests_of_a_process_share_one_load_and_all_are_answered_from_the_model() {
    let site = Site::new(&[]);
    site.host.publish("models/1.selvedge", &PLANTED.snapshot);
    site.host.models_delay_ms.set(300);
    let requests = (0..20).map(|_| MemoryRequest::get("/v1/recommend/home")).collect();
    for reply in site.host.fetch_all(&site.app, requests) {
        assert_eq!(reply.fallbacks(), [""; 0]);
        assert_eq!(ids(&reply.json()).len(), 8);
    }
    assert_eq!(
        *site.host.models_read.borrow(),
        ["models/current.json", "models/1.selvedge"]
    );
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut copy = bytes.to_vec();
    copy[at] ^= 1;
    copy
}

#[test]
fn a_bad_snapshot_is_refused_and_lists_are_empty() {
    let good = &PLANTED.snapshot;
    let last = good.len() - 1;
    let key = "models/planted.selvedge";
    let told = |bytes: usize| json!({ "key": key, "bytes": bytes });
    for (name, snapshot, pointer) in [
        ("is no snapshot", b"<html>not found</html>".to_vec(), None),
        ("is empty", Vec::new(), None),
        ("is cut off", good[..1000].to_vec(), None),
        ("has a changed header", flipped(good, 40), None),
        ("has a changed signature", flipped(good, 64 + 18 * 64 + 30), None),
        ("has a changed last byte", flipped(good, last), None),
        ("has a changed byte in its middle", flipped(good, last / 2), None),
        ("is longer than its pointer says", good.clone(), Some(told(500))),
        ("is shorter than its pointer says", good.clone(), Some(told(last + 2))),
        ("is said to be enormous", good.clone(), Some(told(1_000_000_000_000))),
        (
            "is not where its pointer says",
            good.clone(),
            Some(json!({ "key": "models/elsewhere", "bytes": 7 })),
        ),
    ] {
        let site = Site::new(&[]);
        site.host.publish(key, &snapshot);
        if let Some(pointer) = pointer {
            let mut models = site.host.models.borrow_mut();
            models.insert("models/current.json".to_owned(), pointer.to_string().into_bytes());
        }
        assert_eq!(
            site.get("/v1/recommend/home").fallbacks(),
            ["bad-snapshot"],
            "one that {name}"
        );
        assert_empty_lists(&site, "bad-snapshot");
    }
}

#[test]
fn a_pointer_that_is_none_is_refused() {
    for pointer in ["{".repeat(10_000), String::new(), "null".to_owned(), "\u{0}".to_owned()] {
        let site = Site::new(&[]);
        let mut models = site.host.models.borrow_mut();
        models.insert("models/current.json".to_owned(), pointer.into_bytes());
        drop(models);
        assert_empty_lists(&site, "bad-snapshot");
    }
}

#[test]
fn a_snapshot_of_an_untrusted_key_is_refused() {
    // The base point of the curve: a valid public key that signed nothing here.
    let other = format!("58{}", "66".repeat(31));
    let site = Site::new(&[("SELVEDGE_PUBLIC_KEYS", &other)]);
    site.host.publish("models/1.selvedge", &PLANTED.snapshot);
    assert_empty_lists(&site, "bad-snapshot");
}

#[test]
fn without_a_trusted_key_no_snapshot_is_good_and_the_log_says_what_to_set() {
    let site = Site::new(&[("SELVEDGE_PUBLIC_KEYS", "not a key")]);
    site.host.publish("models/1.selvedge", &PLANTED.snapshot);
    assert_empty_lists(&site, "bad-snapshot");
    let log = site.host.take_log().join("\n");
    assert!(
        log.contains("SELVEDGE_PUBLIC_KEYS: expected Ed25519 public keys"),
        "{log}"
    );
}

#[test]
fn the_last_good_snapshot_stays_while_a_newer_one_is_bad_and_a_later_good_one_replaces_it() {
    let site = Site::serving_with(&[("SELVEDGE_REFRESH_S", "60")]);
    let answering = || site.get("/v1/recommend/home").json()["model"].clone();
    let version = answering();

    let last = PLANTED.next.len() - 1;
    site.host.publish("models/2.selvedge", &flipped(&PLANTED.next, last));
    for turn in 1..4 {
        site.host.advance(60_000);
        let kept = site.get("/v1/recommend/home");
        assert_eq!(kept.json()["model"], version);
        assert_eq!(kept.fallbacks(), [""; 0]);
        assert_eq!(site.counted("counters", "bad-snapshot"), 1, "turn {turn}");
    }
    let fetched = site
        .host
        .models_read
        .borrow()
        .iter()
        .filter(|key| *key == "models/2.selvedge")
        .count();
    assert_eq!(fetched, 1, "the refused snapshot is not fetched again and again");

    site.host.publish("models/3.selvedge", &PLANTED.next);
    site.host.advance(60_000);
    assert_eq!(
        answering(),
        version,
        "this request begins the refresh and is itself answered from what is there"
    );
    assert_eq!(
        answering(),
        version,
        "and this one by the list that the model before left, while the new one's is made"
    );
    assert_ne!(answering(), version);
    assert_eq!(site.counted("counters", "bad-snapshot"), 1);
}

#[test]
fn a_place_of_models_that_fails_for_a_while_costs_nothing_but_a_counter() {
    let site = Site::serving_with(&[("SELVEDGE_REFRESH_S", "60")]);
    site.host.models_health.set(Health::Fails);
    site.host.advance(60_000);
    for _ in 0..2 {
        assert_eq!(site.get("/v1/recommend/home").fallbacks(), [""; 0]);
    }
    assert_eq!(site.counted("counters", "no-snapshot"), 1);
    site.host.models_health.set(Health::Works);
    site.host.publish("models/2.selvedge", &PLANTED.next);
    site.host.advance(60_000);
    site.get("/readyz");
    // The list that the model before left, while the new one's is made.
    site.get("/v1/recommend/home");
    let title = site.get("/v1/recommend/home").json()["items"][0]["title"].clone();
    assert!(title.as_str().unwrap().ends_with("(next)"));
}

#[test]
fn without_a_queue_events_go_straight_to_the_bucket() {
    let site = Site::serving();
    site.host.queue_health.set(Health::Absent);
    let reply = site.post("/v1/events", &events_of(&["click tea-00"]));
    assert_eq!(reply.fallbacks(), ["no-queue"]);
    assert_eq!(reply.json()["collected"], 1);
    assert_eq!(site.host.collected().len(), 1);
}

#[test]
fn when_the_queue_fails_events_go_straight_to_the_bucket() {
    let site = Site::serving();
    site.host.queue_health.set(Health::Fails);
    let reply = site.post("/v1/events", &events_of(&["click tea-00", "view tea-01"]));
    assert_eq!(reply.fallbacks(), ["queue-failed"]);
    assert_eq!(reply.json()["collected"], 2);
    assert_eq!(site.host.collected().len(), 2);
}

#[test]
fn when_queue_and_bucket_fail_the_answer_says_so_and_the_profile_is_kept_all_the_same() {
    for (queue, fallback) in [(Health::Fails, "queue-failed"), (Health::Absent, "no-queue")] {
        let site = Site::new(&[]);
        site.host.queue_health.set(queue);
        site.host.bucket_health.set(Health::Absent);
        let reply = site.post("/v1/events", &events_of(&["click tea-00"]));
        assert_eq!(reply.status, 202);
        assert_eq!(reply.fallbacks(), ["no-snapshot", fallback]);
        assert_eq!(
            reply.json(),
            json!({ "accepted": 1, "collected": 0, "rejected": [], "segment": null })
        );
        assert!(reply.profile_cookie().is_some());
    }
}

#[test]
fn without_random_bytes_no_profile_is_begun_and_lists_are_answered() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    site.host.random_health.set(Health::Fails);
    let named = json!({ "events": [{ "type": "click", "item": "tea-00", "id": "own" }] });
    for request in [
        site.post("/v1/events", &named),
        site.post_as(&visitor, "/v1/events", &named),
    ] {
        assert_eq!(request.status, 202);
        assert_eq!(request.json()["accepted"], 1);
        assert_eq!(request.header("set-cookie"), None);
    }
    let unnamed = site.post("/v1/events", &events_of(&["click tea-00"])).json();
    assert_eq!(unnamed["rejected"][0]["reason"], "random bytes: told to fail");
    assert_eq!(site.get_as(&visitor, "/v1/recommend/home").json()["scope"], "visitor");
}

#[test]
fn a_cookie_that_does_not_open_makes_a_visitor_new_is_named_and_counted_and_breaks_nothing() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00"]);
    let good = visitor.strip_prefix("__Host-selvedge=").unwrap();
    let changed = {
        let mut bytes = good.as_bytes().to_vec();
        bytes[60] = if bytes[60] == b'A' { b'B' } else { b'A' };
        String::from_utf8(bytes).unwrap()
    };
    let hostile = [
        changed,
        good[..good.len() - 1].to_owned(),
        format!("{good}A"),
        String::new(),
        "AQ".to_owned(),
        "%00".to_owned(),
        "A".repeat(4000),
        format!("AQ{}", &good[2..]),
        "=;=".to_owned(),
        "\"".to_owned(),
    ];
    for cookie in &hostile {
        for path in ["/v1/recommend/home", "/v1/recommend/shelf"] {
            let reply = site.get_as(&format!("__Host-selvedge={cookie}"), path);
            assert_eq!(reply.status, 200, "{cookie}");
            assert_eq!(reply.fallbacks(), ["bad-cookie"], "{cookie}");
            assert_eq!(reply.json()["scope"], "context");
        }
    }
    assert_eq!(site.counted("counters", "bad-cookie"), 2 * hostile.len() as u64);
}

#[test]
fn cookie_keys_rotate_the_older_key_still_opens_and_the_newer_one_seals() {
    let serving = |keys: &str| Site::serving_with(&[("SELVEDGE_COOKIE_KEYS", keys)]);
    let old = serving(COOKIE_KEY).visitor(&["click tea-00", "click tea-02"]);

    let both = serving(&format!("{NEWER_COOKIE_KEY},{COOKIE_KEY}"));
    assert_eq!(both.get_as(&old, "/v1/recommend/home").json()["scope"], "visitor");
    let reply = both.post_as(&old, "/v1/events", &events_of(&["click tea-00"]));
    let fresh = reply.profile_cookie().unwrap().to_owned();

    let newer = serving(NEWER_COOKIE_KEY);
    assert_eq!(newer.get_as(&fresh, "/v1/recommend/home").json()["scope"], "visitor");
    assert_eq!(newer.get_as(&old, "/v1/recommend/home").fallbacks(), ["bad-cookie"]);
}

#[test]
fn without_a_usable_cookie_key_nothing_is_remembered_and_the_log_does_not_show_the_key() {
    let site = Site::serving_with(&[("SELVEDGE_COOKIE_KEYS", "1:c2hvcnQ=")]);
    let reply = site.post("/v1/events", &events_of(&["click tea-00"]));
    assert_eq!(reply.fallbacks(), ["no-cookie-key"]);
    assert_eq!(reply.header("set-cookie"), None);
    let log = site.host.take_log().join("\n");
    assert!(
        log.contains("SELVEDGE_COOKIE_KEYS") && !log.contains("c2hvcnQ"),
        "{log}"
    );
}

#[test]
fn a_variable_that_makes_no_sense_is_named_in_the_log_and_its_default_holds() {
    let site = Site::serving_with(&[
        ("SELVEDGE_REFRESH_S", "soon"),
        ("SELVEDGE_DIAGNOSTICS", "perhaps"),
        ("SELVEDGE_OPERATOR_TOKEN", "operator"),
        ("SELVEDGE_ORIGIN", "ftp://shop.example"),
    ]);
    assert_eq!(site.get("/v1/recommend/home").header("cache-status"), None);
    assert_eq!(site.get("/shop").status, 404);
    let log = site.host.take_log();
    for name in ["SELVEDGE_REFRESH_S", "SELVEDGE_DIAGNOSTICS", "SELVEDGE_ORIGIN"] {
        assert!(
            log.iter().any(|line| line.starts_with(name) && line.contains("found")),
            "{name}: {log:?}"
        );
    }
    site.host.publish("models/2.selvedge", &PLANTED.next);
    site.host.advance(60_000);
    site.get("/readyz");
    assert!(site.readiness()["model"].as_str().unwrap().starts_with("20260102"));
}

#[test]
fn the_clock_may_go_back() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    site.get("/v1/recommend/shelf");
    // By wrapping around: an hour before the start.
    site.host.advance(u64::MAX - NOW_MS);
    for path in ["/v1/recommend/shelf", "/v1/recommend/home", "/v1/similar/tea-00"] {
        let reply = site.get_as(&visitor, path);
        assert_eq!(reply.status, 200, "{path}");
        assert_ne!(reply.json()["items"], Value::Null);
    }
}
