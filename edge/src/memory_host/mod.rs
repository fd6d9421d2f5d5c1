//! A host in memory: the whole application in one process, without a runtime, a network or a clock of its own.
//!
//! Time stands still until [`MemoryHost::advance`] moves it, or until a call waits for nothing but a pause: then it moves to that
//! pause's end. Random bytes come from a seed. Models, the location's cache, the queue and the bucket are maps that can be told to
//! fail, and work behind answers is polled when a test says so. So every test gives the same result on every machine.

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

use crate::host::{CachedAnswer, HostError};

/// How something that a host lends behaves.
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
type Work = Pin<Box<dyn Future<Output = ()>>>;

/// Everything outside of the application. Tests set and look at its fields.
#[derive(Default)]
pub struct World {
    /// Models by their keys.
    pub models: RefCell<BTreeMap<String, Vec<u8>>>,
    /// Whether models can be read.
    pub models_health: Cell<Health>,
    /// How long each reading of a model takes to begin, in milliseconds.
    pub models_delay_ms: Cell<u32>,
    /// The keys that were read, in order.
    pub models_read: RefCell<Vec<String>>,
    /// The location's cache.
    pub cache: RefCell<BTreeMap<String, (CachedAnswer<MemoryBytes>, u32)>>,
    /// Whether it works.
    pub cache_health: Cell<Health>,
    /// Messages in the queue, as JSON.
    pub queue: RefCell<Vec<String>>,
    /// Whether the queue takes any.
    pub queue_health: Cell<Health>,
    /// Objects in the bucket.
    pub bucket: RefCell<BTreeMap<String, Vec<u8>>>,
    /// Whether the bucket takes any.
    pub bucket_health: Cell<Health>,
    /// Whether there are random bytes.
    pub random_health: Cell<Health>,
    /// Whether answers can be prepared.
    pub prepare_health: Cell<Health>,
    /// Whether the host has static files. They are asked for through `origin` too.
    pub has_assets: Cell<bool>,
    /// What was asked of the server behind, in order.
    pub origin_calls: RefCell<Vec<OriginCall>>,
    /// What was logged.
    pub log: RefCell<Vec<String>>,
    origin: RefCell<Option<AskOrigin>>,
    now_ms: Cell<u64>,
    random: Cell<u64>,
    work: RefCell<Vec<Work>>,
    timers: RefCell<Vec<(u64, Weak<()>)>>,
    /// Grows with everything that happens, so that a standstill can be told.
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

    /// Puts a server behind.
    pub fn set_origin(&self, ask: impl Fn(&OriginCall) -> Result<MemoryAnswer, HostError> + 'static) {
        *self.origin.borrow_mut() = Some(Box::new(ask));
    }

    /// Lines of JSON that lie in the bucket, with the keys of their objects.
    #[must_use]
    pub fn collected(&self) -> Vec<(String, String)> {
        let mut lines = Vec::new();
        for (key, gzip) in &*self.bucket.borrow() {
            let mut text = String::new();
            // What this host put there was gzip of a text.
            let _ = GzDecoder::new(&**gzip).read_to_string(&mut text);
            lines.extend(text.lines().map(|line| (key.clone(), line.to_owned())));
        }
        lines
    }

    /// What was logged since it was asked last.
    #[must_use]
    pub fn take_log(&self) -> Vec<String> {
        self.log.take()
    }

    fn happened(&self) {
        self.happened.set(self.happened.get() + 1);
    }

    /// A timer, which counts for as long as what is returned lives.
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
