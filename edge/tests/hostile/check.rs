//! What holds for every answer, and what was reached.

use selvedge_edge::memory_host::{MemoryRequest, Reply};

use super::Session;

/// What of a request its answer is checked against.
#[derive(Debug)]
pub struct Asked {
    method: String,
    path: String,
    objects: bool,
}

impl Asked {
    pub fn of(request: &MemoryRequest) -> Self {
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

impl Session {
    /// Notes what was reached.
    pub fn note(&mut self, asked: &Asked, reply: &Reply) {
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
        if reply.profile_cookie().is_some() {
            self.reached.insert("set-cookie".to_owned());
        }
    }

    /// What holds for every answer.
    pub fn check(&mut self, asked: &Asked, reply: &Reply) {
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
        assert!(!asked.objects || reply.profile_cookie().is_none(), "{}", told());
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
            let sealed = cookie.split_once('=').unwrap_or_default().1;
            assert!(!reply.text().contains(sealed), "{}", told());
        }
        let status = reply.header("cache-status").unwrap_or_default();
        if let Some((_, key)) = status.split_once("key=\"") {
            let key = key.split('"').next().unwrap_or_default().to_owned();
            let known = self.shared.entry(key).or_insert_with(|| reply.body.clone());
            assert_eq!(*known, reply.body, "one key, one answer: {}", told());
        }
    }
}
