//! A site that the application serves, for the tests: the planted model of `examples/planted.rs`, visitors, and the clock.

use std::rc::Rc;
use std::sync::LazyLock;

use selvedge::snapshot::writer::{SigningKey, build};
use selvedge::snapshot::{AlignedBytes, Rollback, Snapshot, Trust};
use selvedge_edge::memory_host::{MemoryHost, MemoryRequest, Reply};
use selvedge_edge::{App, Config};
use serde_json::{Value, json};

use crate::planted;

/// Noon (UTC) of the day on which the planted model was packed, a Thursday.
pub const NOW_MS: u64 = planted::CREATED_MS + 12 * 3_600_000;
/// 32 bytes of 7 under id 1, and of 8 under id 2: keys for tests and nothing else.
pub const COOKIE_KEY: &str = "1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
pub const NEWER_COOKIE_KEY: &str = "2:CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";
/// Scheme and host of every request.
pub const ORIGIN: &str = "https://shop.example";

/// The planted model, the same packed a day later, and the public key in hexadecimal.
pub struct Planted {
    pub snapshot: Vec<u8>,
    pub next: Vec<u8>,
    pub public_key: String,
}

pub static PLANTED: LazyLock<Planted> = LazyLock::new(|| {
    let key = SigningKey::from_bytes(&planted::SIGNING_KEY);
    let packed = |created_ms, mark| {
        let model = planted::model(created_ms, mark);
        build(&model, Some(&key)).unwrap().as_ref().to_vec()
    };
    Planted {
        snapshot: packed(planted::CREATED_MS, ""),
        next: packed(planted::CREATED_MS + planted::DAY_MS, " (next)"),
        public_key: key
            .verifying_key()
            .as_bytes()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    }
});

/// The application before its host.
pub struct Site {
    pub host: MemoryHost,
    pub app: Rc<App<MemoryHost>>,
}

impl Site {
    /// With these variables over the usual ones; nothing is published.
    pub fn new(variables: &[(&str, &str)]) -> Self {
        let host = MemoryHost::new(NOW_MS, 1);
        let app = app(&host, variables);
        Self { host, app }
    }

    /// The planted model is published, and answers.
    pub fn serving() -> Self {
        Self::serving_with(&[])
    }

    /// The same with these variables over the usual ones.
    pub fn serving_with(variables: &[(&str, &str)]) -> Self {
        let site = Self::new(variables);
        site.host.publish("models/1.selvedge", &PLANTED.snapshot);
        assert_eq!(site.get("/readyz").status, 200);
        site
    }

    pub fn fetch(&self, request: MemoryRequest) -> Reply {
        self.host.fetch(&self.app, request)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.fetch(MemoryRequest::get(path))
    }

    /// A GET with these cookies, such as `__Host-selvedge=…; basket=7`.
    pub fn get_as(&self, cookies: &str, path: &str) -> Reply {
        self.fetch(MemoryRequest::get(path).with("cookie", cookies))
    }

    /// A GET with one more header.
    pub fn get_with(&self, path: &str, name: &str, value: &str) -> Reply {
        self.fetch(MemoryRequest::get(path).with(name, value))
    }

    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.fetch(post(path, body))
    }

    pub fn post_as(&self, cookies: &str, path: &str, body: &Value) -> Reply {
        self.fetch(post(path, body).with("cookie", cookies))
    }

    /// The cookies of a visitor after these events, such as `click tea-00`, in one request.
    pub fn visitor(&self, events: &[&str]) -> String {
        let reply = self.post("/v1/events", &events_of(events));
        assert_eq!(reply.status, 202, "{}", reply.text());
        reply.profile_cookie().expect("a profile is kept").to_owned()
    }

    /// What `/readyz` says to the operator, whose token is `operator` where there is one.
    pub fn readiness(&self) -> Value {
        let request = MemoryRequest::get("/readyz").with("authorization", "Bearer operator");
        self.fetch(request).json()
    }

    /// The counters of `/readyz` under this name.
    pub fn counted(&self, group: &str, name: &str) -> u64 {
        let found = self.readiness()[group][name].as_u64();
        found.unwrap_or_else(|| panic!("/readyz: expected a number {group}.{name}"))
    }

    /// Hits, stale answers, misses and renewals so far.
    pub fn cache_counts(&self) -> [u64; 4] {
        ["hits", "stale", "misses", "renewals"].map(|name| self.counted("cache", name))
    }
}

