//! Live state that is merged over a snapshot: the second, read-only operand of every decision.
//!
//! A snapshot is an hour old; an overlay can be seconds old. Nothing publishes one yet: [`Overlay::NONE`] is what every host decides
//! with. What is here is its place in the decision, its version in key and record, and the one rule that needs it most: an item that
//! is sold out is shown to nobody.

use alloc::vec::Vec;

use crate::event::ItemKey;

/// Live state over a snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    version: u64,
    hidden: Vec<ItemKey>,
}

impl Overlay {
    /// No live state: decisions stand on the snapshot alone.
    pub const NONE: Self = Self {
        version: 0,
        hidden: Vec::new(),
    };

    /// An overlay that hides items. `version` must be above 0 and another one for each content, for answers are shared by it.
    #[must_use]
    pub fn new(version: u64, hidden: Vec<ItemKey>) -> Self {
        Self { version, hidden }
    }

    /// Its version; 0 for none.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Stable keys of the items that are shown to nobody.
    #[must_use]
    pub fn hidden(&self) -> &[ItemKey] {
        &self.hidden
    }
}
