//! The profile cookie in a browser: several cookies at once, two tabs, a deletion, old copies, old versions and old age.

use std::rc::Rc;

use selvedge_edge::App;
use selvedge_edge::memory_host::{MemoryHost, MemoryRequest, Reply};
use serde_json::Value;

use crate::site::{Site, app, events_of, post};

/// Sealed by the last version that wrote format 1, with the key of the site: clicks on `tea-00` and `tea-02` at its noon.
const OLD: &str = "AQEEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQgl2GVaCzlXNRHzaSiIfRahmaA7kKefpBVs49bZ7ACG7lbFmVK7creJRCktlEPTKeNDm1EGoqnc24jUe4L0CzAU67sSw";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A browser's cookies, as RFC 6265 keeps them.
#[derive(Clone, Default)]
struct Jar(Vec<Cookie>);

#[derive(Clone, PartialEq)]
struct Cookie {
    name: String,
    domain: Option<String>,
    path: String,
    value: String,
}

impl Jar {
    fn of(pairs: &[(&str, &str)]) -> Self {
        let mut jar = Self::default();
        for (name, value) in pairs {
            jar.plant(name, value, None, "/");
        }
        jar
    }

    fn plant(&mut self, name: &str, value: &str, domain: Option<&str>, path: &str) {
        self.0.push(Cookie {
            name: name.to_owned(),
            domain: domain.map(str::to_owned),
            path: path.to_owned(),
            value: value.to_owned(),
        });
    }

    /// Does what the `Set-Cookie` lines of an answer say.
    fn take(&mut self, reply: &Reply) {
        for (_, line) in reply.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let mut parts = line.split("; ");
            let (name, value) = parts.next().unwrap().split_once('=').unwrap();
            let attribute = |wanted: &str| {
                let all = line.split("; ").skip(1);
                all.filter_map(|part| part.split_once('='))
                    .find(|(name, _)| *name == wanted)
                    .map(|(_, value)| value.to_owned())
            };
            if name.starts_with("__Host-") {
                assert!(line.contains("; Secure") && line.contains("; Path=/; "), "{line}");
                assert_eq!(attribute("Domain"), None, "{line}");
            }
            let set = Cookie {
                name: name.to_owned(),
                domain: attribute("Domain"),
                path: attribute("Path").unwrap(),
                value: value.to_owned(),
            };
            let same =
                |other: &Cookie| (&other.name, &other.domain, &other.path) == (&set.name, &set.domain, &set.path);
            self.0.retain(|other| !same(other));
            if attribute("Max-Age").unwrap() != "0" {
                self.0.push(set);
            }
        }
    }

    /// The header of a request to this path.
    fn header(&self, path: &str) -> String {
        let mut sent: Vec<&Cookie> = self.0.iter().filter(|cookie| path.starts_with(&cookie.path)).collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = sent
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        pairs.join("; ")
    }

    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.0.iter().map(|cookie| cookie.name.as_str()).collect();
        names.sort_unstable();
        names
    }
}

/// One process and the scheme that its requests come by.
struct Place<'s> {
    host: &'s MemoryHost,
    app: &'s Rc<App<MemoryHost>>,
    scheme: &'static str,
}

impl Place<'_> {
    fn ask(&self, jar: &Jar, request: MemoryRequest) -> Reply {
        let path = request.url["https://shop.example".len()..].to_owned();
        let request = MemoryRequest {
            url: format!("{}://shop.example{path}", self.scheme),
            ..request
        };
        self.host.fetch(self.app, request.with("cookie", jar.header(&path)))
    }

    fn event(&self, jar: &Jar, event: &str) -> Reply {
        let reply = self.ask(jar, post("/v1/events", &events_of(&[event])));
        assert_eq!(reply.json()["accepted"], 1);
        reply
    }

    fn delete(&self, jar: &Jar) -> Reply {
        self.ask(jar, MemoryRequest::new("DELETE", "/v1/profile"))
    }

    /// The items of the history that an answer for this visitor names, sorted.
    fn history(&self, jar: &Jar) -> Vec<String> {
        let reply = self.ask(jar, MemoryRequest::get("/v1/recommend/home"));
        let answer = reply.json();
        let Value::Array(history) = &answer["explanation"]["history"] else {
            panic!("expected a decision, found {answer}")
        };
        let mut items: Vec<String> = history
            .iter()
            .map(|item| item["item"].as_str().unwrap().to_owned())
            .collect();
        items.sort();
        items
    }
}

fn in_front_of<'s>(site: &'s Site, scheme: &'static str) -> Place<'s> {
    Place {
        host: &site.host,
        app: &site.app,
        scheme,
    }
}

