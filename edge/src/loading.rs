//! Finds, verifies and opens the current model.
//!
//! A pointer (`models/current.json`) names the current snapshot. The first request of a process waits until it is loaded; every later
//! load runs behind the requests.

use std::rc::Rc;

use selvedge::engine::Engine;
use selvedge::snapshot::{Snapshot, Trust};
use serde::Deserialize;

use crate::app::App;
use crate::fallback::{Fallback, Lent};
use crate::host::{ByteSource, Host, HostError, Renewal, Wake};
use crate::model::{Buffer, LoadError, Model, POINTER_KEY, Plan, Room};
use crate::releases;
use crate::time_limit::within;

/// Bytes of the pointer that are read; it is cut off behind them.
const MAX_POINTER_BYTES: usize = 4096;
/// A snapshot comes in pieces of this length. In workerd, each piece costs a turn of the event loop and a call into Wasm.
const LARGE_BYTES: usize = 512 * 1024;
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
        (
            store.current(),
            store.is_due(now_ms, app.config.refresh_s, stopped_after_ms(app)),
        )
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

/// Loads the current model and waits until that has ended: what a new instance does before it answers its first request.
pub async fn now<H: Host>(app: &App<H>, host: &H) -> Renewal {
    let ticket = app.store.borrow_mut().begin(host.unix_ms());
    run(app, host, ticket).await;
    match app.store.borrow().current() {
        Ok(Some(_)) => Renewal::Done,
        Err(Fallback::BadSnapshot) => Renewal::Refused,
        _ => Renewal::Failed,
    }
}

/// Milliseconds after which a load that has not ended was stopped by the runtime: it had its time, and a new instance had the same again.
fn stopped_after_ms<H: Host>(app: &App<H>) -> u64 {
    3 * u64::from(app.config.load_ms)
}

/// Starts a load behind the answer of the request that found it due, so that it goes on even if that request's client hangs up.
fn refresh_behind<H: Host>(app: &Rc<App<H>>, host: &H, now_ms: u64) {
    let ticket = app.store.borrow_mut().begin(now_ms);
    let (app, lent) = (Rc::clone(app), host.clone());
    host.wait_until(Box::pin(async move { run(&app, &lent, ticket).await }));
}

/// Loads the current model in time, and wakes every request that waits for the first one.
async fn run<H: Host>(app: &App<H>, host: &H, ticket: u32) {
    let within_ms = app.config.load_ms;
    let loaded = within(host, within_ms, load(app, host, ticket)).await;
    let mut outcome = loaded.unwrap_or(Err(Refused {
        error: LoadError::Late { within_ms },
        pointer: None,
    }));
    if let Ok(Loaded::NeedsNewInstance { pointer }) = outcome {
        // A new instance has a time of its own for its load.
        outcome = renew(app, host, pointer).await;
    }
    end(app, host, ticket, outcome);
    for wake in app.waiting.take() {
        wake.wake();
    }
}

/// Puts the outcome of a load into the store, and logs a failure.
fn end<H: Host>(app: &App<H>, host: &H, ticket: u32, outcome: Result<Loaded, Refused>) {
    let mut store = app.store.borrow_mut();
    if !store.end(ticket) {
        return;
    }
    match outcome {
        Ok(Loaded::Here(model)) => store.replace(*model),
        Ok(_) => {}
        Err(Refused { error, pointer }) => {
            let fallback = store.fail(&error, pointer);
            match error {
                // The model that answers is as good as before, and one line says enough of all tries.
                LoadError::NoRoomYet { tries: 2.., .. } => {}
                LoadError::NoRoomYet { .. } => log(host, &error),
                _ => {
                    log(host, &error);
                    if let Some(fallback) = fallback {
                        app.counters.count(fallback);
                    }
                }
            }
        }
    }
}

fn log<H: Host>(host: &H, error: &LoadError) {
    host.log(format_args!("{}: {error}", Lent::Models.name()));
}

/// What came of a load.
enum Loaded {
    /// The current model is the one that the pointer names, or that one was refused for good before.
    Unchanged,
    /// A new model.
    Here(Box<Model>),
    /// The model has no room in this instance.
    NeedsNewInstance { pointer: String },
    /// A new instance answers from now on.
    Elsewhere,
}

/// A load that failed, and the pointer that it followed if it came so far.
struct Refused {
    error: LoadError,
    pointer: Option<String>,
}

