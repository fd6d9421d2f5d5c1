//! Turns scored items into a slate: limits how many items of one category it holds.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::event::ItemIndex;
use crate::retrieve::Scored;
use crate::snapshot::CategoryIndex;

/// Cuts a ranking to `n` items with at most `max_per_category` of each category (0: no limit).
///
/// If that leaves fewer than `n`, the best of the skipped items fill the rest, so the limit never shortens a slate.
/// Items without a category are not limited. Complexity: `O(ranking · log(categories))`.
///
/// ```
/// use selvedge::event::ItemIndex;
/// use selvedge::rank::diversify;
/// use selvedge::retrieve::Scored;
/// use selvedge::snapshot::CategoryIndex;
///
/// let ranking = [1, 2, 11, 12].map(|row| Scored { item: ItemIndex(row), score: 1.0 });
/// let slate = diversify(&ranking, 3, 1, |item| Some(CategoryIndex(item.0 / 10)));
/// // One item of each of the two categories, then the best of the rest.
/// assert_eq!(slate.iter().map(|scored| scored.item.0).collect::<Vec<_>>(), [1, 11, 2]);
/// ```
#[must_use]
pub fn diversify(
    ranking: &[Scored],
    n: usize,
    max_per_category: usize,
    category_of: impl Fn(ItemIndex) -> Option<CategoryIndex>,
) -> Vec<Scored> {
    if max_per_category == 0 {
        return ranking.iter().take(n).copied().collect();
    }
    let mut counts: BTreeMap<CategoryIndex, usize> = BTreeMap::new();
    let mut chosen = Vec::with_capacity(n);
    let mut left_out = Vec::new();
    for scored in ranking {
        if chosen.len() == n {
            break;
        }
        let full = category_of(scored.item).is_some_and(|category| {
            let count = counts.entry(category).or_insert(0);
            *count += 1;
            *count > max_per_category
        });
        if full {
            left_out.push(*scored)
        } else {
            chosen.push(*scored)
        }
    }
    let missing = n - chosen.len();
    chosen.extend(left_out.into_iter().take(missing));
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranking(rows: &[u32]) -> Vec<Scored> {
        rows.iter()
            .enumerate()
            .map(|(rank, row)| Scored {
                item: ItemIndex(*row),
                score: 1.0 - rank as f32 / 100.0,
            })
            .collect()
    }

    fn rows(slate: &[Scored]) -> Vec<u32> {
        slate.iter().map(|scored| scored.item.0).collect()
    }

    // Rows 0 to 9 belong to category 0, 10 to 19 to category 1, and so on.
    fn tens(item: ItemIndex) -> Option<CategoryIndex> {
        Some(CategoryIndex(item.0 / 10))
    }

    #[test]
    fn no_category_takes_more_than_its_share_while_others_are_there() {
        let slate = diversify(&ranking(&[1, 2, 3, 11, 4, 21, 12]), 5, 2, tens);
        assert_eq!(rows(&slate), [1, 2, 11, 21, 12]);
    }

    #[test]
    fn the_slate_is_filled_up_when_categories_run_out() {
        let slate = diversify(&ranking(&[1, 2, 3, 4, 11]), 4, 1, tens);
        assert_eq!(rows(&slate), [1, 11, 2, 3]);
    }

    #[test]
    fn without_a_limit_the_order_stays() {
        assert_eq!(rows(&diversify(&ranking(&[5, 4, 3]), 2, 0, tens)), [5, 4]);
        assert_eq!(rows(&diversify(&ranking(&[5]), 0, 3, tens)), [] as [u32; 0]);
    }
}
