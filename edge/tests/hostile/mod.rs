//! Sessions made of bytes, whatever they are: requests, the clock, and what breaks. After each request, what holds for every answer
//! is checked. The property test makes the bytes at random, the fuzz target `http_application` by coverage.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::LazyLock;

use selvedge::snapshot::writer::{SigningKey, build};
use selvedge_edge::host::{HostError, Runtime as _};
use selvedge_edge::memory_host::{Health, MemoryAnswer, MemoryBody, MemoryHost, MemoryRequest, Reply};
use selvedge_edge::{App, Config, Delivery};

use crate::planted;

const NOW_MS: u64 = planted::CREATED_MS + 12 * 3_600_000;
const COOKIE_KEY: &str = "1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
const MAX_STEPS: usize = 48;

struct Models {
    snapshots: [Vec<u8>; 2],
    public_key: String,
}

static MODELS: LazyLock<Models> = LazyLock::new(|| {
    let key = SigningKey::from_bytes(&planted::SIGNING_KEY);
    let packed = |day: u64| {
        let model = planted::model(planted::CREATED_MS + day * planted::DAY_MS, "");
        build(&model, Some(&key))
            .expect("the model is well formed")
            .as_ref()
            .to_vec()
    };
    let public_key = key
        .verifying_key()
        .as_bytes()
        .iter()
        .fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
    Models {
        snapshots: [packed(0), packed(1)],
        public_key,
    }
});

/// Bytes that are taken one by one; zeros behind the last.
struct Source<'a>(&'a [u8]);

impl Source<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[usize::from(self.byte()) % from.len()]
    }

    /// One of these, or a text of foreign bytes.
    fn word(&mut self, from: &[&str]) -> String {
        if self.byte().is_multiple_of(16) {
            self.text()
        } else {
            self.pick(from).to_owned()
        }
    }

    fn text(&mut self) -> String {
        let length = usize::from(self.byte() % 32).min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        String::from_utf8_lossy(text).into_owned()
    }
}

const SLOTS: &[&str] = &[
    "home", "shelf", "stale", "unbought", "ordered", "nowhere", "%68ome", "%ff", "%zz", "",
];
const ITEMS: &[&str] = &[
    "tea-00", "tea-03", "tool-01", "toy-29", "book-07", "nothing", "a%20b", "",
];
const NUMBERS: &[&str] = &[
    "1",
    "3",
    "8",
    "24",
    "25",
    "100",
    "101",
    "0",
    "-1",
    "18446744073709551616",
    "x",
    "",
];
const PAGES: &[&str] = &[
    "/",
    "/shop",
    "/esi",
    "/part",
    "/robots.txt",
    "/v2/x",
    "//evil.example/",
    "/v1",
    "/v1/",
    "/healthz/",
];
const HTML: &[&str] = &[
    "<div data-selvedge-slot=\"home\" data-n=\"3\"><template><a href=\"/i/{{id}}\">{{title}}</a></template>kept</div>",
    "<ul data-selvedge-slot=\"ordered\"><template><li>{{title}} {{reason}}</template></ul>",
    "<esi:include src=\"/part\" alt=\"/esi\"/>",
    "<esi:include src=\"//evil.example/\"/>",
    "<esi:remove>gone</esi:remove><!--esi kept-->",
    "<script>\"</div>\"</script><p title='>'>",
    "</template>",
];
const HEADERS: &[&str] = &[
    "accept-language",
    "user-agent",
    "sec-ch-ua-mobile",
    "if-none-match",
    "selvedge-key",
    "origin",
    "sec-fetch-site",
    "content-length",
    "x-forwarded-host",
    "x-forwarded-proto",
    "range",
    "x-selvedge-segment",
];
const VALUES: &[&str] = &[
    "*",
    "1",
    "de-AT,en",
    "?1",
    "same-origin",
    "cross-site",
    "https",
    "W/\"0\"",
    "evil.example",
    "0",
    "999999",
];

struct Session {
    host: MemoryHost,
    app: Rc<App<MemoryHost>>,
    html: Rc<RefCell<String>>,
    origin_health: Rc<Cell<Health>>,
    /// Profile cookies that were set.
    jar: Vec<String>,
    /// Shared answers by their keys.
    shared: BTreeMap<String, Vec<u8>>,
    reached: BTreeSet<String>,
}

/// Runs a session, and panics where an answer is not what every answer has to be. Gives what was reached: statuses with the resource
/// (or `page`) and the scope, fall-backs, and what happened to the cache.
pub fn run(bytes: &[u8]) -> BTreeSet<String> {
    let mut source = Source(bytes);
    let mut session = Session::begin(source.byte());
    for _ in 0..MAX_STEPS {
        if source.0.is_empty() {
            break;
        }
        if source.byte().is_multiple_of(8) {
            session.change(&mut source);
        } else {
            session.ask(&mut source);
        }
    }
    session.reached
}