/// Loads the model that the pointer names.
async fn load<H: Host>(app: &App<H>, host: &H, ticket: u32) -> Result<Loaded, Refused> {
    let pointer = pointer(host).await.map_err(|error| Refused { error, pointer: None })?;
    if app.store.borrow().knows(&pointer) {
        return Ok(Loaded::Unchanged);
    }
    match open(app, host, ticket, &pointer).await {
        Ok(Some(engine)) => Ok(Loaded::Here(Box::new(Model::new(engine, host.unix_ms(), pointer)))),
        Ok(None) => Ok(Loaded::NeedsNewInstance { pointer }),
        Err(error) => Err(Refused {
            error,
            pointer: Some(pointer),
        }),
    }
}

/// Has a new instance load the model that this one has no room for.
async fn renew<H: Host>(app: &App<H>, host: &H, pointer: String) -> Result<Loaded, Refused> {
    host.log(format_args!(
        "{}: the new snapshot needs more room than this instance has, so a new instance loads it while this one goes on answering",
        Lent::Models.name()
    ));
    let newest_ms = releases::newest_ms(app, host).await;
    let error = match host.renew(newest_ms).await {
        Ok(Renewal::Done) => {
            app.store.borrow_mut().retire();
            return Ok(Loaded::Elsewhere);
        }
        Ok(other) => LoadError::Renewal(other),
        Err(error) => LoadError::NoInstance(error),
    };
    Err(Refused {
        error,
        pointer: Some(pointer),
    })
}

fn room<H: Host>(app: &App<H>) -> Room {
    Room::new(app.config.memory_bytes)
}

/// The pointer's text, cut off at [`MAX_POINTER_BYTES`].
async fn pointer<H: Host>(host: &H) -> Result<String, LoadError> {
    let Some(mut stream) = source(host, POINTER_KEY).await? else {
        let places = H::MODEL_PLACES;
        return Err(LoadError::NoPointer { places });
    };
    let mut bytes = Vec::new();
    while bytes.len() < MAX_POINTER_BYTES {
        match stream.next_of(MAX_POINTER_BYTES, MAX_POINTER_BYTES).await {
            Ok(Some(piece)) => bytes.extend(piece),
            Ok(None) => break,
            Err(error) => return Err(unread(POINTER_KEY, error)),
        }
    }
    bytes.truncate(MAX_POINTER_BYTES);
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

/// Reads the snapshot that a pointer names into memory, and checks its signature and the digest of each section; [`None`] if that takes a
/// new instance.
async fn open<H: Host>(
    app: &App<H>,
    host: &H,
    ticket: u32,
    pointer: &str,
) -> Result<Option<Engine<Buffer>>, LoadError> {
    if app.config.public_keys.is_empty() {
        return Err(LoadError::NoTrustedKey);
    }
    let Pointer { key, bytes, rollback } = serde_json::from_str(pointer).map_err(LoadError::Pointer)?;
    let room = room(app);
    if bytes > room.largest() {
        let most = room.largest();
        return Err(LoadError::TooLarge { key, bytes, most });
    }
    let plan = app.store.borrow_mut().make_room(room, host.memory(), bytes);
    let capacity = match plan {
        Plan::Land(capacity) => capacity,
        Plan::Renew => return Ok(None),
        Plan::Wait => {
            let tries = app.store.borrow().waits();
            return Err(LoadError::NoRoomYet { key, bytes, tries });
        }
        Plan::NoRoom => {
            let most = room.half();
            let tried = app.store.borrow().gave_up_waiting();
            return Err(LoadError::NoRoom {
                key,
                bytes,
                most,
                tried,
            });
        }
    };
    let Some(stream) = source(host, &key).await? else {
        return Err(LoadError::PointedNowhere { key });
    };
    let file = download(app, ticket, stream, &key, bytes, capacity).await?;
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
    Ok(Some(engine))
}

/// Reads a snapshot of `bytes` into a buffer with room for `capacity`.
async fn download<H: Host>(
    app: &App<H>,
    ticket: u32,
    mut stream: H::Body,
    key: &str,
    bytes: usize,
    capacity: usize,
) -> Result<Buffer, LoadError> {
    let buffers = app.store.borrow().buffers.clone();
    if !buffers.begin(ticket, capacity) {
        let key = key.to_owned();
        return Err(LoadError::NoMemory { key, bytes });
    }
    let length = |found| LoadError::Length {
        key: key.to_owned(),
        expected: bytes,
        found,
    };
    let mut found = 0usize;
    while let Some(piece) = stream
        .next_of(LARGE_BYTES, LARGE_BYTES)
        .await
        .map_err(|error| unread(key, error))?
    {
        found = found.saturating_add(piece.len());
        if found > bytes || !buffers.land(ticket, &piece) {
            return Err(length(None));
        }
    }
    if found != bytes {
        return Err(length(Some(found)));
    }
    buffers.landed(ticket).ok_or_else(|| length(Some(found)))
}
