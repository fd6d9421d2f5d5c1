//! What a host lends the application: requests, byte streams, storage, time and random bytes.
//!
//! A host is one runtime in which the application answers: the Cloudflare Worker (`worker/`), the host in memory
//! (`memory_host`), later a native server. It implements the traits of this file for one cheap handle, of which each call of the
//! application gets its own: in some runtimes, such as workerd, work is bound to the event that began it.
//!
//! Two rules hold for every implementation:
//!
//! - Nothing that a client sends or that is not configured may make a method panic. What is missing is told as `None`, what fails
//!   as a [`HostError`].
//! - A future is polled on one thread. Futures need not be `Send`.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::headers::{HeaderChanges, Headers};

/// Why something that a host lends did not work, as text for the log. What is answered instead is decided in
/// [`crate::fallback`], for all of them in one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError(String);

impl HostError {
    /// With what the runtime says.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// All that a host lends, in one bound.
pub trait Host: Runtime + ModelSource + LocationCache + EventSink + Origin {}

impl<H: Runtime + ModelSource + LocationCache + EventSink + Origin> Host for H {}

/// The head of a request, and its body.
///
/// Nothing is asked for before it is needed: in workerd each header is a call from Wasm into JavaScript.
pub trait Request: 'static {
    /// The body's type.
    type Body: ByteSource;

    /// The method, as it was sent.
    fn method(&self) -> &str;

    /// The whole URL, absolute and normalised: `scheme://host[:port]/path?query`.
    fn url(&self) -> &str;

    /// A header's value, by its name in lower case. `None` where it is not sent; several ones of a name are joined by `, `.
    fn header(&self, name: &str) -> Option<Cow<'_, str>>;

    /// How far the visitor's clock is ahead of UTC at this time, in milliseconds; 0 where the time zone of the connection is not
    /// known.
    fn local_offset_ms(&self, now_ms: u64) -> i64;

    /// The body, once; `None` where there is none.
    ///
    /// # Errors
    /// A body that cannot be read.
    fn take_body(&self) -> Result<Option<Self::Body>, HostError>;
}

/// The reading end of a byte stream.
pub trait ByteSource: 'static {
    /// Waits for the next bytes, at most [`PIECE_BYTES`]; `None` at the end.
    ///
    /// # Errors
    /// The stream broke.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, HostError>;

    /// Says that nothing more will be read.
    fn cancel(&mut self, reason: &HostError);

    /// Reads all of it into `target`. A host that can wait for large pieces does better than this default.
    ///
    /// # Errors
    /// The stream broke.
    async fn read_into(mut self, target: &mut [u8]) -> Result<Filled, HostError>
    where
        Self: Sized,
    {
        let mut bytes = 0;
        while let Some(piece) = self.next().await? {
            let Some(place) = target.get_mut(bytes..).and_then(|rest| rest.get_mut(..piece.len())) else {
                return Ok(Filled { bytes, overflow: true });
            };
            place.copy_from_slice(&piece);
            bytes += piece.len();
        }
        Ok(Filled { bytes, overflow: false })
    }
}

/// The longest piece that [`ByteSource::next`] gives.
pub const PIECE_BYTES: usize = 32 * 1024;

/// How a stream ended that was read into a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// How many bytes of the buffer were filled.
    pub bytes: usize,
    /// Whether the stream held more than the buffer.
    pub overflow: bool,
}

/// The writing end of a stream whose reading end the client has.
pub trait ByteSink: 'static {
    /// Writes bytes, and waits until they are taken.
    ///
    /// # Errors
    /// The reader has gone.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), HostError>;

    /// Ends the stream.
    ///
    /// # Errors
    /// The reader has gone.
    async fn close(self) -> Result<(), HostError>;

    /// Breaks the stream off, so that nobody takes what was written for the whole.
    fn abort(self, reason: &HostError);
}

/// Bytes that the host keeps where it sends them from: workerd in its own memory, outside of the Wasm.
pub trait StoredBytes: Clone + 'static {
    /// Takes over a text.
    fn of(text: &str) -> Self;

    /// How many bytes there are.
    fn len(&self) -> usize;

    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Ends a pause that another call waits in.
pub trait Wake: 'static {
    /// Ends it. Does nothing where it has ended, or where the call that waited is over.
    fn wake(self);
}

