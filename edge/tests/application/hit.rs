//! Answers out of memory: they wait for nothing, and are sent as they were prepared.

use selvedge_edge::Body;
use selvedge_edge::memory_host::{Health, MemoryRequest, Reply};

use crate::site::{Site, status};

#[test]
fn an_answer_out_of_memory_is_ready_at_the_first_poll_and_was_prepared_by_the_first_hit() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    for path in [
        "/v1/recommend/shelf",
        "/v1/similar/tea-00",
        "/v1/recommend/home?category=tea",
    ] {
        let request = || MemoryRequest::get(path).with("cookie", &visitor);
        let made = site.fetch(request());
        for _ in 0..3 {
            let answer = site.host.at_once(&site.app, request()).expect("it waits for nothing");
            if !path.contains("home") {
                assert!(matches!(answer.body, Body::Prepared(_)), "{path}");
                assert_eq!(answer.headers.get("etag"), None, "the host has its headers already");
            }
            assert_eq!(Reply::begun(answer).0.body, made.body, "{path}");
        }
    }
}

#[test]
fn whatever_asks_nothing_of_the_host_is_ready_at_the_first_poll() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    for path in [
        "/v1/recommend/home",
        "/v1/key/shelf",
        "/v1/recommend/shelf?n=3",
        "/healthz",
        "/readyz",
        "/v1/nothing",
    ] {
        let request = MemoryRequest::get(path).with("cookie", &visitor);
        assert!(site.host.at_once(&site.app, request).is_some(), "{path}");
    }
    let delete = MemoryRequest::new("DELETE", "/v1/profile");
    assert!(site.host.at_once(&site.app, delete).is_some());
}

#[test]
fn a_hit_leaves_no_work_behind() {
    let site = Site::serving();
    site.get("/v1/similar/tea-00");
    assert!(!site.host.has_work());
    assert!(
        site.host
            .at_once(&site.app, MemoryRequest::get("/v1/similar/tea-00"))
            .is_some()
    );
    assert!(!site.host.has_work());
}

#[test]
fn where_answers_cannot_be_prepared_they_are_made_each_time_and_the_log_says_so() {
    let site = Site::serving();
    let _ = site.host.take_log();
    site.host.prepare_health.set(Health::Fails);
    let made = site.get("/v1/recommend/shelf");
    for _ in 0..2 {
        let hit = site.get("/v1/recommend/shelf");
        assert!(status(&hit).starts_with("selvedge; hit;"));
        assert_eq!(hit.body, made.body);
        assert_eq!(hit.header("etag"), made.header("etag"));
        assert_eq!(hit.fallbacks(), [""; 0]);
    }
    assert_eq!(
        site.host.take_log(),
        ["prepared answer: prepared answers: told to fail"; 2]
    );
    // One that cannot be changed any more tells the right age all the same.
    site.host.prepare_health.set(Health::Works);
    site.get("/v1/recommend/shelf");
    site.host.prepare_health.set(Health::Fails);
    site.host.advance(4_000);
    assert_eq!(site.get("/v1/recommend/shelf").header("age"), Some("4"));
}
