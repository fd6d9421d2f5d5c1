//! The isolate's memory of shared answers: the core's bounded map, and who renews what.

use std::cell::{Cell, OnceCell, RefCell};
use std::rc::Rc;

use js_sys::Uint8Array;
use selvedge::cache::{CacheKey, Entry, Freshness, Memory, State};

use crate::runtime::Prepared;

/// What answers may take of the 128 MB that an isolate has, beside its snapshots.
const MAX_BYTES: usize = 12 * 1024 * 1024;
/// How long one isolate leaves the renewal of an answer to the request that began it.
const RENEWAL_MS: u64 = 10_000;
/// How long it leaves a renewed answer alone, whatever its time to live.
const RENEWED_MS: u64 = 1_000;

/// A shared answer.
pub struct Stored {
    /// The decision's JSON, in the runtime's memory: from there it is sent without a copy, and unlike ours that memory shrinks again.
    pub json: Uint8Array,
    /// Its entity tag, quotes included.
    pub etag: String,
    /// From the first hit on: as it is sent, and which age its headers tell.
    pub prepared: OnceCell<(Prepared, Cell<u32>)>,
}

/// What eight headers of a prepared answer take in the runtime, about: 200 bytes each for a name, a value and their places.
const HEADERS_BYTES: usize = 2048;

impl Stored {
    /// An answer that is to be kept.
    pub fn new(json: Uint8Array, etag: String) -> Self {
        Self {
            json,
            etag,
            prepared: OnceCell::new(),
        }
    }

    fn bytes(&self) -> usize {
        self.json.length() as usize + self.etag.len() + HEADERS_BYTES
    }
}

thread_local! {
    static MEMORY: RefCell<Memory<Rc<Stored>>> = const { RefCell::new(Memory::new(MAX_BYTES)) };
    static RENEWALS: RefCell<Vec<(CacheKey, u64)>> = const { RefCell::new(Vec::new()) };
}

/// A stored answer, and what the core says about one of that age.
pub fn get(key: &CacheKey, freshness: &Freshness, now_ms: u64) -> Option<(Entry<Rc<Stored>>, State)> {
    MEMORY.with_borrow_mut(|memory| memory.get(key, freshness, now_ms))
}

/// Stores an answer.
pub fn put(key: CacheKey, answer: Rc<Stored>, stored_at_ms: u64) {
    let bytes = answer.bytes();
    MEMORY.with_borrow_mut(|memory| memory.put(key, Entry { answer, stored_at_ms }, bytes));
}

/// Whether this request shall renew the answer: false while another one of this isolate does. A claim ends by itself, for
/// the runtime may stop a request before it ends it.
pub fn begin_renewal(key: &CacheKey, now_ms: u64) -> bool {
    RENEWALS.with_borrow_mut(|claims| {
        claims.retain(|(_, until_ms)| now_ms < *until_ms);
        let free = claims.iter().all(|(claimed, _)| claimed != key);
        if free {
            claims.push((key.clone(), now_ms.saturating_add(RENEWAL_MS)));
        }
        free
    })
}

/// Ends the claim, soon where the answer was renewed and else at once.
pub fn end_renewal(key: &CacheKey, renewed_at_ms: Option<u64>) {
    RENEWALS.with_borrow_mut(|claims| {
        for (_, until_ms) in claims.iter_mut().filter(|(claimed, _)| claimed == key) {
            *until_ms = renewed_at_ms.map_or(0, |now_ms| now_ms.saturating_add(RENEWED_MS));
        }
    });
}
