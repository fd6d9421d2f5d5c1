//! The segment-keyed cache, rule by rule of RFC 9111 (caching), RFC 5861 (stale windows), RFC 9110 (conditional requests), RFC 9211
//! (Cache-Status), and what is our own: one computation for each key, versioned keys.

use std::collections::BTreeSet;

use selvedge_edge::memory_host::{Health, MemoryRequest, Reply};

use crate::site::{PLANTED, Site, app, key, status, ttl};

fn many(path: &str, cookies: &str) -> Vec<MemoryRequest> {
    (0..500)
        .map(|_| MemoryRequest::get(path).with("cookie", cookies))
        .collect()
}

#[test]
fn five_hundred_requests_at_once_for_a_cold_key_are_one_computation() {
    let site = Site::serving();
    for path in [
        "/v1/recommend/shelf",
        "/v1/recommend/home?category=tea",
        "/v1/similar/tea-00",
    ] {
        let before = site.cache_counts();
        let replies = site.host.fetch_all(&site.app, many(path, ""));
        let bodies: BTreeSet<&[u8]> = replies.iter().map(|reply| &*reply.body).collect();
        let after = site.cache_counts();
        assert_eq!((replies.len(), bodies.len()), (500, 1), "{path}");
        assert_eq!(
            [after[0] - before[0], after[2] - before[2]],
            [499, 1],
            "{path}: hits and misses"
        );
    }
}

#[test]
fn five_hundred_requests_at_once_for_a_stale_key_are_one_renewal_and_all_are_answered_meanwhile() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    site.get_as(&visitor, "/v1/recommend/stale");
    let before = site.cache_counts();
    let replies = site.host.fetch_all(&site.app, many("/v1/recommend/stale", &visitor));
    for reply in &replies {
        assert!(status(reply).starts_with("selvedge; hit; ttl=0;"), "{}", status(reply));
    }
    let after = site.cache_counts();
    let counted: Vec<u64> = before.iter().zip(after).map(|(before, after)| after - before).collect();
    assert_eq!(counted, [0, 500, 0, 1], "hits, stale, misses, renewals");
    // The slot is stale from its first second; for one second, what was just renewed is left alone.
    site.get_as(&visitor, "/v1/recommend/stale");
    assert_eq!(site.cache_counts()[3], after[3]);
    site.host.advance(1_000);
    site.get_as(&visitor, "/v1/recommend/stale");
    assert_eq!(site.cache_counts()[3], after[3] + 1);
}

#[test]
fn a_hit_tells_its_age_and_age_and_time_to_live_add_up() {
    let site = Site::serving();
    for path in ["/v1/recommend/shelf", "/v1/similar/tea-00"] {
        assert_eq!(site.get(path).header("age"), None, "what was just computed has no age");
        let first = site.get(path);
        assert_eq!(first.header("age"), Some("0"));
        // 300 seconds, shorter by up to a tenth.
        assert!((270..=300).contains(&ttl(&first)), "{}", status(&first));
        for age in [1, 59] {
            site.host.advance(if age == 1 { 1_000 } else { 58_999 });
            let hit = site.get(path);
            let told = hit.header("age").unwrap().parse::<i64>().unwrap();
            assert_eq!(told, if age == 1 { 1 } else { 59 });
            assert_eq!(ttl(&hit) + told, ttl(&first));
            assert_eq!(hit.body, first.body);
        }
    }
}

#[test]
fn an_answer_is_fresh_then_stale_and_renewed_then_gone() {
    let site = Site::serving();
    let first = site.get("/v1/recommend/shelf");
    let fresh_s = ttl(&site.get("/v1/recommend/shelf"));
    site.host.advance(u64::try_from(fresh_s).unwrap() * 1000);
    let stale = site.get("/v1/recommend/shelf");
    assert_eq!(ttl(&stale), 0);
    assert_eq!(stale.body, first.body);
    let renewed = site.get("/v1/recommend/shelf");
    assert_eq!(
        (renewed.header("age"), ttl(&renewed)),
        (Some("0"), fresh_s),
        "it was computed anew behind the stale one"
    );
    // The slot allows 600 seconds more; an hour is too much.
    site.host.advance(3_600_000);
    assert!(status(&site.get("/v1/recommend/shelf")).starts_with("selvedge; fwd=miss;"));
}

