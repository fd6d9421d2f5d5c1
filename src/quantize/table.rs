//! All rows of a model in one width. A snapshot stores them, and the evaluation ranks with them.

use alloc::vec;
use alloc::vec::Vec;

use half::f16;

use super::{Codes, QuantizeError, Rows, RowsError, Width, int4, inverse_norm, norm_bound, quantize_row};
use crate::kernel::BLOCK_ROWS;

/// Quantized rows (`rows × stride` codes) with one scale each.
///
/// ```
/// use selvedge::quantize::{CodeTable, Width};
///
/// let factors = [[0.6, -1.27], [0.0, 0.3]];
/// let table = CodeTable::quantize(factors.iter().map(|row| row.as_slice()), 2, Width::Int8)?;
/// assert_eq!((table.rows()?.len(), table.stride()), (2, 16));
/// for (value, back) in factors[0].iter().zip(table.factors(0)) {
///     assert!((value - back).abs() <= 1.27 / 127.0);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct CodeTable {
    width: Width,
    dims: usize,
    stride: usize,
    codes: Vec<u8>,
    scales: Vec<f16>,
}

/// A row that cannot be quantized.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("row {row} cannot be quantized")]
pub struct RowError {
    /// Its index.
    pub row: usize,
    /// Why.
    #[source]
    pub source: QuantizeError,
}

impl CodeTable {
    /// Quantizes rows of `dims` values each.
    ///
    /// # Errors
    /// [`RowError`] for values that are not finite or too large, for a row of another length, or for too many
    /// dimensions.
    pub fn quantize<'r>(
        rows: impl IntoIterator<Item = &'r [f32]>,
        dims: usize,
        width: Width,
    ) -> Result<Self, RowError> {
        let mismatch = |row, found| RowError {
            row,
            source: QuantizeError::Stride {
                dims: found,
                stride: dims,
            },
        };
        let stride = width.stride_of(dims).ok_or(mismatch(0, dims))?;
        let mut table = Self {
            width,
            dims,
            stride,
            codes: Vec::new(),
            scales: Vec::new(),
        };
        for (row, values) in rows.into_iter().enumerate() {
            if values.len() != dims {
                return Err(mismatch(row, values.len()));
            }
            let start = table.codes.len();
            table.codes.resize(start + width.bytes_of(stride), 0);
            let place = &mut table.codes[start..];
            let scale = match width {
                Width::Int4 => int4::quantize_row(values, place),
                Width::Int8 => quantize_row(values, bytemuck::cast_slice_mut(place)),
            };
            table.scales.push(scale.map_err(|source| RowError { row, source })?);
        }
        Ok(table)
    }

    /// Returns the rows in another order: row `i` of the result is row `order[i]`.
    fn reordered(&self, order: &[usize]) -> Self {
        let bytes = self.width.bytes_of(self.stride);
        Self {
            codes: order
                .iter()
                .flat_map(|row| &self.codes[row * bytes..(row + 1) * bytes])
                .copied()
                .collect(),
            scales: order.iter().map(|row| self.scales[*row]).collect(),
            ..*self
        }
    }

    /// Returns the rows in the order of a snapshot, longest first, and for each of them its index in `self`. Rows of
    /// equal length keep their order.
    #[must_use]
    pub fn longest_first(&self) -> (Self, Vec<usize>) {
        let norms: Vec<f32> = self.norms().collect();
        let mut order: Vec<usize> = (0..norms.len()).collect();
        order.sort_by(|a, b| norms[*b].total_cmp(&norms[*a]));
        (self.reordered(&order), order)
    }

    /// Width of a code.
    #[must_use]
    pub const fn width(&self) -> Width {
        self.width
    }

    /// Number of values per row.
    #[must_use]
    pub const fn dims(&self) -> usize {
        self.dims
    }

    /// Codes per row, padding included.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// Returns the codes as they are stored.
    #[must_use]
    pub fn codes(&self) -> &[u8] {
        &self.codes
    }

    /// Returns one scale per row.
    #[must_use]
    pub fn scales(&self) -> &[f16] {
        &self.scales
    }

    /// Borrows the rows, to search them.
    ///
    /// # Errors
    /// [`RowsError`] if there are more rows than an `ItemIndex` can name, or if `dims` is 0.
    pub fn rows(&self) -> Result<Rows<'_>, RowsError> {
        Rows::new(Codes::new(self.width, &self.codes), self.stride, &self.scales)
    }

    /// Iterates over 1 / ‖codes‖ of each row.
    pub fn inverse_norms(&self) -> impl Iterator<Item = f16> {
        self.each(|codes, _| inverse_norm(codes))
    }

    /// Iterates over the norm of each dequantised row, never rounded down.
    pub fn norms(&self) -> impl Iterator<Item = f32> {
        self.each(norm_bound)
    }

    /// Returns, for each block of 64 rows, the largest norm of a row in it or after it: see [`Rows::with_bounds`].
    #[must_use]
    pub fn block_bounds(&self) -> Vec<f32> {
        let norms: Vec<f32> = self.norms().collect();
        let mut bounds: Vec<f32> = norms
            .chunks(BLOCK_ROWS)
            .map(|norms| norms.iter().copied().fold(0.0, f32::max))
            .collect();
        let mut longest = 0.0f32;
        for bound in bounds.iter_mut().rev() {
            longest = longest.max(*bound);
            *bound = longest;
        }
        bounds
    }

    /// Returns the dequantised values of a row, `dims` long; empty if there is no such row.
    #[must_use]
    pub fn factors(&self, row: usize) -> Vec<f32> {
        let mut values = self.rows().map_or(Vec::new(), |rows| rows.factors(row));
        values.truncate(self.dims);
        values
    }

    /// Returns the Gram matrix Σ y yᵀ over the dequantised rows: dims × dims, row-major, summed in 64 bits.
    ///
    /// Complexity: `O(rows · dims²)`.
    #[must_use]
    pub fn gram(&self) -> Vec<f32> {
        let dims = self.dims;
        let mut sums = vec![0.0f64; dims * dims];
        let values = self.each(|codes, scale| {
            let scale = f64::from(scale.to_f32());
            codes
                .iter()
                .take(dims)
                .map(|code| f64::from(*code) * scale)
                .collect::<Vec<f64>>()
        });
        for row in values {
            for (line, left) in sums.chunks_exact_mut(dims).zip(&row) {
                for (cell, right) in line.iter_mut().zip(&row) {
                    *cell += left * right;
                }
            }
        }
        #[expect(clippy::cast_possible_truncation, reason = "the format stores 32 bits")]
        let gram = sums.into_iter().map(|value| value as f32).collect();
        gram
    }

    fn each<T>(&self, of: impl Fn(&[i8], f16) -> T) -> impl Iterator<Item = T> {
        let rows = self.codes.chunks_exact(self.width.bytes_of(self.stride).max(1));
        rows.zip(&self.scales).map(move |(bytes, scale)| match self.width {
            Width::Int4 => of(&int4::codes(bytes).collect::<Vec<i8>>(), *scale),
            Width::Int8 => of(bytemuck::cast_slice(bytes), *scale),
        })
    }
}
