//! Sessions made of bytes, whatever they are: requests, the clock, and what breaks. After each request, what holds for every answer
//! is checked. The property test makes the bytes at random, the fuzz target `http_application` by coverage.

mod check;
mod request;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::rc::Rc;
use std::sync::LazyLock;

use selvedge::snapshot::writer::{SigningKey, build};
use selvedge_edge::host::{HostError, Runtime as _};
use selvedge_edge::memory_host::{Health, MemoryAnswer, MemoryBody, MemoryHost};
use selvedge_edge::{App, Config, Delivery};

use crate::planted;

use check::Asked;
use request::{HTML, Source, request};

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
        let request = request(&self.jar, source);
        let asked = Asked::of(&request);
        let reply = self.host.fetch(&self.app, request);
        self.check(&asked, &reply);
        self.note(&asked, &reply);
        if let Some(cookie) = reply.profile_cookie() {
            self.jar.push(cookie.to_owned());
        }
    }
}
