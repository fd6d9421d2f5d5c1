//! Borrowed rows of codes, with one scale each.

use half::f16;
use thiserror::Error;

use super::{Width, int4};
use crate::kernel::{BLOCK_ROWS, Chunks, INT4_LANES, LANES, MAX_STRIDE};

/// Why codes, scales and bounds do not form rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RowsError {
    /// The stride is not a multiple of 16 bytes of codes, or too large.
    #[error("stride of {stride} codes; expected a multiple of {lanes} from {lanes} to 1024")]
    Stride {
        /// The stride that was passed.
        stride: usize,
        /// Codes per 16 bytes.
        lanes: usize,
    },
    /// The number of codes is not that of one whole row per scale.
    #[error("{codes} codes at stride {stride} for {scales} scales; expected one scale for each whole row")]
    Length {
        /// Number of codes.
        codes: usize,
        /// Codes per row.
        stride: usize,
        /// Number of scales.
        scales: usize,
    },
    /// The number of bounds is not that of blocks, or a bound rises or is NaN.
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

/// The codes of rows, as they are stored.
#[derive(Clone, Copy, Debug)]
pub struct Codes<'a> {
    pub(crate) chunks: Chunks<'a>,
    /// Number of codes, including those past the last whole chunk.
    len: usize,
}

impl<'a> Codes<'a> {
    /// Reads bytes as codes of this width.
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

    /// Wraps int8 codes.
    #[must_use]
    pub const fn int8(codes: &'a [i8]) -> Self {
        let (chunks, _) = codes.as_chunks();
        Self {
            chunks: Chunks::Int8(chunks),
            len: codes.len(),
        }
    }

    /// Width of a code.
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

/// `rows × stride` codes, row after row, and one f16 scale per row, borrowed from a snapshot or a
/// [`CodeTable`](crate::quantize::CodeTable).
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    codes: Codes<'a>,
    stride: usize,
    scales: &'a [f16],
    /// One per block of 64 rows, or empty.
    bounds: &'a [f32],
}

impl<'a> Rows<'a> {
    /// Makes rows of `stride` codes, which are zero padded past the dimensions. No alignment is required.
    ///
    /// # Errors
    /// [`RowsError`] if the lengths do not match. The values are not checked.
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

    /// Returns the same codes with other scales. With the [`inverse_norm`](crate::quantize::inverse_norm) of each row
    /// as its scale, scores are cosines.
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

    /// Adds a bound for each block of 64 rows: no row in the block or after it has a larger norm
    /// ([`norm_bound`](crate::quantize::norm_bound)). [`top_k`](crate::retrieve::top_k) then stops at the first block
    /// that cannot improve the result.
    ///
    /// Only number and order of the bounds are checked: a bound that is too small hides rows.
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

    /// Returns the codes as they are stored.
    #[must_use]
    pub const fn codes(&self) -> Codes<'a> {
        self.codes
    }

    /// Returns the codes of one row, padding included; `None` if there is no such row.
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

    /// Returns the dequantised values of one row, padding included; empty if there is no such row.
    #[must_use]
    pub fn factors(&self, row: usize) -> Vec<f32> {
        let scale = self.scales.get(row).copied().unwrap_or(f16::ZERO).to_f32();
        let codes = self.row_codes(row).unwrap_or_default();
        codes.into_iter().map(|code| f32::from(code) * scale).collect()
    }

    /// Appends the first `dims` dequantised values of a row to `to`, or nothing if there is no such row.
    pub fn append_factors(&self, row: usize, dims: usize, to: &mut Vec<f64>) {
        let scale = self.scales.get(row).copied().unwrap_or(f16::ZERO).to_f32();
        // Multiplied in 32 bits, like everywhere else, and widened afterwards.
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

    /// Returns the bounds of the blocks; empty if there are none.
    pub(crate) const fn bounds(&self) -> &'a [f32] {
        self.bounds
    }

    /// Returns one scale per row.
    #[must_use]
    pub const fn scales(&self) -> &'a [f16] {
        self.scales
    }
}

/// Codes and scales of neighbouring rows.
pub(crate) type CodesAndScales<'a, C> = (&'a [C], &'a [f16]);

/// Returns the chunks and the scale of one row.
pub(crate) fn row_of<'a, C>(
    chunks: &'a [C],
    scales: &'a [f16],
    per_row: usize,
    row: usize,
) -> Option<CodesAndScales<'a, C>> {
    let scale = scales.get(row..=row)?;
    Some((chunks.get(row * per_row..)?.get(..per_row)?, scale))
}

/// Iterates over blocks of 64 rows; the last one may be shorter.
pub(crate) fn blocks_of<'a, C>(
    chunks: &'a [C],
    scales: &'a [f16],
    per_row: usize,
) -> impl Iterator<Item = CodesAndScales<'a, C>> {
    chunks
        .chunks(per_row.max(1) * BLOCK_ROWS)
        .zip(scales.chunks(BLOCK_ROWS))
}