#[test]
fn times_to_live_differ_from_key_to_key_and_not_from_process_to_process() {
    let lives = || {
        let site = Site::serving();
        let life = |n| {
            let path = format!("/v1/recommend/shelf?n={n}");
            site.get(&path);
            ttl(&site.get(&path))
        };
        (1..=12).map(life).collect::<Vec<i64>>()
    };
    assert_eq!(lives(), lives());
    assert!(
        lives().into_iter().collect::<BTreeSet<i64>>().len() > 3,
        "{:?}",
        lives()
    );
}

#[test]
fn a_new_snapshot_answers_under_its_own_keys_and_the_one_before_serves_stale_while_they_fill() {
    let site = Site::serving_with(&[("SELVEDGE_REFRESH_S", "60")]);
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    let first = site.get_as(&visitor, "/v1/recommend/shelf");
    let version = first.json()["model"].clone();

    site.host.publish("models/2.selvedge", &PLANTED.next);
    site.host.advance(60_000);
    assert_eq!(site.get("/healthz").status, 200, "which looks at no model");
    assert_eq!(
        site.get("/readyz").json()["model"],
        version,
        "the refresh runs behind this request"
    );
    let before = site.cache_counts();
    let stale = site.get_as(&visitor, "/v1/recommend/shelf");
    assert_eq!(key(&stale), key(&first), "under the old key");
    assert!(
        status(&stale).ends_with("; detail=previous-model"),
        "{}",
        status(&stale)
    );
    assert_eq!(stale.body, first.body);

    let fresh = site.get_as(&visitor, "/v1/recommend/shelf");
    assert!(
        status(&fresh).starts_with("selvedge; hit;"),
        "filled behind the stale answer: {}",
        status(&fresh)
    );
    let decision = fresh.json();
    assert_ne!(decision["model"], version);
    for item in decision["items"].as_array().unwrap() {
        assert!(item["title"].as_str().unwrap().ends_with("(next)"));
    }
    let after = site.cache_counts();
    assert_eq!(
        [after[2] - before[2], after[3] - before[3]],
        [0, 1],
        "misses and renewals"
    );

    let cold = site.get_as(&visitor, "/v1/recommend/shelf?n=3");
    assert!(
        status(&cold).starts_with("selvedge; fwd=miss;"),
        "what the one before had no answer for is computed"
    );
    assert_eq!(cold.json()["model"], decision["model"]);
}

#[test]
fn the_model_before_is_let_go_when_its_time_is_over() {
    let site = Site::serving_with(&[("SELVEDGE_REFRESH_S", "60")]);
    site.get("/v1/recommend/shelf?n=5");
    site.host.publish("models/2.selvedge", &PLANTED.next);
    site.host.advance(60_000);
    site.get("/readyz");
    // 300 seconds, whatever the slot allows.
    site.host.advance(300_000);
    let reply = site.get("/v1/recommend/shelf?n=5");
    assert!(status(&reply).starts_with("selvedge; fwd=miss;"), "{}", status(&reply));
}

#[test]
fn a_validator_answers_304_with_what_a_cache_needs_to_keep_its_copy() {
    let site = Site::serving();
    for path in ["/v1/similar/tea-00", "/v1/recommend/shelf"] {
        let etag = site.get(path).header("etag").unwrap().to_owned();
        for _ in 0..2 {
            let unchanged = site.get_with(path, "if-none-match", &etag);
            assert_eq!(unchanged.status, 304);
            for name in ["etag", "cache-control"] {
                assert!(unchanged.header(name).is_some(), "{name}");
            }
        }
        // A date says nothing where an entity tag does (section 13.1.3), and we send none.
        let dated = site.get_with(path, "if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT");
        assert_eq!(dated.status, 200);
        // A part of an answer is never asked for (section 14.2 lets a server ignore it).
        assert_eq!(site.get_with(path, "range", "bytes=0-3").status, 200);
    }
}

