//! Served lists, and the directions of segments.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::model::{ItemInput, Model};
use crate::event::ItemIndex;
use crate::quantize::{CodeTable, Query};
use crate::retrieve::{Filter, top_k};
use crate::snapshot::error::SnapshotError;
use crate::snapshot::layout::NONE;

/// Returns the served lists: everyone's, each segment's, each daypart's.
pub fn slates(
    model: &Model,
    items: &[&ItemInput],
    table: &CodeTable,
    popularity_order: &[u32],
) -> Result<Vec<u32>, SnapshotError> {
    let k = model.slate_len;
    let mut slates = Vec::with_capacity((1 + model.segments.len() + model.contexts.len()) * k);
    let mut push = |list: &mut dyn Iterator<Item = u32>| {
        slates.extend(list.take(k));
        let full = slates.len().div_ceil(k) * k;
        slates.resize(full, NONE);
    };
    push(&mut popularity_order.iter().copied());
    let row_of: BTreeMap<&str, u32> = (0..).zip(items).map(|(row, item)| (item.id.as_str(), row)).collect();
    for segment in &model.segments {
        if segment.slate.is_empty() {
            push(&mut top(table, &segment.centroid, k)?.into_iter().map(|item| item.0));
            continue;
        }
        let places = segment.slate.iter().map(|place| model.items.get(*place));
        let rows: Option<Vec<u32>> = places
            .map(|item| item.and_then(|item| row_of.get(item.id.as_str()).copied()))
            .collect();
        let rows = rows.ok_or(SnapshotError::Build {
            what: "index of an item in the list of a segment, below",
            expected: model.items.len() as u64,
            found: segment.slate.iter().copied().max().unwrap_or(0) as u64,
        })?;
        push(&mut rows.into_iter());
    }
    for vector in &model.contexts {
        push(&mut top(table, vector, k)?.into_iter().map(|item| item.0));
    }
    Ok(slates)
}

/// Returns the segments' directions, scaled to length 1.
pub fn unit_centroids(model: &Model) -> Result<Vec<f32>, SnapshotError> {
    let mut centroids = Vec::with_capacity(model.segments.len() * model.dims);
    for (index, segment) in model.segments.iter().enumerate() {
        let squared: f64 = segment
            .centroid
            .iter()
            .map(|value| f64::from(*value) * f64::from(*value))
            .sum();
        if !squared.is_finite() || squared <= 0.0 {
            return Err(SnapshotError::Build {
                what: "centroid of a segment, whose length must be finite and above zero; index of the segment",
                expected: 0,
                found: index as u64,
            });
        }
        let norm = squared.sqrt();
        #[expect(clippy::cast_possible_truncation, reason = "the format stores 32 bits")]
        centroids.extend(segment.centroid.iter().map(|value| (f64::from(*value) / norm) as f32));
    }
    Ok(centroids)
}

fn top(table: &CodeTable, vector: &[f32], k: usize) -> Result<Vec<ItemIndex>, SnapshotError> {
    let fits = SnapshotError::Build {
        what: "number of finite factors of a segment or daypart",
        expected: table.dims() as u64,
        found: vector.len() as u64,
    };
    let rows = table.rows().map_err(|_| fits.clone())?;
    let query = Query::new(vector, table.stride()).map_err(|_| fits)?;
    let found = top_k(&rows, &query, &Filter::all(rows.len()), k);
    Ok(found.into_iter().map(|scored| scored.item).collect())
}
