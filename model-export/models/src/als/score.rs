//! Exact top-k by dot product in single precision, many users at a time.

use rayon::prelude::*;

use super::Factors;
use super::kernel::{BLOCK, Cpu, Task, multiply_add};

/// Users scored together: each load of item factors then serves four rows of accumulators.
const USERS: usize = 4;

/// Item factors, laid out for scoring: blocks of 16 items, one value of all 16 after the other.
#[derive(Debug, Clone)]
pub struct Scorer {
    cpu: Cpu,
    dims: usize,
    items: usize,
    /// `⌈items / 16⌉ × dims` blocks.
    blocks: Vec<[f32; BLOCK]>,
}

impl Scorer {
    /// Lays out the factors.
    #[must_use]
    pub fn new(items: &Factors) -> Self {
        let dims = items.dims();
        let mut blocks = vec![[0.0; BLOCK]; items.rows().div_ceil(BLOCK) * dims];
        for item in 0..items.rows() {
            let start = item / BLOCK * dims;
            for (block, &value) in blocks[start..start + dims].iter_mut().zip(items.row(item)) {
                block[item % BLOCK] = value;
            }
        }
        Self {
            cpu: Cpu::detect(),
            dims,
            items: items.rows(),
            blocks,
        }
    }

    /// For each user the best `k` items that are not `excluded`, best first: score descending, then item ascending. Each
    /// user comes with its vector and its excluded items.
    #[must_use]
    pub fn top_k(&self, users: &[(&[f32], &[u32])], k: usize) -> Vec<Vec<u32>> {
        let lists: Vec<Vec<Vec<u32>>> = users
            .par_chunks(USERS)
            .map_init(
                || vec![0.0; USERS * self.blocks.len() / self.dims.max(1) * BLOCK],
                |scores, users| {
                    let vectors: Vec<&[f32]> = users.iter().map(|&(vector, _)| vector).collect();
                    self.cpu.run(ScoreTask {
                        scorer: self,
                        vectors: &vectors,
                        scores,
                    });
                    let width = scores.len() / USERS;
                    let rows = scores.chunks_exact_mut(width.max(1)).zip(users);
                    rows.map(|(scores, &(_, excluded))| {
                        for &item in excluded {
                            if let Some(score) = scores.get_mut(item as usize) {
                                *score = f32::NEG_INFINITY;
                            }
                        }
                        best(&scores[..self.items], k)
                    })
                    .collect()
                },
            )
            .collect();
        lists.into_iter().flatten().collect()
    }
}

struct ScoreTask<'a> {
    scorer: &'a Scorer,
    vectors: &'a [&'a [f32]],
    scores: &'a mut [f32],
}

impl Task for ScoreTask<'_> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        let dims = self.scorer.dims;
        let mut columns = vec![[0.0_f32; USERS]; dims];
        for (user, vector) in self.vectors.iter().enumerate() {
            for (column, &value) in columns.iter_mut().zip(*vector) {
                column[user] = value;
            }
        }
        let width = self.scores.len() / USERS;
        for (block, items) in self.scorer.blocks.chunks_exact(dims.max(1)).enumerate() {
            let mut sums = [[0.0_f32; BLOCK]; USERS];
            for (column, values) in columns.iter().zip(items) {
                for user in 0..USERS {
                    for c in 0..BLOCK {
                        sums[user][c] = multiply_add::<FUSED>(column[user], values[c], sums[user][c]);
                    }
                }
            }
            for (user, sums) in sums.iter().enumerate() {
                let start = user * width + block * BLOCK;
                self.scores[start..start + BLOCK].copy_from_slice(sums);
            }
        }
    }
}

/// The `k` best finite scores, best first, equal scores by position.
#[must_use]
pub fn best(scores: &[f32], k: usize) -> Vec<u32> {
    if k == 0 {
        return Vec::new();
    }
    let mut list: Vec<(f32, u32)> = Vec::with_capacity(k + 1);
    let mut floor = f32::NEG_INFINITY;
    for (&score, item) in scores.iter().zip(0_u32..) {
        // An equal score of a later position ranks behind.
        if score > floor && score.is_finite() {
            let place = list.partition_point(|&(other, _)| other >= score);
            list.insert(place, (score, item));
            list.truncate(k);
            if list.len() == k {
                floor = list.last().map_or(floor, |&(score, _)| score);
            }
        }
    }
    list.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SplitMix64;

    #[test]
    fn lists_equal_those_of_sorting_plain_dot_products() {
        let mut random = SplitMix64::new(11, 0);
        let (dims, items, users) = (10, 53, 7);
        // Small whole numbers: sums are exact in any order, and ties happen.
        let mut factors = |rows: usize| {
            let values = (0..rows * dims)
                .map(|_| if random.uniform() < 0.5 { 1.0 } else { -1.0 })
                .collect();
            Factors::new(dims, values)
        };
        let (item_factors, user_factors) = (factors(items), factors(users));
        let excluded: Vec<Vec<u32>> = (0..7_u32).map(|u| vec![u, 2 * u + 1, 52]).collect();
        let input: Vec<(&[f32], &[u32])> = excluded
            .iter()
            .enumerate()
            .map(|(u, excluded)| (user_factors.row(u), excluded.as_slice()))
            .collect();
        let lists = Scorer::new(&item_factors).top_k(&input, 20);
        for (u, list) in lists.iter().enumerate() {
            let score = |i: u32| -> f32 {
                user_factors
                    .row(u)
                    .iter()
                    .zip(item_factors.row(i as usize))
                    .map(|(a, b)| a * b)
                    .sum()
            };
            let mut expected: Vec<u32> = (0..53).filter(|i| !excluded[u].contains(i)).collect();
            expected.sort_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
            assert_eq!(list, &expected[..20], "user {u}");
        }
    }

    #[test]
    fn fewer_than_k_items_give_a_shorter_list() {
        assert_eq!(best(&[1.0, f32::NEG_INFINITY, 2.0], 5), [2, 0]);
        assert!(best(&[1.0], 0).is_empty());
    }
}