/// The jar of a visitor after these events, and the sealed value in it.
fn visitor(place: &Place<'_>, events: &[&str]) -> Jar {
    let mut jar = Jar::default();
    for event in events {
        let reply = place.event(&jar, event);
        jar.take(&reply);
    }
    jar
}

fn value(jar: &Jar) -> &str {
    &jar.0.last().unwrap().value
}

const TEA: [&str; 2] = ["click tea-00", "click tea-02"];
const TEA_ITEMS: [&str; 2] = ["tea-00", "tea-02"];

#[test]
fn a_bad_cookie_in_front_hides_no_good_one() {
    let site = Site::serving();
    for (scheme, name) in [("https", "__Host-selvedge"), ("http", "selvedge")] {
        let place = in_front_of(&site, scheme);
        let good = value(&visitor(&place, &TEA)).to_owned();
        let junk = format!("{}A", &good[..good.len() - 2]);
        for bad in ["", "x", junk.as_str(), "%00", "=;="] {
            let pairs = [(name, bad), (name, good.as_str()), (name, bad)];
            let fallbacks = |jar: &Jar| {
                let reply = place.ask(jar, MemoryRequest::get("/v1/recommend/home"));
                reply.fallbacks().join(",")
            };
            assert_eq!(place.history(&Jar::of(&pairs)), TEA_ITEMS, "{scheme} {bad:?}");
            assert_eq!(fallbacks(&Jar::of(&pairs)), "", "{scheme} {bad:?}");
            assert_eq!(fallbacks(&Jar::of(&[(name, bad)])), "bad-cookie", "{scheme} {bad:?}");
        }
    }
}

#[test]
fn cookies_that_stand_in_the_way_are_expired_for_the_domain_and_path_that_they_were_set_for() {
    let site = Site::serving();
    let place = in_front_of(&site, "http");
    let mut jar = visitor(&place, &TEA[..1]);
    jar.plant("selvedge", "junk", Some("shop.example"), "/");
    jar.plant("selvedge", "junk", None, "/v1");
    jar.plant("selvedge", "junk", Some("shop.example"), "/v1/");
    jar.plant("selvedge", "junk", None, "/v1/events");
    jar.plant("basket", "7", None, "/");
    let reply = place.event(&jar, TEA[1]);
    jar.take(&reply);
    let names = jar.names();
    assert!(
        matches!(names[..], ["basket", name] if name.starts_with("selvedge-")),
        "{names:?}"
    );
    assert_eq!(place.history(&jar), TEA_ITEMS);
}

#[test]
fn over_https_no_cookie_of_a_plain_name_is_believed_but_one_of_format_1() {
    let site = Site::serving();
    let [http, https] = ["http", "https"].map(|scheme| in_front_of(&site, scheme));
    let planted = value(&visitor(&http, &["click book-00", "click book-02"])).to_owned();
    assert_eq!(https.history(&Jar::of(&[("selvedge", &planted)])), [""; 0]);
    assert_eq!(https.history(&Jar::of(&[("__Host-selvedge", &planted)])), [""; 0]);
    // A sibling domain can plant the seal that its own visitor has.
    let own = visitor(&https, &TEA);
    assert_eq!(https.history(&Jar::of(&[("selvedge", value(&own))])), [""; 0]);
    // A good one under the prefix wins over any under the plain name.
    let mut both = Jar::of(&[("selvedge", OLD)]);
    both.0.extend(visitor(&https, &["click toy-00", "click toy-02"]).0);
    assert_eq!(https.history(&both), ["toy-00", "toy-02"]);
    assert_eq!(https.history(&own), TEA_ITEMS);
    // And over http none of the other scheme's.
    assert_eq!(http.history(&Jar::of(&[("selvedge", value(&own))])), [""; 0]);
    assert_eq!(http.history(&own), [""; 0]);
}

#[test]
fn a_profile_of_an_older_version_is_read_and_moves_to_the_new_name() {
    let site = Site::serving();
    for (scheme, new_name) in [("https", "__Host-selvedge"), ("http", "selvedge-")] {
        let place = in_front_of(&site, scheme);
        let mut jar = Jar::of(&[("selvedge", OLD)]);
        assert_eq!(place.history(&jar), TEA_ITEMS, "{scheme}");
        let reply = place.event(&jar, "click tea-05");
        jar.take(&reply);
        let names = jar.names();
        assert!(matches!(names[..], [name] if name.starts_with(new_name)), "{names:?}");
        assert_eq!(place.history(&jar), ["tea-00", "tea-02", "tea-05"], "{scheme}");
    }
}

