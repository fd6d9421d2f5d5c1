//! Rows: their order, codes, keys, popularity and availability.

use alloc::vec::Vec;

use half::f16;

use super::model::{ItemInput, Model};
use crate::event::ItemKey;
use crate::quantize::CodeTable;
use crate::snapshot::bytes::to_usize;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::layout::NONE;

/// Returns the items in the order of their rows, and their codes. The longest factors come first, so that a scan can
/// stop early.
pub fn rows(model: &Model) -> Result<(Vec<&ItemInput>, CodeTable), SnapshotError> {
    let mut items: Vec<&ItemInput> = model.items.iter().collect();
    // A defined order for items of equal length.
    items.sort_by(|a, b| b.popularity.total_cmp(&a.popularity).then_with(|| a.id.cmp(&b.id)));
    let factors = items.iter().map(|item| item.factors.as_slice());
    let table = CodeTable::quantize(factors, model.dims, model.width).map_err(|error| SnapshotError::Build {
        what: "item with factors that are not finite or too large, by popularity",
        expected: 0,
        found: error.row as u64,
    })?;
    let (table, order) = table.longest_first();
    Ok((order.into_iter().map(|place| items[place]).collect(), table))
}

/// Returns the rows, most popular first; ties in order of id.
pub fn popularity_order(items: &[&ItemInput]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..u32::try_from(items.len()).unwrap_or(NONE)).collect();
    order.sort_by(|a, b| {
        let (a, b) = (items[to_usize(*a)], items[to_usize(*b)]);
        b.popularity.total_cmp(&a.popularity).then_with(|| a.id.cmp(&b.id))
    });
    order
}

/// Returns each row's popularity relative to the most popular row.
pub fn popularity(items: &[&ItemInput]) -> Vec<u16> {
    let most = items
        .iter()
        .map(|item| item.popularity)
        .fold(f32::MIN_POSITIVE, f32::max);
    items
        .iter()
        .map(|item| f16::from_f32((item.popularity / most).clamp(0.0, 1.0)).to_bits())
        .collect()
}

/// Returns the item key of each row, and the rows in the order of their keys.
pub fn keys(items: &[&ItemInput]) -> Result<(Vec<u64>, Vec<u32>), SnapshotError> {
    let keys: Vec<u64> = items.iter().map(|item| ItemKey::of(&item.id).0).collect();
    let rows = u32::try_from(items.len()).unwrap_or(NONE);
    let mut order: Vec<u32> = (0..rows).collect();
    order.sort_by_key(|row| keys[to_usize(*row)]);
    for pair in order.windows(2) {
        let (first, second) = (to_usize(pair[0]), to_usize(pair[1]));
        if keys[first] == keys[second] {
            return Err(SnapshotError::KeyCollision {
                first: items[first].id.clone(),
                second: items[second].id.clone(),
                key: keys[first],
            });
        }
    }
    Ok((keys, order))
}

/// Returns first minute and end of each row's availability; `None` if no item is limited.
pub fn availability(items: &[&ItemInput]) -> Option<Vec<u32>> {
    let limited = |item: &&&ItemInput| item.available_from_min.is_some() || item.available_until_min.is_some();
    items.iter().find(limited)?;
    let pair = |item: &&ItemInput| {
        [
            item.available_from_min.unwrap_or(0),
            item.available_until_min.unwrap_or(NONE),
        ]
    };
    Some(items.iter().flat_map(pair).collect())
}
