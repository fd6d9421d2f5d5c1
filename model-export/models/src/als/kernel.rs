//! Dense linear algebra of one least-squares row, on rows of blocks of 16 values.
//!
//! The functions are plain loops over arrays of known length. [`Cpu::run`] compiles each caller a second time with
//! AVX2 and FMA switched on and picks at run time; so the loops become vector code without `unsafe` and without
//! hand-written intrinsics. All sums have a fixed order, whatever the number of threads.

/// Values in one block: two AVX registers, and the column width of a register tile.
pub const BLOCK: usize = 16;

/// A row of `16 × BLOCKS` values.
pub type Row<const BLOCKS: usize> = [[f32; BLOCK]; BLOCKS];

/// Rows of a register tile: 4 × 16 accumulators fill 8 of the 16 AVX registers and hide the latency of FMA.
const TILE_ROWS: usize = 4;

/// The instruction sets that the kernels are compiled for.
#[derive(Debug, Clone, Copy)]
pub enum Cpu {
    /// x86-64 with AVX2 and FMA.
    #[cfg(target_arch = "x86_64")]
    Avx2(pulp::x86::V3),
    /// What every machine of the target has.
    Portable,
}

impl Cpu {
    /// The best instruction set of this machine.
    pub fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = pulp::x86::V3::try_new() {
            return Self::Avx2(token);
        }
        Self::Portable
    }

    /// Runs a task compiled for this instruction set.
    pub fn run<T: Task>(self, task: T) -> T::Output {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(token) => token.vectorize(
                #[inline(always)]
                || task.run::<true>(),
            ),
            // A fused multiply-add without hardware for it is a slow library call.
            Self::Portable => task.run::<{ cfg!(target_arch = "aarch64") }>(),
        }
    }
}

/// Work that is compiled once per instruction set. Implementations must be `#[inline(always)]`.
pub trait Task {
    /// What the work gives.
    type Output;
    /// The work; `FUSED` says that the hardware has a fused multiply-add.
    fn run<const FUSED: bool>(self) -> Self::Output;
}

/// `a × b + c`.
#[inline(always)]
pub fn multiply_add<const FUSED: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FUSED { a.mul_add(b, c) } else { a * b + c }
}

/// Adds (or subtracts) `Σ p pᵀ` over the rows of `panel` to the upper triangle of the blocks from `first_block` on;
/// `target` holds the matrix rows from `16 × first_block` on.
#[inline(always)]
pub fn rank_update<const BLOCKS: usize, const FUSED: bool, const SUBTRACT: bool>(
    panel: &[Row<BLOCKS>],
    target: &mut [Row<BLOCKS>],
    first_block: usize,
) {
    for row_block in first_block..BLOCKS {
        for tile in 0..BLOCK / TILE_ROWS {
            let top = (row_block - first_block) * BLOCK + tile * TILE_ROWS;
            let Some(rows) = target.get_mut(top..top + TILE_ROWS) else {
                return;
            };
            for column_block in row_block..BLOCKS {
                let mut sums = [[0.0_f32; BLOCK]; TILE_ROWS];
                for values in panel {
                    let left = &values[row_block][tile * TILE_ROWS..tile * TILE_ROWS + TILE_ROWS];
                    let right = &values[column_block];
                    for r in 0..TILE_ROWS {
                        for c in 0..BLOCK {
                            sums[r][c] = multiply_add::<FUSED>(left[r], right[c], sums[r][c]);
                        }
                    }
                }
                for (row, sum) in rows.iter_mut().zip(&sums) {
                    for (value, add) in row[column_block].iter_mut().zip(sum) {
                        if SUBTRACT {
                            *value -= add;
                        } else {
                            *value += add;
                        }
                    }
                }
            }
        }
    }
}

