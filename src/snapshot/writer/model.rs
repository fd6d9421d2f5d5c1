//! A model as it goes into a snapshot, and what it may hold.

use alloc::string::String;
use alloc::vec::Vec;

use crate::policy::Policy;
use crate::quantize::Width;
use crate::snapshot::bytes::to_usize;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::layout::{MAX_DIMS, MAX_ROWS, MAX_SEGMENTS};

/// An item as it goes into a snapshot.
#[derive(Clone, Debug, Default)]
pub struct ItemInput {
    /// The catalogue's id.
    pub id: String,
    /// The title.
    pub title: String,
    /// Address of a picture.
    pub image: Option<String>,
    /// Category names, root first.
    pub categories: Vec<String>,
    /// Further fields.
    pub attributes: Vec<(String, String)>,
    /// The trained factors, `dims` long.
    pub factors: Vec<f32>,
    /// How popular it is; any scale, 0 or more.
    pub popularity: f32,
    /// First minute (Unix) at which it may be shown.
    pub available_from_min: Option<u32>,
    /// First minute (Unix) at which it may not be shown any more.
    pub available_until_min: Option<u32>,
}

/// A segment as it goes into a snapshot.
#[derive(Clone, Debug)]
pub struct SegmentInput {
    /// Its direction, any length but zero.
    pub centroid: Vec<f32>,
    /// Its users while training.
    pub members: u32,
    /// The coarser segment that it is part of, by its place in [`Model::segments`]: behind this one. Segments that are parts
    /// only, the leaves, stand first.
    pub parent: Option<u32>,
    /// Its ready list, by places in [`Model::items`], best first; where it is empty, the items nearest to the centroid.
    pub slate: Vec<usize>,
}

/// A model as it goes into a snapshot.
#[derive(Clone, Debug)]
pub struct Model {
    /// Number of factors.
    pub dims: usize,
    /// Bits of a factor's code.
    pub width: Width,
    /// The items, in any order: rows are laid out by the length of their factors, then by popularity and id.
    pub items: Vec<ItemInput>,
    /// The segments.
    pub segments: Vec<SegmentInput>,
    /// For each slot of the policy, the segment that answers for each segment, or `u32::MAX` for none; empty: each for itself.
    pub rungs: Vec<Vec<u32>>,
    /// Prior user vectors of the 8 dayparts, or none.
    pub contexts: Vec<Vec<f32>>,
    /// Items per ready list.
    pub slate_len: usize,
    /// The policy.
    pub policy: Policy,
    /// When it is packed, Unix milliseconds.
    pub created_ms: u64,
    /// Time of the newest event, Unix milliseconds.
    pub trained_until_ms: u64,
    /// `key=value` lines for people.
    pub provenance: String,
}

/// Refuses numbers beyond the format's limits, and vectors of another length than `dims`.
pub(super) fn limits(model: &Model) -> Result<(), SnapshotError> {
    let check = |what, expected: usize, found: usize, good: bool| {
        if good {
            Ok(())
        } else {
            Err(SnapshotError::Build {
                what,
                expected: expected as u64,
                found: found as u64,
            })
        }
    };
    let rows = model.items.len();
    check("items (at least)", 1, rows, rows >= 1)?;
    check("items (at most)", to_usize(MAX_ROWS), rows, rows <= to_usize(MAX_ROWS))?;
    let dims = model.dims;
    check(
        "factors (at most, and at least 1)",
        to_usize(MAX_DIMS),
        dims,
        (1..=to_usize(MAX_DIMS)).contains(&dims),
    )?;
    let segments = model.segments.len();
    check(
        "segments (at most)",
        to_usize(MAX_SEGMENTS),
        segments,
        segments <= to_usize(MAX_SEGMENTS),
    )?;
    let contexts = model.contexts.len();
    check(
        "contexts (or none)",
        crate::context::DAYPARTS,
        contexts,
        contexts == 0 || contexts == 8,
    )?;
    check("slate length (at least)", 1, model.slate_len, model.slate_len >= 1)?;
    for vector in model
        .contexts
        .iter()
        .chain(model.segments.iter().map(|segment| &segment.centroid))
    {
        check(
            "factors of a segment or context",
            dims,
            vector.len(),
            vector.len() == dims,
        )?;
    }
    for item in &model.items {
        check(
            "factors of an item",
            dims,
            item.factors.len(),
            item.factors.len() == dims,
        )?;
    }
    Ok(())
}
