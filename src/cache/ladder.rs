//! How coarse the segments of a slot must be for its traffic to keep their answers warm.

use alloc::vec::Vec;

use super::freshness::Freshness;
use super::hit_ratio::expected_hit_ratio;

/// The segments that answer for each segment in a slot, by what its traffic affords: the finest level of the segment tree
/// whose hit ratio, over all its keys, is expected to reach `budget`. [`None`] for every segment where not even one for all
/// of them does.
///
/// `parents`: the segment that each one is part of, behind it. `shares`: the share of the slot's requests that each leaf makes;
/// leaves stand first, and shares of inner segments are not read. `requests_per_s`: of the slot, at one location, where a
/// location has a cache of its own. Levels are those in which the tree was built: from the leaves on, each next inner segment
/// takes the place of its children, so that the finest segments lose least.
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
