//! Answers from a model: who gets what, what is shared, and whether the headers tell the truth about it.

use selvedge_edge::memory_host::{MemoryRequest, Reply};
use serde_json::{Value, json};

use crate::site::{NOW_MS, Site, departments, events_of, ids, key, post, problem, status};

fn decision(reply: &Reply) -> Value {
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.fallbacks(), [""; 0]);
    reply.json()
}

fn fields(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn sorted<const N: usize>(mut names: [&str; N]) -> [&str; N] {
    names.sort_unstable();
    names
}

#[test]
fn a_decision_has_exactly_the_fields_of_the_api_page() {
    let site = Site::serving();
    let home = decision(&site.get_as(&site.visitor(&["click tea-00", "click tea-02"]), "/v1/recommend/home"));
    assert_eq!(
        fields(&home),
        sorted([
            "id",
            "slot",
            "model",
            "scope",
            "segment",
            "context",
            "items",
            "unknown",
            "explanation"
        ])
    );
    assert_eq!(
        fields(&home["items"][0]),
        sorted(["id", "title", "categories", "image", "attributes", "score", "reason"])
    );
    assert_eq!(
        fields(&home["explanation"]),
        sorted([
            "history",
            "segment_members",
            "segment_cosine",
            "kept_segment",
            "exact",
            "candidates",
            "excluded"
        ])
    );
    assert_eq!(
        fields(&home["explanation"]["history"][0]),
        sorted(["item", "title", "kind", "weight"])
    );
    assert_eq!(
        fields(&home["items"][0]["reason"]),
        sorted(["kind", "item", "title", "share"])
    );
}

#[test]
fn a_visitor_is_ranked_by_what_the_visitor_did() {
    let site = Site::serving();
    for department in ["tea", "tool", "toy", "book"] {
        let visitor = site.visitor(&[&format!("click {department}-03"), &format!("click {department}-05")]);
        let home = decision(&site.get_as(&visitor, "/v1/recommend/home"));
        assert_eq!(departments(&home), [department]);
        assert_eq!(home["scope"], "visitor");
        assert_eq!(home["items"][0]["reason"]["kind"], "because");
        let key = site.get_as(&visitor, "/v1/key/home");
        assert_eq!(key.header("selvedge-scope"), Some("visitor"));
        assert_eq!(key.header("selvedge-segment"), Some(&*home["segment"].to_string()));
        assert_eq!(key.header("selvedge-model"), home["model"].as_str());
    }
}

#[test]
fn a_personal_answer_is_never_stored_by_us_or_by_anybody() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    for _ in 0..3 {
        let reply = site.get_as(&visitor, "/v1/recommend/home");
        assert_eq!(reply.header("cache-control"), Some("private, no-store"));
        assert_eq!(status(&reply), "selvedge; fwd=bypass; detail=visitor");
        assert_eq!(reply.header("etag"), None);
    }
}

#[test]
fn a_segments_list_is_shared_by_its_visitors_without_a_word_about_the_first() {
    let site = Site::serving();
    let first = site.get_as(
        &site.visitor(&["click tool-00", "click tool-02"]),
        "/v1/recommend/shelf?n=5",
    );
    assert!(
        status(&first).starts_with("selvedge; fwd=miss; stored; key=\"v1/"),
        "{}",
        status(&first)
    );
    assert!(key(&first).unwrap().ends_with("/shelf/s1/-/-/-/5"));
    assert_eq!(first.header("cache-control"), Some("private, no-cache"));
    assert_eq!(decision(&first)["explanation"]["history"], json!([]));

    let another = site.visitor(&["click tool-09", "click tool-11", "click tool-13"]);
    let second = site.get_as(&another, "/v1/recommend/shelf?n=5");
    assert!(
        status(&second).starts_with("selvedge; hit; ttl="),
        "{}",
        status(&second)
    );
    assert_eq!(second.header("etag"), first.header("etag"));
    assert_eq!(second.body, first.body);

    let other = site.get_as(
        &site.visitor(&["click book-00", "click book-02"]),
        "/v1/recommend/shelf?n=5",
    );
    assert!(key(&other).unwrap().contains("/shelf/s3/"));
    assert_eq!(departments(&decision(&other)), ["book"]);
}

