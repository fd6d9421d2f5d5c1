//! Stage *filter*: which items may be shown.

use super::Engine;
use super::context::{DecisionContext, Task};
use crate::event::ItemIndex;
use crate::profile::minutes;
use crate::retrieve::Filter;
use crate::snapshot::CategoryIndex;

/// Bitmap of the items available in one minute. Build it once per minute and reuse it: building reads the window of every item, a search
/// only a few.
#[derive(Clone, Debug)]
pub struct Available {
    minute: u32,
    items: Filter,
}

impl Available {
    /// Whether it is the bitmap of this time.
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

    /// What a decision may show: what is available, without what request, visitor and overlay leave out. `available` is used where it is of the
    /// decision's minute and of this snapshot's size, else it is made.
    pub(super) fn filter(&self, context: &DecisionContext<'_>, available: &Available) -> Filter {
        let mut filter = if available.is_of(context.now_ms) && available.items.rows() == self.snapshot.rows() {
            available.items.clone()
        } else {
            self.available(context.now_ms).items
        };
        if let Task::Similar(item, _) = context.task {
            filter.forbid(item);
        }
        for item in context.excluded.iter().chain(&context.consumed) {
            filter.forbid(*item);
        }
        for key in context.overlay.hidden() {
            if let Some(item) = self.snapshot.find(*key) {
                filter.forbid(item);
            }
        }
        if let Some(inside) = self.inside(&context.categories) {
            filter.retain(inside);
        }
        filter
    }

    /// Tells which items are in one of these categories or below; [`None`] for no categories, which limit nothing.
    pub(super) fn inside(&self, roots: &[CategoryIndex]) -> Option<impl Fn(ItemIndex) -> bool> {
        if roots.is_empty() {
            return None;
        }
        let inside = self.snapshot.below(roots);
        let leaves = self.snapshot.leaf_categories();
        Some(move |item: ItemIndex| {
            let leaf = leaves.get(item.get()).and_then(|leaf| usize::try_from(*leaf).ok());
            leaf.and_then(|leaf| inside.get(leaf)).copied().unwrap_or(false)
        })
    }
}
