//! Which snapshot becomes the current model, and what of it a cache that outlives the process may give back.

use selvedge::snapshot::writer::{ReleaseInput, SigningKey, build};
use selvedge_edge::memory_host::{Health, MemoryRequest};

use crate::planted;
use crate::site::{COOKIE_KEY, NEWER_COOKIE_KEY, PLANTED, Site, app, key, problem, rolled_back};

/// The planted model of a shop and channel, packed so many days after the first one.
fn packed(shop: &str, channel: &str, day: u64) -> Vec<u8> {
    let name = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    let mut model = planted::model(planted::CREATED_MS + day * planted::DAY_MS, "");
    model.release = ReleaseInput {
        shop: name(shop),
        channel: name(channel),
    };
    let signing = SigningKey::from_bytes(&planted::SIGNING_KEY);
    build(&model, Some(&signing)).unwrap().as_ref().to_vec()
}

const OURS: [(&str, &str); 2] = [("SELVEDGE_SHOP", "coffee"), ("SELVEDGE_CHANNEL", "production")];

fn version(site: &Site) -> String {
    let readiness = site.get("/readyz").json();
    readiness["model"].as_str().unwrap_or("none").to_owned()
}

#[test]
fn a_snapshot_of_another_shop_or_channel_is_not_loaded_however_good_its_signature_is() {
    for (shop, channel, loads) in [
        ("coffee", "production", true),
        ("tea", "production", false),
        ("coffee", "staging", false),
        ("coffee", "", false),
        ("", "production", false),
        ("", "", false),
    ] {
        let site = Site::new(&OURS);
        site.host.publish("models/1.selvedge", &packed(shop, channel, 0));
        let reply = site.get("/v1/recommend/home");
        assert_eq!(reply.status, 200);
        let is_empty = reply.json()["items"].as_array().unwrap().is_empty();
        assert_eq!(is_empty, !loads, "{shop:?} {channel:?}");
        assert_eq!(
            reply.fallbacks().contains(&"bad-snapshot"),
            !loads,
            "{shop:?} {channel:?}"
        );
        let log = site.host.take_log().join("\n");
        assert_eq!(log.contains("publish the snapshot of this"), !loads, "{log}");
    }
}

#[test]
fn without_a_shop_of_its_own_a_deployment_loads_any_and_says_so() {
    let site = Site::new(&[]);
    site.host.publish("models/1.selvedge", &packed("tea", "staging", 0));
    assert_eq!(site.get("/readyz").status, 200);
    let log = site.host.take_log().join("\n");
    for name in [
        "SELVEDGE_SHOP: not set",
        "SELVEDGE_CHANNEL: not set",
        "\"tea\"",
        "\"staging\"",
    ] {
        assert!(log.contains(name), "{name}: {log}");
    }
}

#[test]
fn a_setting_that_no_snapshot_can_have_loads_none() {
    let site = Site::new(&[("SELVEDGE_SHOP", "Coffee & Tea")]);
    assert!(
        site.host
            .take_log()
            .iter()
            .any(|line| line.starts_with("SELVEDGE_SHOP: expected"))
    );
    site.host.publish("models/1.selvedge", &PLANTED.snapshot);
    assert_eq!(site.get("/readyz").status, 503);
}

#[test]
fn an_older_release_is_refused_counted_and_logged_and_the_newer_one_goes_on() {
    let site = Site::serving_with(&[("SELVEDGE_REFRESH_S", "60")]);
    let publish = |name: &str, snapshot: &[u8]| {
        site.host.publish(name, snapshot);
        site.host.advance(61_000);
        site.get("/readyz");
    };
    publish("models/2.selvedge", &PLANTED.next);
    let newer = version(&site);
    let _ = site.host.take_log();
    publish("models/1.selvedge", &PLANTED.snapshot);
    assert_eq!(version(&site), newer);
    assert_eq!(site.counted("counters", "step-back"), 1);
    let log = site.host.take_log().join("\n");
    assert!(log.contains("selvedge publish") && log.contains("--rollback"), "{log}");
    site.host.advance(61_000);
    site.get("/readyz");
    assert_eq!(site.counted("counters", "step-back"), 1, "not fetched again");
}