/// Factors the upper triangle of a positive definite matrix in place into `Uᵀ U`; `inverse_diagonal` receives
/// `1 / U[k][k]`. Gives `false`, with the matrix half done, where a pivot is not positive.
///
/// Blocked by 16 rows: nine tenths of the work is in [`rank_update`].
#[inline(always)]
#[expect(
    clippy::needless_range_loop,
    reason = "two arrays are read at the same place; iterators would hide it"
)]
pub fn factor_upper<const BLOCKS: usize, const FUSED: bool>(
    matrix: &mut [Row<BLOCKS>],
    inverse_diagonal: &mut Row<BLOCKS>,
) -> bool {
    let mut rest = matrix;
    for block in 0..BLOCKS {
        if rest.len() < BLOCK {
            return false;
        }
        let (panel, below) = rest.split_at_mut(BLOCK);
        for k in 0..BLOCK {
            let (done, open) = panel.split_at_mut(k);
            let Some(row) = open.first_mut() else {
                return false;
            };
            let mut values = *row;
            for above in done.iter() {
                let scale = -above[block][k];
                for b in block..BLOCKS {
                    for c in 0..BLOCK {
                        values[b][c] = multiply_add::<FUSED>(scale, above[b][c], values[b][c]);
                    }
                }
            }
            let pivot = values[block][k];
            if !(pivot.is_finite() && pivot > 0.0) {
                return false;
            }
            let inverse = 1.0 / pivot.sqrt();
            inverse_diagonal[block][k] = inverse;
            for b in block..BLOCKS {
                for c in 0..BLOCK {
                    values[b][c] *= inverse;
                }
            }
            // Below the diagonal of its own block a row is zero: the solves may then use whole blocks.
            values[block][..k].fill(0.0);
            *row = values;
        }
        rank_update::<BLOCKS, FUSED, true>(panel, below, block + 1);
        rest = below;
    }
    true
}

/// Solves `Uᵀ U x = b` in place, with the factor of [`factor_upper`].
#[inline(always)]
pub fn solve_upper<const BLOCKS: usize, const FUSED: bool>(
    factor: &[Row<BLOCKS>],
    inverse_diagonal: &Row<BLOCKS>,
    x: &mut Row<BLOCKS>,
) {
    for (rows, block) in factor.chunks_exact(BLOCK).zip(0..BLOCKS) {
        for (k, row) in rows.iter().enumerate() {
            let value = x[block][k] * inverse_diagonal[block][k];
            for b in block..BLOCKS {
                for c in 0..BLOCK {
                    x[b][c] = multiply_add::<FUSED>(-value, row[b][c], x[b][c]);
                }
            }
            x[block][k] = value;
        }
    }
    for (rows, block) in factor.chunks_exact(BLOCK).zip(0..BLOCKS).rev() {
        for (k, row) in rows.iter().enumerate().rev() {
            let right = x[block][k];
            x[block][k] = 0.0;
            let mut sums = [0.0_f32; BLOCK];
            for b in block..BLOCKS {
                for c in 0..BLOCK {
                    sums[c] = multiply_add::<FUSED>(row[b][c], x[b][c], sums[c]);
                }
            }
            x[block][k] = (right - sum_block(&sums)) * inverse_diagonal[block][k];
        }
    }
}

/// Sum of a block, by halves: the order is fixed.
#[inline(always)]
fn sum_block(values: &[f32; BLOCK]) -> f32 {
    let mut half = [0.0_f32; 8];
    for c in 0..8 {
        half[c] = values[c] + values[c + 8];
    }
    let mut quarter = [0.0_f32; 4];
    for c in 0..4 {
        quarter[c] = half[c] + half[c + 4];
    }
    (quarter[0] + quarter[2]) + (quarter[1] + quarter[3])
}

/// Adds `scale × right` to `sums`.
#[inline(always)]
pub fn add_scaled<const BLOCKS: usize, const FUSED: bool>(scale: f32, right: &Row<BLOCKS>, sums: &mut Row<BLOCKS>) {
    for b in 0..BLOCKS {
        for c in 0..BLOCK {
            sums[b][c] = multiply_add::<FUSED>(scale, right[b][c], sums[b][c]);
        }
    }
}
