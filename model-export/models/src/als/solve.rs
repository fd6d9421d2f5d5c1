//! One half of an ALS iteration: every row of one side solved exactly while the other side is fixed.

use rayon::prelude::*;

use super::SparseMatrix;
use super::eigen::symmetric_eigen;
use super::kernel::{BLOCK, Cpu, Row, Task, add_scaled, factor_upper, rank_update, solve_upper};
use super::objective::Objective;

/// Rows gathered before they are added to a row's matrix: with 64 factors 16 KiB, half of a first-level cache.
const PANEL_ROWS: usize = 64;

/// Rows per partial sum of a Gram matrix. Fixed, so that the sum does not depend on the number of threads.
const GRAM_ROWS: usize = 512;

/// Rows solved per task: small enough that a few heavy rows do not leave a core idle.
const TASK_ROWS: usize = 16;

/// `Σ y yᵀ` over all rows: the upper triangle of a matrix of `16 × BLOCKS` rows.
fn gram<const BLOCKS: usize>(cpu: Cpu, rows: &[Row<BLOCKS>]) -> Vec<Row<BLOCKS>> {
    let parts: Vec<Vec<Row<BLOCKS>>> = rows
        .par_chunks(GRAM_ROWS)
        .map(|rows| cpu.run(GramPart { rows }))
        .collect();
    let mut total = vec![[[0.0; BLOCK]; BLOCKS]; BLOCK * BLOCKS];
    for part in parts {
        for (row, add) in total.iter_mut().zip(&part) {
            for (value, add) in row.as_flattened_mut().iter_mut().zip(add.as_flattened()) {
                *value += add;
            }
        }
    }
    total
}

struct GramPart<'a, const BLOCKS: usize> {
    rows: &'a [Row<BLOCKS>],
}

impl<const BLOCKS: usize> Task for GramPart<'_, BLOCKS> {
    type Output = Vec<Row<BLOCKS>>;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> Self::Output {
        let mut sum = vec![[[0.0; BLOCK]; BLOCKS]; BLOCK * BLOCKS];
        for panel in self.rows.chunks(PANEL_ROWS) {
            rank_update::<BLOCKS, FUSED, false>(panel, &mut sum, 0);
        }
        sum
    }
}

/// Turns every row of `fixed` into the basis of the eigenvectors of its Gram matrix, and gives the eigenvalues there.
///
/// Scores do not change when both sides are turned alike, and the other side is about to be solved anew. In this basis the
/// part of a row's matrix that is not from its own entries is a diagonal, whatever the row's penalty; rows with few entries
/// can then be solved in a system of the size of their entries.
fn diagonalise_gram<const BLOCKS: usize>(cpu: Cpu, dims: usize, fixed: &mut [Row<BLOCKS>]) -> Row<BLOCKS> {
    let upper = gram(cpu, fixed);
    let mut full = vec![0.0; dims * dims];
    for (i, row) in upper.iter().enumerate().take(dims) {
        for (j, &value) in row.as_flattened().iter().enumerate().take(dims).skip(i) {
            full[i * dims + j] = f64::from(value);
            full[j * dims + i] = f64::from(value);
        }
    }
    let eigen = symmetric_eigen(dims, full);
    // Padding columns stay zero: their rows and columns of the rotation are.
    let mut rotation = vec![[[0.0; BLOCK]; BLOCKS]; BLOCK * BLOCKS];
    let mut values = [[0.0; BLOCK]; BLOCKS];
    for k in 0..dims {
        // Rounding may leave a small negative eigenvalue of a singular matrix.
        values.as_flattened_mut()[k] = narrow(eigen.values[k].max(0.0));
        for (row, i) in rotation.iter_mut().zip(0..dims) {
            row.as_flattened_mut()[k] = narrow(eigen.vectors[i * dims + k]);
        }
    }
    fixed.par_chunks_mut(GRAM_ROWS).for_each(|rows| {
        cpu.run(Rotate {
            rows,
            rotation: &rotation,
        });
    });
    values
}

#[expect(clippy::cast_possible_truncation, reason = "the solver works in single precision")]
fn narrow(value: f64) -> f32 {
    value as f32
}

struct Rotate<'a, const BLOCKS: usize> {
    rows: &'a mut [Row<BLOCKS>],
    rotation: &'a [Row<BLOCKS>],
}

