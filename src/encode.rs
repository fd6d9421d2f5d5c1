//! The user encoder: exact least-squares fold-in against the quantized item factors.
//!
//! With weights `w_i` on the visitor's items, factors `y_i`, Gram matrix `G = Σ y yᵀ` over all items, the vector is
//!
//! ```text
//! x = A⁻¹ Σ w_i y_i,   A = α₀ G + Σ w_i y_i y_iᵀ + λ (n + α₀ N)^ν I
//! ```
//!
//! the user half-step of implicit-feedback ALS (Hu, Koren, Volinsky 2008) with the unobserved weight α₀ and the
//! frequency-scaled regularisation of Rendle, Krichene, Zhang, Koren (2021), `n` being the number of the visitor's items.
//! Training runs the same step, so that a profile at the edge and a user in the lake get the same vector.
//!
//! Only `+ − × ÷ √` in 64 bits, in one order: native, Worker and browser agree bit for bit.

use alloc::vec;
use alloc::vec::Vec;

/// Parameters of the fold-in; see the module's formula.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoldInParameters {
    /// α₀ > 0.
    pub unobserved_weight: f32,
    /// λ > 0.
    pub regularisation: f32,
    /// ν: 0, 0.5 or 1.
    pub regularisation_exponent: f32,
    /// N, items in the training matrix.
    pub items: u32,
}

impl FoldInParameters {
    /// λ (n + α₀ N)^ν for a visitor of `n` items.
    #[must_use]
    pub fn ridge(&self, n: usize) -> f64 {
        let n = u32::try_from(n).map_or(f64::from(u32::MAX), f64::from);
        let frequency = n + f64::from(self.unobserved_weight) * f64::from(self.items);
        let scale = if self.regularisation_exponent >= 1.0 {
            frequency
        } else if self.regularisation_exponent > 0.0 {
            frequency.sqrt()
        } else {
            1.0
        };
        f64::from(self.regularisation) * scale
    }
}

/// A visitor's vector with what is needed to explain scores.
#[derive(Clone, Debug)]
pub struct Encoded {
    dims: usize,
    /// Lower Cholesky factor of A, rows one after the other, row `i` of length `i + 1`.
    cholesky: Vec<f64>,
    /// Factors of the history's items, one row each, times their weights.
    weighted: Vec<f64>,
    /// The vector, `dims` long.
    pub vector: Vec<f32>,
}

/// Encodes weighted items. `gram` is dims × dims, row-major; each history row holds `dims` factors.
///
/// Complexity: `O(h · dims² + dims³ / 6)` for `h` rows. Rows must come in a defined order (the engine sorts them by row
/// index), as floating-point sums depend on it.
#[must_use]
pub fn fold_in(gram: &[f32], dims: usize, history: &[(Vec<f32>, f32)], parameters: &FoldInParameters) -> Encoded {
    let alpha = f64::from(parameters.unobserved_weight);
    let ridge = parameters.ridge(history.len());
    let mut a: Vec<f64> = Vec::with_capacity(dims * (dims + 1) / 2);
    for row in 0..dims {
        a.extend(
            gram[row * dims..row * dims + row + 1]
                .iter()
                .map(|value| alpha * f64::from(*value)),
        );
        if let Some(diagonal) = a.last_mut() {
            *diagonal += ridge;
        }
    }
    let mut right = vec![0.0; dims];
    let mut weighted = Vec::with_capacity(history.len() * dims);
    for (factors, weight) in history {
        let weight = f64::from(*weight);
        let start = weighted.len();
        weighted.extend(factors.iter().map(|factor| weight * f64::from(*factor)));
        let scaled = &weighted[start..];
        let mut at = 0;
        for (row, scaled_factor) in scaled.iter().enumerate() {
            right[row] += scaled_factor;
            for (cell, factor) in a[at..at + row + 1].iter_mut().zip(factors) {
                *cell += scaled_factor * f64::from(*factor);
            }
            at += row + 1;
        }
    }
    factorise(&mut a, dims);
    let mut encoded = Encoded {
        dims,
        cholesky: a,
        weighted,
        vector: Vec::new(),
    };
    encoded.solve(&mut right);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the vector is used in 32 bits everywhere"
    )]
    let vector = right.iter().map(|value| *value as f32).collect();
    encoded.vector = vector;
    encoded
}

/// Cholesky factorisation in place. A is positive definite by α₀ > 0, λ > 0 and w ≥ 0; rounding cannot push a pivot below
/// the ridge by more than a hair, and a pivot that it did push is held at a small positive number.
fn factorise(a: &mut [f64], dims: usize) {
    for i in 0..dims {
        let row_i = i * (i + 1) / 2;
        for j in 0..=i {
            let row_j = j * (j + 1) / 2;
            let (head, tail) = a.split_at_mut(row_i);
            let left = &tail[..j];
            let other = if j == i { left } else { &head[row_j..row_j + j] };
            let dot: f64 = left.iter().zip(other).map(|(x, y)| x * y).sum();
            let rest = tail[j] - dot;
            tail[j] = if i == j {
                rest.max(1e-30).sqrt()
            } else {
                rest / head[row_j + j]
            };
        }
    }
}

