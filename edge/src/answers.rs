//! One process's memory of shared answers: the core's bounded map, and who renews what.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use selvedge::cache::{CacheKey, Entry, Freshness, Memory, State};

use crate::host::{Host, StoredBytes};

/// What answers may take of the 128 MB that an isolate has, beside its snapshots.
const MAX_BYTES: usize = 12 * 1024 * 1024;
/// How long the renewal of an answer is left to the request that began it.
const RENEWAL_MS: u64 = 10_000;
/// How long a renewed answer is left alone, whatever its time to live.
const RENEWED_MS: u64 = 1_000;
/// What eight headers of a prepared answer take in workerd, about: 200 bytes each for a name, a value and their places.
const HEADERS_BYTES: usize = 2048;

/// A shared answer.
pub struct Stored<H: Host> {
    /// The decision's JSON, on the host's side: from there workerd sends it without a copy, and unlike ours that memory shrinks
    /// again.
    pub json: H::Bytes,
    /// Its entity tag, quotes included.
    pub etag: String,
    /// From the first hit on: as it is sent, and which age its headers tell.
    pub prepared: OnceCell<(H::Prepared, Cell<u32>)>,
}

impl<H: Host> Stored<H> {
    /// An answer that is to be kept.
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

/// The shared answers that are kept, and the renewals under way.
pub struct Answers<H: Host> {
    memory: RefCell<Memory<Rc<Stored<H>>>>,
    renewals: RefCell<Vec<(CacheKey, u64)>>,
}

impl<H: Host> Answers<H> {
    /// None yet.
    pub const fn new() -> Self {
        Self {
            memory: RefCell::new(Memory::new(MAX_BYTES)),
            renewals: RefCell::new(Vec::new()),
        }
    }

    /// A stored answer, and what the core says about one of that age.
    pub fn get(&self, key: &CacheKey, freshness: &Freshness, now_ms: u64) -> Option<(Entry<Rc<Stored<H>>>, State)> {
        self.memory.borrow_mut().get(key, freshness, now_ms)
    }

    /// Stores an answer.
    pub fn put(&self, key: CacheKey, answer: Rc<Stored<H>>, stored_at_ms: u64) {
        let bytes = answer.bytes();
        let entry = Entry { answer, stored_at_ms };
        self.memory.borrow_mut().put(key, entry, bytes);
    }

    /// Whether this request shall renew the answer: false while another one does. A claim ends by itself, for the runtime may
    /// stop a request before it ends it.
    pub fn begin_renewal(&self, key: &CacheKey, now_ms: u64) -> bool {
        let mut claims = self.renewals.borrow_mut();
        claims.retain(|(_, until_ms)| now_ms < *until_ms);
        let free = claims.iter().all(|(claimed, _)| claimed != key);
        if free {
            claims.push((key.clone(), now_ms.saturating_add(RENEWAL_MS)));
        }
        free
    }

    /// Ends the claim, soon where the answer was renewed and else at once.
    pub fn end_renewal(&self, key: &CacheKey, renewed_at_ms: Option<u64>) {
        let mut claims = self.renewals.borrow_mut();
        for (_, until_ms) in claims.iter_mut().filter(|(claimed, _)| claimed == key) {
            *until_ms = renewed_at_ms.map_or(0, |now_ms| now_ms.saturating_add(RENEWED_MS));
        }
    }
}
