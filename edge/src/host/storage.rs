//! Storage that a host lends: published models, the location's cache, the event queue and the bucket of events.

use super::HostError;
use super::runtime::Runtime;

/// Where models are published.
pub trait ModelSource: Runtime {
    /// The places that are looked into, for the log.
    const MODEL_PLACES: &'static str;

    /// The object with this key, such as `models/current.json`; [`None`] if no place has it.
    ///
    /// # Errors
    /// A place could not be read. The next place must not be tried then, as it may hold an older model: an isolate that goes back and
    /// forth between two models is worse than one that stays with the last good one.
    async fn model(&self, key: &str) -> Result<Option<Self::Body>, HostError>;
}

/// A shared answer as the location's cache keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CachedAnswer<B> {
    /// The decision's JSON.
    pub json: B,
    /// Its entity tag, quotes included.
    pub etag: String,
    /// When it was computed, Unix milliseconds.
    pub stored_at_ms: u64,
}

/// A cache that all processes of one location share, for answers that take a search to compute.
pub trait LocationCache: Runtime {
    /// The answer under a cache key; [`None`] if [`LocationCache::keep`] wrote none under it, or the host has no such cache.
    ///
    /// # Errors
    /// The runtime's own.
    async fn find(&self, key: &str) -> Result<Option<CachedAnswer<Self::Bytes>>, HostError>;

    /// Keeps an answer under a cache key for `for_s` seconds.
    ///
    /// # Errors
    /// The runtime's own.
    async fn keep(&self, key: &str, answer: CachedAnswer<Self::Bytes>, for_s: u32) -> Result<(), HostError>;
}

/// Where accepted events go: into a queue and from there into a bucket, or straight into the bucket.
pub trait EventSink: Runtime {
    /// Sends each element of a JSON array as one message. [`None`] if the host has no queue.
    async fn send(&self, events: &str) -> Option<Result<(), HostError>>;

    /// Writes an object into the bucket.
    ///
    /// # Errors
    /// The runtime's own, and if the host has no bucket.
    async fn put(&self, key: &str, bytes: &Self::Bytes) -> Result<(), HostError>;

    /// Compresses a text with gzip.
    ///
    /// # Errors
    /// The runtime's own.
    async fn gzip(&self, text: &str) -> Result<Self::Bytes, HostError>;
}
