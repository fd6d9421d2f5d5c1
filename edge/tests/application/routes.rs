//! Which requests lead where, and what every other one is told.

use selvedge_edge::memory_host::MemoryRequest;
use serde_json::json;

use crate::site::{ORIGIN, Site, events_of, post, problem};

fn site() -> Site {
    Site::new(&[])
}

#[test]
fn the_process_says_that_it_answers() {
    let reply = site().get("/healthz");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json(), json!({ "status": "ok" }));
}

#[test]
fn head_is_answered_as_get_is() {
    let reply = site().fetch(MemoryRequest::new("HEAD", "/healthz"));
    assert_eq!((reply.status, reply.body.len()), (200, 0));
}

#[test]
fn an_unknown_path_is_a_problem_that_names_the_paths() {
    let paths = [
        "/v1/",
        "/v1",
        "/v1/recommend",
        "/v1/recommend/",
        "/v1/recommend/home/more",
        "/v2/rank",
        "/v1/panic",
    ];
    for path in paths {
        let document = problem(&site().get(path), 404, "no-such-path");
        assert_eq!(document["instance"], path);
        assert!(document["detail"].as_str().unwrap().contains("/v1/recommend/{slot}"));
    }
}

#[test]
fn a_known_path_with_another_method_names_the_methods() {
    for (path, method, allow) in [
        ("/v1/recommend/home", "POST", "GET, HEAD"),
        ("/v1/rank", "GET", "POST"),
        ("/v1/events", "PUT", "POST"),
        ("/v1/profile", "GET", "DELETE"),
        ("/healthz", "PROPFIND", "GET, HEAD"),
    ] {
        let reply = site().fetch(MemoryRequest::new(method, path));
        assert_eq!(reply.header("allow"), Some(allow));
        problem(&reply, 405, "method-not-allowed");
    }
}

#[test]
fn a_path_that_is_no_percent_encoded_utf8_is_a_problem() {
    for path in [
        "/v1/recommend/%ff",
        "/v1/similar/%E0%A4",
        "/v1/recommend/%zz",
        "/v1/key/a%4",
        "/v1/similar/%",
    ] {
        problem(&site().get(path), 400, "bad-parameter");
    }
}

#[test]
fn a_percent_encoded_name_is_the_name() {
    let site = Site::serving();
    assert_eq!(site.get("/v1/recommend/%68ome").json()["slot"], "home");
    problem(&site.get("/v1/recommend/%C3%A4"), 404, "no-such-slot");
}

#[test]
fn a_count_that_is_no_number_is_a_problem() {
    for n in ["many", "-1", "1.5", "99999999999999999999999"] {
        let document = problem(&site().get(&format!("/v1/recommend/home?n={n}")), 400, "bad-parameter");
        assert!(
            document["detail"]
                .as_str()
                .unwrap()
                .starts_with("n: expected a whole number")
        );
    }
}

#[test]
fn a_query_is_decoded_as_the_url_standard_says() {
    for (query, decoded) in [
        ("n=a+b%2Bc%2f", "a b+c/"),
        ("%6E=%zz%4", "%zz%4"),
        ("&&n", ""),
        ("n=%e2%82%ac%ff", "€\u{fffd}"),
        ("n=%%41=1+", "%A=1 "),
        ("other=%&n=%+f", "% f"),
        ("n=%C3%A4", "ä"),
    ] {
        let document = problem(
            &site().get(&format!("/v1/recommend/home?{query}")),
            400,
            "bad-parameter",
        );
        let expected = format!("n: expected a whole number from 1, found {decoded:?}");
        assert_eq!(document["detail"], expected, "{query}");
    }
}

#[test]
fn a_body_that_is_none_of_ours_is_a_problem_whatever_it_is() {
    let deep = "[".repeat(20_000);
    let zeros = "\0".repeat(40);
    let bodies = [
        "",
        "{",
        "null",
        "[]",
        "{}",
        r#"{"events": 1}"#,
        r#"{"events": []}"#,
        &zeros,
        &deep,
    ];
    for body in bodies {
        for path in ["/v1/events", "/v1/rank"] {
            problem(&site().fetch(MemoryRequest::post(path, body)), 400, "bad-body");
        }
    }
    problem(&site().fetch(MemoryRequest::new("POST", "/v1/events")), 400, "bad-body");
    let too_many = vec!["click tea-00"; 101];
    problem(&site().post("/v1/events", &events_of(&too_many)), 400, "bad-body");
}

#[test]
fn a_body_over_the_limit_is_refused_whether_its_length_is_told_or_not() {
    let body = json!({ "events": [], "padding": "x".repeat(64 * 1024) }).to_string();
    problem(
        &site().fetch(MemoryRequest::post("/v1/events", body.clone())),
        413,
        "body-too-long",
    );
    let told = MemoryRequest::post("/v1/events", body.clone()).with("content-length", body.len().to_string());
    problem(&site().fetch(told), 413, "body-too-long");
    // One that claims to be shorter than it is has said too little.
    let lying = MemoryRequest::post("/v1/events", body).with("content-length", "10");
    problem(&site().fetch(lying), 413, "body-too-long");
}

#[test]
fn a_write_from_a_page_of_another_site_is_refused() {
    let event = || post("/v1/events", &events_of(&["click 1"]));
    let delete = || MemoryRequest::new("DELETE", "/v1/profile");
    for (name, value) in [
        ("origin", "https://elsewhere.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        problem(&site().fetch(event().with(name, value)), 403, "cross-site");
        problem(&site().fetch(delete().with(name, value)), 403, "cross-site");
    }
    let own = event().with("origin", ORIGIN).with("sec-fetch-site", "same-origin");
    assert_eq!(site().fetch(own).status, 202);
}
