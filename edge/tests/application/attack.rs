//! What an attacker would try: see another visitor's page, choose a segment, poison a cache, be remembered against one's will.

use std::collections::{BTreeMap, BTreeSet};

use selvedge_edge::memory_host::{MemoryAnswer, MemoryRequest};

use crate::site::{Site, departments, ids, key};

/// Behind it, `/shop` is this page.
fn in_front_of(page: &'static str) -> Site {
    let site = Site::serving_with(&[("SELVEDGE_ORIGIN", "http://origin.example")]);
    site.host.set_origin(move |_| Ok(MemoryAnswer::html(page)));
    site
}

#[test]
fn two_visitors_see_the_same_list_only_where_they_share_its_key() {
    let site = Site::serving();
    let mut answers: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for department in ["tea", "tool", "toy", "book"] {
        for item in ["00", "04", "09"] {
            let visitor = site.visitor(&[&format!("click {department}-{item}"), &format!("click {department}-02")]);
            for path in ["/v1/recommend/shelf?n=4", "/v1/recommend/shelf?n=5"] {
                let reply = site.get_as(&visitor, path);
                assert_eq!(departments(&reply.json()), [department]);
                let known = answers
                    .entry(key(&reply).unwrap().to_owned())
                    .or_insert_with(|| reply.body.clone());
                assert_eq!(*known, reply.body, "one key, one answer");
            }
        }
    }
    assert_eq!(answers.len(), 8);
    assert_eq!(
        answers.values().collect::<BTreeSet<_>>().len(),
        8,
        "different keys, different answers"
    );
}

#[test]
fn concurrent_visitors_never_get_each_others_personal_list() {
    let site = Site::serving();
    let mut requests = Vec::new();
    for turn in 0..40 {
        let department = ["tea", "tool", "toy", "book"][turn % 4];
        let last = turn % 10;
        let visitor = site.visitor(&[
            &format!("click {department}-0{last}"),
            &format!("click {department}-1{last}"),
        ]);
        requests.push(MemoryRequest::get("/v1/recommend/home").with("cookie", visitor));
    }
    for (turn, reply) in site.host.fetch_all(&site.app, requests).iter().enumerate() {
        assert_eq!(departments(&reply.json()), [["tea", "tool", "toy", "book"][turn % 4]]);
    }
}

#[test]
fn nothing_that_a_client_sends_but_its_sealed_profile_chooses_the_segment() {
    let site = Site::serving();
    let plain = site.get("/v1/recommend/shelf?n=4");
    for (name, value) in [
        ("selvedge-segment", "3"),
        ("selvedge-scope", "segment"),
        ("x-selvedge-segment", "3"),
        ("selvedge-model", "x"),
    ] {
        let reply = site.get_with("/v1/recommend/shelf?n=4", name, value);
        assert_eq!((key(&reply), &reply.body), (key(&plain), &plain.body), "{name}");
    }
    for query in [
        "segment=3",
        "scope=segment",
        "selvedge=3",
        "key=v1",
        "n=4&segment=3",
        "visitor=1",
    ] {
        let reply = site.get(&format!("/v1/recommend/shelf?n=4&{query}"));
        assert_eq!((reply.status, &reply.body), (200, &plain.body), "{query}");
    }
}

#[test]
fn a_forged_cut_mixed_or_repeated_profile_cookie_is_as_good_as_none() {
    let site = Site::serving();
    let sealed = |events: &[&str]| site.visitor(events)["__Host-selvedge=".len()..].to_owned();
    let a = sealed(&["click tea-00", "click tea-02"]);
    let b = sealed(&["click book-00", "click book-02"]);
    let expected = site.get("/v1/recommend/shelf?n=4").body;
    let flipped = format!("{}{}{}", &a[..30], if &a[30..31] == "A" { "B" } else { "A" }, &a[31..]);
    let forged = [
        "3".to_owned(),
        "segment=3".to_owned(),
        a[..a.len() - 1].to_owned(),
        format!("{a}A"),
        flipped,
        format!("{}{}", &a[..40], &b[40..]),
        "eyJzZWdtZW50IjozfQ==".to_owned(),
        "%00".to_owned(),
        "v1".to_owned(),
    ];
    for cookie in forged {
        let reply = site.get_as(&format!("__Host-selvedge={cookie}"), "/v1/recommend/shelf?n=4");
        assert_eq!(reply.fallbacks(), ["bad-cookie"], "{cookie}");
        assert_eq!(reply.body, expected, "{cookie}");
    }
}

