//! The isolate's memory of shared answers: the core's bounded map, and who renews what.

use std::cell::RefCell;
use std::rc::Rc;

use selvedge::cache::{CacheKey, Entry, Freshness, Memory, State};

/// What answers may take of the 128 MB that an isolate has, beside its snapshots.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// How long one isolate leaves the renewal of an answer to the request that began it.
const RENEWAL_MS: u64 = 10_000;
/// How long it leaves a renewed answer alone, whatever its time to live.
const RENEWED_MS: u64 = 1_000;

/// A shared answer.
#[derive(Debug)]
pub struct Stored {
    /// The decision's JSON.
    pub json: String,
    /// Its entity tag, quotes included.
    pub etag: String,
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
    let bytes = answer.json.len() + answer.etag.len();
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
