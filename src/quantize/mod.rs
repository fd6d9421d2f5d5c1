//! Codes and scales: f32 vectors as int8 or int4 rows with one f16 scale each, and as int16 queries.
//!
//! A row is symmetric: `value ≈ code × scale`, codes in −127..=127. A query has 13 bits and a sign, so that its own
//! rounding stays far below that of the rows it meets and a dot product still fits `i32` (see [`MAX_DIMS`]).

pub mod int4;
mod rows;
mod table;
mod width;

use half::f16;
use thiserror::Error;

use crate::kernel::{LANES, MAX_QUERY_CODE, MAX_STRIDE};

pub use rows::{Codes, Rows, RowsError};
pub(crate) use rows::{blocks_of, row_of};
pub use table::{CodeTable, RowError};
pub use width::Width;

/// Largest number of dimensions: with it, no dot product of a row and a query can overflow `i32`.
pub const MAX_DIMS: usize = MAX_STRIDE;

/// Largest absolute code of a row. −128 is not used, so that negation stays within the codes.
pub const MAX_CODE: i8 = 127;

/// Norm of the longest dequantised row there can be: 32 × 128 × 65,504.
pub const MAX_NORM: f32 = 32.0 * 128.0 * 65_504.0;

/// Why a vector cannot be quantized.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum QuantizeError {
    /// A value is NaN or infinite.
    #[error("value {value} at dimension {dimension} is not finite; expected finite values only")]
    NotFinite {
        /// Where.
        dimension: usize,
        /// What was found.
        value: f32,
    },
    /// The largest value needs a scale that f16 cannot hold.
    #[error(
        "largest absolute value {max_abs} is too large; a row with an f16 scale holds at most {limit}: scale the vectors down"
    )]
    TooLarge {
        /// Largest absolute value of the row.
        max_abs: f32,
        /// Largest that can be stored.
        limit: f32,
    },
    /// The row or query has no room for the values, or its length is no stride.
    #[error(
        "{dims} values do not fit a stride of {stride}; expected a multiple of 16 from the number of values to 1024"
    )]
    Stride {
        /// Number of values.
        dims: usize,
        /// Number of codes.
        stride: usize,
    },
}

/// The stride of rows with `dims` values: the next multiple of 16. `None` past [`MAX_DIMS`].
#[must_use]
pub const fn stride_of(dims: usize) -> Option<usize> {
    if dims > MAX_DIMS {
        None
    } else {
        Some(dims.next_multiple_of(LANES))
    }
}

/// Writes `values` as int8 codes and gives their scale; codes past the values become 0.
///
/// The scale is rounded to f16 first and the codes are computed with the rounded one, so its rounding adds no error.
/// A row of zeros has scale 0. A row too small for the smallest f16 scale keeps what that scale can express.
///
/// # Errors
/// [`QuantizeError`]; the codes are then unspecified.
pub fn quantize_row(values: &[f32], codes: &mut [i8]) -> Result<f16, QuantizeError> {
    check_stride(values.len(), codes.len())?;
    let max_abs = max_abs(values)?;
    let scale = row_scale(max_abs, MAX_CODE)?;
    codes.fill(0);
    if max_abs > 0.0 {
        let divisor = scale.to_f32();
        for (code, value) in codes.iter_mut().zip(values) {
            let limit = f32::from(MAX_CODE);
            let rounded = (value / divisor).round_ties_even().clamp(-limit, limit);
            #[expect(clippy::cast_possible_truncation, reason = "whole and within −127..=127")]
            let rounded = rounded as i8;
            *code = rounded;
        }
    }
    Ok(scale)
}

/// Writes `code × scale` for each of the first `values.len()` codes; values past the codes become 0.
pub fn dequantize_row(codes: &[i8], scale: f16, values: &mut [f32]) {
    values.fill(0.0);
    for (value, code) in values.iter_mut().zip(codes) {
        *value = f32::from(*code) * scale.to_f32();
    }
}

/// 1 / ‖codes‖ as f16, 0 for a row of zeros.
///
/// As a row's scale in place of its own, it makes the score of a [`Query::unit`] the cosine. Rounding it to f16 costs at
/// most 2⁻¹¹ of the cosine.
#[must_use]
pub fn inverse_norm(codes: &[i8]) -> f16 {
    let squares = sum_of_squares(codes);
    if squares == 0.0 {
        f16::ZERO
    } else {
        f16::from_f32(1.0 / squares.sqrt())
    }
}

/// ‖codes‖ × scale, the length of a dequantised row, never rounded down.
#[must_use]
pub fn norm_bound(codes: &[i8], scale: f16) -> f32 {
    up(f64::from(sum_of_squares(codes)).sqrt() * f64::from(scale.to_f32()))
}

/// The nearest f32, or its neighbour above where that one is smaller. For finite values from 0 on.
fn up(value: f64) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "corrected in the next line")]
    let nearest = value as f32;
    if f64::from(nearest) < value {
        nearest.next_up()
    } else {
        nearest
    }
}

