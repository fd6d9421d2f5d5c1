//! Which items may be shown: the same ones for a whole minute, so that a shell may keep them between requests: a search
//! seldom reads all rows, and to look at the window of every item would.

use super::Engine;
use crate::profile::minutes;
use crate::retrieve::Filter;

/// The items that may be shown in one minute.
#[derive(Clone, Debug)]
pub struct Available {
    minute: u32,
    pub(super) items: Filter,
}

impl Available {
    /// Whether it tells of this time.
    #[must_use]
    pub fn is_of(&self, now_ms: u64) -> bool {
        self.minute == minutes(now_ms)
    }
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// The items that may be shown at this time. Complexity: `O(rows)`.
    #[must_use]
    pub fn available(&self, now_ms: u64) -> Available {
        let rows = self.snapshot.rows();
        let minute = minutes(now_ms);
        let items = match self.snapshot.availability() {
            None => Filter::all(rows),
            Some(windows) => Filter::from_predicate(rows, |item| {
                windows
                    .get(item.get())
                    .is_some_and(|[from, until]| (*from..*until).contains(&minute))
            }),
        };
        Available { minute, items }
    }

    /// A copy of what may be shown at this time, to be narrowed down: of `known` where that tells it.
    pub(super) fn showable(&self, known: &Available, now_ms: u64) -> Filter {
        if known.is_of(now_ms) && known.items.rows() == self.snapshot.rows() {
            known.items.clone()
        } else {
            self.available(now_ms).items
        }
    }
}
