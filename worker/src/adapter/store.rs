//! The model store: finds, verifies and holds the snapshot, once for each isolate.
//!
//! A pointer (`models/current.json`) names the current snapshot, in the R2 bucket or among the static assets. The first
//! request of an isolate waits for it; every later refresh runs behind the requests. What is held is replaced whole or
//! not at all, and the last good snapshot stays while a newer one is bad.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::futures::JsFuture;
use js_sys::{Function, Promise};
use selvedge::engine::{Available, Decision, Engine, Plan, Request, RequestError};
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust};
use serde::Deserialize;
use wasm_bindgen::JsValue;

use super::source::{Source, SourceError};
use crate::config::Config;
use crate::counters::{Fallback, count};
use crate::runtime::bindings::{Context, Env};
use crate::runtime::{self, console_error, streams};

/// Where the pointer to the current snapshot lies, in the bucket and among the assets.
const POINTER_KEY: &str = "models/current.json";
/// What snapshots may take of the 128 MB that an isolate has. A refresh holds two of them at once.
const MAX_SNAPSHOT_BYTES: usize = 100 * 1024 * 1024;
/// How long a request waits for the first snapshot of its isolate before it answers without.
const FIRST_LOAD_WAIT_MS: i32 = 5_000;
/// The longest that the model before is held for, in seconds, whatever a slot allows.
const MAX_EARLIER_S: u32 = 300;
/// After so many milliseconds a load counts as stopped: the runtime may end the request that began it.
const MAX_LOAD_MS: u64 = 60_000;
/// How long after a failed first load the next request may try again, in seconds.
const RETRY_S: u32 = 5;

/// A verified snapshot with its engine.
pub struct Model {
    /// The core over the snapshot.
    pub engine: Engine<AlignedBytes>,
    /// When it became the current one.
    pub loaded_at_ms: u64,
    pointer: String,
    /// What may be shown in the minute that was asked for last.
    available: RefCell<Option<Rc<Available>>>,
}

impl Model {
    /// The planned answer.
    pub fn decide<'m>(&'m self, request: &Request<'_>, plan: &Plan<'m>) -> Decision<'m> {
        let available = self.available(request.visitor.now_ms);
        self.engine.decide_among(&available, request, plan)
    }

    /// Items near an item.
    ///
    /// # Errors
    /// What the core refuses.
    pub fn similar(&self, item: &str, n: usize, now_ms: u64) -> Result<Decision<'_>, RequestError> {
        self.engine.similar_among(&self.available(now_ms), item, n, now_ms)
    }

    fn available(&self, now_ms: u64) -> Rc<Available> {
        let mut kept = self.available.borrow_mut();
        match kept.as_ref().filter(|kept| kept.is_of(now_ms)) {
            Some(kept) => Rc::clone(kept),
            None => Rc::clone(kept.insert(Rc::new(self.engine.available(now_ms)))),
        }
    }
}

/// The pointer's content. Fields that other readers need may stand beside these.
#[derive(Deserialize)]
struct Pointer {
    key: String,
    bytes: usize,
}

/// Why no newer snapshot is there.
enum LoadError {
    Source(SourceError),
    NoPointer,
    Pointer(serde_json::Error),
    PointedNowhere {
        key: String,
    },
    TooLarge {
        key: String,
        bytes: usize,
    },
    NoRoom {
        key: String,
        bytes: usize,
        held: usize,
    },
    Length {
        key: String,
        expected: usize,
        found: Option<usize>,
    },
    NoTrustedKey,
    Snapshot {
        key: String,
        error: selvedge::snapshot::SnapshotError,
    },
    Digest(JsValue),
}

impl LoadError {
    /// Nothing there, or something there that is refused.
    const fn fallback(&self) -> Fallback {
        match self {
            Self::NoPointer | Self::Source(_) => Fallback::NoSnapshot,
            _ => Fallback::BadSnapshot,
        }
    }

