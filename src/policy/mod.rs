//! The policy: configuration that travels with the model and that the core interprets.
//!
//! The encoder's parameters are one record of fixed places. The rules of a slot are a record of fields, each with its tag and
//! length; the table of fields ([`SlotPolicy`]) says all there is to say of one in one line.

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
            /// The choice with this number in a file.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$name),)* _ => None }
            }

            /// Its number in a file.
            #[must_use]
            pub const fn code(self) -> u8 {
                match self { $(Self::$name => $code,)* }
            }

            /// Its word in configuration and tables.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

choices! {
    /// For whom a slot is ranked once a visitor is known.
    Audience {
        /// For the visitor alone; never stored shared.
        Visitor = 0 "visitor",
        /// For the visitor's segment; shared under the segment's key.
        Segment = 1 "segment",
        /// For everyone alike, by the daypart where the model knows any.
        Everyone = 2 "everyone",
    }
}

choices! {
    /// What of a shared list is made for one visitor, behind the cache.
    #[derive(Default)]
    PerVisitor {
        /// Nothing: all who share the key get the same bytes.
        #[default]
        Nothing = 0 "nothing",
        /// Who is done with an item that a shared answer may show gets the list without it, unshared; all others share.
        Exclude = 1 "exclude",
        /// A visitor with enough history gets the list in an order of its own, without what the visitor is done with, unshared;
        /// all others share.
        Rerank = 2 "rerank",
    }
}

/// Parameters of the encoder and rules of all slots.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Half-life of an event's weight, milliseconds.
    pub half_life_ms: u64,
    /// Weight of an event of each kind, by code.
    pub kind_weights: [f32; EVENT_KINDS],
    /// α₀, the weight of unobserved pairs (Rendle et al. 2021).
    pub unobserved_weight: f32,
    /// λ, the regularisation.
    pub regularisation: f32,
    /// ν, the exponent of the frequency scale: 0, 0.5 or 1, which need no `pow` and so agree on every platform.
    pub regularisation_exponent: f32,
    /// N, the number of items of the training matrix.
    pub trained_items: u32,
    /// A visitor keeps a segment until another one's cosine is larger by more than this.
    pub hysteresis: f32,
    /// Known items of history from which a visitor is ranked personally.
    pub min_history: u32,
    /// The slots.
    pub slots: Vec<SlotPolicy>,
}

impl Policy {
    /// The rules of a slot.
    #[must_use]
    pub fn slot(&self, name: &str) -> Option<&SlotPolicy> {
        self.slots.iter().find(|slot| slot.name == name)
    }

    /// Takes the slots out of the bytes of a slots section (format 1.4).
    ///
    /// # Errors
    /// [`PolicyError`]: which slot, what was expected and what was found.
    pub fn read_slots(&mut self, bytes: &[u8]) -> Result<(), PolicyError> {
        if !self.slots.is_empty() {
            return Err(PolicyError::Value {
                element: 0,
                expected: "no slots in the policy section beside those here",
                found: 0.0,
            });
        }
        self.slots = slot::read_all(bytes)?;
        Ok(())
    }

    /// The bytes of the slots section.
    #[cfg(any(test, feature = "writer"))]
    pub(crate) fn slots_to_bytes(&self) -> Vec<u8> {
        self.slots.iter().flat_map(SlotPolicy::to_bytes).collect()
    }

    /// The longest time a profile event matters: after 20 half-lives less than a millionth of it is left.
    #[must_use]
    pub fn memory_ms(&self) -> u64 {
        self.half_life_ms.saturating_mul(20)
    }
}
