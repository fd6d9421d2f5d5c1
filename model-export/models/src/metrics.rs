//! Metrics of ranked lists against held-out items, one user at a time.
//!
//! `docs/evaluation.md` has the formulas with their sources. Recall and NDCG are defined as in the peer benchmarks, so that
//! figures can be compared.

/// What one user's list is worth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UserMetrics {
    /// |top-k ∩ held-out| / |held-out|.
    pub recall: f64,
    /// DCG / IDCG with binary gain and discount 1/log₂(rank + 1).
    pub ndcg: f64,
    /// 1 / rank of the first hit, 0 without one.
    pub mrr: f64,
    /// 1 with at least one hit, else 0.
    pub hit_rate: f64,
}

/// Discounts and their sums for lists up to a length, computed once.
#[derive(Clone, Debug)]
pub struct Discounts {
    at: Vec<f64>,
    ideal: Vec<f64>,
}

impl Discounts {
    /// For lists of up to `k` items.
    #[must_use]
    pub fn new(k: usize) -> Self {
        let at: Vec<f64> = (0..k)
            .zip(2_u32..)
            .map(|(_, rank)| 1.0 / f64::from(rank).log2())
            .collect();
        let ideal = at
            .iter()
            .scan(0.0, |sum, discount| {
                *sum += discount;
                Some(*sum)
            })
            .collect();
        Self { at, ideal }
    }

    /// Judges one list. `held_out` must be ascending without repetitions; `None` when it is empty, as nothing can be
    /// measured then.
    #[must_use]
    pub fn judge(&self, list: &[u32], held_out: &[u32]) -> Option<UserMetrics> {
        let ideal = self.ideal.get(held_out.len().min(self.at.len()).checked_sub(1)?)?;
        let (mut hits, mut gain, mut first) = (0_u32, 0.0, 0.0);
        for ((item, discount), rank) in list.iter().zip(&self.at).zip(1_u32..) {
            if held_out.binary_search(item).is_ok() {
                if hits == 0 {
                    first = 1.0 / f64::from(rank);
                }
                hits += 1;
                gain += discount;
            }
        }
        Some(UserMetrics {
            recall: f64::from(hits) / count(held_out.len()),
            ndcg: gain / ideal,
            mrr: first,
            hit_rate: if hits > 0 { 1.0 } else { 0.0 },
        })
    }
}

/// Self-information of an item in bits: −log₂(users of the item / users) (Zhou et al. 2010; Vargas and Castells 2011).
#[must_use]
pub fn self_information(item_users: u64, users: usize) -> f64 {
    let item_users = usize::try_from(item_users).unwrap_or(usize::MAX).clamp(1, users.max(1));
    (count(users.max(1)) / count(item_users)).log2()
}

#[expect(clippy::cast_precision_loss, reason = "counts of users and items are far below 2^53")]
pub(crate) fn count(value: usize) -> f64 {
    value as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-12, "{a} is not {b}");
    }

    #[test]
    fn metrics_equal_values_computed_by_hand() {
        // Hits at ranks 2 and 4 of a list of 4; three items are held out.
        let judged = Discounts::new(4).judge(&[9, 1, 8, 5], &[1, 5, 7]).unwrap();
        close(judged.recall, 2.0 / 3.0);
        close(judged.mrr, 0.5);
        close(judged.hit_rate, 1.0);
        // (1/log2 3 + 1/log2 5) / (1 + 1/log2 3 + 1/2)
        let dcg = 0.630_929_753_571_457_4 + 0.430_676_558_073_393_1;
        close(judged.ndcg, dcg / (1.0 + 0.630_929_753_571_457_4 + 0.5));
    }

    #[test]
    fn the_ideal_list_has_ndcg_1_even_when_more_items_are_held_out_than_fit() {
        let judged = Discounts::new(2).judge(&[3, 2], &[1, 2, 3, 4]).unwrap();
        close(judged.ndcg, 1.0);
        close(judged.recall, 0.5);
    }

    #[test]
    fn no_hit_is_zero_everywhere_and_nothing_held_out_is_not_measured() {
        let judged = Discounts::new(3).judge(&[1, 2], &[4]).unwrap();
        assert_eq!(
            judged,
            UserMetrics {
                recall: 0.0,
                ndcg: 0.0,
                mrr: 0.0,
                hit_rate: 0.0
            }
        );
        assert!(Discounts::new(3).judge(&[1, 2], &[]).is_none());
    }

    #[test]
    fn items_past_k_do_not_count() {
        let judged = Discounts::new(1).judge(&[1, 2], &[2]).unwrap();
        close(judged.hit_rate, 0.0);
    }

    #[test]
    fn an_item_of_one_user_in_eight_has_three_bits() {
        close(self_information(1, 8), 3.0);
        close(self_information(8, 8), 0.0);
    }
}
