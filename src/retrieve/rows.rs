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
        Ok(Self { codes, stride, scales })
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

    /// Codes and scales of 64 rows at a time, the last block of what remains.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (&'a [[i8; LANES]], &'a [f16])> {
        let chunks = self.stride / LANES * BLOCK_ROWS;
        self.codes.chunks(chunks).zip(self.scales.chunks(BLOCK_ROWS))
    }
}
