//! What every runtime lends: clocks, random bytes, digests, the log, work behind an answer, and prepared answers.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use super::HostError;
use super::request::Request;
use super::streams::{ByteSink, ByteSource, StoredBytes};
use crate::headers::Headers;

/// Ends a pause that another call waits in.
pub trait Wake: 'static {
    /// Ends the pause. Does nothing if it has ended already, or if the call that waited is over.
    fn wake(self);
}

/// The runtime itself: its types, clocks, random bytes, and work behind an answer.
pub trait Runtime: Clone + 'static {
    /// A request.
    type Request: Request<Body = Self::Body>;
    /// The reading end of a stream.
    type Body: ByteSource;
    /// The writing end of a stream.
    type Sink: ByteSink;
    /// Bytes on the host's side.
    type Bytes: StoredBytes;
    /// An answer with its headers on the host's side, made once and sent many times.
    type Prepared: Clone + 'static;
    /// Ends a pause.
    type Wake: Wake;

    /// Unix time in milliseconds.
    fn unix_ms(&self) -> u64;

    /// Milliseconds of a clock that never goes back.
    fn monotonic_ms(&self) -> f64;

    /// A future that ends after `at_most_ms`, or earlier when the [`Wake`] beside it is used, by this or by another call.
    fn pause(&self, at_most_ms: u32) -> (Self::Wake, impl Future<Output = ()> + 'static);

    /// Fills `bytes` from a cryptographic random source.
    ///
    /// # Errors
    /// The runtime has no such source, or it fails.
    fn random(&self, bytes: &mut [u8]) -> Result<(), HostError>;

    /// SHA-256, by the runtime's native code if it has one.
    ///
    /// # Errors
    /// The runtime's own.
    async fn sha256(&self, bytes: &[u8]) -> Result<[u8; 32], HostError>;

    /// Runs `work` to its end even after the answer was sent.
    fn wait_until(&self, work: Pin<Box<dyn Future<Output = ()>>>);

    /// Writes a line into the log.
    fn log(&self, text: fmt::Arguments<'_>);

    /// A stream: bytes written into the sink are read from the body.
    ///
    /// # Errors
    /// The runtime's own.
    fn pipe(&self) -> Result<(Self::Sink, Self::Body), HostError>;

    /// Prepares an answer of status 200 that will be sent many times.
    ///
    /// # Errors
    /// The runtime's own.
    fn prepare(&self, headers: &Headers, body: &Self::Bytes) -> Result<Self::Prepared, HostError>;

    /// Replaces those headers of a prepared answer that `headers` names.
    ///
    /// # Errors
    /// The runtime's own.
    fn refresh(&self, prepared: &Self::Prepared, headers: &Headers) -> Result<(), HostError>;

    /// Asks the runtime to let the origin answer this request if the application breaks, where the runtime can.
    fn pass_through_on_exception(&self) {}

    /// How often the application panicked and was started again, if the host counts that.
    fn panics(&self) -> u32 {
        0
    }

    /// The memory of the application's instances; [`None`] if the host gets freed memory back.
    fn memory(&self) -> Option<InstanceMemory> {
        None
    }

    /// Makes a new instance, lets it load the model ([`crate::App::load`]), and has it answer all new requests if that succeeds. Until then,
    /// this one goes on answering. `newest_ms` is for the new instance's load: when the newest release was packed that was seen here.
    ///
    /// # Errors
    /// The host cannot make one.
    async fn renew(&self, _newest_ms: u64) -> Result<Renewal, HostError> {
        Err(HostError::new("this host makes no new instance"))
    }

    /// How often a new instance took the place of one that had no room for a model.
    fn renewals(&self) -> u32 {
        0
    }
}

/// Memory that only grows, of the instances of the application that live in one process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstanceMemory {
    /// Bytes of this instance.
    pub own: usize,
    /// Bytes that this instance had before it loaded anything, and so a new one has.
    pub fresh: usize,
    /// Bytes of all other instances that still live: replaced ones whose requests have not ended, or whose memory was not collected yet.
    pub others: usize,
}

/// What came of a new instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It has loaded the model and answers from now on. This one answers only the requests that it has begun.
    Done,
    /// It could not load the model this time.
    Failed,
    /// It refused the model for good.
    Refused,
}
