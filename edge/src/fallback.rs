//! Fall-backs: what is answered in the place of what is missing or broken, and how often each was since the process started.
//!
//! Whatever a host fails at comes here as a [`Lent`] with its error: this is the one place that says which fall-back it is.

use std::cell::Cell;

use serde::Serialize;

/// Something that a host lends and that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lent {
    /// The place where models are published.
    Models,
    /// The queue of events.
    Queue,
    /// The bucket of events.
    Bucket,
    /// The cache of the location.
    LocationCache,
    /// Answers that are prepared for being sent many times.
    Prepared,
    /// Random bytes.
    Random,
}

impl Lent {
    /// The fall-back that takes its place; `None` where what is left out shows in the answer itself or costs nothing but time.
    pub const fn fallback(self) -> Option<Fallback> {
        match self {
            Self::Models => Some(Fallback::NoSnapshot),
            Self::Queue => Some(Fallback::QueueFailed),
            Self::LocationCache => Some(Fallback::CacheFailed),
            // The receipt tells how many events were collected, and a profile that is not kept sets no cookie.
            Self::Bucket | Self::Prepared | Self::Random => None,
        }
    }

    /// Its name in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Models => "model store",
            Self::Queue => "event queue",
            Self::Bucket => "event bucket",
            Self::LocationCache => "edge cache",
            Self::Prepared => "prepared answer",
            Self::Random => "random bytes",
        }
    }
}

/// A way in which an answer is less than it could be. Never an error for the visitor, always named and counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fallback {
    /// No snapshot was found where one is looked for.
    NoSnapshot,
    /// A snapshot was found and refused.
    BadSnapshot,
    /// The profile cookie could not be opened; the visitor is treated as new.
    BadCookie,
    /// No usable cookie key is configured, so no profile can be read or written.
    NoCookieKey,
    /// No queue is bound; events went straight to the bucket, or nowhere (see `collected`).
    NoQueue,
    /// The queue refused the events; they went straight to the bucket, or nowhere (see `collected`).
    QueueFailed,
    /// The edge cache threw; the answer was made anew.
    CacheFailed,
}

const COUNT: usize = 7;

impl Fallback {
    const ALL: [Self; COUNT] = [
        Self::NoSnapshot,
        Self::BadSnapshot,
        Self::BadCookie,
        Self::NoCookieKey,
        Self::NoQueue,
        Self::QueueFailed,
        Self::CacheFailed,
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
        }
    }

    const fn bit(self) -> u8 {
        1 << (self as u8)
    }
}

/// How often each fall-back answered, and how shared answers came about.
#[derive(Default)]
pub struct Counters {
    fallbacks: [Cell<u32>; COUNT],
    cache: Cell<CacheCounts>,
}

impl Counters {
    /// Counts a fall-back that no answer tells of, such as a refresh that brought a bad snapshot.
    pub fn count(&self, fallback: Fallback) {
        let cell = &self.fallbacks[fallback as usize];
        cell.set(cell.get().saturating_add(1));
    }

    /// Every fall-back's name and count, in a fixed order.
    pub fn fallbacks(&self) -> [(&'static str, u32); COUNT] {
        Fallback::ALL.map(|fallback| (fallback.name(), self.fallbacks[fallback as usize].get()))
    }

    /// How shared answers came about.
    pub fn cache(&self) -> CacheCounts {
        self.cache.get()
    }

    /// Counts a shared answer.
    pub fn count_answer(&self, counter: fn(&mut CacheCounts) -> &mut u32) {
        let mut counts = self.cache.get();
        let count = counter(&mut counts);
        *count = count.saturating_add(1);
        self.cache.set(counts);
    }
}

/// How shared answers came about since the process started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CacheCounts {
    /// Answered fresh from a cache.
    pub hits: u32,
    /// Answered stale from a cache.
    pub stale: u32,
    /// Computed for the request that asked.
    pub misses: u32,
    /// Computed behind a stale answer.
    pub renewals: u32,
}

/// The fall-backs of one answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fallbacks(u8);

impl Fallbacks {
    /// Notes a fall-back and counts it, once for each answer.
    pub fn add(&mut self, fallback: Fallback, counters: &Counters) {
        if self.0 & fallback.bit() == 0 {
            self.0 |= fallback.bit();
            counters.count(fallback);
        }
    }

    /// The value of `Selvedge-Fallback`; nothing where nothing fell back.
    pub fn header(self) -> Option<String> {
        let names: Vec<&str> = Fallback::ALL
            .into_iter()
            .filter(|fallback| self.0 & fallback.bit() != 0)
            .map(Fallback::name)
            .collect();
        (!names.is_empty()).then(|| names.join(", "))
    }
}