impl Encoded {
    /// Solves A x = b in place.
    fn solve(&self, b: &mut [f64]) {
        let l = &self.cholesky;
        for i in 0..self.dims {
            let row = i * (i + 1) / 2;
            let dot: f64 = l[row..row + i].iter().zip(b.iter()).map(|(x, y)| x * y).sum();
            b[i] = (b[i] - dot) / l[row + i];
        }
        for i in (0..self.dims).rev() {
            let row = i * (i + 1) / 2;
            b[i] /= l[row + i];
            let solved = b[i];
            for (value, factor) in b[..i].iter_mut().zip(&l[row..row + i]) {
                *value -= factor * solved;
            }
        }
    }

    /// What each history row adds to the score of an item with these factors: `w_h y_iᵀ A⁻¹ y_h` (Hu, Koren, Volinsky
    /// 2008, section 5). The parts sum up to the item's unquantized score.
    #[must_use]
    pub fn contributions(&self, item: &[f32]) -> Vec<f64> {
        let mut direction: Vec<f64> = item.iter().map(|value| f64::from(*value)).collect();
        self.solve(&mut direction);
        self.weighted
            .chunks_exact(self.dims.max(1))
            .map(|row| row.iter().zip(&direction).map(|(x, y)| x * y).sum())
            .collect()
    }
}

/// 2^(−age / half-life) without a platform's `exp`: an exact power of two times a polynomial on [0, 1).
///
/// The polynomial is the Taylor series of 2^(−t) to the 10th order; its error stays below 1e-9.
#[must_use]
pub fn decay(age_ms: u64, half_life_ms: u64) -> f32 {
    let half_life_ms = half_life_ms.max(1);
    let whole = age_ms / half_life_ms;
    if whole >= 64 {
        return 0.0;
    }
    #[expect(clippy::cast_precision_loss, reason = "a share of a half-life needs no 53 bits")]
    let part = (age_ms % half_life_ms) as f64 / half_life_ms as f64;
    let x = -core::f64::consts::LN_2 * part;
    let mut term = 1.0;
    let mut sum = 1.0;
    for k in 1..=10u32 {
        term *= x / f64::from(k);
        sum += term;
    }
    for _ in 0..whole {
        sum *= 0.5;
    }
    #[expect(clippy::cast_possible_truncation, reason = "weights are kept in 32 bits")]
    let weight = sum as f32;
    weight
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> FoldInParameters {
        FoldInParameters {
            unobserved_weight: 0.1,
            regularisation: 0.01,
            regularisation_exponent: 1.0,
            items: 100,
        }
    }

    fn example() -> (Vec<f32>, Vec<(Vec<f32>, f32)>) {
        let gram = vec![4.0, 1.0, 0.5, 1.0, 3.0, 0.2, 0.5, 0.2, 2.0];
        let history = vec![(vec![1.0, 0.5, -0.25], 1.0), (vec![-0.5, 0.75, 1.0], 0.5)];
        (gram, history)
    }

    #[test]
    fn the_vector_solves_the_normal_equations() {
        let (gram, history) = example();
        let encoded = fold_in(&gram, 3, &history, &parameters());
        let ridge = parameters().ridge(2);
        for row in 0..3 {
            let mut left = ridge * f64::from(encoded.vector[row]);
            let mut right = 0.0;
            for (column, value) in encoded.vector.iter().enumerate() {
                left += f64::from(0.1f32) * f64::from(gram[row * 3 + column]) * f64::from(*value);
            }
            for (factors, weight) in &history {
                let dot: f64 = factors
                    .iter()
                    .zip(&encoded.vector)
                    .map(|(x, y)| f64::from(*x) * f64::from(*y))
                    .sum();
                left += f64::from(*weight) * f64::from(factors[row]) * dot;
                right += f64::from(*weight) * f64::from(factors[row]);
            }
            assert!((left - right).abs() < 1e-6, "row {row}: {left} against {right}");
        }
    }

    #[test]
    fn contributions_sum_to_the_score() {
        let (gram, history) = example();
        let encoded = fold_in(&gram, 3, &history, &parameters());
        let item = [0.3, -0.2, 0.9];
        let score: f64 = item
            .iter()
            .zip(&encoded.vector)
            .map(|(x, y)| f64::from(*x) * f64::from(*y))
            .sum();
        let sum: f64 = encoded.contributions(&item).iter().sum();
        assert!((score - sum).abs() < 1e-6, "{score} against {sum}");
    }

    #[test]
    fn an_empty_history_encodes_to_zero() {
        let (gram, _) = example();
        assert_eq!(fold_in(&gram, 3, &[], &parameters()).vector, vec![0.0; 3]);
    }

    #[test]
    fn decay_halves_with_every_half_life_and_agrees_with_exp2_between() {
        assert_eq!(decay(0, 1000), 1.0);
        assert_eq!(decay(3000, 1000), 0.125);
        assert_eq!(decay(u64::MAX, 1000), 0.0);
        for age in (0..5000u32).step_by(37) {
            let expected = (-f64::from(age) / 1000.0).exp2();
            assert!((f64::from(decay(u64::from(age), 1000)) - expected).abs() < 1e-7);
        }
    }
}