#[test]
fn a_declared_step_back_is_taken_logged_and_counted_and_leads_nowhere_else() {
    let site = Site::serving_with(&[("SELVEDGE_REFRESH_S", "60")]);
    let [first, second] = [&PLANTED.snapshot, &PLANTED.next];
    let third = packed("", "", 2);
    let older = version(&site);
    let go = |pointer: Vec<u8>| {
        site.host
            .models
            .borrow_mut()
            .insert("models/current.json".to_owned(), pointer);
        site.host.advance(61_000);
        site.get("/readyz");
        version(&site)
    };
    let forward = |name: &str, snapshot: &[u8]| {
        site.host.models.borrow_mut().insert(name.to_owned(), snapshot.to_vec());
        format!("{{\"key\": {name:?}, \"bytes\": {}}}", snapshot.len()).into_bytes()
    };
    let newer = go(forward("models/2.selvedge", second));
    assert_ne!(newer, older);
    let back = rolled_back("models/1.selvedge", first, planted::CREATED_MS + planted::DAY_MS);
    // Of another file, of an earlier step, or not signed by a trusted key.
    let other = packed("x", "", 0);
    let mut other_file: serde_json::Value = serde_json::from_slice(&back).unwrap();
    other_file["key"] = "models/0.selvedge".into();
    other_file["bytes"] = other.len().into();
    let forged = String::from_utf8(back.clone())
        .unwrap()
        .replace("\"from_ms\": 1", "\"from_ms\": 9");
    site.host
        .models
        .borrow_mut()
        .insert("models/0.selvedge".to_owned(), other);
    assert_eq!(go(other_file.to_string().into_bytes()), newer);
    assert_eq!(go(forged.into_bytes()), newer);
    assert_eq!(go(rolled_back("models/1.selvedge", first, planted::CREATED_MS)), newer);
    let _ = site.host.take_log();

    assert_eq!(go(back.clone()), older);
    assert_eq!(site.counted("counters", "declared-step-back"), 1);
    assert!(
        site.host
            .take_log()
            .iter()
            .any(|line| line.starts_with("declared step back to "))
    );
    // Forward again, and the declaration published once more: it was for another step.
    let newest = go(forward("models/3.selvedge", &third));
    assert_eq!(go(back), newest);
}

#[test]
fn a_process_that_just_began_knows_the_newest_release_of_its_shop_from_the_locations_cache() {
    let site = Site::new(&OURS);
    let [older, newer] = [0, 1].map(|day| packed("coffee", "production", day));
    site.host.publish("models/2.selvedge", &newer);
    assert_eq!(site.get("/readyz").status, 200);
    site.host.publish("models/1.selvedge", &older);
    let began = |variables: &[(&str, &str)]| Site {
        host: site.host.clone(),
        app: app(&site.host, variables),
    };
    let reply = began(&OURS).get("/v1/recommend/home");
    assert_eq!((reply.status, reply.fallbacks()), (200, vec!["step-back"]));
    assert_eq!(began(&[]).get("/readyz").status, 200, "which says nothing of a shop");
    let back = rolled_back("models/1.selvedge", &older, planted::CREATED_MS + planted::DAY_MS);
    site.host
        .models
        .borrow_mut()
        .insert("models/current.json".to_owned(), back);
    assert_eq!(began(&OURS).get("/readyz").status, 200, "declared");
    site.host.cache_health.set(Health::Fails);
    site.host.publish("models/1.selvedge", &older);
    assert_eq!(
        began(&OURS).get("/readyz").status,
        200,
        "without the cache nothing is known, and lists go on"
    );
}

