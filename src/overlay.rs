//! The overlay: live state that every decision reads over the snapshot, without changing it.
//!
//! A snapshot may be an hour old, an overlay only seconds. It can hide items, for instance because they are sold out, and its version is part of
//! cache keys and decision records. Nothing publishes an overlay yet, so hosts use [`Overlay::NONE`] today.

use alloc::vec::Vec;

use crate::event::ItemKey;

/// Live state over a snapshot.
///
/// ```
/// use selvedge::event::ItemKey;
/// use selvedge::overlay::Overlay;
///
/// let overlay = Overlay::new(17, vec![ItemKey::of("sold-out")]);
/// assert_eq!(overlay.version(), 17);
/// assert_eq!(overlay.hidden(), [ItemKey::of("sold-out")]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overlay {
    version: u64,
    hidden: Vec<ItemKey>,
}

impl Overlay {
    /// No live state: decisions depend on the snapshot alone.
    pub const NONE: Self = Self {
        version: 0,
        hidden: Vec::new(),
    };

    /// An overlay that hides these items. `version` must be above 0 and differ for each content, because it is part of the cache key: two
    /// contents of one version would share answers.
    #[must_use]
    pub fn new(version: u64, hidden: Vec<ItemKey>) -> Self {
        Self { version, hidden }
    }

    /// The version; 0 for [`Overlay::NONE`].
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// Item keys of the items that no answer shows.
    #[must_use]
    pub fn hidden(&self) -> &[ItemKey] {
        &self.hidden
    }
}
