//! The policy: configuration that travels with the model and that the core interprets.
//!
//! The encoder's parameters are one fixed-layout record. The rules of a slot are a record of fields, each with tag and
//! length. The table of fields ([`SlotPolicy`]) defines each field in one line.

mod error;
mod field;
mod records;
mod slot;

use alloc::vec::Vec;

use crate::event::EVENT_KINDS;
pub use error::PolicyError;
#[cfg(any(test, feature = "writer"))]
pub use field::Shown;
pub use slot::SlotPolicy;
#[cfg(any(test, feature = "writer"))]
pub use slot::{Field, IGNORABLE};

macro_rules! choices {
    ($(#[$outer:meta])* $choice:ident { $($(#[$doc:meta])* $name:ident = $code:literal $word:literal,)* }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $choice { $($(#[$doc])* $name,)* }

        impl $choice {
            /// Returns the choice with this number.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// Returns its number in a file.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self { $(Self::$name => $code,)* }
            }

            /// Returns its word in configuration and tables.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

choices! {
    /// For whom a slot's items are ranked once the visitor is known.
    Audience {
        /// For the visitor alone; the answer is never shared.
        Visitor = 0 "visitor",
        /// For the visitor's segment; shared under a cache key that names the segment.
        Segment = 1 "segment",
        /// For everyone, by daypart if the model has daypart priors.
        Everyone = 2 "everyone",
    }
}

choices! {
    /// What the edge changes in a shared list for one visitor, behind the cache.
    #[derive(Default)]
    PerVisitor {
        /// Nothing: all visitors with the same cache key get the same bytes.
        #[default]
        Nothing = 0 "nothing",
        /// A visitor whose excluded items include one that the shared answer may show gets the list without it,
        /// unshared. All others share.
        Exclude = 1 "exclude",
        /// A visitor with enough history gets the list in a personal order and without excluded items, unshared. All
        /// others share.
        Rerank = 2 "rerank",
    }
}

/// Parameters of the encoder and rules of all slots.
///
/// ```
/// use selvedge::policy::{Audience, Policy, SlotPolicy};
///
/// let policy = Policy {
///     half_life_ms: 30 * 86_400_000,
///     kind_weights: [0.0, 1.0, 2.0, 4.0, 8.0],
///     unobserved_weight: 0.1,
///     regularisation: 0.01,
///     regularisation_exponent: 1.0,
///     trained_items: 1_000,
///     hysteresis: 0.05,
///     min_history: 2,
///     slots: vec![SlotPolicy {
///         name: "home".into(),
///         audience: Audience::Segment,
///         ..SlotPolicy::default()
///     }],
/// };
/// let home = policy.slot("home").expect("it is listed above");
/// assert_eq!((home.n_default, home.ttl_s), (12, 60));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Half-life of an event's weight, in milliseconds.
    pub half_life_ms: u64,
    /// Weight of an event, indexed by the code of its type.
    pub kind_weights: [f32; EVENT_KINDS],
    /// α₀, the weight of unobserved pairs (Rendle et al. 2021).
    pub unobserved_weight: f32,
    /// λ, the regularisation strength.
    pub regularisation: f32,
    /// ν, the exponent of the frequency scale. Only 0, 0.5 and 1 are allowed: they need no `pow`, whose result differs
    /// between platforms.
    pub regularisation_exponent: f32,
    /// N, the number of items in the training matrix.
    pub trained_items: u32,
    /// A visitor keeps a segment until another segment's cosine is larger by more than this.
    pub hysteresis: f32,
    /// History items from which on a visitor gets a personal ranking.
    pub min_history: u32,
    /// Rules of the slots.
    pub slots: Vec<SlotPolicy>,
}

impl Policy {
    /// Returns the rules of the slot with this name.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<&SlotPolicy> {
        self.slots.iter().find(|slot| slot.name == name)
    }

    /// Reads the slots from the bytes of the slots section (format 1.4).
    ///
    /// # Errors
    /// [`PolicyError`]: which slot, what was expected and what was found.
    pub fn read_slots(&mut self, bytes: &[u8]) -> Result<(), PolicyError> {
        if !self.slots.is_empty() {
            return Err(PolicyError::Value {
                element: 0,
                expected: "slots in either the policy section or the slots section",
                found: 0.0,
            });
        }
        self.slots = slot::read_all(bytes)?;
        Ok(())
    }

    /// Returns the bytes of the slots section.
    #[cfg(any(test, feature = "writer"))]
    pub(crate) fn slots_to_bytes(&self) -> Vec<u8> {
        self.slots.iter().flat_map(SlotPolicy::to_bytes).collect()
    }

    /// Age in milliseconds after which an event is ignored: 20 half-lives, when less than a millionth of its weight is
    /// left.
    #[must_use]
    pub fn memory_ms(&self) -> u64 {
        self.half_life_ms.saturating_mul(20)
    }
}
