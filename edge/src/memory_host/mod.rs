//! A host in memory, which runs the whole application in one process without a runtime, a network or a real clock.
//!
//! The clock stands still until [`MemoryHost::advance`] moves it, or until a call waits for nothing but a pause: then it moves to that
//! pause's end. Random bytes come from a seed. Models, the location's cache, the queue and the bucket are maps, and a test can make each
//! fail. Work behind answers is polled when a test says so. So every test gives the same result on every machine.
//!
//! ```
//! use std::rc::Rc;
//!
//! use selvedge_edge::memory_host::{Health, MemoryHost, MemoryRequest};
//! use selvedge_edge::{App, Config};
//!
//! let host = MemoryHost::new(1_700_000_000_000, 7);
//! let app = Rc::new(App::new(Config::read(|_| None, |_| ())));
//! host.queue_health.set(Health::Fails);
//!
//! // The queue refuses the event, so the application writes it into the bucket.
//! let body = r#"{"events": [{"type": "view", "item": "a"}]}"#;
//! let reply = host.fetch(&app, MemoryRequest::post("/v1/events", body));
//! assert_eq!(reply.status, 202);
//! assert!(reply.fallbacks().contains(&"queue-failed"));
//! assert_eq!(host.collected().len(), 1);
//! ```

mod executor;
mod fields;
mod origin;
mod reply;
mod request;
mod runtime;
mod storage;
mod streams;
mod waiting;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::io::Read;
use std::pin::Pin;
use std::rc::{Rc, Weak};

use flate2::read::GzDecoder;

pub use origin::{MemoryAnswer, OriginCall};
pub use reply::Reply;
pub use request::MemoryRequest;
pub use runtime::{MemoryBytes, MemoryPrepared, MemoryWake};
pub use streams::{Feeder, MemoryBody, MemorySink};

use crate::host::{CachedAnswer, HostError, InstanceMemory, Renewal};

/// How a part of the host behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// It works.
    #[default]
    Works,
    /// It fails each time.
    Fails,
    /// The host has none.
    Absent,
}

impl Health {
    fn check(self, name: &str) -> Result<(), HostError> {
        match self {
            Self::Works => Ok(()),
            Self::Fails => Err(HostError::new([name, ": told to fail"].concat())),
            Self::Absent => Err(HostError::new([name, ": not there"].concat())),
        }
    }
}

type AskOrigin = Box<dyn Fn(&OriginCall) -> Result<MemoryAnswer, HostError>>;
type AskMemory = Box<dyn Fn() -> InstanceMemory>;
type Renew = Box<dyn Fn(u64) -> Pin<Box<dyn Future<Output = Result<Renewal, HostError>>>>>;
type Work = Pin<Box<dyn Future<Output = ()>>>;

/// Everything outside of the application. Tests set and read its fields.
#[derive(Default)]
pub struct World {
    /// Objects of the model source by their object keys.
    pub models: RefCell<BTreeMap<String, Vec<u8>>>,
    /// Whether models can be read.
    pub models_health: Cell<Health>,
    /// Milliseconds before each read of a model begins.
    pub models_delay_ms: Cell<u32>,
    /// Bodies that the test feeds, by object key: each is read once, in the place of the object.
    pub models_fed: RefCell<BTreeMap<String, MemoryBody>>,
    /// Object keys that were read, in order.
    pub models_read: RefCell<Vec<String>>,
    /// The location's cache: answer and seconds to keep it, by cache key.
    pub cache: RefCell<BTreeMap<String, (CachedAnswer<MemoryBytes>, u32)>>,
    /// Whether it works.
    pub cache_health: Cell<Health>,
    /// Messages in the event queue, each as JSON text.
    pub queue: RefCell<Vec<String>>,
    /// Whether the queue takes messages.
    pub queue_health: Cell<Health>,
    /// Objects in the bucket, by object key.
    pub bucket: RefCell<BTreeMap<String, Vec<u8>>>,
    /// Whether the bucket takes objects.
    pub bucket_health: Cell<Health>,
    /// Most requests of one client; [`None`] for no limit.
    pub requests_per_client: Cell<Option<u32>>,
    /// Requests of each client so far.
    pub requests_of: RefCell<BTreeMap<String, u32>>,
    /// Whether the limit works.
    pub limit_health: Cell<Health>,
    /// Whether there are random bytes.
    pub random_health: Cell<Health>,
    /// Whether answers can be prepared.
    pub prepare_health: Cell<Health>,
    /// Whether the host has static files. The function given to [`MemoryHost::set_origin`] answers for them too.
    pub has_assets: Cell<bool>,
    /// Requests to the origin, in order.
    pub origin_calls: RefCell<Vec<OriginCall>>,
    /// Lines of the log.
    pub log: RefCell<Vec<String>>,
    /// How often a new instance was asked for.
    pub renewals: Cell<u32>,
    memory: RefCell<Option<AskMemory>>,
    renew: RefCell<Option<Renew>>,
    origin: RefCell<Option<AskOrigin>>,
    now_ms: Cell<u64>,
    random: Cell<u64>,
    work: RefCell<Vec<Work>>,
    timers: RefCell<Vec<(u64, Weak<()>)>>,
    /// Counts everything that happens. If a round of polling leaves it as it was, every future waits.
    happened: Cell<u64>,
}

