//! Borrowed rows of codes with one scale each.

use half::f16;
use thiserror::Error;

use super::{Width, int4};
use crate::kernel::{BLOCK_ROWS, Chunks, INT4_LANES, LANES, MAX_STRIDE};

/// Why bytes are no rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RowsError {
    /// The stride is unusable.
    #[error("stride of {stride} codes; expected a multiple of {lanes} from {lanes} to 1024")]
    Stride {
        /// What was found.
        stride: usize,
        /// Codes in 16 bytes.
        lanes: usize,
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

/// The codes of rows as they are stored.
#[derive(Clone, Copy, Debug)]
pub struct Codes<'a> {
    pub(crate) chunks: Chunks<'a>,
    /// Number of codes, those past the last whole chunk included.
    len: usize,
}

impl<'a> Codes<'a> {
    /// Bytes as codes.
    #[must_use]
    pub fn new(width: Width, bytes: &'a [u8]) -> Self {
        let (chunks, _) = bytes.as_chunks::<LANES>();
        match width {
            Width::Int8 => Self {
                chunks: Chunks::Int8(bytemuck::cast_slice(chunks)),
                len: bytes.len(),
            },
            Width::Int4 => Self {
                chunks: Chunks::Int4(bytemuck::cast_slice(chunks)),
                len: bytes.len() * 2,
            },
        }
    }

    /// One byte per code.
    #[must_use]
    pub const fn int8(codes: &'a [i8]) -> Self {
        let (chunks, _) = codes.as_chunks();
        Self {
            chunks: Chunks::Int8(chunks),
            len: codes.len(),
        }
    }

    /// Bits of a code.
    #[must_use]
    pub const fn width(&self) -> Width {
        match self.chunks {
            Chunks::Int8(_) => Width::Int8,
            Chunks::Int4(_) => Width::Int4,
        }
    }

    /// Number of codes.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no code.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// `rows × stride` codes, row after row, and one f16 scale per row: borrowed from a snapshot's sections.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    codes: Codes<'a>,
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
    pub const fn new(codes: Codes<'a>, stride: usize, scales: &'a [f16]) -> Result<Self, RowsError> {
        let lanes = match codes.width() {
            Width::Int8 => LANES,
            Width::Int4 => INT4_LANES,
        };
        if stride == 0 || stride > MAX_STRIDE || !stride.is_multiple_of(lanes) {
            return Err(RowsError::Stride { stride, lanes });
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
            Err(RowsError::Length {
                codes: self.codes.len(),
                stride: self.stride,
                scales: scales.len(),
            })
        }
    }

    /// The same rows with a bound per block of 64: no row of the block, or after it, is longer
    /// ([`norm_bound`](crate::quantize::norm_bound)). [`top_k`](crate::retrieve::top_k) then stops where no further row can enter.
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

    /// The codes as they are stored.
    #[must_use]
    pub const fn codes(&self) -> Codes<'a> {
        self.codes
    }

    /// The codes of one row, padding included; `None` where there is no such row.
    #[must_use]
    pub fn row_codes(&self, row: usize) -> Option<Vec<i8>> {
        Some(match self.codes.chunks {
            Chunks::Int8(chunks) => {
                let (row, _) = row_of(chunks, self.scales, self.stride / LANES, row)?;
                row.as_flattened().to_vec()
            }
            Chunks::Int4(chunks) => {
                let (row, _) = row_of(chunks, self.scales, self.stride / INT4_LANES, row)?;
                int4::codes(bytemuck::cast_slice(row)).collect()
            }
        })
    }

    /// The dequantised values of one row, padding included; nothing where there is no such row.
    #[must_use]
    pub fn factors(&self, row: usize) -> Vec<f32> {
        let scale = self.scales.get(row).copied().unwrap_or(f16::ZERO).to_f32();
        let codes = self.row_codes(row).unwrap_or_default();
        codes.into_iter().map(|code| f32::from(code) * scale).collect()
    }

    /// Appends the first `dims` dequantised values of a row; nothing where there is no such row.
    pub fn append_factors(&self, row: usize, dims: usize, to: &mut Vec<f64>) {
        let scale = self.scales.get(row).copied().unwrap_or(f16::ZERO).to_f32();
        // In 32 bits, as everywhere, and only then in 64.
        let factor = |code: i8| f64::from(f32::from(code) * scale);
        match self.codes.chunks {
            Chunks::Int8(chunks) => {
                if let Some((row, _)) = row_of(chunks, self.scales, self.stride / LANES, row) {
                    to.extend(row.as_flattened().iter().take(dims).map(|code| factor(*code)));
                }
            }
            Chunks::Int4(chunks) => {
                if let Some((row, _)) = row_of(chunks, self.scales, self.stride / INT4_LANES, row) {
                    to.extend(int4::codes(bytemuck::cast_slice(row)).take(dims).map(factor));
                }
            }
        }
    }

    /// The bounds of the blocks, or none.
    pub(crate) const fn bounds(&self) -> &'a [f32] {
        self.bounds
    }

    /// One scale per row.
    #[must_use]
    pub const fn scales(&self) -> &'a [f16] {
        self.scales
    }
}

/// Neighbouring rows.
pub(crate) type CodesAndScales<'a, C> = (&'a [C], &'a [f16]);

/// Chunks and scale of one row.
pub(crate) fn row_of<'a, C>(
    chunks: &'a [C],
    scales: &'a [f16],
    per_row: usize,
    row: usize,
) -> Option<CodesAndScales<'a, C>> {
    let scale = scales.get(row..=row)?;
    Some((chunks.get(row * per_row..)?.get(..per_row)?, scale))
}

/// Chunks and scales of 64 rows at a time, the last block of what remains.
pub(crate) fn blocks_of<'a, C>(
    chunks: &'a [C],
    scales: &'a [f16],
    per_row: usize,
) -> impl Iterator<Item = CodesAndScales<'a, C>> {
    chunks
        .chunks(per_row.max(1) * BLOCK_ROWS)
        .zip(scales.chunks(BLOCK_ROWS))
}