/// A query vector as int16 codes with one scale.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    codes: Vec<[i16; LANES]>,
    scale: f32,
    /// ‖codes‖, never rounded down.
    norm: f32,
}

impl Query {
    /// Quantizes `values` for rows of `stride` codes. Codes lie in −8191..=8191; a vector of zeros has scale 0.
    ///
    /// # Errors
    /// [`QuantizeError::NotFinite`], [`QuantizeError::Stride`].
    pub fn new(values: &[f32], stride: usize) -> Result<Self, QuantizeError> {
        check_stride(values.len(), stride)?;
        let limit = f32::from(MAX_QUERY_CODE);
        let scale = max_abs(values)? / limit;
        // Under about 10⁻⁴¹ the scale is 0 and every score with it.
        let codes = values.iter().map(|value| {
            let rounded = if scale > 0.0 {
                (value / scale).round_ties_even().clamp(-limit, limit)
            } else {
                0.0
            };
            #[expect(clippy::cast_possible_truncation, reason = "whole and within −8191..=8191")]
            let rounded = rounded as i16;
            rounded
        });
        Ok(Self::of(padded(codes, stride), scale))
    }

    /// The direction of a stored row, exactly: its codes, with 1 / ‖codes‖ as the scale. Scored against rows whose scales
    /// are [`inverse_norm`], it gives cosines.
    ///
    /// # Errors
    /// [`QuantizeError::Stride`] when the row's length is no stride.
    pub fn unit(row: &[i8]) -> Result<Self, QuantizeError> {
        check_stride(row.len(), row.len())?;
        let squares = sum_of_squares(row);
        let scale = if squares == 0.0 { 0.0 } else { 1.0 / squares.sqrt() };
        let codes = padded(row.iter().map(|code| i16::from(*code)), row.len());
        Ok(Self::of(codes, scale))
    }

    fn of(codes: Vec<[i16; LANES]>, scale: f32) -> Self {
        // At most 1024 × 8191² < 2³⁷: exact in f64.
        let squares: f64 = codes.as_flattened().iter().map(|code| f64::from(*code).powi(2)).sum();
        Self {
            codes,
            scale,
            norm: up(squares.sqrt()),
        }
    }

    /// Codes per row that this query fits.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.codes.len() * LANES
    }

    /// The codes, zero padded to the stride.
    #[must_use]
    pub fn codes(&self) -> &[i16] {
        self.codes.as_flattened()
    }

    /// `value ≈ code × scale`.
    #[must_use]
    pub const fn scale(&self) -> f32 {
        self.scale
    }

    /// No row of this length scores higher: by Cauchy and Schwarz, with room for the rounding of a score's three operations
    /// and of this bound's own, and for what underflow loses.
    pub(crate) fn score_bound(&self, row_norm: f32) -> f32 {
        const ROOM: f32 = 1.0 + 16.0 * f32::EPSILON;
        row_norm * self.norm * self.scale * ROOM + f32::MIN_POSITIVE
    }

    pub(crate) fn chunks(&self) -> &[[i16; LANES]] {
        &self.codes
    }
}

fn padded(codes: impl Iterator<Item = i16>, stride: usize) -> Vec<[i16; LANES]> {
    let mut chunks = vec![[0i16; LANES]; stride / LANES];
    for (to, code) in chunks.as_flattened_mut().iter_mut().zip(codes) {
        *to = code;
    }
    chunks
}

fn check_stride(dims: usize, stride: usize) -> Result<(), QuantizeError> {
    if dims <= stride && stride <= MAX_STRIDE && stride.is_multiple_of(LANES) {
        Ok(())
    } else {
        Err(QuantizeError::Stride { dims, stride })
    }
}

fn max_abs(values: &[f32]) -> Result<f32, QuantizeError> {
    let mut max = 0.0f32;
    for (dimension, &value) in values.iter().enumerate() {
        if !value.is_finite() {
            return Err(QuantizeError::NotFinite { dimension, value });
        }
        max = max.max(value.abs());
    }
    Ok(max)
}

/// The f16 nearest to `max_abs / max_code`, or its neighbour above where the nearest one would cut the largest value off.
fn row_scale(max_abs: f32, max_code: i8) -> Result<f16, QuantizeError> {
    let limit = f32::from(max_code);
    let nearest = f16::from_f32(max_abs / limit);
    // Only subnormal scales are coarse enough: there, rounding down can lose a third of the value, or all of it.
    let cut_off = max_abs > nearest.to_f32() * (limit + 0.5);
    let scale = if cut_off {
        f16::from_bits(nearest.to_bits() + 1)
    } else {
        nearest
    };
    if scale.is_finite() {
        Ok(scale)
    } else {
        Err(QuantizeError::TooLarge {
            max_abs,
            limit: f16::MAX.to_f32() * limit,
        })
    }
}

