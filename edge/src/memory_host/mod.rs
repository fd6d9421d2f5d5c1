//! A host in memory: the whole application in one process, without a runtime, a network or a clock of its own.
//!
//! Time stands still until [`MemoryHost::advance`] moves it, or until a call waits for nothing but a pause: then it moves to that
//! pause's end. Random bytes come from a seed. Models, the location's cache, the queue and the bucket are maps that can be told to
//! fail, and work behind answers is polled when a test says so. So every test gives the same result on every machine.

mod exchange;
mod executor;
mod streams;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::io::{Read, Write};
use std::pin::Pin;
use std::rc::{Rc, Weak};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

pub use exchange::{MemoryAnswer, MemoryRequest, OriginCall, Reply};
pub use streams::{Feeder, MemoryBody, MemorySink};

use crate::headers::Headers;
use crate::host::{
    CachedAnswer, EventSink, HostError, LocationCache, ModelSource, Origin, OriginRequest, Place, ResolvedUrl, Runtime,
    StoredBytes, Wake,
};

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
        std::future::poll_fn(|_| executor::ready(self.now_ms.get() >= until_ms)).await;
    }
}

/// Bytes that are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryBytes(pub Rc<[u8]>);

impl StoredBytes for MemoryBytes {
    fn of(text: &str) -> Self {
        Self(text.as_bytes().into())
    }

    fn len(&self) -> usize {
        self.0.len()
    }
}

/// A prepared answer.
pub struct MemoryPrepared {
    headers: RefCell<Headers>,
    body: MemoryBytes,
}

/// Ends a pause.
pub struct MemoryWake {
    host: MemoryHost,
    woken: Rc<Cell<bool>>,
}

impl Wake for MemoryWake {
    fn wake(self) {
        self.woken.set(true);
        self.host.happened();
    }
}

impl Runtime for MemoryHost {
    type Request = MemoryRequest;
    type Body = MemoryBody;
    type Sink = MemorySink;
    type Bytes = MemoryBytes;
    type Prepared = Rc<MemoryPrepared>;
    type Wake = MemoryWake;

    fn unix_ms(&self) -> u64 {
        self.now_ms.get()
    }

    fn monotonic_ms(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 are far below 2^53")]
        let ms = self.now_ms.get() as f64;
        ms
    }

    fn pause(&self, at_most_ms: u32) -> (MemoryWake, impl Future<Output = ()> + 'static) {
        let (until_ms, alive) = self.timer(at_most_ms);
        let woken = Rc::new(Cell::new(false));
        let wake = MemoryWake {
            host: self.clone(),
            woken: Rc::clone(&woken),
        };
        let host = self.clone();
        let pause = std::future::poll_fn(move |_| {
            let _ = &alive;
            executor::ready(woken.get() || host.now_ms.get() >= until_ms)
        });
        (wake, pause)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), HostError> {
        self.random_health.get().check("random bytes")?;
        for chunk in bytes.chunks_mut(8) {
            // SplitMix64 (Steele, Lea, Flood 2014).
            let state = self.random.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
            self.random.set(state);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let drawn = (mixed ^ (mixed >> 31)).to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
        Ok(())
    }

    async fn sha256(&self, bytes: &[u8]) -> Result<[u8; 32], HostError> {
        Ok(Sha256::digest(bytes).into())
    }

    fn wait_until(&self, work: Work) {
        self.work.borrow_mut().push(work);
        self.happened();
    }

    fn log(&self, text: fmt::Arguments<'_>) {
        self.log.borrow_mut().push(text.to_string());
    }

    fn pipe(&self) -> Result<(MemorySink, MemoryBody), HostError> {
        Ok(streams::pipe(self))
    }

    fn prepare(&self, headers: &Headers, body: &MemoryBytes) -> Result<Rc<MemoryPrepared>, HostError> {
        self.prepare_health.get().check("prepared answers")?;
        Ok(Rc::new(MemoryPrepared {
            headers: RefCell::new(headers.clone()),
            body: body.clone(),
        }))
    }

    fn refresh(&self, prepared: &Rc<MemoryPrepared>, headers: &Headers) -> Result<(), HostError> {
        self.prepare_health.get().check("prepared answers")?;
        let mut kept = prepared.headers.borrow_mut();
        for (name, value) in headers.iter() {
            kept.set(name, value.to_owned());
        }
        Ok(())
    }
}

impl ModelSource for MemoryHost {
    const MODEL_PLACES: &'static str = "the memory of the test";