impl Session {
    fn begin(kind: u8) -> Self {
        let host = MemoryHost::new(NOW_MS, u64::from(kind));
        let variable = |name: &str| match name {
            "SELVEDGE_PUBLIC_KEYS" => Some(MODELS.public_key.clone()),
            "SELVEDGE_COOKIE_KEYS" if kind & 7 != 7 => Some(COOKIE_KEY.to_owned()),
            "SELVEDGE_DIAGNOSTICS" if kind & 8 == 0 => Some("on".to_owned()),
            "SELVEDGE_ORIGIN" if kind & 16 == 0 => Some("http://origin.example".to_owned()),
            _ => None,
        };
        let app = Rc::new(App::new(Config::read(variable, |text| host.log(text))));
        if kind & 7 != 6 {
            host.publish("models/0.selvedge", &MODELS.snapshots[0]);
        }
        host.has_assets.set(kind & 32 == 0);
        let html = Rc::new(RefCell::new(HTML[0].to_owned()));
        let origin_health = Rc::new(Cell::new(Health::Works));
        let (page, health) = (Rc::clone(&html), Rc::clone(&origin_health));
        host.set_origin(move |call| {
            let answer = match (health.get(), call.path()) {
                (Health::Fails, _) => return Err(HostError::new("connection refused")),
                (Health::Absent, _) | (_, "/robots.txt") => MemoryAnswer::new(404, "text/plain", MemoryBody::of([])),
                (Health::Works, _) => MemoryAnswer::html(page.borrow().clone()),
            };
            let answer = answer.with("surrogate-control", "content=\"ESI/1.0\"");
            Ok(answer
                .with("cache-control", "public, max-age=60")
                .with("x-from-origin", "1"))
        });
        Self {
            host,
            app,
            html,
            origin_health,
            jar: Vec::new(),
            shared: BTreeMap::new(),
            reached: BTreeSet::new(),
        }
    }

    /// Something changes that no client has a hand in.
    fn change(&mut self, source: &mut Source<'_>) {
        let kind = source.byte();
        let health = [Health::Works, Health::Fails, Health::Absent][usize::from(source.byte()) % 3];
        match kind % 12 {
            0 => self.host.models_health.set(health),
            1 => self.host.cache_health.set(health),
            2 => self.host.queue_health.set(health),
            3 => self.host.bucket_health.set(health),
            4 => self.host.random_health.set(health),
            5 => self.host.prepare_health.set(health),
            6 => self.origin_health.set(health),
            7 => {
                let day = usize::from(source.byte() % 2);
                self.host
                    .publish(&format!("models/{kind}.selvedge"), &MODELS.snapshots[day]);
            }
            8 => {
                let pointer = source.text().into_bytes();
                self.host
                    .models
                    .borrow_mut()
                    .insert("models/current.json".to_owned(), pointer);
            }
            9 => {
                let pieces = source.byte() % 6;
                let html = (0..pieces).map(|_| source.word(HTML)).collect();
                self.html.replace(html);
            }
            10 => {
                let queued = self.host.queue.take();
                let delivery = self.host.run(self.app.deliver(&self.host, queued.clone()));
                if delivery == Delivery::Again {
                    self.host.queue.replace(queued);
                }
            }
            _ => self.host.advance(1 << (source.byte() % 32)),
        }
    }

