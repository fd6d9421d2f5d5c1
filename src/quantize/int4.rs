//! Rows of int4 codes: −7..=7, two codes to a byte, one f16 scale per row.

use half::f16;

use super::{QuantizeError, max_abs, row_scale};
use crate::kernel::{INT4_LANES, Int4, LANES, MAX_STRIDE, unpack};

/// Largest absolute code. −8 is not used, so every code can be negated.
pub const MAX_CODE: i8 = 7;

/// Number of scales to try, from the one that holds the largest value down to about half of it.
const SCALES: u8 = 24;

/// Returns the stride of int4 rows with `dims` values: the next multiple of 32, or `None` past
/// [`MAX_DIMS`](super::MAX_DIMS).
#[must_use]
pub const fn stride_of(dims: usize) -> Option<usize> {
    if dims > MAX_STRIDE {
        None
    } else {
        Some(dims.next_multiple_of(INT4_LANES))
    }
}

/// Writes `values` as packed int4 codes, half a byte each, and returns their scale. Codes past the values become 0.
///
/// Tries several scales and takes the one with the least squared error: with 15 steps, clipping a row's largest values
/// costs less than making all others coarse.
///
/// # Errors
/// [`QuantizeError`]; `packed` is then unspecified.
pub fn quantize_row(values: &[f32], packed: &mut [u8]) -> Result<f16, QuantizeError> {
    let stride = packed.len() * 2;
    if values.len() > stride || stride > MAX_STRIDE || !stride.is_multiple_of(INT4_LANES) {
        return Err(QuantizeError::Stride {
            dims: values.len(),
            stride,
        });
    }
    let max_abs = max_abs(values)?;
    packed.fill(0);
    let mut best = (f64::INFINITY, row_scale(max_abs, MAX_CODE)?);
    if max_abs > 0.0 {
        for step in 0..SCALES {
            let share = 1.0 - f32::from(step) / f32::from(SCALES * 2);
            let scale = row_scale(max_abs * share, MAX_CODE)?;
            let error = values.iter().map(|value| {
                let back = f32::from(code_of(*value, scale)) * scale.to_f32();
                f64::from(value - back).powi(2)
            });
            let error = error.sum();
            if error < best.0 {
                best = (error, scale);
            }
        }
        let (chunks, _) = packed.as_chunks_mut::<LANES>();
        for (chunk, values) in chunks.iter_mut().zip(values.chunks(INT4_LANES)) {
            let mut codes = [0i8; INT4_LANES];
            for (code, value) in codes.iter_mut().zip(values) {
                *code = code_of(*value, best.1);
            }
            *chunk = pack(&codes);
        }
    }
    Ok(best.1)
}

/// Iterates over the codes of a packed row, in order.
pub fn codes(packed: &[u8]) -> impl Iterator<Item = i8> {
    packed
        .as_chunks::<LANES>()
        .0
        .iter()
        .flat_map(|chunk| unpack(chunk).into_iter().flatten())
}

fn code_of(value: f32, scale: f16) -> i8 {
    let limit = f32::from(MAX_CODE);
    let divisor = scale.to_f32();
    if divisor <= 0.0 {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole and within −7..=7")]
    let code = (value / divisor).round_ties_even().clamp(-limit, limit) as i8;
    code
}

/// Packs 32 codes; [`Int4`] describes their order.
fn pack(codes: &[i8; INT4_LANES]) -> [u8; LANES] {
    core::array::from_fn(|byte| {
        let first = byte / 2 + byte % 2 * LANES;
        let low = codes[first].cast_unsigned() & 0xf;
        let high = codes[first + 8].cast_unsigned() << 4;
        low | high
    })
}

const _: () = assert!(size_of::<Int4>() * 2 == INT4_LANES);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_codes_come_back_in_order() {
        let values: Vec<f32> = (0..96u8).map(|at| f32::from(at % 15) - 7.0).collect();
        let mut packed = [0u8; 48];
        let scale = quantize_row(&values, &mut packed).unwrap();
        assert_eq!(scale, f16::ONE);
        let back: Vec<f32> = codes(&packed).map(f32::from).collect();
        assert_eq!(back, values);
    }

    #[test]
    fn padding_is_zero_and_a_row_of_zeros_has_scale_zero() {
        let mut packed = [0xffu8; 32];
        quantize_row(&[1.0, -1.0, 0.5], &mut packed).unwrap();
        assert_eq!(codes(&packed).skip(3).filter(|code| *code != 0).count(), 0);
        assert_eq!(quantize_row(&[0.0; 40], &mut packed).unwrap(), f16::ZERO);
        assert_eq!(packed, [0; 32]);
    }

    #[test]
    fn large_values_are_clipped_if_that_lowers_the_error() {
        // A few large values and many small ones.
        let values: Vec<f32> = (0..64u8)
            .map(|at| (f32::from(at.wrapping_mul(37) % 64) / 32.0 - 1.0).powi(3))
            .collect();
        let mut packed = [0u8; 32];
        let scale = quantize_row(&values, &mut packed).unwrap().to_f32();
        let error = |scale: f32| -> f32 {
            let code = |value: f32| (value / scale).round_ties_even().clamp(-7.0, 7.0);
            values.iter().map(|value| (value - code(*value) * scale).powi(2)).sum()
        };
        assert!(scale < 0.99 / 7.0, "{scale}");
        assert!(error(scale) < error(1.0 / 7.0));
    }

    #[test]
    fn non_finite_values_and_invalid_strides_are_refused() {
        assert!(matches!(
            quantize_row(&[0.0, f32::NAN], &mut [0; 16]),
            Err(QuantizeError::NotFinite { dimension: 1, .. })
        ));
        for (dims, bytes) in [(33, 16), (8, 8), (8, 24), (8, 528)] {
            let error = quantize_row(&vec![1.0; dims], &mut vec![0; bytes]).unwrap_err();
            assert!(
                matches!(error, QuantizeError::Stride { .. }),
                "{dims} in {bytes}: {error}"
            );
        }
        assert_eq!(stride_of(33), Some(64));
        assert_eq!(stride_of(1025), None);
    }
}