    async fn model(&self, key: &str) -> Result<Option<MemoryBody>, HostError> {
        self.sleep(self.models_delay_ms.get()).await;
        executor::turn(self).await;
        self.models_read.borrow_mut().push(key.to_owned());
        self.models_health.get().check("models")?;
        let found = self.models.borrow().get(key).cloned();
        Ok(found.map(|bytes| MemoryBody::of([bytes])))
    }
}

impl LocationCache for MemoryHost {
    async fn find(&self, key: &str) -> Result<Option<CachedAnswer<MemoryBytes>>, HostError> {
        executor::turn(self).await;
        if self.cache_health.get() == Health::Absent {
            return Ok(None);
        }
        self.cache_health.get().check("cache")?;
        Ok(self.cache.borrow().get(key).map(|(answer, _)| answer.clone()))
    }

    async fn keep(&self, key: &str, answer: CachedAnswer<MemoryBytes>, for_s: u32) -> Result<(), HostError> {
        executor::turn(self).await;
        self.cache_health.get().check("cache")?;
        self.cache.borrow_mut().insert(key.to_owned(), (answer, for_s));
        Ok(())
    }
}

impl EventSink for MemoryHost {
    async fn send(&self, events: &str) -> Option<Result<(), HostError>> {
        executor::turn(self).await;
        if self.queue_health.get() == Health::Absent {
            return None;
        }
        let sent = self.queue_health.get().check("queue").and_then(|()| {
            let messages: Vec<Box<RawValue>> =
                serde_json::from_str(events).map_err(|error| HostError::new(error.to_string()))?;
            let texts = messages.iter().map(|message| message.get().to_owned());
            self.queue.borrow_mut().extend(texts);
            Ok(())
        });
        Some(sent)
    }

    async fn put(&self, key: &str, bytes: &MemoryBytes) -> Result<(), HostError> {
        executor::turn(self).await;
        self.bucket_health.get().check("bucket")?;
        self.bucket.borrow_mut().insert(key.to_owned(), bytes.0.to_vec());
        Ok(())
    }

    async fn gzip(&self, text: &str) -> Result<MemoryBytes, HostError> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let zipped = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
        let zipped = zipped.map_err(|error| HostError::new(error.to_string()))?;
        Ok(MemoryBytes(zipped.into()))
    }
}

impl Origin for MemoryHost {
    type Answer = MemoryAnswer;

    fn has_assets(&self) -> bool {
        self.has_assets.get()
    }

    async fn ask(&self, request: &MemoryRequest, ask: OriginRequest<'_>) -> Result<MemoryAnswer, HostError> {
        executor::turn(self).await;
        let mut call = OriginCall {
            place: ask.place.clone(),
            method: "GET".to_owned(),
            url: ask.url.to_owned(),
            headers: request.headers.clone(),
            body: Vec::new(),
        };
        if *ask.place != Place::Assets {
            exchange::change(&mut call.headers, ask.changes);
        }
        if ask.is_own {
            call.method.clone_from(&request.method);
            call.body = request.body.take().unwrap_or_default();
        }
        self.origin_calls.borrow_mut().push(call.clone());
        let answer = match &*self.origin.borrow() {
            Some(answer) => answer(&call),
            None => Err(HostError::new("connection refused")),
        }?;
        match ask.within_ms {
            Some(within_ms) if answer.after_ms > within_ms => {
                self.sleep(within_ms).await;
                Err(HostError::new("timed out"))
            }
            _ => {
                self.sleep(answer.after_ms).await;
                Ok(answer)
            }
        }
    }

    fn resolve(&self, url: &str, base: &str) -> Result<ResolvedUrl, HostError> {
        let failed = |error: url::ParseError| HostError::new(error.to_string());
        let base = url::Url::parse(base).map_err(failed)?;
        let url = base.join(url).map_err(failed)?;
        Ok(ResolvedUrl {
            origin: url.origin().ascii_serialization(),
            path_and_query: url[url::Position::BeforePath..url::Position::AfterQuery].to_owned(),
            href: url.into(),
        })
    }
}