#[test]
fn what_other_code_or_another_cookie_key_made_is_neither_found_nor_confirmed() {
    let path = "/v1/similar/tea-00";
    let first = Site::serving();
    let made = first.get(path);
    let kept: Vec<String> = first.host.cache.borrow().keys().cloned().collect();
    assert_eq!(kept.len(), 1);
    let (inner, stamp) = kept[0].rsplit_once("/b").unwrap();
    assert_eq!(Some(inner), key(&made));
    assert!(
        stamp.len() == 16 && stamp.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{stamp}"
    );

    let keys = format!("{NEWER_COOKIE_KEY},{COOKIE_KEY}");
    let other = Site {
        host: first.host.clone(),
        app: app(&first.host, &[("SELVEDGE_COOKIE_KEYS", &keys)]),
    };
    let again = other.fetch(MemoryRequest::get(path).with("if-none-match", made.header("etag").unwrap()));
    assert_eq!(again.status, 200, "the ids in it are sealed by another key");
    assert_ne!(again.header("etag"), made.header("etag"));
    assert_eq!(first.host.cache.borrow().len(), 2, "under a key of its own");
    let named = |site: &Site| site.get("/v1/key/shelf").header("selvedge-key").unwrap().to_owned();
    assert_ne!(named(&first), named(&other), "for a cache in front, too");
}

#[test]
fn counters_and_diagnostics_are_the_operators_and_the_probe_is_everybodys() {
    let off = ("SELVEDGE_DIAGNOSTICS", "");
    let token = ("SELVEDGE_OPERATOR_TOKEN", "s3cret-token");
    let url = |host: &str, path: &str| MemoryRequest {
        url: format!("{host}{path}"),
        ..MemoryRequest::get(path)
    };
    let [shop, local] = ["https://shop.example", "http://localhost:8787"];
    let [none, open, closed]: [&[(&str, &str)]; 3] = [&[], &[off], &[off, token]];
    for (variables, host, authorization, sees) in [
        (open, shop, "", false),
        (open, local, "", true),
        (open, "http://[::1]:8787", "", true),
        (open, "http://localhost.shop.example", "", false),
        (none, shop, "", true),
        (closed, shop, "", false),
        (closed, local, "", false),
        (closed, shop, "Bearer s3cret-token", true),
        (closed, shop, "bearer s3cret-token", true),
        (closed, shop, "Bearer s3cret-toke", false),
        (closed, shop, "Bearer s3cret-token2", false),
        (closed, shop, "Bearer S3cret-token", false),
        (closed, shop, "Bearer", false),
        (closed, shop, "Basic s3cret-token", false),
        (closed, shop, "s3cret-token", false),
        (open, shop, "Bearer ", false),
    ] {
        let site = Site::new(variables);
        site.host.publish("models/1.selvedge", &PLANTED.snapshot);
        let fetch = |path| site.fetch(url(host, path).with("authorization", authorization));
        let told = format!("{variables:?} {host} {authorization}");
        let ready = fetch("/readyz");
        assert_eq!(ready.status, 200, "{told}");
        assert_eq!(ready.json()["ready"], true, "{told}");
        assert_eq!(ready.json()["counters"].is_object(), sees, "{told}");
        assert_eq!(ready.json()["model"].is_string(), sees, "{told}");
        let asked = fetch("/v1/recommend/shelf?diagnostics=1");
        assert_eq!(asked.header("cache-status").is_some(), sees, "{told}");
        assert_eq!(asked.header("server-timing").is_some(), sees, "{told}");
    }
    let site = Site::new(&[off]);
    let unready = site.get("/readyz");
    assert_eq!((unready.status, unready.text()), (503, "{\"ready\":false}".into()));
}

#[test]
fn a_compressed_body_is_refused_with_what_is_read() {
    let site = Site::serving();
    let event = r#"{"events": [{"type": "click", "item": "tea-00"}]}"#;
    for path in ["/v1/events", "/v1/rank"] {
        for coding in ["gzip", "br", "zstd", "GZIP", "identity, gzip", "x-unknown"] {
            let reply = site.fetch(MemoryRequest::post(path, event).with("content-encoding", coding));
            problem(&reply, 415, "compressed-body");
            assert_eq!(reply.header("accept-encoding"), Some("identity"), "{coding}");
        }
    }
    for coding in ["identity", "Identity", ""] {
        let reply = site.fetch(MemoryRequest::post("/v1/events", event).with("content-encoding", coding));
        assert_eq!(reply.status, 202, "{coding:?}");
    }
}
