//! Shared lists that are changed for one visitor behind the cache: `unbought` leaves out what the visitor bought, `ordered` is in
//! the visitor's own order. Whoever is shown such a list is shown it alone.

use std::collections::BTreeSet;

use selvedge_edge::memory_host::{MemoryAnswer, MemoryRequest, Reply};
use serde_json::Value;

use crate::site::{Site, ids, key, status};

fn list(site: &Site, cookies: &str, slot: &str) -> (Reply, Value) {
    let reply = site.get_as(cookies, &format!("/v1/recommend/{slot}"));
    assert_eq!(reply.status, 200);
    assert_eq!(reply.fallbacks(), [""; 0]);
    let decision = reply.json();
    (reply, decision)
}

/// That an answer is this visitor's, and nobody can keep it or learn a key for it.
fn assert_alone(site: &Site, slot: &str, cookies: &str, (reply, decision): &(Reply, Value)) {
    assert_eq!(decision["scope"], "visitor");
    assert_eq!(reply.header("cache-control"), Some("private, no-store"));
    assert_eq!(status(reply), "selvedge; fwd=bypass; detail=visitor");
    for name in ["etag", "age", "selvedge-key", "surrogate-control"] {
        assert_eq!(reply.header(name), None, "{name}");
    }
    let asked = site.get_as(cookies, &format!("/v1/key/{slot}"));
    assert_eq!(asked.header("selvedge-key"), None);
    assert_eq!(asked.header("selvedge-scope"), Some("visitor"));
}

#[test]
fn who_bought_what_a_list_shows_gets_it_without_that_alone_and_all_others_share_it() {
    let site = Site::serving();
    let fan = site.visitor(&["click tea-00", "click tea-02"]);
    let (shared, shared_decision) = list(&site, &fan, "unbought");
    assert_eq!(shared_decision["scope"], "segment");
    let shown = ids(&shared_decision);

    let buyer = site.visitor(&["click tea-00", "click tea-02", &format!("conversion {}", shown[2])]);
    for _ in 0..2 {
        let own = list(&site, &buyer, "unbought");
        assert_alone(&site, "unbought", &buyer, &own);
        assert_eq!(own.1["segment"], shared_decision["segment"]);
        let rest: Vec<String> = shown.iter().filter(|id| **id != shown[2]).cloned().collect();
        assert_eq!(ids(&own.1)[..7], rest, "the rest stands as it stood");
        assert_eq!(ids(&own.1).len(), 8, "and is filled up");
    }

    let another = site.visitor(&["click tea-00", "click tea-02"]);
    let (again, _) = list(&site, &another, "unbought");
    assert!(status(&again).starts_with("selvedge; hit;"));
    assert_eq!((key(&again), &again.body), (key(&shared), &shared.body));
}

#[test]
fn who_bought_something_else_shares_the_list_under_its_key() {
    let site = Site::serving();
    let fan = site.visitor(&["click toy-00", "click toy-02"]);
    let (shared, _) = list(&site, &fan, "unbought");
    let elsewhere = [
        "conversion book-00",
        "click toy-00",
        "click toy-02",
        "click toy-04",
        "click toy-06",
    ];
    let elsewhere = site.visitor(&elsewhere);
    let (same, _) = list(&site, &elsewhere, "unbought");
    assert_eq!((key(&same), &same.body), (key(&shared), &shared.body));
    let asked = site.get_as(&elsewhere, "/v1/key/unbought");
    assert!(asked.header("selvedge-key").unwrap().starts_with(key(&shared).unwrap()));
}

#[test]
fn a_list_in_the_visitors_order_holds_what_the_segment_is_shown() {
    let site = Site::serving();
    let mut orders = BTreeSet::new();
    for favourites in [["tool-00", "tool-05"], ["tool-03", "tool-08"], ["tool-10", "tool-01"]] {
        let visitor = site.visitor(
            &favourites
                .map(|item| format!("click {item}"))
                .each_ref()
                .map(String::as_str),
        );
        let own = list(&site, &visitor, "ordered?n=12");
        assert_alone(&site, "ordered", &visitor, &own);
        assert!(ids(&own.1).iter().all(|id| id.starts_with("tool-")));
        orders.insert(ids(&own.1));
    }
    assert_eq!(orders.len(), 3, "three visitors, three orders");
    let (stranger, _) = list(&site, "", "ordered?n=12");
    assert!(
        key(&stranger).is_some(),
        "a stranger has nothing to be ordered by, and shares"
    );
}