    /// A client asks for something.
    fn ask(&mut self, source: &mut Source<'_>) {
        let (usual, mut path) = match source.byte() % 16 {
            0..4 => ("GET", format!("/v1/recommend/{}", encoded(&source.word(SLOTS)))),
            4 => ("GET", format!("/v1/similar/{}", encoded(&source.word(ITEMS)))),
            5 => ("GET", format!("/v1/key/{}", encoded(&source.word(SLOTS)))),
            6..9 => ("POST", "/v1/events".to_owned()),
            9 => ("POST", "/v1/rank".to_owned()),
            10 => ("DELETE", "/v1/profile".to_owned()),
            11 => ("GET", source.pick(&["/healthz", "/readyz"]).to_owned()),
            12 | 13 => ("GET", source.pick(PAGES).to_owned()),
            _ => ("GET", format!("/{}", encoded(&source.text()))),
        };
        let method = match source.byte() % 16 {
            0 => source.word(&["GET", "POST", "DELETE", "PUT", "OPTIONS", "get"]),
            1 if usual == "GET" => "HEAD".to_owned(),
            _ => usual.to_owned(),
        };
        for place in 0..(source.byte() % 8).saturating_sub(4) {
            let name = source.word(&["n", "category", "exclude", "diagnostics"]);
            let value = source.word(if name == "n" {
                NUMBERS
            } else {
                &["tea", "green+tea", "tea-00,tea-01", "1"]
            });
            let _ = write!(
                path,
                "{}{}={}",
                if place == 0 { '?' } else { '&' },
                encoded(&name),
                encoded(&value)
            );
        }
        let mut request = MemoryRequest::new(method, &path);
        for _ in 0..(source.byte() % 8).saturating_sub(4) {
            let name = source.pick(HEADERS);
            request = request.with(name, in_a_line(&source.word(VALUES)));
        }
        if source.byte().is_multiple_of(8) {
            request = request.with("sec-gpc", "1");
        }
        let cookies = self.cookies(source);
        if !cookies.is_empty() {
            request = request.with("cookie", in_a_line(&cookies));
        }
        request.local_offset_ms = i64::from(source.byte()) * 900_000 - 50_400_000;
        if let Some(body) = body(&path, source) {
            request.body.replace(Some(body));
        }
        let asked = Asked::of(&request);
        let reply = self.host.fetch(&self.app, request);
        self.check(&asked, &reply);
        self.note(&asked, &reply);
        if let Some(cookie) = reply.profile_cookie().filter(|cookie| !cookie.is_empty()) {
            self.jar.push(cookie.to_owned());
        }
    }

    fn note(&mut self, asked: &Asked, reply: &Reply) {
        let resource = if asked.is_api() {
            let resource = asked.path.split('/').find(|part| !part.is_empty() && *part != "v1");
            resource.filter(|_| reply.status != 404).unwrap_or("unknown")
        } else {
            "page"
        };
        let decision = if asked.is_api() {
            reply.json()
        } else {
            serde_json::Value::Null
        };
        let scope = decision["scope"].as_str().unwrap_or_default();
        self.reached
            .insert(format!("{} {resource} {scope}", reply.status).trim_end().to_owned());
        self.reached.extend(reply.fallbacks().into_iter().map(str::to_owned));
        let status = reply.header("cache-status").unwrap_or_default();
        for word in ["hit", "fwd=miss", "detail=visitor", "detail=previous-model"] {
            if status.contains(word) {
                self.reached.insert(word.to_owned());
            }
        }
        if reply.profile_cookie().is_some_and(|cookie| !cookie.is_empty()) {
            self.reached.insert("set-cookie".to_owned());
        }
    }

    fn cookies(&self, source: &mut Source<'_>) -> String {
        let kept = self.jar.get(usize::from(source.byte()) % self.jar.len().max(1));
        let sealed = kept.cloned().unwrap_or_default();
        match source.byte() % 16 {
            0 | 1 => String::new(),
            2 => format!("a=b; selvedge={sealed}; selvedge-consent=off"),
            3 => format!("selvedge={sealed}A"),
            4 => format!("selvedge={}", source.text()),
            5 => source.text(),
            _ if sealed.is_empty() => String::new(),
            _ => format!("selvedge={sealed}"),
        }
    }

    /// What holds for every answer.
    fn check(&mut self, asked: &Asked, reply: &Reply) {
        let told = || format!("{asked:?}: {} {:?} {}", reply.status, reply.headers, reply.text());
        let is_page = reply.header("x-from-origin").is_some();
        let is_probe = asked.path == "/readyz";
        assert!((200..600).contains(&reply.status), "{}", told());
        if reply.status >= 500 {
            let documented = match reply.status {
                503 => is_probe,
                502 => !asked.is_api(),
                _ => false,
            };
            assert!(documented, "{}", told());
        }
        let is_error = reply.status >= 400;
        if is_error && !is_page && !is_probe {
            assert_eq!(
                reply.header("content-type"),
                Some("application/problem+json"),
                "{}",
                told()
            );
            if asked.method != "HEAD" {
                assert_eq!(reply.json()["status"], reply.status, "{}", told());
            }
        }
        if is_error && !is_page {
            assert_eq!(reply.header("cache-control"), Some("no-store"), "{}", told());
        }
        for (name, value) in &reply.headers {
            assert!(
                value.bytes().all(|byte| matches!(byte, b' '..=b'~')),
                "{name}: {}",
                told()
            );
        }
        assert_eq!(reply.broken, None, "{}", told());
        if let Some(cookie) = reply.header("set-cookie") {
            assert!(!asked.objects || cookie.starts_with("selvedge=; "), "{}", told());
        }
        if reply.status == 304 || reply.status == 204 {
            assert!(reply.body.is_empty(), "{}", told());
        }
        self.check_sharing(asked, reply, &told);
    }