#[test]
fn two_tabs_lose_nothing_of_each_other_in_one_process_or_in_two() {
    let site = Site::serving();
    let other = app(&site.host, &[]);
    let here = in_front_of(&site, "https");
    let there = Place { app: &other, ..here };
    let (mut lost_here, mut lost_there) = (0, 0);
    for _ in 0..64 {
        let begun = visitor(&here, &["click tea-00"]);
        for (second, lost) in [(&here, &mut lost_here), (&there, &mut lost_there)] {
            // Both are sent before either is answered.
            let answers = [here.event(&begun, "click tea-01"), second.event(&begun, "click tea-02")];
            for order in [[0, 1], [1, 0]] {
                let mut jar = begun.clone();
                for answer in order {
                    jar.take(&answers[answer]);
                }
                let seen = place_after(&there, &mut jar);
                if seen != ["tea-00", "tea-01", "tea-02", "tea-03"] {
                    *lost += 1;
                }
                assert_eq!(jar.0.len(), 1, "the next write leaves one cookie: {:?}", jar.names());
            }
        }
    }
    // In one process the second answer holds both events, so it is lost only where the first one replaces it under the same name.
    assert!(lost_here <= 12, "{lost_here} of 128");
    assert!(lost_there <= 24, "{lost_there} of 128, expected one in 16");
}

/// The history after one more event.
fn place_after(place: &Place<'_>, jar: &mut Jar) -> Vec<String> {
    let reply = place.event(jar, "click tea-03");
    jar.take(&reply);
    place.history(jar)
}

#[test]
fn a_late_answer_does_not_bring_back_what_a_later_one_replaced() {
    let site = Site::serving();
    let place = in_front_of(&site, "https");
    let mut jar = visitor(&place, &["click tea-00"]);
    let late = place.event(&jar, "click tea-01");
    for event in ["click tea-02", "click tea-03", "click tea-04"] {
        site.host.advance(11_000);
        let reply = place.event(&jar, event);
        jar.take(&reply);
    }
    jar.take(&late);
    assert_eq!(place.history(&jar), ["tea-00", "tea-01", "tea-02", "tea-03", "tea-04"]);
}

#[test]
fn a_deletion_outlives_answers_under_way_and_old_copies_and_a_new_profile_outlives_it() {
    let site = Site::serving();
    let other = app(&site.host, &[]);
    for scheme in ["https", "http"] {
        let here = in_front_of(&site, scheme);
        for second in [&site.app, &other] {
            let there = Place { app: second, ..here };
            let begun = visitor(&here, &TEA);
            let under_way = there.event(&begun, "click tea-03");
            let mut jar = begun.clone();
            jar.take(&here.delete(&begun));
            assert_eq!(jar.0.len(), 1, "only the deletion is left: {:?}", jar.names());
            jar.take(&under_way);
            assert_eq!(there.history(&jar), [""; 0], "an answer under way");
            jar.0.extend(begun.0.clone());
            assert_eq!(there.history(&jar), [""; 0], "an old copy");
            if Rc::ptr_eq(second, &site.app) {
                assert_eq!(
                    there.history(&begun),
                    [""; 0],
                    "an old copy alone, where the process knows of the deletion"
                );
            }

            for event in ["click toy-00", "click toy-02"] {
                let reply = there.event(&jar, event);
                jar.take(&reply);
            }
            let toys = ["toy-00", "toy-02"];
            assert_eq!(
                there.history(&jar),
                toys,
                "{scheme}: a new profile, in the same millisecond"
            );
            jar.0.extend(begun.0.clone());
            assert_eq!(there.history(&jar), toys, "and an old copy beside it");
            site.host.advance(1);
        }
    }
}

#[test]
fn a_deletion_while_an_event_is_under_way_stores_no_cookie_in_its_answer() {
    let site = Site::serving();
    let jar = visitor(&in_front_of(&site, "https"), &TEA);
    let cookies = jar.header("/");
    let event = post("/v1/events", &events_of(&["click tea-05"])).with("cookie", &cookies);
    let delete = MemoryRequest::new("DELETE", "/v1/profile").with("cookie", &cookies);
    let replies = site.host.fetch_all(&site.app, vec![event, delete]);
    assert_eq!((replies[0].status, replies[1].status), (202, 204));
    assert_eq!(replies[0].profile_cookie(), None);
}

