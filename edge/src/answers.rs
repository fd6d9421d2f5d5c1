//! Shared answers in the memory of one process: the core's bounded map, and which request renews which answer.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use selvedge::cache::{CacheKey, Entry, Freshness, Memory, State};

use crate::host::{Host, StoredBytes};

/// Bytes that kept answers may take, of the 128 MB that an isolate has for them and its snapshots.
const MAX_BYTES: usize = 12 * 1024 * 1024;
/// Milliseconds for which one request alone may renew an answer. After that another one may try.
const RENEWAL_MS: u64 = 10_000;
/// Milliseconds after a renewal in which the answer is not renewed again, however short its time to live.
const RENEWED_MS: u64 = 1_000;
/// Bytes that the headers of a prepared answer take in workerd, estimated: eight headers of about 200 bytes, with some room.
const HEADERS_BYTES: usize = 2048;

/// A shared answer that is kept.
pub struct Stored<H: Host> {
    /// The decision's JSON, on the host's side: workerd sends it from there without a copy, and that memory shrinks again, which Wasm
    /// memory never does.
    pub json: H::Bytes,
    /// Its entity tag, quotes included.
    pub etag: String,
    /// Made at the first hit: the answer as the host sends it, and the age in seconds that its headers say now.
    pub prepared: OnceCell<(H::Prepared, Cell<u32>)>,
}

impl<H: Host> Stored<H> {
    /// An answer that no request has hit yet.
    pub fn new(json: H::Bytes, etag: String) -> Self {
        Self {
            json,
            etag,
            prepared: OnceCell::new(),
        }
    }

    fn bytes(&self) -> usize {
        self.json.len() + self.etag.len() + HEADERS_BYTES
    }
}

/// The kept answers of one process, and the renewals under way.
pub struct Answers<H: Host> {
    memory: RefCell<Memory<Rc<Stored<H>>>>,
    renewals: RefCell<Vec<(CacheKey, u64)>>,
}

impl<H: Host> Answers<H> {
    /// No answers.
    pub const fn new() -> Self {
        Self {
            memory: RefCell::new(Memory::new(MAX_BYTES)),
            renewals: RefCell::new(Vec::new()),
        }
    }

    /// The answer under a cache key, with its cache state at `now_ms`. [`None`] if there is none, or it has expired.
    pub fn get(&self, key: &CacheKey, freshness: &Freshness, now_ms: u64) -> Option<(Entry<Rc<Stored<H>>>, State)> {
        self.memory.borrow_mut().get(key, freshness, now_ms)
    }

    /// Keeps an answer under a cache key, in the place of an earlier one. `stored_at_ms`: when it was computed.
    pub fn put(&self, key: CacheKey, answer: Rc<Stored<H>>, stored_at_ms: u64) {
        let bytes = answer.bytes();
        let entry = Entry { answer, stored_at_ms };
        self.memory.borrow_mut().put(key, entry, bytes);
    }

    /// Claims the renewal of an answer. Returns false while another request has claimed it. A claim ends by itself after
    /// [`RENEWAL_MS`], because the runtime may stop the request that has it.
    pub fn begin_renewal(&self, key: &CacheKey, now_ms: u64) -> bool {
        let mut claims = self.renewals.borrow_mut();
        claims.retain(|(_, until_ms)| now_ms < *until_ms);
        let free = claims.iter().all(|(claimed, _)| claimed != key);
        if free {
            claims.push((key.clone(), now_ms.saturating_add(RENEWAL_MS)));
        }
        free
    }

    /// Ends a claim: [`RENEWED_MS`] after the answer was renewed, or at once if it was not.
    pub fn end_renewal(&self, key: &CacheKey, renewed_at_ms: Option<u64>) {
        let mut claims = self.renewals.borrow_mut();
        for (_, until_ms) in claims.iter_mut().filter(|(claimed, _)| claimed == key) {
            *until_ms = renewed_at_ms.map_or(0, |now_ms| now_ms.saturating_add(RENEWED_MS));
        }
    }
}
