//! Smaller codes: how many bits and how many dimensions, what they cost, and which to take.
//!
//! A model's scores do not change when items and users are rotated together, and neither does the fold-in, whose penalty
//! has no direction. So the factors may be turned before they are coded: first so that as few dimensions as possible carry
//! as much as possible (the eigenvectors of Σ y yᵀ, of which the last are left out), then, within what is kept, by a random
//! rotation that spreads each row's values evenly over the dimensions, which is what few bits need. Nothing of this is
//! stored.

use selvedge::quantize::Width;
use serde::{Deserialize, Serialize};

use crate::als::{Factors, symmetric_eigen};
use crate::random::SplitMix64;

/// Seed of the random rotation: the same model is packed into the same bytes.
const SEED: u64 = 0x0005_e1fe_d9e0;

/// How factors are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coding {
    /// Bits of a code.
    pub width: Width,
    /// Dimensions that are kept.
    pub dims: usize,
}

/// A coding, measured on held-out events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measured {
    /// `int8` or `int4`.
    pub width: String,
    /// Dimensions that are kept.
    pub dims: usize,
    /// Codes, scale and norm of an item.
    pub bytes_per_item: usize,
    /// NDCG@k as served, all items.
    pub ndcg: f64,
    /// Its share of the first coding's (int8, all dimensions).
    pub kept: f64,
    /// Mean share of the first coding's ten best that are among the ten best.
    pub overlap: f64,
    /// Mean time of an exact search on this machine, microseconds.
    pub search_us: f64,
}

impl Coding {
    /// int8 in all dimensions: nothing is turned or left out.
    #[must_use]
    pub const fn full(dims: usize) -> Self {
        Self {
            width: Width::Int8,
            dims,
        }
    }

    /// Codes, scale and norm of an item.
    #[must_use]
    pub fn bytes_per_item(self) -> usize {
        let stride = self.width.stride_of(self.dims).unwrap_or(0);
        self.width.bytes_of(stride) + 2 * size_of::<u16>()
    }

    /// The full coding first, then every smaller one that fills whole vectors, largest first.
    #[must_use]
    pub fn candidates(dims: usize) -> Vec<Self> {
        let full = Self::full(dims);
        let mut candidates: Vec<Self> = [Width::Int8, Width::Int4]
            .into_iter()
            .flat_map(|width| {
                let lanes = width.stride_of(1).unwrap_or(dims);
                let multiples = (1..=dims / lanes).map(move |count| count * lanes);
                multiples.chain([dims]).map(move |dims| Self { width, dims })
            })
            .filter(|coding| coding.bytes_per_item() < full.bytes_per_item())
            .collect();
        candidates.sort_by_key(|coding| (std::cmp::Reverse(coding.bytes_per_item()), coding.dims));
        candidates.dedup();
        candidates.insert(0, full);
        candidates
    }
}

impl Measured {
    /// The coding that was measured; `None` for a width this version does not know.
    #[must_use]
    pub fn coding(&self) -> Option<Coding> {
        let width = [Width::Int8, Width::Int4]
            .into_iter()
            .find(|width| width.name() == self.width)?;
        Some(Coding { width, dims: self.dims })
    }
}

/// The smallest coding that keeps at least this share, among those that can be packed.
#[must_use]
pub fn smallest(frontier: &[Measured], keep: f64) -> Option<&Measured> {
    frontier
        .iter()
        .filter(|measured| measured.kept >= keep && measured.coding().is_some())
        .min_by_key(|measured| measured.bytes_per_item)
}

/// Turns vectors of the trained space into the coded one. Its rows are orthonormal.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// kept × dims, row by row; `None` leaves vectors as they are.
    rows: Option<Vec<Vec<f64>>>,
}

impl Rotation {
    /// The rotation for a coding of these items.
    #[must_use]
    pub fn new(items: &Factors, coding: Coding) -> Self {
        if coding == Coding::full(items.dims()) {
            return Self { rows: None };
        }
        let principal = principal_directions(items, coding.dims);
        let random = random_directions(principal.len());
        let rows = random
            .iter()
            .map(|weights| combination(weights, &principal, items.dims()))
            .collect();
        Self { rows: Some(rows) }
    }

    /// A vector in the coded space.
    #[must_use]
    pub fn apply(&self, vector: &[f32]) -> Vec<f32> {
        let Some(rows) = &self.rows else {
            return vector.to_vec();
        };
        let turned = rows.iter().map(|row| {
            let sum: f64 = row.iter().zip(vector).map(|(a, b)| a * f64::from(*b)).sum();
            #[expect(clippy::cast_possible_truncation, reason = "factors are 32 bits")]
            let value = sum as f32;
            value
        });
        turned.collect()
    }

    /// All rows of a matrix in the coded space.
    #[must_use]
    pub fn apply_all(&self, items: &Factors) -> Factors {
        let values: Vec<f32> = (0..items.rows()).flat_map(|row| self.apply(items.row(row))).collect();
        let dims = self.rows.as_ref().map_or(items.dims(), Vec::len);
        Factors::new(dims, values)
    }
}