/// The runtime itself: its values, time, random bytes, and work behind an answer.
pub trait Runtime: Clone + 'static {
    /// A request.
    type Request: Request<Body = Self::Body>;
    /// The reading end of a stream.
    type Body: ByteSource;
    /// The writing end of a stream.
    type Sink: ByteSink;
    /// Bytes on the host's side.
    type Bytes: StoredBytes;
    /// An answer with its headers on the host's side, which is sent many times.
    type Prepared: Clone + 'static;
    /// Ends a pause.
    type Wake: Wake;

    /// Unix time in milliseconds.
    fn unix_ms(&self) -> u64;

    /// Milliseconds of a clock that never goes back.
    fn monotonic_ms(&self) -> f64;

    /// A pause that ends after so many milliseconds, or when it is told to by this or another call.
    fn pause(&self, at_most_ms: u32) -> (Self::Wake, impl Future<Output = ()> + 'static);

    /// Fills `bytes` from a cryptographic random source.
    ///
    /// # Errors
    /// There is none, or not now.
    fn random(&self, bytes: &mut [u8]) -> Result<(), HostError>;

    /// SHA-256, by native code where there is some.
    ///
    /// # Errors
    /// The runtime's own.
    async fn sha256(&self, bytes: &[u8]) -> Result<[u8; 32], HostError>;

    /// Does work that goes on behind the answer.
    fn wait_until(&self, work: Pin<Box<dyn Future<Output = ()>>>);

    /// Writes a line into the log.
    fn log(&self, text: fmt::Arguments<'_>);

    /// A stream: what is written into one end is read from the other.
    ///
    /// # Errors
    /// The runtime's own.
    fn pipe(&self) -> Result<(Self::Sink, Self::Body), HostError>;

    /// Prepares an answer of status 200 for being sent many times.
    ///
    /// # Errors
    /// The runtime's own.
    fn prepare(&self, headers: &Headers, body: &Self::Bytes) -> Result<Self::Prepared, HostError>;

    /// Changes some headers of a prepared answer.
    ///
    /// # Errors
    /// The runtime's own.
    fn refresh(&self, prepared: &Self::Prepared, headers: &Headers) -> Result<(), HostError>;

    /// How often the application panicked and was begun anew, where the host notices.
    fn panics(&self) -> u32 {
        0
    }
}

/// Where models are published.
pub trait ModelSource: Runtime {
    /// The places that are looked into, for the log.
    const MODEL_PLACES: &'static str;

    /// The bytes under a key such as `models/current.json`; `None` where no place has it.
    ///
    /// # Errors
    /// A place that could not be asked. It must not be passed over for the next one, which may hold an older model: going back
    /// and forth between two models is worse than staying with the last good one.
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

/// A cache that all processes of one location share, for answers whose computing takes a search.
pub trait LocationCache: Runtime {
    /// The answer under a key; `None` where there is none that [`LocationCache::keep`] wrote, or the host has no such cache.
    ///
    /// # Errors
    /// The runtime's own.
    async fn find(&self, key: &str) -> Result<Option<CachedAnswer<Self::Bytes>>, HostError>;

    /// Keeps an answer for so many seconds.
    ///
    /// # Errors
    /// The runtime's own.
    async fn keep(&self, key: &str, answer: CachedAnswer<Self::Bytes>, for_s: u32) -> Result<(), HostError>;
}

/// Where accepted events go: into a queue, and from there (or straight) into a bucket.
pub trait EventSink: Runtime {
    /// Sends each element of a JSON array as a message. `None` where the host has no queue.
    async fn send(&self, events: &str) -> Option<Result<(), HostError>>;

    /// Stores an object.
    ///
    /// # Errors
    /// The runtime's own; also where the host has no bucket.
    async fn put(&self, key: &str, bytes: &Self::Bytes) -> Result<(), HostError>;

    /// Text, gzipped.
    ///
    /// # Errors
    /// The runtime's own.
    async fn gzip(&self, text: &str) -> Result<Self::Bytes, HostError>;
}

/// What a page's or a part's server is asked for.
#[derive(Clone, Debug)]
pub struct OriginRequest<'a> {
    /// Who is asked.
    pub place: &'a Place,
    /// Absolute URL: of the server that is asked, or of the visitor's own site for assets.
    pub url: &'a str,
    /// Whether it is the visitor's own request, whose method and body go along; else a GET.
    pub is_own: bool,
    /// How the headers of the visitor's request are changed for the server. Assets need none.
    pub changes: &'a HeaderChanges,
    /// How long the answer may take to begin, in milliseconds.
    pub within_ms: Option<u32>,
}

/// Where pages come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A server: scheme, host and port.
    Server(String),
    /// Static files that the host has.
    Assets,
}

/// What a server behind answered.
pub trait OriginAnswer: 'static {
    /// The body's type.
    type Body: ByteSource;

    /// The status.
    fn status(&self) -> u16;

    /// A header's value, by its name in lower case.
    fn header(&self, name: &str) -> Option<String>;

    /// The body, once; `None` where there is none.
    ///
    /// # Errors
    /// A body that cannot be read.
    fn take_body(&self) -> Result<Option<Self::Body>, HostError>;
}

/// A URL that was made absolute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedUrl {
    /// Scheme, host and port.
    pub origin: String,
    /// Path and query.
    pub path_and_query: String,
    /// All of it.
    pub href: String,
}

/// Where pages come from: a server behind, or static files.
pub trait Origin: Runtime {
    /// An answer of it.
    type Answer: OriginAnswer<Body = Self::Body>;

    /// Whether the host has static files.
    fn has_assets(&self) -> bool;

    /// Asks for a page or a part of one. Redirects are not followed: they are the browser's.
    ///
    /// # Errors
    /// No answer came, or not in time.
    async fn ask(&self, request: &Self::Request, ask: OriginRequest<'_>) -> Result<Self::Answer, HostError>;

    /// Makes a URL absolute by the URL standard (WHATWG).
    ///
    /// # Errors
    /// Whatever is no URL.
    fn resolve(&self, url: &str, base: &str) -> Result<ResolvedUrl, HostError>;
}