#[test]
fn what_is_not_in_the_key_cannot_poison_it() {
    let site = Site::serving();
    let victim = site.get("/v1/similar/tea-05?n=6");
    let evil = |path: &str| {
        let mut request = MemoryRequest {
            url: format!("http://evil.example{path}"),
            ..MemoryRequest::get(path)
        };
        for (name, value) in [
            ("host", "evil.example"),
            ("x-forwarded-host", "evil.example"),
            ("x-forwarded-proto", "http"),
            ("x-original-url", "/v1/similar/book-05"),
            ("x-rewrite-url", "/v1/similar/book-05"),
            ("x-http-method-override", "DELETE"),
            ("forwarded", "host=evil.example"),
            ("accept-language", "<script>alert(1)</script>"),
            ("user-agent", "<script>alert(1)</script>"),
            ("sec-ch-ua-mobile", "?9"),
            ("range", "bytes=0-1"),
            ("accept-encoding", "evil"),
        ] {
            request = request.with(name, value);
        }
        request
    };
    for path in ["/v1/similar/tea-06?n=6", "/v1/recommend/shelf?n=6"] {
        let poisoned = site.fetch(evil(path));
        assert_eq!(
            site.get(path).body,
            poisoned.body,
            "the first answer was the honest one"
        );
        let all = poisoned
            .headers
            .iter()
            .map(|(_, value)| value.clone())
            .chain([poisoned.text().into_owned()]);
        for text in all {
            assert!(!text.contains("evil") && !text.contains("<script>"), "{text}");
        }
    }
    for odd in ["n=6&n=7", "n=6&utm_source=x", "n=6;n=7", "%6e=6", "n=6#n=7"] {
        let reply = site.get(&format!("/v1/similar/tea-05?{odd}"));
        if reply.status == 200 {
            let shown = ids(&reply.json()).len();
            assert!(
                shown == 6 || !key(&reply).unwrap().ends_with("/6"),
                "{odd}: {shown} under {:?}",
                key(&reply)
            );
        }
    }
    assert_eq!(site.get("/v1/similar/tea-05?n=6").body, victim.body);
}

#[test]
fn a_client_cannot_fill_the_cache_with_keys_of_its_own_making() {
    let site = Site::serving();
    let mut keys = BTreeSet::new();
    let long = "a".repeat(100);
    for language in ["de", "DE-at", "de_CH", "zz-evil", "../../x", &long, "x", "12", "<b>"] {
        for path in ["shelf?n=4", "shelf?n=4&x=1", "shelf?x=2&n=4"] {
            let reply = site.get_with(&format!("/v1/recommend/{path}"), "accept-language", language);
            keys.insert(key(&reply).unwrap().to_owned());
        }
    }
    assert_eq!(keys.len(), 1, "{keys:?}");
}

