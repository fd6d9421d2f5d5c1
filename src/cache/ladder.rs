//! How coarse the segments of a slot must be so that its traffic keeps their answers in the cache.

use alloc::vec::Vec;

use super::freshness::Freshness;
use super::hit_ratio::expected_hit_ratio;

/// The serving segment of each segment in one slot: the segments of the finest level of the segment tree whose expected hit ratio, over all
/// their cache keys together, reaches `budget`. [`None`] for every segment if not even the coarsest level reaches it.
///
/// - `parents`: for each segment, the coarser segment that it is part of, which has a higher index. Leaves have the lowest indices.
/// - `shares`: for each leaf, its share of the slot's requests. Values behind those of the leaves are not read.
/// - `requests_per_s`: requests for the slot at one location, if each location has a cache of its own.
/// - `budget`: the least expected hit ratio, from 0 to 1.
///
/// Level by level, in the order in which the tree was built, the next inner segment replaces its children, until the budget is reached. So
/// only as many fine segments are given up as necessary.
///
/// Complexity: `O(segments²)`.
///
/// ```
/// use selvedge::cache::{Freshness, ladder};
///
/// let freshness = Freshness { ttl_s: 60, stale_while_revalidate_s: 0, stale_if_error_s: 0 };
/// // Segments 0 and 1 are the leaves, and segment 2 holds both. Each leaf makes half of the requests.
/// let serving = |requests_per_s| ladder(&[Some(2), Some(2), None], &[0.5, 0.5], requests_per_s, &freshness, 0.9);
/// // With 1 request a second each leaf reaches 30/31; with 0.2 only both together reach 12/13; with 0.1 nothing reaches 0.9.
/// assert_eq!(serving(1.0)[..2], [Some(0), Some(1)]);
/// assert_eq!(serving(0.2)[..2], [Some(2), Some(2)]);
/// assert_eq!(serving(0.1), [None; 3]);
/// ```
#[must_use]
pub fn ladder(
    parents: &[Option<u32>],
    shares: &[f64],
    requests_per_s: f64,
    freshness: &Freshness,
    budget: f64,
) -> Vec<Option<u32>> {
    let count = parents.len();
    let first_inner = parents.iter().flatten().min().map_or(count, |parent| *parent as usize);
    let mut served: Vec<Option<u32>> = (0..).take(count).map(Some).collect();
    let mut share: Vec<f64> = shares.iter().copied().take(first_inner).collect();
    share.resize(count, 0.0);
    let hits = |share: f64| share * expected_hit_ratio(share * requests_per_s, freshness);
    let all: f64 = share.iter().sum();
    let mut expected: f64 = share.iter().map(|share| hits(*share)).sum();
    let reached = |expected: f64| expected >= budget * all;
    for inner in first_inner..count {
        if reached(expected) {
            break;
        }
        let is_child = |(_, parent): &(usize, &Option<u32>)| parent.is_some_and(|parent| parent as usize == inner);
        let children: Vec<usize> = parents
            .iter()
            .enumerate()
            .filter(is_child)
            .map(|(child, _)| child)
            .collect();
        expected -= children.iter().map(|child| hits(share[*child])).sum::<f64>();
        share[inner] = children.iter().map(|child| share[*child]).sum();
        expected += hits(share[inner]);
        for rung in &mut served {
            if rung.is_some_and(|rung| children.contains(&(rung as usize))) {
                *rung = u32::try_from(inner).ok();
            }
        }
    }
    if !reached(expected) {
        served.fill(None);
    }
    served
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(ttl_s: u32, stale_while_revalidate_s: u32) -> Freshness {
        Freshness {
            ttl_s,
            stale_while_revalidate_s,
            stale_if_error_s: 0,
        }
    }

    #[test]
    fn a_slot_gets_the_finest_level_that_its_traffic_affords() {
        // 0 and 1 make 4, 2 and 3 make 5, 4 and 5 make 6.
        let parents = [Some(4), Some(4), Some(5), Some(5), Some(6), Some(6), None];
        let shares = [0.25; 4];
        let level = |rate, budget| ladder(&parents, &shares, rate, &kept(60, 0), budget);
        let all = |nodes: [u32; 4]| nodes.map(Some).to_vec();
        // λ·ttl of a leaf: 15, of a pair 30, of all 60.
        assert_eq!(level(1.0, 0.9)[..4], all([0, 1, 2, 3]));
        assert_eq!(level(1.0, 0.95)[..4], all([4, 4, 2, 3]), "pairs only as far as needed");
        assert_eq!(level(1.0, 0.965)[..4], all([4, 4, 5, 5]));
        assert_eq!(level(1.0, 0.98)[..4], all([6, 6, 6, 6]));
        assert_eq!(level(1.0, 0.99), [None; 7]);
        assert_eq!(
            level(1e-9, 0.0)[..4],
            all([0, 1, 2, 3]),
            "a budget of nothing is met at once"
        );
    }

    #[test]
    fn without_a_tree_a_slot_has_its_segments_or_none() {
        let ladder = |rate| ladder(&[None, None], &[0.5, 0.5], rate, &kept(60, 0), 0.9);
        assert_eq!(ladder(10.0), [Some(0), Some(1)]);
        assert_eq!(ladder(0.01), [None, None]);
    }
}
