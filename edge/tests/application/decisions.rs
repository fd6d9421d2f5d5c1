//! Events that name the decision they followed from: what is collected of it, whatever happened between view and click.

use selvedge_edge::Delivery;
use selvedge_edge::memory_host::MemoryAnswer;
use serde_json::{Value, json};

use crate::events::{deliver, queued};
use crate::planted;
use crate::site::{PLANTED, Site, rolled_back};

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

#[test]
fn a_decision_without_a_seal_makes_no_line_much_longer_than_what_was_sent() {
    let site = Site::serving();
    let candidates: Vec<String> = (0..30)
        .flat_map(|item| ["tea", "tool", "toy", "book"].map(|department| format!("{department}-{item:02}")))
        .collect();
    let list = site.post("/v1/rank", &json!({ "candidates": candidates })).json();
    let id = list["id"].as_str().unwrap();
    let (record, _) = id.split_once('.').unwrap();
    let event = json!({ "type": "impression", "item": "tea-00", "decision": record });
    site.post("/v1/events", &json!({ "events": [event] }));
    let line = site.host.queue.borrow()[0].clone();
    assert!(
        line.len() < 2 * event.to_string().len() + 1000,
        "{}: {line}",
        event.to_string().len()
    );
    assert_eq!(queued(&site)[0]["decision"]["items"], json!([]));
    assert_eq!(queued(&site)[0]["decision"]["model"], list["model"]);
}

#[test]
fn a_click_on_server_html_can_name_the_decision_of_its_list() {
    let site = Site::serving_with(&[("SELVEDGE_ORIGIN", "http://inner.example:8080")]);
    site.host.set_origin(|_| {
        Ok(MemoryAnswer::html(
            "<ul data-selvedge-slot=\"shelf\" data-n=\"3\"><template><li data-decision=\"{{decision}}\">{{id}}</li></template></ul>",
        ))
    });
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    let answer = site.get_as(&visitor, "/v1/recommend/shelf?n=3").json();
    assert_ne!(answer["scope"], "visitor", "a shared list, out of the cache");
    let html = site.get_as(&visitor, "/").text().into_owned();
    let named: Vec<&str> = html
        .split("data-decision=\"")
        .skip(2)
        .map(|part| part.split('"').next().unwrap())
        .collect();
    assert_eq!(named, vec![answer["id"].as_str().unwrap(); 3], "{html}");
    let event = json!({ "events": [{ "type": "click", "item": "tea-01", "decision": named[0] }] });
    assert_eq!(site.post_as(&visitor, "/v1/events", &event).status, 202);
    let queued: Value = serde_json::from_str(site.host.queue.borrow().last().unwrap()).unwrap();
    assert_eq!(
        (&queued["decision"]["sealed"], &queued["decision"]["slot"]),
        (&true.into(), &"shelf".into())
    );
}