#[test]
fn the_server_behind_is_told_the_true_host_and_nothing_of_the_profile() {
    let site = in_front_of("<p>shop</p>");
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    let request = MemoryRequest::get("/shop?a=1")
        .with("cookie", format!("{visitor}; basket=7; selvedge-consent=on"))
        .with("x-forwarded-host", "evil.example")
        .with("x-forwarded-proto", "gopher")
        .with("x-original-url", "/admin")
        .with("forwarded", "host=evil.example")
        .with("x-kept", "yes");
    assert_eq!(site.fetch(request).status, 200);
    site.get_as(&visitor, "/shop");
    let calls = site.host.origin_calls.borrow();
    let [first, second] = &calls[..] else {
        panic!("expected two calls, found {calls:?}")
    };
    assert_eq!(first.url, "http://origin.example/shop?a=1");
    assert_eq!(first.header("cookie"), Some("basket=7"));
    assert_eq!(first.header("x-forwarded-host"), Some("shop.example"));
    assert_eq!(first.header("x-forwarded-proto"), Some("https"));
    assert_eq!(first.header("x-original-url"), None);
    assert_eq!(first.header("forwarded"), None);
    assert_eq!(first.header("x-kept"), Some("yes"));
    assert_eq!(second.header("cookie"), None, "ours were all there were");
}

#[test]
fn objecting_leaves_contextual_ranking_in_pages_as_well_and_deleting_ends_what_is_remembered() {
    let site =
        in_front_of("<div data-selvedge-slot=\"home\" data-n=\"4\"><template>[{{id}} {{reason}}]</template></div>");
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    let shown = |request: MemoryRequest| {
        let page = site.fetch(request).text().into_owned();
        page.split_once("</template>").unwrap().1.to_owned()
    };
    let shop = || MemoryRequest::get("/shop");
    let personal = shown(shop().with("cookie", &visitor));
    assert_eq!(personal.matches(" because]").count(), 4);
    assert_eq!(personal.matches("[tea-").count(), 4);
    let anonymous = shown(shop());
    assert_eq!(shown(shop().with("cookie", &visitor).with("sec-gpc", "1")), anonymous);
    assert_eq!(
        shown(shop().with("cookie", format!("{visitor}; selvedge-consent=off"))),
        anonymous
    );
    let deleted = site.fetch(MemoryRequest::new("DELETE", "/v1/profile").with("cookie", &visitor));
    assert!(
        deleted
            .header("set-cookie")
            .unwrap()
            .starts_with("__Host-selvedge=; Path=/; Max-Age=0;")
    );
    assert_eq!(shown(shop().with("cookie", "__Host-selvedge=")), anonymous);
    assert_eq!(shown(shop().with("cookie", &visitor)), anonymous, "an old copy");
}

#[test]
fn no_header_of_a_shared_answer_and_no_key_tells_anything_of_a_visitor() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-07", "click tea-11"]);
    let secret = &visitor["__Host-selvedge=".len()..][..16];
    let reply = site.get_as(&visitor, "/v1/recommend/shelf?n=3");
    for (name, value) in &reply.headers {
        assert!(!value.contains(secret), "{name}");
    }
    assert!(!reply.text().contains(secret));
    let explanation = reply.json()["explanation"].clone();
    assert_eq!(explanation["history"].as_array().map(Vec::len), Some(0));
    assert!(explanation["segment_cosine"].is_null());
    let parts: Vec<&str> = key(&reply).unwrap().split('/').collect();
    assert_eq!(
        [parts[0], parts[2], parts[4], parts[5], parts[6], parts[7]],
        ["v1", "shelf", "-", "-", "-", "3"]
    );
    assert!(
        parts[3]
            .strip_prefix('s')
            .is_some_and(|segment| segment.parse::<u16>().is_ok())
    );
}

#[test]
fn the_catalogues_texts_cannot_run_in_a_page_whatever_a_template_does_with_them() {
    let site = in_front_of(
        "<div data-selvedge-slot=\"home\"><template><a href=\"{{id}}\" title=\"{{title}}\">{{title}}</a>\
         <a href=\"/x?q={{title}}\">{{attributes.brand}}</a></template></div>",
    );
    let reply = site.get("/shop");
    let text = reply.text();
    let filled = text.split_once("</template>").unwrap().1;
    assert!(filled.starts_with("<a href=\"./"), "an id cannot be a scheme: {filled}");
    for query in filled.split("q=").skip(1) {
        let value = query.split('"').next().unwrap();
        assert!(!value.contains(' '), "a part of a URL is encoded: {value}");
    }
}
