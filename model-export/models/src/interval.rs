//! Means with 95 % confidence intervals.

use serde::{Deserialize, Serialize};

use crate::metrics::count;
use crate::random::SplitMix64;

/// 97.5th percentile of the standard normal distribution.
const Z_95: f64 = 1.959_963_984_540_054;

/// Resamples for a bootstrap standard error: enough for two digits of it (Efron and Tibshirani 1993, chapter 6).
const RESAMPLES: usize = 200;

/// An estimate with its 95 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
}

impl Estimate {
    /// Mean over users, with the normal interval `mean ± 1.96 s/√n`: users are the sampling unit. Of fewer than two
    /// values the interval is the mean alone.
    #[must_use]
    pub fn mean(values: &[f64]) -> Self {
        let n = count(values.len().max(1));
        let mean = values.iter().sum::<f64>() / n;
        let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let error = if values.len() < 2 {
            0.0
        } else {
            (squares / (n - 1.0) / n).sqrt()
        };
        Self::around(mean, error)
    }

    /// The share of `items` items that are in at least one list, with the normal interval from the standard error over
    /// bootstrap samples of users. (The percentile interval is of no use here: a sample with repetitions always covers
    /// less than the whole.)
    #[must_use]
    pub fn coverage(lists: &[Vec<u32>], items: usize, seed: u64) -> Self {
        let last = lists.iter().flatten().max().map_or(0, |&item| item as usize + 1);
        let mut seen_in = vec![0_u32; last];
        let mut covered = |sample: u32, chosen: &mut dyn Iterator<Item = &Vec<u32>>| {
            let mut distinct = 0_usize;
            for &item in chosen.flatten() {
                if seen_in[item as usize] != sample {
                    seen_in[item as usize] = sample;
                    distinct += 1;
                }
            }
            count(distinct) / count(items.max(1))
        };
        let whole = covered(1, &mut lists.iter());
        let mut random = SplitMix64::new(seed, 0);
        let samples: Vec<f64> = (0..RESAMPLES)
            .zip(2..)
            .map(|(_, sample)| covered(sample, &mut lists.iter().map(|_| &lists[random.below(lists.len())])))
            .collect();
        let mean = samples.iter().sum::<f64>() / count(RESAMPLES);
        let squares: f64 = samples.iter().map(|value| (value - mean).powi(2)).sum();
        Self::around(whole, (squares / count(RESAMPLES - 1)).sqrt())
    }

    fn around(value: f64, error: f64) -> Self {
        Self {
            value,
            low: value - Z_95 * error,
            high: value + Z_95 * error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_of_a_mean_is_the_textbook_one() {
        // Mean 3, s² = 2.5, n = 5: standard error √0.5.
        let estimate = Estimate::mean(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        assert!((estimate.value - 3.0).abs() < 1e-12);
        assert!((estimate.high - 3.0 - 1.959_963_984_540_054 * 0.5_f64.sqrt()).abs() < 1e-12);
        assert!((estimate.high - estimate.value - (estimate.value - estimate.low)).abs() < 1e-12);
    }

    #[test]
    fn nine_of_ten_intervals_and_more_hold_the_true_mean() {
        let held = (0..400)
            .filter(|&stream| {
                let mut random = SplitMix64::new(1, stream);
                let values: Vec<f64> = (0..60).map(|_| random.uniform()).collect();
                let estimate = Estimate::mean(&values);
                estimate.low <= 0.5 && 0.5 <= estimate.high
            })
            .count();
        assert!((360..=396).contains(&held), "{held} of 400");
    }

    #[test]
    fn coverage_counts_each_item_once() {
        let estimate = Estimate::coverage(&[vec![0, 1], vec![1, 2], vec![0]], 6, 1);
        assert!((estimate.value - 0.5).abs() < 1e-12);
        assert!(estimate.low < 0.5 && estimate.high > 0.5);
        let same = Estimate::coverage(&[vec![0], vec![0]], 4, 1);
        assert_eq!((same.value, same.low, same.high), (0.25, 0.25, 0.25));
    }

    #[test]
    fn one_value_or_none_has_no_width() {
        assert_eq!(
            Estimate::mean(&[0.5]),
            Estimate {
                value: 0.5,
                low: 0.5,
                high: 0.5
            }
        );
        assert_eq!(Estimate::mean(&[]).value, 0.0);
        assert_eq!(Estimate::coverage(&[], 3, 1).value, 0.0);
    }
}
