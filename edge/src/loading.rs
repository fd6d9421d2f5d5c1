//! Finds, verifies and opens the current model.
//!
//! A pointer (`models/current.json`) names the current snapshot. The first request of a process waits until it is loaded; every later
//! load runs behind the requests.

use std::rc::Rc;

use selvedge::engine::Engine;
use selvedge::snapshot::{AlignedBytes, Snapshot, Trust};
use serde::Deserialize;

use crate::app::App;
use crate::fallback::{Fallback, Lent};
use crate::host::{ByteSource, Host, HostError, Wake};
use crate::model::{LoadError, MAX_SNAPSHOT_BYTES, Model, POINTER_KEY};
use crate::releases;

/// Bytes of the pointer that are read; it is cut off behind them.
const MAX_POINTER_BYTES: usize = 4096;
/// Milliseconds that a request waits for the first model of its process before it answers without one.
const FIRST_LOAD_WAIT_MS: u32 = 5_000;

/// The pointer's content. Fields for other readers may stand beside these.
#[derive(Deserialize)]
struct Pointer {
    key: String,
    bytes: usize,
    rollback: Option<releases::Declared>,
}

/// The current model. Waits at most 5 seconds for the first one of this process; starts a load behind the answer if one is due.
///
/// # Errors
/// [`Fallback::NoSnapshot`] or [`Fallback::BadSnapshot`]; the log holds the reason.
pub async fn model<H: Host>(app: &Rc<App<H>>, host: &H, now_ms: u64) -> Result<Rc<Model>, Fallback> {
    if let Some(model) = begin(app, host, now_ms)? {
        return Ok(model);
    }
    first(app, host, FIRST_LOAD_WAIT_MS).await
}

/// The current model without waiting; [`None`] while the first one is being loaded. Starts a load behind the answer if one is due.
///
/// # Errors
/// Those of [`model`].
pub fn begin<H: Host>(app: &Rc<App<H>>, host: &H, now_ms: u64) -> Result<Option<Rc<Model>>, Fallback> {
    // Read before a load begins, so that the answer is the same for every request that finds the load due.
    let (current, due) = {
        let store = app.store.borrow();
        (store.current(), store.is_due(now_ms, app.config.refresh_s))
    };
    if due {
        // Only to drop the model before, if its time is over.
        earlier(app, now_ms, 0);
        refresh_behind(app, host, now_ms);
    }
    current
}

/// The current model; waits for the first one until its load has ended, at most `wait_ms`.
///
/// # Errors
/// Those of [`model`].
pub async fn first<H: Host>(app: &App<H>, host: &H, wait_ms: u32) -> Result<Rc<Model>, Fallback> {
    let to_come = app.store.borrow().is_first_loading();
    if to_come {
        // Each request waits in a pause of its own. If all waited for one future, that would belong to the request that made it, and workerd
        // refuses the other requests their input and output.
        let (wake, pause) = host.pause(wait_ms);
        app.waiting.borrow_mut().push(wake);
        pause.await;
    }
    let current = app.store.borrow().current()?;
    current.ok_or(Fallback::NoSnapshot)
}

/// The model before the current one, for `within_s` seconds after it was replaced (300 at most).
pub fn earlier<H: Host>(app: &App<H>, now_ms: u64, within_s: u32) -> Option<Rc<Model>> {
    app.store.borrow_mut().earlier(now_ms, within_s)
}

/// Starts a load behind the answer of the request that found it due, so that it goes on even if that request's client hangs up. When it
/// ends, it wakes every request that waits for the first model.
fn refresh_behind<H: Host>(app: &Rc<App<H>>, host: &H, now_ms: u64) {
    app.store.borrow_mut().begin(now_ms);
    let (app, lent) = (Rc::clone(app), host.clone());
    host.wait_until(Box::pin(async move {
        let outcome = load(&app, &lent).await;
        end(&app, &lent, outcome);
        for wake in app.waiting.take() {
            wake.wake();
        }
    }));
}

/// Puts the outcome of a load into the store, and logs a failure.
fn end<H: Host>(app: &App<H>, host: &H, outcome: Result<Option<Model>, Refused>) {
    let mut store = app.store.borrow_mut();
    match outcome {
        Ok(None) => store.unchanged(),
        Ok(Some(model)) => store.replace(model),
        Err(Refused { error, pointer }) => {
            host.log(format_args!("{}: {error}", Lent::Models.name()));
            if let Some(fallback) = store.fail(&error, pointer) {
                app.counters.count(fallback);
            }
        }
    }
}

/// A load that failed, and the pointer that it followed if it came so far.
struct Refused {
    error: LoadError,
    pointer: Option<String>,
}

/// Loads the model that the pointer names; [`None`] if that one is held already, or was refused for good.
async fn load<H: Host>(app: &App<H>, host: &H) -> Result<Option<Model>, Refused> {
    let pointer = pointer(host).await.map_err(|error| Refused { error, pointer: None })?;
    if app.store.borrow().knows(&pointer) {
        return Ok(None);
    }
    match open(app, host, &pointer).await {
        Ok(engine) => Ok(Some(Model::new(engine, host.unix_ms(), pointer))),
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
    // Bytes that are not UTF-8 become U+FFFD, which is no JSON: the pointer is then refused with what was found.
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

/// Reads the snapshot that a pointer names into memory, and checks its signature and the digest of each section.
async fn open<H: Host>(app: &App<H>, host: &H, pointer: &str) -> Result<Engine<AlignedBytes>, LoadError> {
    if app.config.public_keys.is_empty() {
        return Err(LoadError::NoTrustedKey);
    }
    let Pointer { key, bytes, rollback } = serde_json::from_str(pointer).map_err(LoadError::Pointer)?;
    if bytes > MAX_SNAPSHOT_BYTES {
        return Err(LoadError::TooLarge { key, bytes });
    }
    let held = app.store.borrow_mut().make_room();
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
    let newest_ms = releases::newest_ms(app, host).await;
    for section in snapshot.unverified() {
        let bytes = &snapshot.as_bytes()[section.range];
        let digest = host.sha256(bytes).await.map_err(LoadError::Digest)?;
        snapshot.confirm(section.index, &digest).map_err(refused)?;
    }
    releases::check(app, host, &snapshot, rollback.as_ref(), newest_ms)?;
    let created_ms = snapshot.created_ms();
    let engine = Engine::new(snapshot).map_err(refused)?;
    releases::note(app, host, created_ms, newest_ms).await;
    Ok(engine)
}
