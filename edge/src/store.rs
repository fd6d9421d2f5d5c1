//! The model store: finds, verifies and holds the snapshot, once for each process.
//!
//! A pointer (`models/current.json`) names the current snapshot. The first request of a process waits for it; every later
//! refresh runs behind the requests. What is held is replaced whole or not at all, and the last good snapshot stays while a newer
//! one is bad.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use selvedge::engine::{Available, Decision, DecisionContext, Engine};
use selvedge::profile::cookie::Keyring;
use selvedge::snapshot::{AlignedBytes, Snapshot, SnapshotError, Trust};
use serde::Deserialize;

use crate::app::App;
use crate::fallback::{Fallback, Lent};
use crate::host::{ByteSource, Host, HostError, Wake};

/// Where the pointer to the current snapshot lies.
const POINTER_KEY: &str = "models/current.json";
/// The longest pointer that is read.
const MAX_POINTER_BYTES: usize = 4096;
/// What snapshots may take of the 128 MB that an isolate has. A refresh holds two of them at once.
const MAX_SNAPSHOT_BYTES: usize = 100 * 1024 * 1024;
/// How long a request waits for the first snapshot of its isolate before it answers without.
const FIRST_LOAD_WAIT_MS: u32 = 5_000;
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
    /// The decision of a context, its id sealed where there is a key.
    pub fn decide<'m>(&'m self, context: &DecisionContext<'m>, keyring: Option<&Keyring>) -> Decision<'m> {
        let available = self.available(context.now_ms);
        let mut decision = self.engine.decide_among(&available, context);
        if let Some(keyring) = keyring {
            decision.seal(keyring);
        }
        decision
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
    Source {
        key: String,
        error: HostError,
    },
    NoPointer {
        places: &'static str,
    },
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
        error: SnapshotError,
    },
    Digest(HostError),
}

impl LoadError {
    /// Nothing there, or something there that is refused.
    const fn fallback(&self) -> Option<Fallback> {
        match self {
            Self::Source { .. } => Lent::Models.fallback(),
            Self::NoPointer { .. } => Some(Fallback::NoSnapshot),
            _ => Some(Fallback::BadSnapshot),
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

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source { key, error } => write!(f, "{key}: could not be read: {error}"),
            Self::NoPointer { places } => {
                write!(f, "{POINTER_KEY}: not found; looked into {places}; publish a snapshot there")
            }
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
                "{key}: {bytes} bytes beside the {held} of the model that answers are more than {MAX_SNAPSHOT_BYTES}; this process keeps its model, new ones take the new one"
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
            Self::Digest(error) => write!(f, "SHA-256 by the host: {error}"),
        }
    }
}

/// What the process holds.
#[derive(Default)]
pub struct Store {
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
}

/// The current model, or the name of what answers instead.
///
/// # Errors
/// [`Fallback::NoSnapshot`] or [`Fallback::BadSnapshot`]; the reason is in the log.
pub async fn model<H: Host>(app: &Rc<App<H>>, host: &H, now_ms: u64) -> Result<Rc<Model>, Fallback> {
    if let Some(model) = begin(app, host, now_ms)? {
        return Ok(model);
    }
    first(app, host, FIRST_LOAD_WAIT_MS).await
}