    /// Whether another try with the same pointer can only end the same way.
    const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Pointer(_) | Self::TooLarge { .. } | Self::NoRoom { .. } | Self::NoTrustedKey | Self::Snapshot { .. }
        )
    }
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Source(error) => error.fmt(f),
            Self::NoPointer => write!(
                f,
                "{POINTER_KEY}: found neither in the bucket MODELS nor among the static assets; publish a snapshot there"
            ),
            Self::Pointer(error) => write!(
                f,
                "{POINTER_KEY}: expected {{\"key\": \"models/….selvedge\", \"bytes\": n}}, found: {error}"
            ),
            Self::PointedNowhere { key } => write!(f, "{POINTER_KEY} names {key}, which is not there"),
            Self::TooLarge { key, bytes } => {
                write!(f, "{key}: expected at most {MAX_SNAPSHOT_BYTES} bytes, found {bytes}")
            }
            Self::NoRoom { key, bytes, held } => write!(
                f,
                "{key}: {bytes} bytes beside the {held} of the model that answers are more than {MAX_SNAPSHOT_BYTES}; this isolate keeps its model, new ones take the new one"
            ),
            Self::Length { key, expected, found } => {
                write!(f, "{key}: expected {expected} bytes as {POINTER_KEY} says, found ")?;
                match found {
                    Some(bytes) => write!(f, "{bytes}"),
                    None => f.write_str("more"),
                }
            }
            Self::NoTrustedKey => f.write_str(
                "SELVEDGE_PUBLIC_KEYS: expected Ed25519 public keys of 64 hexadecimal digits, found none; without one no snapshot can be trusted",
            ),
            Self::Snapshot { key, error } => write!(f, "{key}: {error}"),
            Self::Digest(error) => write!(f, "SHA-256 by WebCrypto: {}", runtime::thrown(error)),
        }
    }
}

impl From<SourceError> for LoadError {
    fn from(error: SourceError) -> Self {
        Self::Source(error)
    }
}

#[derive(Default)]
struct Store {
    current: Option<Rc<Model>>,
    /// The one before, while its answers may still be used.
    earlier: Option<Rc<Model>>,
    /// What the last load without success came to; what is answered while there is no model.
    failure: Option<Fallback>,
    /// The text of the pointer whose snapshot was refused for good, so that it is not fetched every minute.
    refused: Option<String>,
    /// Whether some request is loading now.
    loading: bool,
    checked_at_ms: u64,
    /// Resolvers of the requests that wait for the first model, one promise each, made in their own context.
    waiting: Vec<Function>,
}

thread_local! {
    static STORE: RefCell<Store> = RefCell::default();
}

/// The current model, or the name of what answers instead.
///
/// # Errors
/// [`Fallback::NoSnapshot`] or [`Fallback::BadSnapshot`]; the reason is in the log.
pub async fn model(env: &Env, context: &Context, config: &Rc<Config>, now_ms: u64) -> Result<Rc<Model>, Fallback> {
    if let Some(model) = begin(env, context, config, now_ms)? {
        return Ok(model);
    }
    first(FIRST_LOAD_WAIT_MS).await
}

/// The current model; nothing while the first one is being loaded. Starts a load where one is due.
///
/// # Errors
/// As [`model`].
pub fn begin(env: &Env, context: &Context, config: &Rc<Config>, now_ms: u64) -> Result<Option<Rc<Model>>, Fallback> {
    let (current, loading, failure, checked_at_ms) =
        STORE.with_borrow(|store| (store.current.clone(), store.loading, store.failure, store.checked_at_ms));
    let every_s = if current.is_some() {
        config.refresh_s
    } else {
        config.refresh_s.min(RETRY_S)
    };
    let due = now_ms >= checked_at_ms.saturating_add(u64::from(every_s) * 1000);
    let is_stuck = now_ms >= checked_at_ms.saturating_add(MAX_LOAD_MS);
    if due && (!loading || is_stuck) {
        // Lets go of the model before, if its time is over.
        earlier(now_ms, 0);
        refresh_behind(env.clone(), context, config, now_ms);
    }
    match (current, failure) {
        (Some(model), _) => Ok(Some(model)),
        (None, Some(failure)) => Err(failure),
        (None, None) => Ok(None),
    }
}

/// The model once its first load has ended, or what there is after so many milliseconds.
///
/// # Errors
/// As [`model`].
pub async fn first(wait_ms: i32) -> Result<Rc<Model>, Fallback> {
    if STORE.with_borrow(|store| store.current.is_none()) {
        wait_for_first(wait_ms).await;
    }
    STORE.with_borrow(|store| {
        store
            .current
            .clone()
            .ok_or(store.failure.unwrap_or(Fallback::NoSnapshot))
    })
}

/// The model before the current one, within so many seconds of its replacement; after that it is let go.
pub fn earlier(now_ms: u64, within_s: u32) -> Option<Rc<Model>> {
    STORE.with_borrow_mut(|store| {
        let replaced_at_ms = store.current.as_ref()?.loaded_at_ms;
        if now_ms >= replaced_at_ms.saturating_add(u64::from(MAX_EARLIER_S) * 1000) {
            store.earlier = None;
        }
        let in_time = now_ms < replaced_at_ms.saturating_add(u64::from(within_s) * 1000);
        store.earlier.clone().filter(|_| in_time)
    })
}

