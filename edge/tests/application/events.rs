//! Events: what is accepted, what is refused and why, and how the accepted ones reach the bucket.

use selvedge_edge::Delivery;
use selvedge_edge::memory_host::{Health, MemoryRequest};
use serde_json::{Value, json};

use crate::planted;
use crate::site::{NOW_MS, PLANTED, Site, events_of, post, rolled_back};

/// Delivers what is in the queue, as the host's consumer does.
fn deliver(site: &Site) -> Delivery {
    let messages = site.host.queue.borrow().clone();
    let delivery = site.host.run(site.app.deliver(&site.host, messages));
    if delivery == Delivery::Written {
        site.host.queue.borrow_mut().clear();
    }
    delivery
}

#[test]
fn an_accepted_event_reaches_the_bucket_through_the_queue_with_who_what_when_and_where() {
    let site = Site::serving();
    let sent = json!({
        "type": "add_to_cart", "item": "tea-03", "timestamp_ms": NOW_MS - 1000, "value": 1.99, "slot": "home", "position": 3,
        "id": "event-1",
    });
    let reply = site.post("/v1/events", &json!({ "events": [sent] }));
    assert_eq!(reply.status, 202);
    assert_eq!(reply.fallbacks(), [""; 0]);
    assert_eq!(
        reply.json(),
        json!({ "accepted": 1, "collected": 1, "rejected": [], "segment": 0 })
    );

    assert_eq!(deliver(&site), Delivery::Written);
    let collected = site.host.collected();
    let [(key, line)] = &collected[..] else {
        panic!("expected one line, found {collected:?}")
    };
    let name = key.strip_prefix("events/date=2026-01-01/hour=12/").unwrap();
    let uuid = name.strip_suffix(".ndjson.gz").unwrap();
    let parts: Vec<usize> = uuid.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{uuid}");
    assert!(
        uuid.chars().all(|sign| sign == '-' || sign.is_ascii_hexdigit()) && uuid.as_bytes()[14] == b'4',
        "{uuid}"
    );

    let mut event: Value = serde_json::from_str(line).unwrap();
    let fields = event.as_object_mut().unwrap();
    let user = fields.remove("user").unwrap();
    assert!(user.as_str().is_some_and(|user| user.len() == 32), "{user}");
    let model = fields.remove("model").unwrap();
    assert!(model.as_str().unwrap().starts_with("20260101T000000Z-"));
    assert_eq!(
        event,
        json!({
            "id": "event-1", "item": "tea-03", "type": "add_to_cart", "timestamp_ms": NOW_MS - 1000, "value": 1.99,
            "slot": "home", "position": 3, "segment": 0, "context": {}, "decision": null, "schema_version": 1,
        })
    );
}

/// The user of each event in the queue.
fn users(site: &Site) -> Vec<Value> {
    let queue = site.host.queue.borrow();
    let parsed = queue.iter().map(|text| serde_json::from_str::<Value>(text).unwrap());
    parsed.map(|event| event["user"].clone()).collect()
}

#[test]
fn a_visitor_keeps_one_id_from_event_to_event_and_two_visitors_have_two() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00"]);
    site.post_as(&visitor, "/v1/events", &events_of(&["click tea-01"]));
    site.visitor(&["click tea-01"]);
    let users = users(&site);
    assert_eq!(users[0], users[1]);
    assert_ne!(users[0], users[2]);
}

#[test]
fn without_consent_an_event_is_collected_without_a_visitor_segment_or_cookie() {
    let site = Site::serving();
    let reply = site.fetch(post("/v1/events", &events_of(&["view tea-00"])).with("sec-gpc", "1"));
    assert_eq!(reply.json()["collected"], 1);
    assert_eq!(reply.header("set-cookie"), None);
    assert_eq!(users(&site), [Value::Null]);
}

