//! The golden decisions of `tests/vectors` through the application: what the core gives, at the golden time.

use std::path::Path;
use std::rc::Rc;

use selvedge_edge::memory_host::{MemoryHost, MemoryRequest, Reply};
use selvedge_edge::{App, Config};
use serde_json::{Value, json};

use crate::site::{COOKIE_KEY, post};

struct Golden {
    host: MemoryHost,
    app: Rc<App<MemoryHost>>,
}

impl Golden {
    fn of(name: &str, golden: &Value) -> Self {
        let host = MemoryHost::new(golden["now_ms"].as_u64().unwrap(), 1);
        host.publish(&format!("models/{name}.selvedge"), &read(&format!("{name}.selvedge")));
        let variable = |name: &str| match name {
            "SELVEDGE_PUBLIC_KEYS" => golden["public_key"].as_str().map(str::to_owned),
            "SELVEDGE_COOKIE_KEYS" => Some(COOKIE_KEY.to_owned()),
            _ => None,
        };
        let app = Rc::new(App::new(Config::read(variable, |text| panic!("{text}"))));
        Self { host, app }
    }

    /// The answer to a case's question, with the case's history sent first.
    fn answer(&self, case: &Value, now_ms: u64) -> Reply {
        let mut cookies = String::new();
        let history = case["history"].as_array().unwrap();
        if !history.is_empty() {
            let events = history.iter().map(|event| {
                let at_ms = now_ms - event["age_ms"].as_u64().unwrap();
                json!({ "type": event["type"], "item": event["item"], "timestamp_ms": at_ms })
            });
            let events = json!({ "events": events.collect::<Vec<_>>() });
            let sent = self.host.fetch(&self.app, post("/v1/events", &events));
            assert_eq!(sent.json()["accepted"], history.len());
            cookies = format!("{}; ", sent.profile_cookie().unwrap());
        }
        if case["consent"] == false {
            cookies.push_str("selvedge-consent=off");
        }
        let (kind, question) = case["ask"].as_object().unwrap().iter().next().unwrap();
        let request = match kind.as_str() {
            "rank" => post("/v1/rank", question),
            kind => {
                let text = |name: &str| question[name].as_str().unwrap_or_default();
                let listed = question["exclude"].as_array().into_iter().flatten();
                let exclude: Vec<&str> = listed.filter_map(Value::as_str).collect();
                let query = form_urlencoded::Serializer::new(String::new())
                    .append_pair("n", &question["n"].to_string())
                    .append_pair("category", text("category"))
                    .append_pair("exclude", &exclude.join(","))
                    .finish();
                let of = text(if kind == "similar" { "item" } else { "slot" });
                MemoryRequest::get(&format!("/v1/{kind}/{of}?{query}"))
            }
        };
        self.host.fetch(&self.app, request.with("cookie", cookies))
    }
}

fn read(file: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/vectors")
        .join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every golden file there is.
fn names() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files
        .filter_map(|file| file.strip_suffix(".selvedge").map(str::to_owned))
        .collect()
}

#[test]
fn golden_decisions_are_the_same_through_the_application() {
    let names = names();
    assert!(names.len() >= 3, "{names:?}");
    for name in names {
        let golden: Value = serde_json::from_slice(&read(&format!("{name}.json"))).unwrap();
        let now_ms = golden["now_ms"].as_u64().unwrap();
        let site = Golden::of(&name, &golden);
        let cases = golden["cases"].as_array().unwrap();
        assert!(cases.len() >= 12, "{name}");
        for case in cases {
            let reply = site.answer(case, now_ms);
            let of = format!("{name}: {}", case["name"]);
            assert_eq!(reply.status, 200, "{of}: {}", reply.text());
            assert_eq!(reply.fallbacks(), [""; 0], "{of}");
            let (decision, expect) = (reply.json(), &case["expect"]);
            assert_eq!(decision["model"], golden["model"], "{of}");
            for field in ["scope", "segment", "context", "unknown"] {
                assert_eq!(decision[field], expect[field], "{of}: {field}");
            }
            let items = decision["items"].as_array().unwrap();
            let of_each = |get: &dyn Fn(&Value) -> Value| Value::Array(items.iter().map(get).collect());
            assert_eq!(of_each(&|item| item["id"].clone()), expect["items"], "{of}");
            let because = |item: &Value| match &item["reason"]["kind"] {
                Value::String(kind) if kind == "because" => item["reason"]["item"].clone(),
                _ => Value::Null,
            };
            assert_eq!(of_each(&because), expect["because"], "{of}");
            #[expect(clippy::cast_possible_truncation, reason = "it was written from 32 bits")]
            let bits = |item: &Value| (item["score"].as_f64().unwrap() as f32).to_bits().into();
            assert_eq!(of_each(&bits), expect["score_bits"], "{of}: scores to the last bit");
        }
    }
}
