//! Checks of sections about rows: bounds of their norms, and their order by item key.

use half::f16;

use super::super::bytes::to_usize;
use super::indices;
use crate::kernel::{BLOCK_ROWS, widen};
use crate::quantize::MAX_NORM;
use crate::snapshot::contents::Contents;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::section::SectionKind;

/// Checks block bounds against `scales` and `inverse-norms` of every row: a bound that is too small would hide rows.
pub fn bounds(contents: &Contents<'_>, kind: SectionKind) -> Result<(), SnapshotError> {
    let bounds: &[f32] = contents.values(kind);
    let content = |element, expected, found: f32| {
        Err(SnapshotError::Content {
            kind,
            element,
            expected,
            found: f64::from(found),
        })
    };
    if let Some(element) = bounds.iter().position(|bound| !(0.0..=MAX_NORM).contains(bound)) {
        let expected = "a finite float from 0 to the norm of the longest row there can be";
        return content(element, expected, bounds[element]);
    }
    if let Some(element) = bounds.windows(2).position(|pair| pair[0] < pair[1]) {
        return content(
            element + 1,
            "a bound not larger than the one before",
            bounds[element + 1],
        );
    }
    let scales: &[f16] = contents.values(SectionKind::Scales);
    let inverse_norms: &[f16] = contents.values(SectionKind::InverseNorms);
    let blocks = scales.chunks(BLOCK_ROWS).zip(inverse_norms.chunks(BLOCK_ROWS));
    for (element, ((scales, inverse_norms), bound)) in blocks.zip(bounds).enumerate() {
        // Tests scale × ‖codes‖ ≤ bound without a division. f16 rounds the inverse norm by a factor of at most 1 ±
        // 2⁻¹¹, hence 1.001.
        let allowed = bound * 1.001;
        let fits = |(scale, inverse): (&f16, &f16)| {
            u32::from((widen(*scale) <= allowed * widen(*inverse)) | (inverse.to_bits() == 0))
        };
        let fitting: u32 = scales.iter().zip(inverse_norms).map(fits).sum();
        if fitting as usize != scales.len() {
            return content(element, "at least the norm of every row of its block", *bound);
        }
    }
    Ok(())
}

/// Checks that keys strictly ascend: binary search then finds every key, and no two items share one.
pub fn by_key(contents: &Contents<'_>, kind: SectionKind) -> Result<(), SnapshotError> {
    indices(contents, kind, contents.header.rows, "a row index", false)?;
    let keys: &[u64] = contents.values(SectionKind::ItemKeys);
    let order: &[u32] = contents.values(kind);
    let mut before = None;
    for (element, row) in order.iter().enumerate() {
        let key = keys.get(to_usize(*row)).copied();
        if key <= before {
            return Err(SnapshotError::Content {
                kind,
                element,
                expected: "rows in strictly ascending order of their keys",
                found: f64::from(*row),
            });
        }
        before = key;
    }
    Ok(())
}