/// Starts a load that no request waits for by itself. It belongs to the starting request's `waitUntil`, so it goes on
/// even if that request's client hangs up, and nobody who shares it is left waiting.
fn refresh_behind(env: Env, context: &Context, config: &Rc<Config>, now_ms: u64) {
    STORE.with_borrow_mut(|store| {
        store.loading = true;
        store.checked_at_ms = now_ms;
    });
    let config = Rc::clone(config);
    context.wait_until(async move {
        let outcome = load(&env, &config).await;
        let waiting = STORE.with_borrow_mut(|store| {
            store.loading = false;
            match outcome {
                Ok(None) => {}
                Ok(Some(model)) => {
                    store.earlier = store.current.replace(Rc::new(model));
                    store.failure = None;
                    store.refused = None;
                }
                Err((error, pointer)) => {
                    console_error!("model store: {error}");
                    if store.current.is_some() {
                        // No answer names it, for the last good model answers; the counter tells.
                        count(error.fallback());
                    } else {
                        store.failure = Some(error.fallback());
                    }
                    store.refused = pointer.filter(|_| error.is_final());
                }
            }
            std::mem::take(&mut store.waiting)
        });
        for resolve in waiting {
            // A waiter whose request is over has nobody to resolve for.
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    });
}

/// Waits for the load under way, but not for ever.
///
/// The promise is this request's own. Awaiting a promise that another request made would run this request's code in the
/// other's context, where the runtime refuses its input and output.
async fn wait_for_first(wait_ms: i32) {
    let promise = Promise::new(&mut |resolve, _| {
        runtime::after(wait_ms, &resolve);
        STORE.with_borrow_mut(|store| store.waiting.push(resolve));
    });
    // It is never rejected.
    let _ = JsFuture::from(promise).await;
}

/// Loads what the pointer names; `None` where that is what is held, or was refused for good.
async fn load(env: &Env, config: &Config) -> Result<Option<Model>, (LoadError, Option<String>)> {
    let source = Source::of(env);
    let pointer = match source.small_text(POINTER_KEY).await {
        Ok(Some(text)) => text,
        Ok(None) => return Err((LoadError::NoPointer, None)),
        Err(error) => return Err((error.into(), None)),
    };
    let known = STORE.with_borrow(|store| {
        store.current.as_ref().is_some_and(|model| model.pointer == pointer) || store.refused.as_ref() == Some(&pointer)
    });
    if known {
        return Ok(None);
    }
    match open(&source, &pointer, config).await {
        Ok(engine) => Ok(Some(Model {
            engine,
            loaded_at_ms: runtime::unix_ms(),
            pointer,
            available: RefCell::default(),
        })),
        Err(error) => Err((error, Some(pointer))),
    }
}

async fn open(source: &Source, pointer: &str, config: &Config) -> Result<Engine<AlignedBytes>, LoadError> {
    if config.public_keys.is_empty() {
        return Err(LoadError::NoTrustedKey);
    }
    let Pointer { key, bytes } = serde_json::from_str(pointer).map_err(LoadError::Pointer)?;
    if bytes > MAX_SNAPSHOT_BYTES {
        return Err(LoadError::TooLarge { key, bytes });
    }
    let held = STORE.with_borrow_mut(|store| {
        // Three snapshots at once are more than an isolate has room for.
        store.earlier = None;
        let current = store.current.as_ref();
        current.map_or(0, |model| model.engine.snapshot().as_bytes().len())
    });
    if bytes.saturating_add(held) > MAX_SNAPSHOT_BYTES {
        return Err(LoadError::NoRoom { key, bytes, held });
    }
    let Some(stream) = source.stream(&key).await? else {
        return Err(LoadError::PointedNowhere { key });
    };
    let mut file = AlignedBytes::zeroed(bytes);
    let filled = streams::read_into(&stream, file.as_mut_slice())
        .await
        .map_err(|error| SourceError::new(&key, &error))?;
    if filled.overflow || filled.bytes != bytes {
        let found = (!filled.overflow).then_some(filled.bytes);
        return Err(LoadError::Length {
            key,
            expected: bytes,
            found,
        });
    }
    let refused = |error| LoadError::Snapshot {
        key: key.clone(),
        error,
    };
    let mut snapshot = Snapshot::open_signed(file, Trust::Keys(&config.public_keys)).map_err(refused)?;
    for section in snapshot.unverified() {
        let digest = runtime::sha256(&snapshot.as_bytes()[section.range])
            .await
            .map_err(LoadError::Digest)?;
        snapshot.confirm(section.index, &digest).map_err(refused)?;
    }
    Engine::new(snapshot).map_err(refused)
}