#[test]
fn forty_visitors_at_once_each_get_their_own_list_and_no_other() {
    let site = Site::serving();
    let visitors: Vec<(String, String, Vec<String>)> = (0..40)
        .map(|turn| {
            let department = ["tea", "tool", "toy", "book"][turn % 4];
            let item = format!("{department}-{:02}", turn % 10);
            let cookies = site.visitor(&[&format!("click {department}-11"), &format!("conversion {item}")]);
            let alone = ids(&list(&site, &cookies, "unbought").1);
            (cookies, item, alone)
        })
        .collect();
    let request = |(cookies, ..): &(String, String, Vec<String>)| {
        MemoryRequest::get("/v1/recommend/unbought").with("cookie", cookies)
    };
    let replies = site.host.fetch_all(&site.app, visitors.iter().map(request).collect());
    for (reply, (_, item, alone)) in replies.iter().zip(&visitors) {
        assert_eq!(ids(&reply.json()), *alone);
        assert!(!alone.contains(item));
    }
}

#[test]
fn without_consent_the_lists_are_those_of_a_stranger_and_shared() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00", "conversion tea-02"]);
    for slot in ["unbought", "ordered"] {
        assert_eq!(list(&site, &visitor, slot).1["scope"], "visitor");
        let (stranger, _) = list(&site, "", slot);
        let request = MemoryRequest::get(&format!("/v1/recommend/{slot}"));
        let by_header = site.fetch(request.with("cookie", &visitor).with("sec-gpc", "1"));
        let (by_cookie, _) = list(&site, &format!("{visitor}; selvedge-consent=off"), slot);
        for objecting in [by_header, by_cookie] {
            assert_eq!((key(&objecting), &objecting.body), (key(&stranger), &stranger.body));
        }
    }
}

#[test]
fn a_client_cannot_have_a_list_changed_by_anything_but_its_sealed_profile() {
    let site = Site::serving();
    for slot in ["unbought", "ordered"] {
        let (stranger, _) = list(&site, "", slot);
        for query in ["per_visitor=rerank", "done=tea-00", "rerank=1", "bought=tea-00"] {
            let (reply, _) = list(&site, "", &format!("{slot}?{query}"));
            assert_eq!((key(&reply), &reply.body), (key(&stranger), &stranger.body), "{query}");
        }
        let forged = site.get_as(
            "selvedge=eyJib3VnaHQiOlsidGVhLTAwIl19",
            &format!("/v1/recommend/{slot}"),
        );
        assert_eq!(forged.fallbacks(), ["bad-cookie"]);
        assert_eq!(forged.body, stranger.body);
    }
}

#[test]
fn a_pages_slot_shows_what_the_api_answers() {
    let site = Site::serving_with(&[("SELVEDGE_ORIGIN", "http://origin.example")]);
    let list_of =
        |slot| format!("<ul data-selvedge-slot=\"{slot}\" data-n=\"5\"><template>[{{{{id}}}}]</template></ul>");
    let page = ["unbought", "ordered"].map(list_of).concat();
    site.host.set_origin(move |_| Ok(MemoryAnswer::html(&*page)));
    let visitor = site.visitor(&["click book-00", "click book-03", "conversion book-01"]);
    let reply = site.get_as(&visitor, "/shop");
    let shown = reply.text().replace("[{{id}}]", "");
    let mut lists = shown.split("</ul>");
    for slot in ["unbought", "ordered"] {
        let (_, decision) = list(&site, &visitor, &format!("{slot}?n=5"));
        let expected: String = ids(&decision).iter().map(|id| format!("[{id}]")).collect();
        assert!(
            lists.next().unwrap().ends_with(&format!("</template>{expected}")),
            "{shown}"
        );
        assert_eq!(ids(&decision).len(), 5);
        assert!(!expected.contains("book-01"));
    }
}