/// The eigenvectors of Σ y yᵀ with the largest eigenvalues.
fn principal_directions(items: &Factors, kept: usize) -> Vec<Vec<f64>> {
    let dims = items.dims();
    let mut gram = vec![0.0f64; dims * dims];
    for row in (0..items.rows()).map(|row| items.row(row)) {
        for (line, left) in gram.chunks_exact_mut(dims).zip(row) {
            for (cell, right) in line.iter_mut().zip(row) {
                *cell += f64::from(*left) * f64::from(*right);
            }
        }
    }
    let eigen = symmetric_eigen(dims, gram);
    let mut order: Vec<usize> = (0..dims).collect();
    order.sort_by(|a, b| eigen.values[*b].total_cmp(&eigen.values[*a]));
    let column = |k: &usize| (0..dims).map(|at| eigen.vectors[at * dims + k]).collect();
    order.iter().take(kept).map(column).collect()
}

/// Random directions at right angles to each other: Gram-Schmidt, twice over, on normal numbers.
fn random_directions(dims: usize) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(dims);
    for stream in 0_u64.. {
        if rows.len() == dims {
            break;
        }
        let mut random = SplitMix64::new(SEED, stream);
        let mut row: Vec<f64> = (0..dims).map(|_| random.normal()).collect();
        for _ in 0..2 {
            for other in &rows {
                let along: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
                for (value, other) in row.iter_mut().zip(other) {
                    *value -= along * other;
                }
            }
        }
        let norm = row.iter().map(|value| value * value).sum::<f64>().sqrt();
        // A draw that lies in the span of the others is drawn again.
        if norm > 1e-6 {
            rows.push(row.into_iter().map(|value| value / norm).collect());
        }
    }
    rows
}

fn combination(weights: &[f64], vectors: &[Vec<f64>], dims: usize) -> Vec<f64> {
    let mut sum = vec![0.0; dims];
    for (weight, vector) in weights.iter().zip(vectors) {
        for (sum, value) in sum.iter_mut().zip(vector) {
            *sum += weight * value;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "tests")]
    use super::*;

    fn items(rows: usize, dims: usize) -> Factors {
        let mut random = SplitMix64::new(3, 0);
        // The later a dimension, the less it carries.
        let carries: Vec<f64> = std::iter::successors(Some(1.0), |last| Some(last * 0.8))
            .take(dims)
            .collect();
        let values = (0..rows * dims).map(|at| (random.normal() * carries[at % dims]) as f32);
        Factors::new(dims, values.collect())
    }

    #[test]
    fn codings_go_from_the_full_one_to_ever_smaller_ones() {
        let names = |dims| -> Vec<(&str, usize, usize)> {
            let candidates = Coding::candidates(dims);
            candidates
                .iter()
                .map(|c| (c.width.name(), c.dims, c.bytes_per_item()))
                .collect()
        };
        assert_eq!(
            names(64),
            [
                ("int8", 64, 68),
                ("int8", 48, 52),
                ("int8", 32, 36),
                ("int4", 64, 36),
                ("int8", 16, 20),
                ("int4", 32, 20),
            ]
        );
        assert_eq!(names(16), [("int8", 16, 20)]);
        assert_eq!(names(40)[0], ("int8", 40, 52));
    }

    #[test]
    fn a_rotation_without_loss_of_dimensions_keeps_every_product() {
        let items = items(50, 32);
        let coding = Coding {
            width: Width::Int4,
            dims: 32,
        };
        let rotation = Rotation::new(&items, coding);
        let turned = rotation.apply_all(&items);
        let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
        for row in 1..50 {
            let before = dot(items.row(0), items.row(row));
            let after = dot(turned.row(0), turned.row(row));
            assert!((before - after).abs() < 1e-4, "{before} became {after}");
        }
        let user = rotation.apply(items.row(7));
        assert_eq!(user.len(), 32);
        assert!((dot(&user, turned.row(3)) - dot(items.row(7), items.row(3))).abs() < 1e-4);
    }

    #[test]
    fn what_is_left_out_is_what_carries_least() {
        let items = items(400, 32);
        let squares = |items: &Factors| -> f64 {
            let values = (0..items.rows()).flat_map(|row| items.row(row).to_vec());
            values.map(|value| f64::from(value * value)).sum()
        };
        let coding = Coding {
            width: Width::Int8,
            dims: 16,
        };
        let kept = squares(&Rotation::new(&items, coding).apply_all(&items)) / squares(&items);
        // 0.8² per dimension: the first 16 of 32 carry 1 − 0.64¹⁶ of all.
        assert!(kept > 0.998, "{kept}");
    }

    #[test]
    fn the_smallest_that_keeps_enough_is_taken() {
        let measured = |width: &str, bytes_per_item, kept| Measured {
            width: width.to_owned(),
            dims: 64,
            bytes_per_item,
            ndcg: 0.2 * kept,
            kept,
            overlap: kept,
            search_us: 1.0,
        };
        let frontier = [
            measured("int8", 68, 1.0),
            measured("int4", 36, 0.996),
            measured("int4", 20, 0.9),
        ];
        assert_eq!(smallest(&frontier, 0.995).unwrap().bytes_per_item, 36);
        assert_eq!(smallest(&frontier, 0.9).unwrap().bytes_per_item, 20);
        assert_eq!(smallest(&frontier, 1.01), None);
        // A width that only another version of this program can pack.
        let unknown = [measured("int8", 68, 1.0), measured("int2", 20, 1.0)];
        assert_eq!(smallest(&unknown, 0.9).unwrap().bytes_per_item, 68);
    }
}