#[test]
fn head_has_the_headers_of_get_and_shares_its_key() {
    let site = Site::serving();
    let get = site.get("/v1/recommend/shelf");
    let head = site.fetch(MemoryRequest::new("HEAD", "/v1/recommend/shelf"));
    assert!(head.body.is_empty());
    assert!(status(&head).starts_with("selvedge; hit;"));
    for name in ["etag", "cache-control", "content-type", "vary"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
}

fn told(reply: &Reply) -> [Option<&str>; 2] {
    ["cache-status", "server-timing"].map(|name| reply.header(name))
}

#[test]
fn where_diagnostics_are_off_only_an_answer_that_is_asked_for_them_tells_how_it_came_about() {
    let site = Site::serving_with(&[("SELVEDGE_DIAGNOSTICS", ""), ("SELVEDGE_OPERATOR_TOKEN", "operator")]);
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    let ask = |path: &str| {
        let request = MemoryRequest::get(path).with("authorization", "Bearer operator");
        site.fetch(request.with("cookie", &visitor))
    };
    for path in ["/v1/recommend/shelf", "/v1/recommend/home", "/v1/similar/tea-00"] {
        let before = site.cache_counts();
        // A miss, and two hits: the second one is sent from what the first one prepared.
        let plain: Vec<Reply> = (0..3).map(|_| site.get_as(&visitor, path)).collect();
        let asked = ask(&format!("{path}?diagnostics=1"));
        let after = site.get_as(&visitor, path);
        for reply in plain.iter().chain([&after]) {
            assert_eq!(told(reply), [None, None], "{path}");
            assert_eq!(reply.body, asked.body, "{path}: the same answer under the same key");
        }
        if path.ends_with("home") {
            assert_eq!(status(&asked), "selvedge; fwd=bypass; detail=visitor");
        } else {
            assert!(ttl(&asked) > 0 && key(&asked).is_some());
            assert_eq!(asked.header("age"), Some("0"));
            assert_eq!(asked.header("etag"), plain[1].header("etag"));
            assert_eq!(site.cache_counts()[0] - before[0], 4, "{path}");
        }
        assert!(told(&asked)[1].unwrap().ends_with("total;dur=0.000"));
    }
    for other in ["diagnostics", "diagnostics=0", "xdiagnostics=1"] {
        assert_eq!(
            told(&ask(&format!("/v1/recommend/shelf?{other}"))),
            [None, None],
            "{other}"
        );
    }
}

#[test]
fn what_one_request_is_told_besides_is_not_told_to_the_next_one_of_the_same_key() {
    let site = Site::serving();
    let path = "/v1/recommend/shelf?n=7";
    let steady = |reply: &Reply| {
        let mut headers = reply.headers.clone();
        headers.retain(|(name, _)| name != "server-timing");
        headers.sort();
        headers
    };
    site.get(path);
    let plain = [site.get(path), site.get(path)];
    let headers = steady(&plain[1]);
    assert_eq!(
        steady(&plain[0]),
        headers,
        "the first hit, and one that was prepared by it"
    );
    let tag = plain[0].header("etag").unwrap();
    let named = site.get("/v1/key/shelf?n=7");
    let filed = named.header("selvedge-key").unwrap();
    assert!(filed.starts_with(key(&plain[0]).unwrap()));

    for (own, request) in [
        (
            "selvedge-fallback",
            MemoryRequest::get(path).with("cookie", "selvedge=forged"),
        ),
        (
            "surrogate-control",
            MemoryRequest::get(path).with("selvedge-key", filed),
        ),
        ("etag", MemoryRequest::get(path).with("if-none-match", tag)),
        ("content-type", MemoryRequest::new("HEAD", path)),
    ] {
        let reply = site.fetch(request);
        assert!(status(&reply).starts_with("selvedge; hit;"), "{own}");
        assert!(reply.header(own).is_some(), "{own}");
        assert_eq!(reply.status, if own == "etag" { 304 } else { 200 });
        let next = site.get(path);
        assert_eq!(steady(&next), headers, "after {own}");
        assert_eq!(next.body, plain[1].body);
    }
}

#[test]
fn what_depends_on_more_than_the_url_says_so_and_no_shared_cache_may_keep_it() {
    let site = Site::serving();
    let shared = site.get("/v1/recommend/shelf");
    assert_eq!(shared.header("cache-control"), Some("private, no-cache"));
    assert_eq!(
        shared.header("vary"),
        Some("Cookie, Sec-GPC"),
        "and nothing that the slot does not vary on"
    );
    assert_eq!(
        site.get("/v1/similar/tea-00").header("vary"),
        None,
        "the URL alone decides it"
    );
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    let personal = site.get_as(&visitor, "/v1/recommend/home");
    assert_eq!(personal.header("cache-control"), Some("private, no-store"));
}

#[test]
fn a_clients_own_cache_directives_neither_empty_the_cache_nor_pass_it_by() {
    let site = Site::serving();
    site.get("/v1/similar/tea-00");
    for (name, value) in [
        ("cache-control", "no-cache"),
        ("cache-control", "no-store, max-age=0"),
        ("pragma", "no-cache"),
    ] {
        let reply = site.get_with("/v1/similar/tea-00", name, value);
        assert!(status(&reply).starts_with("selvedge; hit;"), "{name}: {value}");
    }
}

#[test]
fn errors_are_kept_by_nobody() {
    let site = Site::serving();
    for path in [
        "/v1/recommend/nowhere",
        "/v1/similar/nothing",
        "/v1/recommend/shelf?n=0",
        "/v1/nothing",
    ] {
        let reply = site.get(path);
        assert!(reply.status >= 400);
        assert_eq!(reply.header("cache-control"), Some("no-store"), "{path}");
        assert_eq!(reply.header("etag"), None, "{path}");
    }
}

#[test]
fn only_what_takes_a_search_goes_into_the_locations_cache_and_another_process_finds_it_there() {
    let site = Site::serving();
    site.get("/v1/recommend/shelf");
    assert!(
        site.host.cache.borrow().is_empty(),
        "a ready list is sooner read than asked for"
    );
    let near = site.get("/v1/similar/tea-00");
    let teas = site.get("/v1/recommend/home?category=tea");
    let kept: Vec<(String, u32)> = {
        let cache = site.host.cache.borrow();
        cache.iter().map(|(key, (_, for_s))| (key.clone(), *for_s)).collect()
    };
    assert_eq!(kept.len(), 2);
    for reply in [&near, &teas] {
        let for_s = kept
            .iter()
            .find(|(kept, _)| kept.starts_with(key(reply).unwrap()))
            .unwrap()
            .1;
        assert!(for_s >= 870, "for all its windows together: {for_s}");
    }

    let other = Site {
        host: site.host.clone(),
        app: app(&site.host, &[]),
    };
    site.host.advance(7_000);
    for (path, first) in [
        ("/v1/similar/tea-00", &near),
        ("/v1/recommend/home?category=tea", &teas),
    ] {
        let found = other.get(path);
        assert!(status(&found).starts_with("selvedge; hit;"), "{}", status(&found));
        assert_eq!((found.header("age"), &found.body), (Some("7"), &first.body));
        assert_eq!(found.header("etag"), first.header("etag"));
    }
    assert_eq!(other.cache_counts(), [2, 0, 0, 0]);
}

#[test]
fn when_the_locations_cache_fails_answers_are_made_anew_and_the_failure_is_named_and_counted() {
    let site = Site::serving();
    site.host.cache_health.set(Health::Fails);
    let reply = site.get("/v1/similar/tea-00");
    assert_eq!(reply.status, 200);
    assert_eq!(reply.fallbacks(), ["cache-failed"]);
    assert_eq!(
        site.counted("counters", "cache-failed"),
        2,
        "once when it was asked, and once when it was to keep the answer"
    );
    let hit = site.get("/v1/similar/tea-00");
    assert_eq!(hit.fallbacks(), [""; 0], "which comes out of memory");
    assert_eq!(hit.body, reply.body);
    assert!(site.host.take_log().iter().any(|line| line.starts_with("edge cache: ")));
}