/// An application with the usual variables and these over them.
pub fn app(host: &MemoryHost, variables: &[(&str, &str)]) -> Rc<App<MemoryHost>> {
    let usual = [
        ("SELVEDGE_PUBLIC_KEYS", PLANTED.public_key.as_str()),
        ("SELVEDGE_REFRESH_S", "3600"),
        ("SELVEDGE_COOKIE_KEYS", COOKIE_KEY),
        ("SELVEDGE_DIAGNOSTICS", "on"),
    ];
    let variable = |name: &str| {
        let all = usual.iter().chain(variables);
        all.rev()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| (*value).to_owned())
    };
    use selvedge_edge::host::Runtime as _;
    let config = Config::read(variable, |text| host.log(text));
    Rc::new(App::new(config))
}

/// The pointer to an older snapshot that declares the step back to it, from the release that was packed at `from_ms`.
pub fn rolled_back(key: &str, snapshot: &[u8], from_ms: u64) -> Vec<u8> {
    let opened = Snapshot::open(AlignedBytes::copy_of(snapshot), Trust::Unverified).unwrap();
    let signing = SigningKey::from_bytes(&planted::SIGNING_KEY);
    let signature = Rollback::declare(from_ms, opened.fingerprint(), &signing).signature;
    let signature: String = signature.iter().map(|byte| format!("{byte:02x}")).collect();
    let bytes = snapshot.len();
    format!("{{\"key\": {key:?}, \"bytes\": {bytes}, \"rollback\": {{\"from_ms\": {from_ms}, \"signature\": {signature:?}}}}}").into_bytes()
}

pub fn post(path: &str, body: &Value) -> MemoryRequest {
    MemoryRequest::post(path, body.to_string()).with("content-type", "application/json")
}

/// The body of `/v1/events` with these events, such as `click tea-00`.
pub fn events_of(events: &[&str]) -> Value {
    let events = events.iter().map(|event| {
        let (kind, item) = event.split_once(' ').unwrap();
        json!({ "type": kind, "item": item })
    });
    json!({ "events": events.collect::<Vec<_>>() })
}

/// Ids of a decision's items.
pub fn ids(decision: &Value) -> Vec<String> {
    let items = decision["items"].as_array().expect("a decision has items");
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

/// The departments that a decision's items are of.
pub fn departments(decision: &Value) -> Vec<String> {
    let mut all: Vec<String> = ids(decision)
        .iter()
        .map(|id| id.split('-').next().unwrap().to_owned())
        .collect();
    all.sort();
    all.dedup();
    all
}

pub fn status(reply: &Reply) -> &str {
    reply.header("cache-status").unwrap_or_default()
}

/// The key that an answer's `Cache-Status` names.
pub fn key(reply: &Reply) -> Option<&str> {
    status(reply).split_once("key=\"")?.1.split('"').next()
}

/// The seconds that an answer's `Cache-Status` says that it is fresh for.
pub fn ttl(reply: &Reply) -> i64 {
    let after = status(reply)
        .split_once("; ttl=")
        .expect("a hit tells its time to live")
        .1;
    after.split(';').next().unwrap().parse().unwrap()
}

/// Asserts that an answer is a problem document, and gives it.
pub fn problem(reply: &Reply, status: u16, slug: &str) -> Value {
    assert_eq!(reply.status, status, "{}", reply.text());
    assert_eq!(reply.header("content-type"), Some("application/problem+json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let document = reply.json();
    assert_eq!(document["type"], format!("https://selvedge.dev/problems/{slug}"));
    assert_eq!(document["status"], status);
    for field in ["title", "detail", "instance"] {
        assert!(document[field].is_string(), "{field}");
    }
    document
}
