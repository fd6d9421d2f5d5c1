//! Fall-backs: what is answered if something is missing or broken, and how often each happened since the process started.
//!
//! A caller that gets a [`crate::host::HostError`] names the failed part as a [`Lent`]; only [`Lent::fallback`] decides which fall-back takes its place.

use std::cell::Cell;

use serde::Serialize;

/// A part of the host that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lent {
    /// The place where models are published.
    Models,
    /// The queue of events.
    Queue,
    /// The bucket of events.
    Bucket,
    /// The location's cache.
    LocationCache,
    /// Prepared answers.
    Prepared,
    /// Random bytes.
    Random,
    /// The limit on requests of one client.
    Limit,
}

impl Lent {
    /// The fall-back that takes the part's place. [`None`] if the answer itself shows what is missing, or if the failure costs only time.
    pub const fn fallback(self) -> Option<Fallback> {
        match self {
            Self::Models => Some(Fallback::NoSnapshot),
            Self::Queue => Some(Fallback::QueueFailed),
            Self::LocationCache => Some(Fallback::CacheFailed),
            // Without the bucket, the receipt says that fewer events were collected. Without random bytes, no cookie is set. Without prepared
            // answers, each hit is built anew. Without the limit, every request passes.
            Self::Bucket | Self::Prepared | Self::Random | Self::Limit => None,
        }
    }

    /// The part's name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Models => "model store",
            Self::Queue => "event queue",
            Self::Bucket => "event bucket",
            Self::LocationCache => "edge cache",
            Self::Prepared => "prepared answer",
            Self::Random => "random bytes",
            Self::Limit => "rate limit",
        }
    }
}

/// One way in which an answer is less than it could be. It is no error for the visitor; it is named in `Selvedge-Fallback` and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fallback {
    /// No place has a model.
    NoSnapshot,
    /// A snapshot was found, and refused because of its signature, digests or content.
    BadSnapshot,
    /// The profile cookie could not be opened; the visitor is treated as new.
    BadCookie,
    /// No usable cookie key is configured, so no profile can be read or written.
    NoCookieKey,
    /// The host has no event queue. Events were written straight into the bucket, or lost: see `collected` in the receipt.
    NoQueue,
    /// The event queue refused the events. They were written straight into the bucket, or lost: see `collected` in the receipt.
    QueueFailed,
    /// The location's cache failed; the answer was computed.
    CacheFailed,
    /// The published snapshot is older than one that was loaded here, and no step back is declared; it is refused.
    StepBack,
    /// A declared step back was taken. Only counted.
    DeclaredStepBack,
    /// The requests under way hold all the memory that they may hold together. A body was refused, or a page was handed on unfilled.
    Busy,
}

const COUNT: usize = 10;

impl Fallback {
    const ALL: [Self; COUNT] = [
        Self::NoSnapshot,
        Self::BadSnapshot,
        Self::BadCookie,
        Self::NoCookieKey,
        Self::NoQueue,
        Self::QueueFailed,
        Self::CacheFailed,
        Self::StepBack,
        Self::DeclaredStepBack,
        Self::Busy,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::NoSnapshot => "no-snapshot",
            Self::BadSnapshot => "bad-snapshot",
            Self::BadCookie => "bad-cookie",
            Self::NoCookieKey => "no-cookie-key",
            Self::NoQueue => "no-queue",
            Self::QueueFailed => "queue-failed",
            Self::CacheFailed => "cache-failed",
            Self::StepBack => "step-back",
            Self::DeclaredStepBack => "declared-step-back",
            Self::Busy => "busy",
        }
    }

    const fn bit(self) -> u16 {
        1 << (self as u8)
    }
}

/// Counts since the process started: fall-backs, and how shared answers were made.
#[derive(Default)]
pub struct Counters {
    fallbacks: [Cell<u32>; COUNT],
    cache: Cell<CacheCounts>,
}

impl Counters {
    /// Counts a fall-back that no answer names, such as a refused snapshot while the last good model goes on answering.
    pub fn count(&self, fallback: Fallback) {
        let cell = &self.fallbacks[fallback as usize];
        cell.set(cell.get().saturating_add(1));
    }

    /// Every fall-back's name and count, in a fixed order.
    pub fn fallbacks(&self) -> [(&'static str, u32); COUNT] {
        Fallback::ALL.map(|fallback| (fallback.name(), self.fallbacks[fallback as usize].get()))
    }

    /// How shared answers were made.
    pub fn cache(&self) -> CacheCounts {
        self.cache.get()
    }

    /// Adds 1 to the count that `counter` selects.
    pub fn count_answer(&self, counter: fn(&mut CacheCounts) -> &mut u32) {
        let mut counts = self.cache.get();
        let count = counter(&mut counts);
        *count = count.saturating_add(1);
        self.cache.set(counts);
    }
}

/// How shared answers were made since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CacheCounts {
    /// Taken fresh from a cache.
    pub hits: u32,
    /// Taken stale from a cache.
    pub stale: u32,
    /// Computed while the request waited.
    pub misses: u32,
    /// Computed again behind a stale answer.
    pub renewals: u32,
}

/// The fall-backs of one answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fallbacks(u16);

impl Fallbacks {
    /// Notes a fall-back of this answer. It is counted the first time only.
    pub fn add(&mut self, fallback: Fallback, counters: &Counters) {
        if self.0 & fallback.bit() == 0 {
            self.0 |= fallback.bit();
            counters.count(fallback);
        }
    }

    /// The value of `Selvedge-Fallback`; [`None`] without fall-backs.
    pub fn header(self) -> Option<String> {
        let names: Vec<&str> = Fallback::ALL
            .into_iter()
            .filter(|fallback| self.0 & fallback.bit() != 0)
            .map(Fallback::name)
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}
