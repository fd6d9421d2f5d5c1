//! The user encoder: exact least-squares fold-in against the quantized item factors.
//!
//! With weights `w_i` on the visitor's items, factors `y_i`, and the Gram matrix `G = Σ y yᵀ` over all items, the user
//! vector is
//!
//! ```text
//! x = A⁻¹ Σ w_i y_i,   A = α₀ G + Σ w_i y_i y_iᵀ + λ (n + α₀ N)^ν I
//! ```
//!
//! This is the user half-step of implicit-feedback ALS (Hu, Koren, Volinsky 2008) with the unobserved weight α₀ and the
//! frequency-scaled regularisation of Rendle, Krichene, Zhang, Koren (2021); `n` is the number of the visitor's items.
//! Training runs the same step, so a profile at the edge and a user in the lake get the same vector.
//!
//! It uses only `+ − × ÷ √` in 64 bits, in one order: native code, Worker and browser agree bit for bit.

mod approximate;
mod encoder;

use alloc::vec;
use alloc::vec::Vec;

pub use approximate::Approximation;
pub use encoder::{Encoder, UserVector};

/// Parameters of the fold-in; the module's formula names them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FoldInParameters {
    /// α₀, above 0.
    pub unobserved_weight: f32,
    /// λ, above 0.
    pub regularisation: f32,
    /// ν: 0, 0.5 or 1.
    pub regularisation_exponent: f32,
    /// N, the number of items in the training matrix.
    pub items: u32,
}

impl FoldInParameters {
    /// Returns λ (n + α₀ N)^ν, the ridge of a visitor with `n` items.
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

/// A user vector, with what is needed to explain its scores.
#[derive(Clone, Debug)]
pub struct Encoded {
    dims: usize,
    /// Lower Cholesky factor of A, packed by columns: column `j` starts at row `j`.
    cholesky: Vec<f64>,
    /// Factors of the history's items times their weights, one row each.
    weighted: Vec<f64>,
    /// The user vector, `dims` long.
    pub vector: Vec<f32>,
}

/// Encodes weighted items. `gram` is dims × dims, row-major; each history entry holds `dims` factors and a weight.
///
/// The history needs a defined order, since floating-point sums depend on it; the engine sorts it by row index.
/// Complexity: `O(h · dims² + dims³ / 6)` for `h` entries.
///
/// ```
/// use selvedge::encode::{FoldInParameters, fold_in};
///
/// let parameters = FoldInParameters {
///     unobserved_weight: 0.1,
///     regularisation: 0.01,
///     regularisation_exponent: 1.0,
///     items: 2,
/// };
/// // Two items with the factors (1, 0) and (0, 1); the visitor viewed the first one.
/// let gram = [1.0, 0.0, 0.0, 1.0];
/// let encoded = fold_in(&gram, 2, &[(vec![1.0, 0.0], 1.0)], &parameters);
/// assert!(encoded.vector[0] > 0.8 && encoded.vector[1] == 0.0);
/// ```
#[must_use]
pub fn fold_in(gram: &[f32], dims: usize, history: &[(Vec<f32>, f32)], parameters: &FoldInParameters) -> Encoded {
    let alpha = f64::from(parameters.unobserved_weight);
    let ridge = parameters.ridge(history.len());
    let mut a: Vec<f64> = Vec::with_capacity(dims * (dims + 1) / 2);
    for column in 0..dims {
        let diagonal = a.len();
        a.extend((column..dims).map(|row| alpha * f64::from(gram[row * dims + column])));
        a[diagonal] += ridge;
    }
    let mut right = vec![0.0; dims];
    let mut weighted = Vec::with_capacity(history.len() * dims);
    for (factors, weight) in history {
        let weight = f64::from(*weight);
        let start = weighted.len();
        weighted.extend(factors.iter().map(|factor| weight * f64::from(*factor)));
        let scaled = &weighted[start..];
        let mut rest = a.as_mut_slice();
        for (column, (factor, right)) in factors.iter().zip(&mut right).enumerate() {
            *right += scaled[column];
            let (cells, behind) = rest.split_at_mut(dims - column);
            let factor = f64::from(*factor);
            for (cell, scaled_factor) in cells.iter_mut().zip(&scaled[column..]) {
                *cell += scaled_factor * factor;
            }
            rest = behind;
        }
    }
    factorise(&mut a, dims);
    let mut encoded = Encoded {
        dims,
        cholesky: a,
        weighted,
        vector: Vec::new(),
    };
    let mut right: Vec<[f64; LANES]> = right.into_iter().map(|value| [value; LANES]).collect();
    encoded.solve(&mut right);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the vector is used in 32 bits everywhere"
    )]
    let vector = right.iter().map(|[value, ..]| *value as f32).collect();
    encoded.vector = vector;
    encoded
}