    fn check_sharing(&mut self, asked: &Asked, reply: &Reply, told: &dyn Fn() -> String) {
        let cache_control = reply.header("cache-control").unwrap_or_default();
        if cache_control.contains("public") {
            let filled = reply
                .text()
                .replace("<a href=\"/i/{{id}}\">", "")
                .contains("<a href=\"/i/");
            let is_untouched_page = reply.header("x-from-origin").is_some() && !filled;
            assert!(
                asked.path.starts_with("/v1/similar/") || is_untouched_page,
                "{}",
                told()
            );
        }
        let is_list = reply.status == 200 && asked.path.starts_with("/v1/") && asked.method == "GET";
        let decision = if is_list { reply.json() } else { return };
        let is_personal = decision["scope"] == "visitor";
        if is_personal {
            assert!(!asked.objects, "{}", told());
            assert_eq!(cache_control, "private, no-store", "{}", told());
            assert_eq!(reply.header("etag"), None, "{}", told());
            return;
        }
        let explanation = &decision["explanation"];
        let history = explanation["history"].as_array().map_or(0, Vec::len);
        assert_eq!(history, 0, "{}", told());
        assert!(explanation["segment_cosine"].is_null(), "{}", told());
        assert!(!asked.objects || decision["segment"].is_null(), "{}", told());
        for cookie in &self.jar {
            assert!(!reply.text().contains(cookie.as_str()), "{}", told());
        }
        let status = reply.header("cache-status").unwrap_or_default();
        if let Some((_, key)) = status.split_once("key=\"") {
            let key = key.split('"').next().unwrap_or_default().to_owned();
            let known = self.shared.entry(key).or_insert_with(|| reply.body.clone());
            assert_eq!(*known, reply.body, "one key, one answer: {}", told());
        }
    }
}

/// What of a request its answer is checked against.
#[derive(Debug)]
struct Asked {
    method: String,
    path: String,
    objects: bool,
}

impl Asked {
    fn of(request: &MemoryRequest) -> Self {
        let path = request.url["https://shop.example".len()..]
            .split(['?', '#'])
            .next()
            .unwrap_or_default();
        let values = |name: &str| {
            let named = request.headers.iter().filter(|(known, _)| known == name);
            named
                .map(|(_, value)| value.clone())
                .collect::<Vec<String>>()
                .join(", ")
        };
        let objects = values("sec-gpc") == "1";
        let off = values("cookie").ends_with("; selvedge-consent=off");
        Self {
            method: request.method.clone(),
            path: path.to_owned(),
            objects: objects || off,
        }
    }

    fn is_api(&self) -> bool {
        self.path == "/v1" || self.path.starts_with("/v1/") || self.path == "/healthz" || self.path == "/readyz"
    }
}

/// A part of a URL as a runtime gives it: whatever is no visible ASCII is percent-encoded.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>`{}".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A header's value as a runtime gives it: without the end of a line.
fn in_a_line(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).collect()
}

fn body(path: &str, source: &mut Source<'_>) -> Option<Vec<u8>> {
    let mut text = if path.starts_with("/v1/rank") {
        let candidates: Vec<String> = (0..source.byte() % 8).map(|_| source.word(ITEMS)).collect();
        let n = source.pick(&["1", "3", "1000", "0", "null", "-1"]);
        format!("{{\"candidates\": {}, \"n\": {n}}}", quoted(&candidates)).into_bytes()
    } else {
        let events: Vec<String> = (0..source.byte() % 6).map(|_| event(source)).collect();
        format!("{{\"events\": [{}]}}", events.join(", ")).into_bytes()
    };
    match source.byte() % 16 {
        0 => return None,
        1 => return Some(source.text().into_bytes()),
        2 => text.truncate(usize::from(source.byte())),
        3 => text.resize(usize::from(source.byte()) * 2048, b' '),
        _ => {}
    }
    Some(text)
}

fn event(source: &mut Source<'_>) -> String {
    let kinds = [
        "click",
        "click",
        "view",
        "impression",
        "add_to_cart",
        "conversion",
        "Click",
    ];
    let kind = source.word(&kinds);
    let mut text = format!(
        "{{\"type\": {}, \"item\": {}",
        quoted(&kind),
        quoted(&source.word(ITEMS))
    );
    for _ in 0..source.byte() % 3 {
        let name = source.pick(&["timestamp_ms", "value", "slot", "position", "id", "unknown"]);
        let value = source.pick(&[
            "1767268800000",
            "1.5",
            "-1",
            "\"home\"",
            "\"a b\"",
            "null",
            "1e400",
            "[[]]",
        ]);
        let _ = write!(text, ", \"{name}\": {value}");
    }
    text.push('}');
    text
}

fn quoted(text: &(impl serde::Serialize + ?Sized)) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
