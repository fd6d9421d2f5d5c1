//! All rows of a model in one width: what a snapshot stores and what evaluation ranks with.

use alloc::vec;
use alloc::vec::Vec;

use half::f16;

use super::{Codes, QuantizeError, Rows, RowsError, Width, int4, inverse_norm, norm_bound, quantize_row};
use crate::kernel::BLOCK_ROWS;

/// Quantized rows with their scales and norms.
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
    /// Which one.
    pub row: usize,
    /// Why.
    #[source]
    pub source: QuantizeError,
}

impl CodeTable {
    /// Quantizes rows of `dims` values.
    ///
    /// # Errors
    /// [`RowError`] for values that are not finite or too large, rows of another length, or too many dimensions.
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

    /// Row `i` of the result is row `order[i]`.
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

    /// The same rows in the order of a snapshot, longest first, and for each row its number here. Equal lengths keep their
    /// order.
    #[must_use]
    pub fn longest_first(&self) -> (Self, Vec<usize>) {
        let norms: Vec<f32> = self.norms().collect();
        let mut order: Vec<usize> = (0..norms.len()).collect();
        order.sort_by(|a, b| norms[*b].total_cmp(&norms[*a]));
        (self.reordered(&order), order)
    }

    /// Bits of a code.
    #[must_use]
    pub const fn width(&self) -> Width {
        self.width
    }

    /// Values per row.
    #[must_use]
    pub const fn dims(&self) -> usize {
        self.dims
    }

    /// Codes per row.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// The codes as they are stored.
    #[must_use]
    pub fn codes(&self) -> &[u8] {
        &self.codes
    }

    /// One scale per row.
    #[must_use]
    pub fn scales(&self) -> &[f16] {
        &self.scales
    }

    /// The rows, to be ranked.
    ///
    /// # Errors
    /// [`RowsError`] for more rows than can be named, or none of any length.
    pub fn rows(&self) -> Result<Rows<'_>, RowsError> {
        Rows::new(Codes::new(self.width, &self.codes), self.stride, &self.scales)
    }

    /// 1 / ‖codes‖ of each row.
    pub fn inverse_norms(&self) -> impl Iterator<Item = f16> {
        self.each(|codes, _| inverse_norm(codes))
    }

    /// Length of each dequantised row, never rounded down.
    pub fn norms(&self) -> impl Iterator<Item = f32> {
        self.each(norm_bound)
    }

    /// For each block of 64 rows the length of the longest row in it or after it: see [`Rows::with_bounds`].
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

    /// The dequantised values of a row; nothing where there is no such row.
    #[must_use]
    pub fn factors(&self, row: usize) -> Vec<f32> {
        let mut values = self.rows().map_or(Vec::new(), |rows| rows.factors(row));
        values.truncate(self.dims);
        values
    }

    /// The Gram matrix Σ y yᵀ over the dequantised rows, row-major, summed in 64 bits.
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