#[test]
fn an_event_without_an_id_gets_one_of_its_own() {
    let site = Site::serving();
    site.post("/v1/events", &events_of(&["click tea-00", "click tea-00"]));
    let ids: Vec<Value> = {
        let queue = site.host.queue.borrow();
        let parsed = queue.iter().map(|text| serde_json::from_str::<Value>(text).unwrap());
        parsed.map(|event| event["id"].clone()).collect()
    };
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn a_bad_event_is_refused_with_its_place_and_reason_and_spoils_no_other() {
    let site = Site::serving();
    let good = json!({ "type": "click", "item": "tea-00" });
    let with = |field: &str, value: Value| {
        let mut event = good.clone();
        event[field] = value;
        event
    };
    let events = json!([
        good,
        with("type", json!("Click")),
        with("item", json!("")),
        with("item", json!("a\0b")),
        with("item", json!("x".repeat(257))),
        with("item", json!(7)),
        with("timestamp_ms", json!(NOW_MS + 10 * 60_000)),
        with("timestamp_ms", json!(NOW_MS - 25 * 3_600_000)),
        with("timestamp_ms", json!(-1)),
        with("value", json!("much")),
        with("position", json!(-1)),
        with("id", json!("")),
        with("id", json!("with space")),
        with("slot", json!("s".repeat(65))),
        "click",
        null,
        good,
    ]);
    let receipt = site.post("/v1/events", &json!({ "events": events })).json();
    assert_eq!(receipt["accepted"], 2);
    let rejected = receipt["rejected"].as_array().unwrap();
    let places: Vec<u64> = rejected
        .iter()
        .map(|rejection| rejection["index"].as_u64().unwrap())
        .collect();
    assert_eq!(places, (1..=15).collect::<Vec<u64>>());
    for rejection in rejected {
        let reason = rejection["reason"].as_str().unwrap();
        assert!(reason.contains("expected") || reason.contains("missing"), "{rejection}");
    }
}

#[test]
fn a_batch_of_only_bad_events_is_answered_stores_nothing_and_sets_no_cookie() {
    let site = Site::serving();
    let reply = site.post("/v1/events", &events_of(&["nothing tea-00"]));
    assert_eq!(reply.status, 202);
    assert_eq!(
        (&reply.json()["accepted"], &reply.json()["collected"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(reply.header("set-cookie"), None);
    assert!(site.host.queue.borrow().is_empty());
}

#[test]
fn a_hundred_events_of_the_longest_ids_stay_within_the_cookies_limit() {
    let site = Site::serving();
    let events = (0..100)
        .map(|index| format!("click {:x<256}", format!("{index}-")))
        .collect::<Vec<_>>();
    let events: Vec<&str> = events.iter().map(String::as_str).collect();
    let reply = site.post("/v1/events", &events_of(&events));
    assert_eq!(
        (&reply.json()["accepted"], &reply.json()["collected"]),
        (&json!(100), &json!(100))
    );
    assert!(reply.header("set-cookie").unwrap().len() <= 2048);
    assert_eq!(site.host.queue.borrow().len(), 100);
}

#[test]
fn the_profile_cookie_is_out_of_reach_for_scripts_and_other_sites_and_secure_on_https() {
    let site = Site::serving();
    let event = events_of(&["click tea-00"]);
    let https = site.post("/v1/events", &event);
    let (sealed, attributes) = https.header("set-cookie").unwrap().split_once("; ").unwrap();
    assert!(sealed.strip_prefix("__Host-selvedge=").is_some_and(|sealed| {
        sealed
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    }));
    assert_eq!(attributes, "Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax; Secure");

    let plain = || MemoryRequest {
        url: "http://shop.example/v1/events".to_owned(),
        ..post("/v1/events", &event)
    };
    let attributes = |request| {
        let reply = site.fetch(request);
        reply
            .header("set-cookie")
            .unwrap()
            .split_once("; ")
            .unwrap()
            .1
            .to_owned()
    };
    assert_eq!(attributes(plain()), "Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
    let behind_tls = plain().with("x-forwarded-proto", "https");
    assert!(attributes(behind_tls).ends_with("; Secure"));
}

#[test]
fn delete_ends_the_profile_and_what_was_opened_of_it() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00"]);
    let reply = site.fetch(MemoryRequest::new("DELETE", "/v1/profile").with("cookie", visitor));
    assert_eq!(reply.status, 204);
    assert!(
        reply
            .header("set-cookie")
            .unwrap()
            .starts_with("__Host-selvedge=; Path=/; Max-Age=0;")
    );
}

#[test]
fn a_message_that_is_no_event_of_ours_is_kept_as_a_line_for_ingest_to_put_into_quarantine() {
    let site = Site::new(&[]);
    site.host
        .queue
        .borrow_mut()
        .push(json!({ "foreign": true }).to_string());
    assert_eq!(deliver(&site), Delivery::Written);
    assert_eq!(site.host.collected()[0].1, r#"{"foreign":true}"#);
}

#[test]
fn a_batch_that_cannot_be_written_is_left_to_the_next_delivery() {
    let site = Site::serving();
    site.post("/v1/events", &events_of(&["click tea-00"]));
    site.host.bucket_health.set(Health::Fails);
    assert_eq!(deliver(&site), Delivery::Again);
    assert!(site.host.collected().is_empty());
    site.host.bucket_health.set(Health::Works);
    assert_eq!(deliver(&site), Delivery::Written);
    assert_eq!(site.host.collected().len(), 1);
}

/// The one collected event of this type.
fn collected(site: &Site, kind: &str) -> Value {
    while deliver(site) != Delivery::Written {}
    let lines = site.host.collected();
    let events = lines
        .iter()
        .map(|(_, line)| serde_json::from_str::<Value>(line).unwrap());
    let found: Vec<Value> = events.filter(|event| event["type"] == kind).collect();
    let [event] = &found[..] else {
        panic!("expected one {kind}, found {found:?}")
    };
    event.clone()
}

#[test]
fn a_click_tells_the_model_of_its_view_though_another_one_came_in_between() {
    let site = Site::serving_with(&[("SELVEDGE_REFRESH_S", "60")]);
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    for (path, scope) in [("/v1/recommend/shelf", "context"), ("/v1/recommend/home", "visitor")] {
        let cookies = if scope == "visitor" { visitor.as_str() } else { "" };
        let view = site.get_as(cookies, path).json();
        assert_eq!(view["scope"], scope);
        site.host.publish(&format!("models/{scope}.selvedge"), &PLANTED.next);
        site.host.advance(61_000);
        site.get(path);
        assert_ne!(
            site.get("/readyz").json()["model"],
            view["model"],
            "another model answers now"
        );

        site.host.queue.borrow_mut().clear();
        site.host.bucket.borrow_mut().clear();
        let clicked = &view["items"][2]["id"];
        let click = json!({ "type": "click", "item": clicked, "decision": view["id"] });
        let receipt = site
            .post_as(cookies, "/v1/events", &json!({ "events": [click] }))
            .json();
        assert_eq!(
            (&receipt["accepted"], &receipt["rejected"]),
            (&json!(1), &json!([])),
            "{receipt}"
        );

        let event = collected(&site, "click");
        let decision = &event["decision"];
        assert_ne!(event["model"], view["model"]);
        assert_eq!(
            (&decision["model"], &decision["sealed"]),
            (&view["model"], &json!(true))
        );
        assert_eq!(decision["scope"], scope);
        assert_eq!((&event["slot"], &event["position"]), (&view["slot"], &json!(2)));
        let shown: Vec<&Value> = decision["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["item"])
            .collect();
        let seen: Vec<&Value> = view["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["id"])
            .collect();
        assert_eq!(shown, seen);
        assert_eq!(decision["items"][2]["propensity"], 1.0);
        assert_eq!(decision["key"].is_null(), scope == "visitor");
        return_to_the_first_model(&site);
    }
}

/// Steps back to the first model.
fn return_to_the_first_model(site: &Site) {
    let next_ms = planted::CREATED_MS + planted::DAY_MS;
    let pointer = rolled_back("models/1.selvedge", &PLANTED.snapshot, next_ms);
    site.host
        .models
        .borrow_mut()
        .insert("models/current.json".to_owned(), pointer);
    site.host.advance(61_000);
    site.get("/v1/recommend/shelf");
}

#[test]
fn a_made_up_decision_is_refused_or_known_for_what_it_is() {
    let site = Site::serving();
    let id = site.get("/v1/recommend/shelf").json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (record, _) = id.split_once('.').unwrap();
    let with = |decision: Value| json!({ "type": "click", "item": "tea-00", "decision": decision });
    let events = [
        with(json!("made up")),
        with(json!(7)),
        with(json!(record)),
        with(json!(id)),
    ];
    let receipt = site.post("/v1/events", &json!({ "events": events })).json();
    assert_eq!(receipt["accepted"], 2, "{receipt}");
    let reason = receipt["rejected"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("decision: expected the id of an answer"), "{reason}");
    deliver(&site);
    let events = site.host.collected();
    let sealed: Vec<bool> = events
        .iter()
        .map(|(_, line)| serde_json::from_str::<Value>(line).unwrap()["decision"]["sealed"] == true)
        .collect();
    assert_eq!(sealed, [false, true]);
}

#[test]
fn a_batch_of_events_that_name_long_lists_stays_within_the_queues_limit() {
    let site = Site::serving();
    let list = site.post(
        "/v1/rank",
        &json!({ "candidates": (0..30).flat_map(|item| {
        ["tea", "tool", "toy", "book"].map(|department| format!("{department}-{item:02}"))
    }).collect::<Vec<_>>() }),
    );
    let id = list.json()["id"].clone();
    let event = json!({ "type": "impression", "item": "tea-00", "decision": id });
    let events = vec![event; 50];
    let reply = site.post("/v1/events", &json!({ "events": events }));
    assert_eq!(reply.fallbacks(), [""; 0], "{}", reply.text());
    assert_eq!(reply.json()["collected"], 50);
    let queued: usize = site.host.queue.borrow().iter().map(String::len).sum();
    assert!(
        queued > 256_000,
        "expected more than one call can take, found {queued} bytes"
    );
    assert_eq!(site.host.queue.borrow().len(), 50);
}