#[test]
fn a_stale_list_answers_at_once_and_says_that_it_is_stale() {
    let site = Site::serving();
    let visitor = site.visitor(&["click toy-00", "click toy-02"]);
    let first = site.get_as(&visitor, "/v1/recommend/stale");
    assert!(status(&first).contains("fwd=miss; stored"));
    site.host.advance(3_000);
    let second = site.get_as(&visitor, "/v1/recommend/stale");
    assert!(
        status(&second).starts_with("selvedge; hit; ttl=-3; key="),
        "{}",
        status(&second)
    );
    assert_eq!(second.body, first.body);
}

#[test]
fn a_client_that_has_a_shared_answer_already_is_told_so() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    for path in [
        "/v1/recommend/shelf?n=7",
        "/v1/similar/tea-00?n=7",
        "/v1/recommend/shelf?n=7&exclude=tea-00",
    ] {
        let first = site.get_as(&visitor, path);
        let etag = first.header("etag").unwrap();
        assert_eq!(etag.len(), 18);
        for tag in [etag, &format!("W/{etag}"), &format!("\"other\", {etag}"), "*"] {
            let conditional = MemoryRequest::get(path)
                .with("cookie", &visitor)
                .with("if-none-match", tag);
            let again = site.fetch(conditional);
            assert_eq!((again.status, again.body.len()), (304, 0), "{tag}");
            assert_eq!(again.header("etag"), Some(etag));
        }
        let changed = MemoryRequest::get(path)
            .with("cookie", &visitor)
            .with("if-none-match", "\"other\"");
        assert_eq!(site.fetch(changed).status, 200);
    }
    let anonymous = site.get("/v1/recommend/home");
    let conditional = MemoryRequest::get("/v1/recommend/home").with("if-none-match", anonymous.header("etag").unwrap());
    assert_eq!(
        site.fetch(conditional.with("cookie", visitor)).status,
        200,
        "a personal one is another"
    );
}

#[test]
fn items_near_an_item_are_public_for_as_long_as_they_are_fresh() {
    let site = Site::serving();
    let reply = site.get("/v1/similar/tea-03?n=4");
    assert_eq!(
        reply.header("cache-control"),
        Some("public, max-age=300, stale-while-revalidate=3600, stale-if-error=86400")
    );
    let similar = decision(&reply);
    assert_eq!(ids(&similar).len(), 4);
    assert_eq!(departments(&similar), ["tea"]);
    assert!(!ids(&similar).contains(&"tea-03".to_owned()));
    assert_eq!(similar["items"][0]["reason"]["kind"], "similar");
    assert!(status(&site.get("/v1/similar/tea-03?n=4")).starts_with("selvedge; hit;"));
}

#[test]
fn objecting_leaves_the_context_only_and_nothing_is_read_written_or_named() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    let by_header = |request: MemoryRequest| request.with("cookie", &visitor).with("sec-gpc", "1");
    let by_cookie = |request: MemoryRequest| request.with("cookie", format!("{visitor}; selvedge-consent=off"));
    for objecting in [&by_header as &dyn Fn(MemoryRequest) -> MemoryRequest, &by_cookie] {
        let home = decision(&site.fetch(objecting(MemoryRequest::get("/v1/recommend/home"))));
        assert_eq!(home["scope"], "context");
        assert_eq!(home["segment"], Value::Null);
        let key = site.fetch(objecting(MemoryRequest::get("/v1/key/home")));
        assert_eq!(key.header("selvedge-segment"), None);
        let receipt = site.fetch(objecting(post("/v1/events", &events_of(&["click tea-00"]))));
        assert_eq!(receipt.status, 202);
        assert_eq!(receipt.header("set-cookie"), None);
        assert_eq!(receipt.json()["segment"], Value::Null);
    }
    let collected = site.host.queue.borrow();
    let last: Value = serde_json::from_str(collected.last().unwrap()).unwrap();
    assert_eq!(last["user"], Value::Null);
}

#[test]
fn categories_and_exclusions_narrow_an_answer_down_and_one_with_exclusions_is_not_shared() {
    let site = Site::serving();
    let green = site.get("/v1/recommend/home?category=green%20TEA&n=5");
    for item in decision(&green)["items"].as_array().unwrap() {
        assert_eq!(item["categories"], json!(["TEA", "Green tea"]));
    }
    let path = key(&green).unwrap();
    assert!(path.contains("/c") && path.ends_with("/-/-/5"), "{path}");

    let all = ids(&decision(&site.get("/v1/recommend/home?n=3")));
    let narrowed = site.get(&format!(
        "/v1/recommend/home?n=3&exclude={},%20{},unknown",
        all[0], all[1]
    ));
    let left = ids(&decision(&narrowed));
    assert_eq!(left.len(), 3);
    assert!(!left.contains(&all[0]) && !left.contains(&all[1]));
    assert_eq!(status(&narrowed), "selvedge; fwd=bypass; detail=request");
}

