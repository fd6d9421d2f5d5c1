//! Stage *filter*: the bitmap of the items that may be shown.

use super::Engine;
use super::context::{DecisionContext, Task};
use crate::event::ItemIndex;
use crate::profile::minutes;
use crate::retrieve::Filter;
use crate::snapshot::CategoryIndex;

/// Bitmap of the items available in one minute. Build it once per minute and reuse it: building reads every item's availability.
#[derive(Clone, Debug)]
pub struct Available {
    minute: u32,
    items: Filter,
}

impl Available {
    /// Whether it is the bitmap of the minute of `now_ms`.
    #[must_use]
    pub fn is_of(&self, now_ms: u64) -> bool {
        self.minute == minutes(now_ms)
    }
}

impl<B: AsRef<[u8]>> Engine<B> {
    /// The items that are available at `now_ms`. Complexity: `O(rows)`.
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

    /// Whether an item may be shown at `now_ms`. An answer never names one that is not: no title of an item gets out before the item does.
    pub(super) fn is_available(&self, item: ItemIndex, now_ms: u64) -> bool {
        // An open window ends behind the last minute, which a broken clock may show.
        let minute = minutes(now_ms).min(u32::MAX - 1);
        self.snapshot.availability().is_none_or(|windows| {
            windows
                .get(item.get())
                .is_some_and(|[from, until]| (*from..*until).contains(&minute))
        })
    }

    /// The items that a decision may show: the available ones without those that request, visitor or overlay exclude, and of the categories that
    /// limit it. `available` is used if it has the decision's minute and this snapshot's number of rows, and built anew otherwise.
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

    /// A function that says whether an item is in one of these categories or below; [`None`] if there are no categories, which is no limit.
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
