//! Borrowed rows of codes with one scale each.

use half::f16;
use thiserror::Error;

use crate::event::ItemIndex;
use crate::kernel::{BLOCK_ROWS, LANES, MAX_STRIDE};

/// Why bytes are no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RowsError {
    /// The stride is unusable.
    #[error("stride of {stride} codes; expected a multiple of 16 from 16 to 1024")]
    Stride {
        /// What was found.
        stride: usize,
    },
    /// Codes and scales do not belong together.
    #[error("{codes} codes at stride {stride} for {scales} scales; expected one scale for each whole row")]
    Length {
        /// Number of codes.
        codes: usize,
        /// Codes per row.
        stride: usize,
        /// Number of scales.
        scales: usize,
    },
    /// Bounds and blocks do not belong together, or the bounds are in no order.
    #[error("{bounds} bounds for {blocks} blocks of 64 rows; expected one for each, none larger than the one before")]
    Bounds {
        /// Number of bounds.
        bounds: usize,
        /// Number of blocks.
        blocks: usize,
    },
    /// More rows than an `ItemIndex` can name.
    #[error("{rows} rows; expected fewer than 2³²")]
    TooMany {
        /// Number of rows.
        rows: usize,
    },
}

/// `rows × stride` int8 codes, row after row, and one f16 scale per row: borrowed from a snapshot's sections.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    codes: &'a [[i8; LANES]],
    stride: usize,
    scales: &'a [f16],
    /// One per block of 64 rows, or none at all.
    bounds: &'a [f32],
}

impl<'a> Rows<'a> {
    /// Rows of `stride` codes, zero padded past the dimensions. No alignment is required.
    ///
    /// # Errors
    /// [`RowsError`] when the lengths do not fit together. The values are not looked at.
    pub const fn new(codes: &'a [i8], stride: usize, scales: &'a [f16]) -> Result<Self, RowsError> {
        if stride == 0 || stride > MAX_STRIDE || !stride.is_multiple_of(LANES) {
            return Err(RowsError::Stride { stride });
        }
        if !codes.len().is_multiple_of(stride) || codes.len() / stride != scales.len() {
            return Err(RowsError::Length {
                codes: codes.len(),
                stride,
                scales: scales.len(),
            });
        }
        if scales.len() > u32::MAX as usize {
            return Err(RowsError::TooMany { rows: scales.len() });
        }
        let (codes, _) = codes.as_chunks();
        Ok(Self {
            codes,
            stride,
            scales,
            bounds: &[],
        })
    }

    /// The same codes under other scales: [`inverse_norm`](crate::quantize::inverse_norm) of each row makes scores
    /// cosines.
    ///
    /// # Errors
    /// [`RowsError::Length`] unless there is one scale per row.
    pub const fn with_scales<'b>(&self, scales: &'b [f16]) -> Result<Rows<'b>, RowsError>
    where
        'a: 'b,
    {
        if scales.len() == self.scales.len() {
            Ok(Rows {
                codes: self.codes,
                stride: self.stride,
                scales,
                bounds: &[],
            })
        } else {
            let codes = self.codes.len() * LANES;
            Err(RowsError::Length {
                codes,
                stride: self.stride,
                scales: scales.len(),
            })
        }
    }

    /// The same rows with a bound per block of 64: no row of the block, or after it, is longer
    /// ([`norm_bound`](crate::quantize::norm_bound)). [`top_k`](super::top_k) then stops where no further row can enter.
    ///
    /// A bound that is too small hides rows; only number and order are checked.
    ///
    /// # Errors
    /// [`RowsError::Bounds`].
    pub fn with_bounds(self, bounds: &'a [f32]) -> Result<Self, RowsError> {
        let blocks = self.len().div_ceil(BLOCK_ROWS);
        let in_order = bounds.windows(2).all(|pair| pair[0] >= pair[1]);
        if bounds.len() == blocks && in_order && bounds.iter().all(|bound| !bound.is_nan()) {
            Ok(Self { bounds, ..self })
        } else {
            Err(RowsError::Bounds {
                bounds: bounds.len(),
                blocks,
            })
        }
    }

    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.scales.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.scales.is_empty()
    }

    /// Codes per row: a multiple of 16.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.stride
    }

    /// Codes and scale of one row, padding included.
    #[must_use]
    pub fn row(&self, item: ItemIndex) -> Option<(&'a [i8], f16)> {
        let (codes, scales) = self.row_chunks(item)?;
        Some((codes.as_flattened(), *scales.first()?))
    }

    pub(super) fn row_chunks(&self, item: ItemIndex) -> Option<(&'a [[i8; LANES]], &'a [f16])> {
        let row = item.get();
        let scale = self.scales.get(row..=row)?;
        let chunks = self.stride / LANES;
        Some((self.codes.get(row * chunks..)?.get(..chunks)?, scale))
    }

    /// The bounds of the blocks, or none.
    pub(super) const fn bounds(&self) -> &'a [f32] {
        self.bounds
    }

    /// Codes and scales of 64 rows at a time, the last block of what remains.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (&'a [[i8; LANES]], &'a [f16])> {
        let chunks = self.stride / LANES * BLOCK_ROWS;
        self.codes.chunks(chunks).zip(self.scales.chunks(BLOCK_ROWS))
    }
}