fn sum_of_squares(codes: &[i8]) -> f32 {
    let squares: u32 = codes.iter().map(|code| u32::from(code.unsigned_abs()).pow(2)).sum();
    #[expect(
        clippy::cast_precision_loss,
        reason = "at most 1024 × 128² = 2²⁴, which f32 holds exactly"
    )]
    let squares = squares as f32;
    squares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_within_half_a_step() {
        let values: Vec<f32> = (0u8..64).map(|at| (f32::from(at) - 20.0) * 0.0137).collect();
        let mut codes = [0i8; 64];
        let scale = quantize_row(&values, &mut codes).unwrap();
        let mut back = [0f32; 64];
        dequantize_row(&codes, scale, &mut back);
        for (value, back) in values.iter().zip(back) {
            assert!(
                (value - back).abs() <= scale.to_f32() * 0.5001,
                "{value} came back as {back}"
            );
        }
    }

    #[test]
    fn the_largest_value_uses_the_largest_code_and_padding_is_zero() {
        let mut codes = [55i8; 16];
        quantize_row(&[0.5, -1.0, 0.25], &mut codes).unwrap();
        assert_eq!(
            codes[..3],
            [64, -127, 32],
            "0.5 is 63.5 steps, and the rounded scale decides the tie"
        );
        assert_eq!(codes[3..], [0; 13]);
    }

    #[test]
    fn a_row_of_zeros_has_scale_zero() {
        let mut codes = [1i8; 16];
        assert_eq!(quantize_row(&[0.0, -0.0], &mut codes).unwrap(), f16::ZERO);
        assert_eq!(codes, [0; 16]);
    }

    #[test]
    fn values_that_are_not_finite_are_refused_with_their_place() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let error = quantize_row(&[0.0, value], &mut [0; 16]).unwrap_err();
            assert!(
                matches!(error, QuantizeError::NotFinite { dimension: 1, .. }),
                "{error}"
            );
            let error = Query::new(&[0.0, 1.0, value], 16).unwrap_err();
            assert!(
                matches!(error, QuantizeError::NotFinite { dimension: 2, .. }),
                "{error}"
            );
        }
    }

    #[test]
    fn a_value_past_the_largest_f16_scale_is_refused_and_one_just_under_it_is_kept() {
        let limit = f16::MAX.to_f32() * 127.0;
        let mut codes = [0i8; 16];
        assert_eq!(quantize_row(&[limit], &mut codes).unwrap(), f16::MAX);
        assert_eq!(codes[0], 127);
        for too_large in [limit * 1.01, f32::MAX] {
            let error = quantize_row(&[too_large], &mut codes).unwrap_err();
            assert!(matches!(error, QuantizeError::TooLarge { .. }), "{error}");
        }
    }

    #[test]
    fn small_values_lose_no_more_than_half_a_step_of_the_smallest_scale() {
        let smallest = f32::from_bits((127 - 24) << 23);
        for max_abs in [
            smallest * 127.0,
            smallest * 190.0,
            smallest * 100.0,
            smallest * 3.0,
            smallest * 0.4,
            1e-40,
        ] {
            let mut codes = [0i8; 16];
            let scale = quantize_row(&[max_abs], &mut codes).unwrap();
            let mut back = [0f32; 1];
            dequantize_row(&codes, scale, &mut back);
            assert!(
                (back[0] - max_abs).abs() <= scale.to_f32() * 0.5,
                "{max_abs} came back as {back:?}"
            );
        }
    }

    #[test]
    fn a_stride_that_is_no_multiple_of_sixteen_or_too_short_or_too_long_is_refused() {
        assert!(quantize_row(&[1.0; 17], &mut [0; 16]).is_err());
        assert!(quantize_row(&[1.0; 3], &mut [0; 24]).is_err());
        assert!(Query::new(&[1.0; 16], 1040).is_err());
        assert!(Query::unit(&[1; 24]).is_err());
        assert_eq!(stride_of(64), Some(64));
        assert_eq!(stride_of(50), Some(64));
        assert_eq!(stride_of(MAX_DIMS + 1), None);
    }

    #[test]
    fn a_query_of_zeros_or_of_almost_nothing_has_zero_codes() {
        for value in [0.0, f32::from_bits(1)] {
            let query = Query::new(&[value; 16], 16).unwrap();
            assert_eq!(query.scale(), 0.0);
            assert_eq!(query.codes(), [0; 16]);
        }
    }

    #[test]
    fn query_codes_stay_within_their_limit_at_the_ends_of_f32() {
        for value in [f32::MAX, f32::MIN_POSITIVE, 1e-40, 1.0] {
            let query = Query::new(&[value, -value], 16).unwrap();
            assert!(
                query.codes().iter().all(|code| code.abs() <= MAX_QUERY_CODE),
                "{value}: {:?}",
                query.codes()
            );
            assert_eq!(query.codes()[0], -query.codes()[1]);
        }
    }

    #[test]
    fn the_inverse_norm_of_zeros_is_zero_and_of_the_largest_row_is_a_normal_number() {
        assert_eq!(inverse_norm(&[0; 64]), f16::ZERO);
        assert_eq!(inverse_norm(&[3, 4, 0, 0]), f16::from_f32(0.2));
        assert!(inverse_norm(&[i8::MIN; MAX_DIMS]).is_normal());
    }
}
