//! What a host lends the application: requests, byte streams, storage, time and random bytes.
//!
//! A host is one runtime in which the application answers: the Cloudflare Worker (`worker/`), the host in memory
//! (`memory_host`), later a native server. It implements the traits of this module for one handle that is cheap to clone. Each call of
//! the application gets a handle of its own, because some runtimes, such as workerd, bind work to the event that began it.
//!
//! Two rules hold for every implementation:
//!
//! - No method panics because of what a client sent or because something is not configured. A method returns `None` for what is missing
//!   and a [`HostError`] for what fails.
//! - A future is polled on one thread. Futures need not be `Send`.

mod limit;
mod origin;
mod request;
mod runtime;
mod storage;
mod streams;

use std::fmt;

pub use limit::RateLimit;
pub use origin::{Origin, OriginAnswer, OriginKind, OriginRequest, ResolvedUrl};
pub use request::Request;
pub use runtime::{InstanceMemory, Renewal, Runtime, Wake};
pub use storage::{CachedAnswer, EventSink, LocationCache, ModelSource};
pub use streams::{ByteSink, ByteSource, PIECE_BYTES, StoredBytes};

/// Why something that a host lends did not work, as text for the log. [`crate::fallback`] decides what is answered instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError(String);

impl HostError {
    /// An error with the runtime's own message.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All traits of a host as one bound.
pub trait Host: Runtime + ModelSource + LocationCache + EventSink + Origin + RateLimit {}

impl<H: Runtime + ModelSource + LocationCache + EventSink + Origin + RateLimit> Host for H {}
