//! Events: what is accepted, what is refused and why, and how the accepted ones reach the bucket.

use selvedge_edge::Delivery;
use selvedge_edge::memory_host::{Health, MemoryRequest};
use serde_json::{Value, json};

use crate::site::{NOW_MS, Site, events_of, post};

/// Delivers what is in the queue, as the host's consumer does.
pub fn deliver(site: &Site) -> Delivery {
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
            "id": "event-1", "returning": false, "item": "tea-03", "type": "add_to_cart", "timestamp_ms": NOW_MS - 1000, "value": 1.99,
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
        with("item", json!(" ")),
        with("item", json!("tea-00 ")),
        with("item", json!("\u{3000}tea-00")),
        with("value", json!(1e300)),
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
    assert_eq!(places, (1..=19).collect::<Vec<u64>>());
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

#[test]
fn a_visitor_returns_once_the_cookie_comes_back_and_nothing_else_does() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00"]);
    site.post_as(&visitor, "/v1/events", &events_of(&["click tea-01"]));
    site.post_as("selvedge=made-up", "/v1/events", &events_of(&["click tea-02"]));
    let objecting = post("/v1/events", &events_of(&["click tea-03"]));
    site.fetch(objecting.with("cookie", visitor.as_str()).with("sec-gpc", "1"));
    let returning: Vec<bool> = queued(&site).iter().map(|event| event["returning"] == true).collect();
    assert_eq!(returning, [false, true, false, false]);
}

/// The events in the queue.
pub fn queued(site: &Site) -> Vec<Value> {
    let queue = site.host.queue.borrow();
    queue.iter().map(|text| serde_json::from_str(text).unwrap()).collect()
}

#[test]
fn a_field_that_nobody_reads_is_named_and_the_event_is_taken() {
    let site = Site::serving();
    let body = json!({
        "sent_at": 1,
        "events": [
            { "type": "click", "item": "tea-00", "timestamp": NOW_MS, "user": "me" },
            { "type": "click", "item": "tea-00" },
            { "type": "Click", "item": "tea-00", "Value": 1 },
        ],
    });
    let receipt = site.post("/v1/events", &body).json();
    assert_eq!(receipt["accepted"], 2);
    assert_eq!(
        receipt["unread"],
        json!(["sent_at", "events[0].timestamp", "events[0].user", "events[2].Value"])
    );
    let receipt = site.post("/v1/events", &events_of(&["click tea-00"])).json();
    assert_eq!(receipt.get("unread"), None);

    // The answer stays short whatever is sent.
    let names: String = (0..1000)
        .map(|number| format!(", \"{number}{}\": 1", "x".repeat(50)))
        .collect();
    let event = format!("{{\"type\": \"click\", \"item\": \"tea-00\"{names}}}");
    let reply = site.fetch(MemoryRequest::post("/v1/events", format!("{{\"events\": [{event}]}}")));
    assert_eq!(reply.json()["unread"].as_array().unwrap().len(), 20);
}

#[test]
fn the_reason_for_a_field_of_the_wrong_type_names_the_field_and_what_was_found() {
    let site = Site::serving();
    for (field, sent, reason) in [
        ("item", "7", "item: expected text, found 7"),
        ("item", "null", "item: expected text, found nothing"),
        ("type", "[\"click\"]", "type: expected text, found [\"click\"]"),
        ("timestamp_ms", "\"2026\"", "timestamp_ms: expected a whole number"),
        ("timestamp_ms", "1.5", "timestamp_ms: expected a whole number"),
        ("timestamp_ms", "-1", "timestamp_ms: expected a whole number"),
        ("value", "\"much\"", "value: expected a finite number"),
        ("value", "1e999", "value: expected a finite number"),
        ("value", "1e300", "value: expected a finite number"),
        ("position", "-1", "position: expected a whole number from 0"),
        ("slot", "{}", "slot: expected text"),
        ("id", "7", "id: expected text"),
        ("decision", "true", "decision: expected text"),
    ] {
        let mut members = vec![("type", "\"click\""), ("item", "\"tea-00\"")];
        members.retain(|(name, _)| *name != field);
        members.push((field, sent));
        let members: Vec<String> = members
            .iter()
            .map(|(name, value)| format!("\"{name}\": {value}"))
            .collect();
        let body = format!("{{\"events\": [{{{}}}]}}", members.join(", "));
        let receipt = site.fetch(MemoryRequest::post("/v1/events", body)).json();
        let found = receipt["rejected"][0]["reason"].as_str().unwrap_or_default();
        assert!(found.starts_with(reason), "{field} = {sent}: {receipt}");
    }
    for (body, reason) in [
        ("{\"item\": \"tea-00\"}", "type: expected text, found nothing"),
        (
            "{\"type\": \"click\", \"item\": \"a\", \"item\": \"b\"}",
            "event: expected an object with distinct fields",
        ),
        ("7", "event: expected an object with distinct fields, found 7"),
    ] {
        let receipt = site
            .fetch(MemoryRequest::post("/v1/events", format!("{{\"events\": [{body}]}}")))
            .json();
        assert!(
            receipt["rejected"][0]["reason"].as_str().unwrap().starts_with(reason),
            "{receipt}"
        );
    }
}

#[test]
fn a_byte_order_mark_in_front_of_the_body_is_no_error() {
    let site = Site::serving();
    let body = [b"\xef\xbb\xbf", events_of(&["click tea-00"]).to_string().as_bytes()].concat();
    let reply = site.fetch(MemoryRequest::post("/v1/events", body));
    assert_eq!((reply.status, &reply.json()["accepted"]), (202, &json!(1)));
}

/// Events of a client at this address.
fn from(address: &str) -> MemoryRequest {
    MemoryRequest {
        client_address: Some(address.to_owned()),
        ..post("/v1/events", &events_of(&["click tea-00"]))
    }
}

#[test]
fn a_client_beyond_the_hosts_limit_is_told_to_wait_and_others_are_served() {
    let site = Site::serving();
    site.host.requests_per_client.set(Some(2));
    let statuses: Vec<u16> = (0..4).map(|_| site.fetch(from("192.0.2.7")).status).collect();
    assert_eq!(statuses, [202, 202, 429, 429]);
    let refused = site.fetch(from("192.0.2.7"));
    assert_eq!(refused.header("retry-after"), Some("60"));
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.header("set-cookie"), None);
    assert_eq!(site.fetch(from("192.0.2.8")).status, 202);
    // One IPv6 network is one client.
    let statuses: Vec<u16> = (0..3)
        .map(|host| site.fetch(from(&format!("2001:db8::{host}"))).status)
        .collect();
    assert_eq!(statuses, [202, 202, 429]);
    // Lists do not count.
    assert_eq!(site.get("/v1/recommend/home").status, 200);
}

#[test]
fn without_a_limit_an_address_or_a_limit_that_works_every_request_passes() {
    let site = Site::serving();
    assert_eq!(site.fetch(from("192.0.2.7")).status, 202);
    site.host.requests_per_client.set(Some(0));
    assert_eq!(site.post("/v1/events", &events_of(&["click tea-00"])).status, 202);
    site.host.limit_health.set(Health::Fails);
    let reply = site.fetch(from("192.0.2.7"));
    assert_eq!((reply.status, reply.fallbacks()), (202, vec![]));
    assert!(site.host.take_log().iter().any(|line| line.starts_with("rate limit: ")));
}