impl<const BLOCKS: usize> Task for Rotate<'_, BLOCKS> {
    type Output = ();

    #[inline(always)]
    fn run<const FUSED: bool>(self) {
        for row in self.rows {
            let mut turned = [[0.0; BLOCK]; BLOCKS];
            for (&value, direction) in row.as_flattened().iter().zip(self.rotation) {
                add_scaled::<BLOCKS, FUSED>(value, direction, &mut turned);
            }
            *row = turned;
        }
    }
}

/// Replaces every row of `solved` by the exact minimum of the objective with `fixed` held: row `u` solves
/// `(α₀ YᵀY + Σ w y yᵀ + λ (n_u + α₀ N)^ν I) x = Σ w y` over the entries of row `u` of `interactions`.
/// `fixed` is turned into another basis on the way; its scores with `solved` are what counts.
///
/// Gives the number of rows whose matrix was not positive definite in `f32`; these become zero.
pub fn solve_rows<const BLOCKS: usize>(
    cpu: Cpu,
    dims: usize,
    interactions: &SparseMatrix,
    fixed: &mut [Row<BLOCKS>],
    solved: &mut [Row<BLOCKS>],
    objective: &Objective,
) -> usize {
    let mut diagonal = diagonalise_gram(cpu, dims, fixed);
    for value in diagonal.as_flattened_mut() {
        *value *= objective.unobserved_weight;
    }
    let fixed = &*fixed;
    solved
        .par_chunks_mut(TASK_ROWS)
        .enumerate()
        .map_init(Scratch::new, |scratch, (task, rows)| {
            cpu.run(SolveTask {
                interactions,
                fixed,
                diagonal: &diagonal,
                objective,
                first_row: task * TASK_ROWS,
                rows,
                scratch,
            })
        })
        .sum()
}

/// Working memory of one thread.
struct Scratch<const BLOCKS: usize> {
    matrix: Vec<Row<BLOCKS>>,
    panel: Vec<Row<BLOCKS>>,
}

impl<const BLOCKS: usize> Scratch<BLOCKS> {
    fn new() -> Self {
        Self {
            matrix: vec![[[0.0; BLOCK]; BLOCKS]; BLOCK * BLOCKS],
            panel: Vec::with_capacity(PANEL_ROWS),
        }
    }
}

struct SolveTask<'a, const BLOCKS: usize> {
    interactions: &'a SparseMatrix,
    fixed: &'a [Row<BLOCKS>],
    /// α₀ × eigenvalues of the Gram matrix of `fixed`.
    diagonal: &'a Row<BLOCKS>,
    objective: &'a Objective,
    first_row: usize,
    rows: &'a mut [Row<BLOCKS>],
    scratch: &'a mut Scratch<BLOCKS>,
}

impl<const BLOCKS: usize> Task for SolveTask<'_, BLOCKS> {
    type Output = usize;

    #[inline(always)]
    fn run<const FUSED: bool>(self) -> usize {
        let Scratch { matrix, panel } = self.scratch;
        let mut failed = 0;
        for (row, x) in (self.first_row..).zip(self.rows) {
            let entries = Entries {
                columns: self.interactions.row(row),
                weights: self.interactions.row_weights(row),
                fixed: self.fixed,
            };
            let penalty = self
                .objective
                .penalty(entries.columns.len(), self.interactions.columns());
            let mut diagonal = *self.diagonal;
            for value in diagonal.as_flattened_mut() {
                *value += penalty;
            }
            *x = [[0.0; BLOCK]; BLOCKS];
            // The smaller of the two systems; with as many entries as half of the factors both cost the same.
            let solved = match entries.columns.len() {
                0 => true,
                1..=16 if BLOCKS >= 2 => solve_dual::<BLOCKS, 1, FUSED>(&entries, &diagonal, x),
                17..=32 if BLOCKS >= 4 => solve_dual::<BLOCKS, 2, FUSED>(&entries, &diagonal, x),
                33..=64 if BLOCKS >= 8 => solve_dual::<BLOCKS, 4, FUSED>(&entries, &diagonal, x),
                _ => solve_primal::<BLOCKS, FUSED>(&entries, &diagonal, matrix, panel, x),
            };
            if !solved {
                *x = [[0.0; BLOCK]; BLOCKS];
                failed += 1;
            }
        }
        failed
    }
}

/// The entries of one row and what they refer to.
struct Entries<'a, const BLOCKS: usize> {
    columns: &'a [u32],
    weights: &'a [f32],
    fixed: &'a [Row<BLOCKS>],
}