#[test]
fn what_is_sold_out_is_not_shown() {
    let teas = decision(&Site::serving().get("/v1/recommend/home?category=tea&n=24"));
    assert!(!ids(&teas).contains(&"tea-29".to_owned()));
    assert_eq!(teas["explanation"]["excluded"], 120 - 29);
}

#[test]
fn the_callers_candidates_are_ranked_and_unknown_ones_come_last_in_their_order() {
    let site = Site::serving();
    let visitor = site.visitor(&["click book-00", "click book-02"]);
    let candidates = json!(["x", "tea-04", "book-07", "tool-01", "y", "book-07", "x"]);
    let reply = site.post_as(&visitor, "/v1/rank", &json!({ "candidates": candidates }));
    let ranked = decision(&reply);
    let mut found = ids(&ranked);
    assert_eq!(found[0], "book-07");
    found.sort();
    assert_eq!(found, ["book-07", "tea-04", "tool-01"]);
    assert_eq!(ranked["unknown"], json!(["x", "y"]));
    assert_eq!(reply.header("cache-control"), Some("private, no-store"));
    assert_eq!(status(&reply), "selvedge; fwd=method");
    let one = site.post_as(&visitor, "/v1/rank", &json!({ "candidates": candidates, "n": 1 }));
    assert_eq!(ids(&decision(&one)), ["book-07"]);
}

#[test]
fn what_the_model_does_not_know_is_a_problem_with_what_it_knows() {
    let site = Site::serving();
    let many = (0..101).map(|id| id.to_string()).collect::<Vec<_>>().join(",");
    for (path, expected, slug) in [
        ("/v1/recommend/nowhere", 404, "no-such-slot"),
        ("/v1/similar/nothing", 404, "no-such-item"),
        ("/v1/recommend/home?n=0", 400, "bad-parameter"),
        ("/v1/recommend/home?n=25", 400, "bad-parameter"),
        ("/v1/recommend/home?category=nowhere", 400, "bad-parameter"),
        (&format!("/v1/recommend/home?exclude={many}"), 400, "bad-parameter"),
        ("/v1/similar/tea-00?n=101", 400, "bad-parameter"),
    ] {
        let document = problem(&site.get(path), expected, slug);
        let detail = document["detail"].as_str().unwrap();
        assert!(detail.contains("expected ") && detail.contains(", found "), "{detail}");
    }
    for count in [0, 1001] {
        let candidates: Vec<String> = (0..count).map(|id| id.to_string()).collect();
        let reply = site.post("/v1/rank", &json!({ "candidates": candidates }));
        assert_eq!(reply.status, 400);
    }
}

#[test]
fn server_timing_names_the_stages_in_milliseconds() {
    let site = Site::serving();
    let timing = |reply: &Reply| reply.header("server-timing").unwrap().to_owned();
    let shelf = site.get("/v1/recommend/shelf");
    let marks = ["model", "plan", "cache", "decide", "total"].map(|stage| format!("{stage};dur=0.000"));
    assert_eq!(timing(&shelf), marks.join(", "));
    let events = site.post("/v1/events", &events_of(&["click tea-00"]));
    let marks = ["body", "record", "collect", "total"].map(|stage| format!("{stage};dur=0.000"));
    assert_eq!(timing(&events), marks.join(", "));
}

#[test]
fn the_visitors_own_clock_tells_the_daypart() {
    let site = Site::serving();
    let context = |local_offset_ms| {
        let request = MemoryRequest {
            local_offset_ms,
            ..MemoryRequest::get("/v1/recommend/home")
        };
        site.fetch(request).json()["context"].as_str().unwrap().to_owned()
    };
    assert_eq!(context(0), "weekday-afternoon");
    assert_eq!(context(-3 * 3_600_000), "weekday-morning");
    assert_eq!(context(9 * 3_600_000), "weekday-evening");
}

#[test]
fn the_probe_tells_the_model_and_when_it_was_loaded() {
    let readiness = Site::serving().get("/readyz").json();
    assert_eq!(readiness["ready"], true);
    assert!(readiness["model"].as_str().unwrap().starts_with("20260101T000000Z-"));
    assert_eq!(readiness["loaded_at_ms"], NOW_MS);
}