/// A handle of the host in memory.
#[derive(Clone)]
pub struct MemoryHost(Rc<World>);

impl std::ops::Deref for MemoryHost {
    type Target = World;

    fn deref(&self) -> &World {
        &self.0
    }
}

impl MemoryHost {
    /// A host at this time, in Unix milliseconds, whose random bytes come from `seed`.
    #[must_use]
    pub fn new(now_ms: u64, seed: u64) -> Self {
        let world = World::default();
        world.now_ms.set(now_ms);
        world.random.set(seed);
        Self(Rc::new(world))
    }

    /// Moves the clock.
    pub fn advance(&self, ms: u64) {
        self.now_ms.set(self.now_ms.get().saturating_add(ms));
        self.happened();
    }

    /// Publishes a snapshot: its file, and the pointer to it.
    pub fn publish(&self, key: &str, snapshot: &[u8]) {
        let pointer = format!("{{\"key\": {key:?}, \"bytes\": {}}}", snapshot.len());
        let mut models = self.models.borrow_mut();
        models.insert(key.to_owned(), snapshot.to_vec());
        models.insert("models/current.json".to_owned(), pointer.into_bytes());
    }

    /// Sets the function that answers for the origin.
    pub fn set_origin(&self, ask: impl Fn(&OriginCall) -> Result<MemoryAnswer, HostError> + 'static) {
        *self.origin.borrow_mut() = Some(Box::new(ask));
    }

    /// Sets the function that says what memory the instances have. Without it, freed memory comes back.
    pub fn set_memory(&self, memory: impl Fn() -> InstanceMemory + 'static) {
        *self.memory.borrow_mut() = Some(Box::new(memory));
    }

    /// Sets the function that makes a new instance.
    pub fn set_renew<F: Future<Output = Result<Renewal, HostError>> + 'static>(
        &self,
        renew: impl Fn(u64) -> F + 'static,
    ) {
        *self.renew.borrow_mut() = Some(Box::new(move |newest_ms| Box::pin(renew(newest_ms))));
    }

    /// Each line of the bucket's objects, decompressed, behind the object key.
    #[must_use]
    pub fn collected(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        for (key, gzip) in &*self.bucket.borrow() {
            let mut text = String::new();
            // Only this host writes objects, and all of them are gzipped text.
            let _ = GzDecoder::new(&**gzip).read_to_string(&mut text);
            lines.extend(text.lines().map(|line| (key.clone(), line.to_owned())));
        }
        lines
    }

    /// Takes the lines logged since the last call.
    #[must_use]
    pub fn take_log(&self) -> Vec<String> {
        self.log.take()
    }

    fn happened(&self) {
        self.happened.set(self.happened.get() + 1);
    }

    /// A timer: its time in Unix milliseconds, and a token. The timer is dropped with the token.
    fn timer(&self, after_ms: u32) -> (u64, Rc<()>) {
        let until_ms = self.now_ms.get().saturating_add(u64::from(after_ms));
        let alive = Rc::new(());
        self.timers.borrow_mut().push((until_ms, Rc::downgrade(&alive)));
        self.happened();
        (until_ms, alive)
    }

    async fn sleep(&self, ms: u32) {
        let (until_ms, _alive) = self.timer(ms);
        std::future::poll_fn(|_| waiting::ready(self.now_ms.get() >= until_ms)).await;
    }
}