/// Cholesky factorisation in place. A is positive definite because α₀ > 0, λ > 0 and w ≥ 0. Rounding cannot push a
/// pivot noticeably below the ridge; should it, the pivot is clamped to a small positive number.
///
/// Each column sums over `k` for all its rows at once, in the order of `k`, so that no addition waits for the previous
/// one.
fn factorise(a: &mut [f64], dims: usize) {
    let mut sums = vec![0.0; dims];
    for j in 0..dims {
        let (before, rest) = a.split_at_mut(column_start(dims, j));
        let column = &mut rest[..dims - j];
        let sums = &mut sums[..dims - j];
        sums.fill(0.0);
        let mut start = 0;
        for k in 0..j {
            let earlier = &before[start + j - k..start + dims - k];
            let factor = earlier[0];
            for (sum, value) in sums.iter_mut().zip(earlier) {
                *sum += value * factor;
            }
            start += dims - k;
        }
        let pivot = (column[0] - sums[0]).max(1e-30).sqrt();
        column[0] = pivot;
        for (cell, sum) in column.iter_mut().zip(&*sums).skip(1) {
            *cell = (*cell - sum) / pivot;
        }
    }
}

/// Returns where a column of a packed lower triangle begins.
const fn column_start(dims: usize, column: usize) -> usize {
    column * (2 * dims + 1 - column) / 2
}

/// Number of right-hand sides that are solved together.
const LANES: usize = 4;

impl Encoded {
    /// Solves A x = b in place, for [`LANES`] right-hand sides together.
    fn solve(&self, b: &mut [[f64; LANES]]) {
        let dims = self.dims;
        let mut sums = vec![[0.0; LANES]; dims];
        let mut start = 0;
        for j in 0..dims {
            let column = &self.cholesky[start..start + dims - j];
            for (value, sum) in b[j].iter_mut().zip(&sums[j]) {
                *value = (*value - sum) / column[0];
            }
            let solved = b[j];
            for (sum, factor) in sums[j + 1..].iter_mut().zip(&column[1..]) {
                for (sum, solved) in sum.iter_mut().zip(&solved) {
                    *sum += factor * solved;
                }
            }
            start += dims - j;
        }
        for j in (0..dims).rev() {
            start -= dims - j;
            let column = &self.cholesky[start..start + dims - j];
            let (head, below) = b.split_at_mut(j + 1);
            let value = &mut head[j];
            for (solved, factor) in below.iter().zip(&column[1..]).rev() {
                for (value, solved) in value.iter_mut().zip(solved) {
                    *value -= factor * solved;
                }
            }
            for value in value {
                *value /= column[0];
            }
        }
    }

    /// Returns, for each of `items` (`dims` factors each), the contribution of every history item to its score: `w_h
    /// y_iᵀ A⁻¹ y_h` (Hu, Koren, Volinsky 2008, section 5). The contributions to an item sum to its unquantized score.
    #[must_use]
    pub fn contributions(&self, items: &[Vec<f32>]) -> Vec<Vec<f64>> {
        let mut parts = Vec::with_capacity(items.len());
        for items in items.chunks(LANES) {
            let mut directions = vec![[0.0; LANES]; self.dims];
            for (lane, item) in items.iter().enumerate() {
                for (direction, factor) in directions.iter_mut().zip(item) {
                    direction[lane] = f64::from(*factor);
                }
            }
            self.solve(&mut directions);
            let first = parts.len();
            parts.extend(
                items
                    .iter()
                    .map(|_| Vec::with_capacity(self.weighted.len() / self.dims.max(1))),
            );
            for row in self.weighted.chunks_exact(self.dims.max(1)) {
                let mut sums = [0.0; LANES];
                for (factor, direction) in row.iter().zip(&directions) {
                    for (sum, direction) in sums.iter_mut().zip(direction) {
                        *sum += factor * direction;
                    }
                }
                for (parts, sum) in parts[first..].iter_mut().zip(sums) {
                    parts.push(sum);
                }
            }
        }
        parts
    }
}

/// Returns 2^(−age / half-life) without a platform's `exp`: a power of two, which is exact, times a polynomial on [0,
/// 1).
///
/// The polynomial is the Taylor series of 2^(−t) up to order 10; its error is below 1e-9.
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
        let others = vec![vec![0.5, 0.5, 0.5]; 9];
        let items = [vec![item.to_vec()], others.clone()].concat();
        let parts = encoded.contributions(&items);
        assert_eq!(parts.len(), 10);
        assert_eq!(
            parts[9],
            encoded.contributions(&others[..1])[0],
            "beside others as alone"
        );
        let sum: f64 = parts[0].iter().sum();
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
