//! Fall-backs: which of them answered a request, and how often each did since the isolate started.

use std::cell::Cell;

use serde::Serialize;

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

thread_local! {
    static COUNTS: [Cell<u32>; COUNT] = const { [const { Cell::new(0) }; COUNT] };
}

/// Counts a fall-back that no answer tells of, such as a refresh that brought a bad snapshot.
pub fn count(fallback: Fallback) {
    COUNTS.with(|counts| {
        let cell = &counts[fallback as usize];
        cell.set(cell.get().saturating_add(1));
    });
}

/// Every counter with its name, in a fixed order.
pub fn all() -> [(&'static str, u32); COUNT] {
    COUNTS.with(|counts| Fallback::ALL.map(|fallback| (fallback.name(), counts[fallback as usize].get())))
}

/// How shared answers came about since the isolate started.
#[derive(Clone, Copy, Debug, Default, Serialize)]
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

thread_local! {
    static CACHE: Cell<CacheCounts> = const {
        Cell::new(CacheCounts { hits: 0, stale: 0, misses: 0, renewals: 0 })
    };
}

/// The isolate's counts.
pub fn cache() -> CacheCounts {
    CACHE.get()
}

impl CacheCounts {
    /// Counts a fresh answer.
    pub fn hit(self) {
        CACHE.set(Self {
            hits: self.hits.saturating_add(1),
            ..self
        });
    }

    /// Counts a stale answer.
    pub fn stale(self) {
        CACHE.set(Self {
            stale: self.stale.saturating_add(1),
            ..self
        });
    }

    /// Counts a computed answer.
    pub fn miss(self) {
        CACHE.set(Self {
            misses: self.misses.saturating_add(1),
            ..self
        });
    }

    /// Counts an answer that was computed anew behind a stale one.
    pub fn renewal(self) {
        CACHE.set(Self {
            renewals: self.renewals.saturating_add(1),
            ..self
        });
    }
}

/// The fall-backs of one answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fallbacks(u8);

impl Fallbacks {
    /// Notes a fall-back and counts it, once for each answer.
    pub fn add(&mut self, fallback: Fallback) {
        if self.0 & fallback.bit() == 0 {
            self.0 |= fallback.bit();
            count(fallback);
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
