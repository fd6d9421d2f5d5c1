//! Requests made of bytes: most of them such that something comes of them.

use std::fmt::Write as _;

use selvedge_edge::memory_host::MemoryRequest;

/// Bytes that are taken one by one; zeros behind the last.
pub struct Source<'a>(pub &'a [u8]);

impl Source<'_> {
    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    pub fn pick<'t>(&mut self, from: &[&'t str]) -> &'t str {
        from[usize::from(self.byte()) % from.len()]
    }

    /// One of these, or a text of foreign bytes.
    pub fn word(&mut self, from: &[&str]) -> String {
        if self.byte().is_multiple_of(16) {
            self.text()
        } else {
            self.pick(from).to_owned()
        }
    }

    pub fn text(&mut self) -> String {
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
pub const HTML: &[&str] = &[
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

/// A request of somebody who has these profile cookies.
pub fn request(jar: &[String], source: &mut Source<'_>) -> MemoryRequest {
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
    let cookies = cookies(jar, source);
    if !cookies.is_empty() {
        request = request.with("cookie", in_a_line(&cookies));
    }
    request.local_offset_ms = i64::from(source.byte()) * 900_000 - 50_400_000;
    if let Some(body) = body(&path, source) {
        request.body.replace(Some(body));
    }
    request
}

fn cookies(jar: &[String], source: &mut Source<'_>) -> String {
    let kept = jar.get(usize::from(source.byte()) % jar.len().max(1));
    let sealed = kept.cloned().unwrap_or_default();
    match source.byte() % 16 {
        0 | 1 => String::new(),
        2 => format!("a=b; {sealed}; selvedge-consent=off"),
        3 => format!("{sealed}A"),
        4 => format!("__Host-selvedge={}; {sealed}", source.text()),
        5 => source.text(),
        6 => jar.join("; "),
        7 => format!("{sealed}; __Host-selvedge-deleted={}", source.word(NUMBERS)),
        _ => sealed,
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