#[test]
fn a_deletion_that_claims_to_lie_far_ahead_is_none() {
    let site = Site::serving();
    let place = in_front_of(&site, "http");
    let mut jar = visitor(&place, &TEA);
    for claimed in ["99999999999999", "18446744073709551616", "-1", "soon", ""] {
        jar.plant("selvedge-deleted", claimed, None, "/");
    }
    assert_eq!(place.history(&jar), TEA_ITEMS);
}

#[test]
fn a_profile_that_is_not_written_for_its_greatest_age_is_forgotten() {
    for (days, name) in [(365, ""), (30, "30"), (1, "1")] {
        let variables: &[(&str, &str)] = if name.is_empty() {
            &[]
        } else {
            &[("SELVEDGE_PROFILE_DAYS", name)]
        };
        let site = Site::serving_with(variables);
        let place = in_front_of(&site, "https");
        let reply = place.event(&Jar::default(), TEA[0]);
        let max_age = format!("Max-Age={}", days * 86_400);
        assert!(reply.header("set-cookie").unwrap().contains(&max_age), "{days}");
        let mut jar = Jar::default();
        jar.take(&reply);
        let fallbacks = |jar: &Jar| {
            let reply = place.ask(jar, MemoryRequest::get("/v1/recommend/home"));
            reply.fallbacks().join(",")
        };
        site.host.advance(days * DAY_MS);
        assert_eq!(fallbacks(&jar), "", "{days}");
        // The process may use what it opened for ten seconds more.
        site.host.advance(10_001);
        assert_eq!(fallbacks(&jar), "bad-cookie", "{days}");
    }
    let site = Site::serving_with(&[("SELVEDGE_PROFILE_DAYS", "401")]);
    assert!(
        site.host
            .take_log()
            .iter()
            .any(|line| line.starts_with("SELVEDGE_PROFILE_DAYS: expected"))
    );
}

#[test]
fn for_pages_of_other_sites_the_cookie_is_partitioned_and_over_http_it_stays_lax() {
    let site = Site::serving_with(&[("SELVEDGE_COOKIE_SAME_SITE", "none")]);
    let attributes = |scheme| {
        let reply = in_front_of(&site, scheme).event(&Jar::default(), TEA[0]);
        reply
            .header("set-cookie")
            .unwrap()
            .split_once("; ")
            .unwrap()
            .1
            .to_owned()
    };
    assert_eq!(
        attributes("https"),
        "Path=/; Max-Age=31536000; HttpOnly; SameSite=None; Secure; Partitioned"
    );
    assert_eq!(attributes("http"), "Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax");
}

#[test]
fn no_cookie_of_ours_reaches_the_server_behind_and_every_other_one_does() {
    use selvedge_edge::memory_host::MemoryAnswer;
    let site = Site::serving_with(&[("SELVEDGE_ORIGIN", "http://origin.example")]);
    site.host.set_origin(|_| Ok(MemoryAnswer::html("<p>shop</p>")));
    let ours = [
        "selvedge=1",
        "selvedge-1=1",
        "selvedge-63=1",
        "__Host-selvedge=1",
        "__Host-selvedge-7=1",
        "selvedge-deleted=1",
        "__Host-selvedge-deleted=1",
        "selvedge-consent=on",
    ];
    let others = [
        "selvedge-64=1",
        "selvedge-01=1",
        "selvedge-x=1",
        "selvedges=1",
        "__Host-other=1",
        "a=selvedge=1",
    ];
    let all = [&ours[..], &others].concat().join("; ");
    site.get_as(&all, "/shop");
    let calls = site.host.origin_calls.borrow();
    assert_eq!(calls[0].header("cookie"), Some(others.join("; ").as_str()));
}

#[test]
fn any_spelling_of_off_ends_consent() {
    let site = Site::serving();
    let visitor = site.visitor(&["click tea-00", "click tea-02"]);
    let scope = |cookies: &str| {
        site.get_as(cookies, "/v1/recommend/home?n=3").json()["scope"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(scope(&visitor), "visitor");
    for off in [
        "off",
        "OFF",
        "Off",
        "\"off\"",
        " off ",
        "\" OFF \"",
        "'off'",
        "%22off%22",
        "%20off",
    ] {
        assert_ne!(scope(&format!("{visitor}; selvedge-consent={off}")), "visitor", "{off}");
        assert_ne!(scope(&format!("selvedge-consent={off};{visitor}")), "visitor", "{off}");
        assert_ne!(
            scope(&format!("selvedge-consent=on; {visitor}; selvedge-consent={off}")),
            "visitor",
            "{off}"
        );
    }
    for on in ["on", "", "offer", "of", "\"on\""] {
        assert_eq!(scope(&format!("{visitor}; selvedge-consent={on}")), "visitor", "{on}");
    }
}