/// Solves `(D + Σ w y yᵀ) x = Σ w y` in a system of `dims × dims`; `x` must come in as zero.
#[inline(always)]
fn solve_primal<const BLOCKS: usize, const FUSED: bool>(
    entries: &Entries<'_, BLOCKS>,
    diagonal: &Row<BLOCKS>,
    matrix: &mut [Row<BLOCKS>],
    panel: &mut Vec<Row<BLOCKS>>,
    x: &mut Row<BLOCKS>,
) -> bool {
    for (k, row) in matrix.iter_mut().enumerate() {
        *row = [[0.0; BLOCK]; BLOCKS];
        row[k / BLOCK][k % BLOCK] = diagonal[k / BLOCK][k % BLOCK];
    }
    let chunks = entries.columns.chunks(PANEL_ROWS);
    for (columns, weights) in chunks.zip(entries.weights.chunks(PANEL_ROWS)) {
        panel.clear();
        for (&column, &weight) in columns.iter().zip(weights) {
            // The root of the weight goes on both sides of y yᵀ, so one panel serves as left and right.
            let root = weight.sqrt();
            let mut scaled = entries.fixed[column as usize];
            for value in scaled.as_flattened_mut() {
                *value *= root;
            }
            add_scaled::<BLOCKS, FUSED>(root, &scaled, x);
            panel.push(scaled);
        }
        rank_update::<BLOCKS, FUSED, false>(panel, matrix, 0);
    }
    let mut inverse_diagonal = [[0.0; BLOCK]; BLOCKS];
    let positive = factor_upper::<BLOCKS, FUSED>(matrix, &mut inverse_diagonal);
    if positive {
        solve_upper::<BLOCKS, FUSED>(matrix, &inverse_diagonal, x);
    }
    positive
}

/// The same minimum from a system of as many unknowns as the row has entries, at most `16 × SIZE`: with the rows of `Z` being
/// `√w y` and `s` the `√w`, `(D + ZᵀZ)⁻¹ Zᵀ s = D⁻¹ Zᵀ (I + Z D⁻¹ Zᵀ)⁻¹ s`. `x` must come in as zero.
#[inline(always)]
fn solve_dual<const BLOCKS: usize, const SIZE: usize, const FUSED: bool>(
    entries: &Entries<'_, BLOCKS>,
    diagonal: &Row<BLOCKS>,
    x: &mut Row<BLOCKS>,
) -> bool {
    let mut root_inverse = *diagonal;
    for value in root_inverse.as_flattened_mut() {
        *value = 1.0 / value.sqrt();
    }
    // Row k of the panel: column k of Z D^(−½), padded with zeros; so Z D⁻¹ Zᵀ is a sum of outer products of its rows.
    let mut panel = [[[[0.0; BLOCK]; SIZE]; BLOCK]; BLOCKS];
    let mut right = [[0.0; BLOCK]; SIZE];
    for (n, (&column, &weight)) in entries.columns.iter().zip(entries.weights).enumerate() {
        let root = weight.sqrt();
        right[n / BLOCK][n % BLOCK] = root;
        let values = &entries.fixed[column as usize];
        for b in 0..BLOCKS {
            for c in 0..BLOCK {
                panel[b][c][n / BLOCK][n % BLOCK] = root * values[b][c] * root_inverse[b][c];
            }
        }
    }
    let mut system = [[[[0.0; BLOCK]; SIZE]; BLOCK]; SIZE];
    let system = system.as_flattened_mut();
    for (k, row) in system.iter_mut().enumerate() {
        row[k / BLOCK][k % BLOCK] = 1.0;
    }
    rank_update::<SIZE, FUSED, false>(panel.as_flattened(), system, 0);
    let mut inverse_diagonal = [[0.0; BLOCK]; SIZE];
    if !factor_upper::<SIZE, FUSED>(system, &mut inverse_diagonal) {
        return false;
    }
    solve_upper::<SIZE, FUSED>(system, &inverse_diagonal, &mut right);
    for (n, (&column, &weight)) in entries.columns.iter().zip(entries.weights).enumerate() {
        let scale = weight.sqrt() * right[n / BLOCK][n % BLOCK];
        add_scaled::<BLOCKS, FUSED>(scale, &entries.fixed[column as usize], x);
    }
    for (value, root) in x.as_flattened_mut().iter_mut().zip(root_inverse.as_flattened()) {
        *value *= root * root;
    }
    true
}