/// The current model; nothing while the first one is being loaded. Starts a load where one is due.
///
/// # Errors
/// As [`model`].
pub fn begin<H: Host>(app: &Rc<App<H>>, host: &H, now_ms: u64) -> Result<Option<Rc<Model>>, Fallback> {
    let (current, loading, failure, checked_at_ms) = {
        let store = app.store.borrow();
        (store.current.clone(), store.loading, store.failure, store.checked_at_ms)
    };
    let every_s = if current.is_some() {
        app.config.refresh_s
    } else {
        app.config.refresh_s.min(RETRY_S)
    };
    let due = now_ms >= checked_at_ms.saturating_add(u64::from(every_s) * 1000);
    let is_stuck = now_ms >= checked_at_ms.saturating_add(MAX_LOAD_MS);
    if due && (!loading || is_stuck) {
        // Lets go of the model before, if its time is over.
        earlier(app, now_ms, 0);
        refresh_behind(app, host, now_ms);
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
pub async fn first<H: Host>(app: &App<H>, host: &H, wait_ms: u32) -> Result<Rc<Model>, Fallback> {
    let to_come = {
        let store = app.store.borrow();
        store.current.is_none() && store.loading
    };
    if to_come {
        // Each request waits in a pause of its own: some runtimes refuse a request its input and output once it was woken by
        // something that another request made.
        let (wake, pause) = host.pause(wait_ms);
        app.waiting.borrow_mut().push(wake);
        pause.await;
    }
    let store = app.store.borrow();
    let failure = store.failure.unwrap_or(Fallback::NoSnapshot);
    store.current.clone().ok_or(failure)
}

/// The model before the current one, within so many seconds of its replacement; after that it is let go.
pub fn earlier<H: Host>(app: &App<H>, now_ms: u64, within_s: u32) -> Option<Rc<Model>> {
    let mut store = app.store.borrow_mut();
    let replaced_at_ms = store.current.as_ref()?.loaded_at_ms;
    if now_ms >= replaced_at_ms.saturating_add(u64::from(MAX_EARLIER_S) * 1000) {
        store.earlier = None;
    }
    let in_time = now_ms < replaced_at_ms.saturating_add(u64::from(within_s) * 1000);
    store.earlier.clone().filter(|_| in_time)
}

/// Starts a load that no request waits for by itself. It is work behind the starting request's answer, so it goes on even if
/// that request's client hangs up, and nobody who shares it is left waiting.
fn refresh_behind<H: Host>(app: &Rc<App<H>>, host: &H, now_ms: u64) {
    {
        let mut store = app.store.borrow_mut();
        store.loading = true;
        store.checked_at_ms = now_ms;
    }
    let (app, lent) = (Rc::clone(app), host.clone());
    host.wait_until(Box::pin(async move {
        let outcome = load(&app, &lent).await;
        ended(&app, &lent, outcome);
        for wake in app.waiting.take() {
            wake.wake();
        }
    }));
}

/// Takes over what a load came to.
fn ended<H: Host>(app: &App<H>, host: &H, outcome: Result<Option<Model>, Refused>) {
    let mut store = app.store.borrow_mut();
    store.loading = false;
    match outcome {
        Ok(None) => {}
        Ok(Some(model)) => {
            store.earlier = store.current.replace(Rc::new(model));
            store.failure = None;
            store.refused = None;
        }
        Err(Refused { error, pointer }) => {
            host.log(format_args!("{}: {error}", Lent::Models.name()));
            let fallback = error.fallback().unwrap_or(Fallback::NoSnapshot);
            if store.current.is_some() {
                // No answer names it, for the last good model answers; the counter tells.
                app.counters.count(fallback);
            } else {
                store.failure = Some(fallback);
            }
            store.refused = pointer.filter(|_| error.is_final());
        }
    }
}

/// A load without success, with the pointer that led to it.
struct Refused {
    error: LoadError,
    pointer: Option<String>,
}

/// Loads what the pointer names; `None` where that is what is held, or was refused for good.
async fn load<H: Host>(app: &App<H>, host: &H) -> Result<Option<Model>, Refused> {
    let pointer = pointer(host).await.map_err(|error| Refused { error, pointer: None })?;
    let known = {
        let store = app.store.borrow();
        store.current.as_ref().is_some_and(|model| model.pointer == pointer) || store.refused.as_ref() == Some(&pointer)
    };
    if known {
        return Ok(None);
    }
    match open(app, host, &pointer).await {
        Ok(engine) => Ok(Some(Model {
            engine,
            loaded_at_ms: host.unix_ms(),
            pointer,
            available: RefCell::default(),
        })),
        Err(error) => Err(Refused {
            error,
            pointer: Some(pointer),
        }),
    }
}

/// The pointer's text, cut off at [`MAX_POINTER_BYTES`].
async fn pointer<H: Host>(host: &H) -> Result<String, LoadError> {
    let Some(stream) = source(host, POINTER_KEY).await? else {
        let places = H::MODEL_PLACES;
        return Err(LoadError::NoPointer { places });
    };
    let mut bytes = vec![0; MAX_POINTER_BYTES];
    let filled = stream.read_into(&mut bytes).await;
    bytes.truncate(filled.map_err(|error| unread(POINTER_KEY, error))?.bytes);
    // Bytes that are no text become a pointer that is none, which is refused with what was found.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

async fn source<H: Host>(host: &H, key: &str) -> Result<Option<H::Body>, LoadError> {
    host.model(key).await.map_err(|error| unread(key, error))
}

fn unread(key: &str, error: HostError) -> LoadError {
    LoadError::Source {
        key: key.to_owned(),
        error,
    }
}

async fn open<H: Host>(app: &App<H>, host: &H, pointer: &str) -> Result<Engine<AlignedBytes>, LoadError> {
    if app.config.public_keys.is_empty() {
        return Err(LoadError::NoTrustedKey);
    }
    let Pointer { key, bytes } = serde_json::from_str(pointer).map_err(LoadError::Pointer)?;
    if bytes > MAX_SNAPSHOT_BYTES {
        return Err(LoadError::TooLarge { key, bytes });
    }
    let held = {
        let mut store = app.store.borrow_mut();
        // Three snapshots at once are more than an isolate has room for.
        store.earlier = None;
        let current = store.current.as_ref();
        current.map_or(0, |model| model.engine.snapshot().as_bytes().len())
    };
    if bytes.saturating_add(held) > MAX_SNAPSHOT_BYTES {
        return Err(LoadError::NoRoom { key, bytes, held });
    }
    let Some(stream) = source(host, &key).await? else {
        return Err(LoadError::PointedNowhere { key });
    };
    let mut file = AlignedBytes::zeroed(bytes);
    let filled = stream.read_into(file.as_mut_slice()).await;
    let filled = filled.map_err(|error| unread(&key, error))?;
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
    let mut snapshot = Snapshot::open_signed(file, Trust::Keys(&app.config.public_keys)).map_err(refused)?;
    for section in snapshot.unverified() {
        let bytes = &snapshot.as_bytes()[section.range];
        let digest = host.sha256(bytes).await.map_err(LoadError::Digest)?;
        snapshot.confirm(section.index, &digest).map_err(refused)?;
    }
    Engine::new(snapshot).map_err(refused)
}
