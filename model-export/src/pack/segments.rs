//! Segments as the core's writer takes them: the tree, who answers for whom in a slot, and what each is shown.

use std::collections::BTreeSet;

use selvedge::cache::{Freshness, ladder};
use selvedge::encode::FoldInParameters;
use selvedge::snapshot::writer::{Model, SegmentInput};
use selvedge_models::als::Factors;
use selvedge_models::compress::{Coding, Rotation};
use selvedge_models::lists::{ListPolicy, Segmentation, ready_lists};
use selvedge_models::segments::{Tree, tree};
use selvedge_models::served::{ServeError, ServedItems};
use serde::Serialize;

use crate::config::Config;
use crate::model::Segments;

/// The segments that answer in a slot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SlotSegments {
    /// The slot.
    pub slot: String,
    /// Segments that visitors are assigned to.
    pub segments: usize,
    /// Segments, unions among them, that answer; 0 where one answer is for everyone.
    pub answering: usize,
}

/// How the items of a snapshot are coded.
#[derive(Clone, Copy, Debug)]
pub struct Coded<'c> {
    /// Width and dimensions.
    pub coding: Coding,
    /// From the trained space into the coded one.
    pub rotation: &'c Rotation,
    /// How a visitor is folded in.
    pub fold_in: FoldInParameters,
}

/// The segments of a tree with their ready lists, for the core's writer. Packing and simulation both take them from here;
/// places in the lists are rows of `items`.
///
/// # Errors
/// [`ServeError`] for items or centroids that the core cannot hold.
pub fn segment_inputs(
    policy: ListPolicy,
    segments: &Segmentation<'_>,
    items: &Factors,
    coded: &Coded<'_>,
    length: usize,
) -> Result<Vec<SegmentInput>, ServeError> {
    let tree = segments.tree;
    let served = ServedItems::new(&coded.rotation.apply_all(items), coded.coding.width, coded.fold_in)?;
    let centroids = coded.rotation.apply_all(&tree.centroids);
    let lists = ready_lists(policy, segments, items, &served, &centroids, length)?;
    let inputs = lists.into_iter().enumerate().map(|(segment, list)| SegmentInput {
        centroid: centroids.row(segment).to_vec(),
        members: tree.members[segment],
        parent: tree.parents[segment],
        slate: list.into_iter().map(|row| row as usize).collect(),
    });
    Ok(inputs.collect())
}

/// The segments, with their unions where a slot needs them, and which of them answers for which in each slot.
pub fn segment_tree(config: &Config, segments: &Segments) -> (Tree, Vec<Vec<u32>>) {
    let slots = config.slots();
    if slots.iter().all(|slot| slot.min_hit_ratio.is_none()) {
        let alone = Tree::without_unions(segments.centroids.clone(), segments.members.clone());
        return (alone, Vec::new());
    }
    let tree = tree(&segments.centroids, &segments.members);
    let all: u32 = segments.members.iter().sum();
    let shares: Vec<f64> = segments
        .members
        .iter()
        .map(|members| f64::from(*members) / f64::from(all.max(1)))
        .collect();
    let traffic = &config.traffic;
    let per_location = traffic.requests_per_s.unwrap_or(0.0) / f64::from(traffic.locations.max(1));
    let rungs = slots.iter().map(|slot| {
        let freshness = Freshness {
            ttl_s: slot.ttl_s,
            stale_while_revalidate_s: slot.stale_while_revalidate_s,
            stale_if_error_s: slot.stale_if_error_s,
        };
        // Without a budget, whatever is expected is enough.
        let budget = slot.min_hit_ratio.unwrap_or(0.0);
        let served = ladder(&tree.parents, &shares, per_location, &freshness, budget);
        served.into_iter().map(|rung| rung.unwrap_or(NO_SEGMENT)).collect()
    });
    let rungs = rungs.collect();
    (tree, rungs)
}

/// A slot's answer for everyone stands in for a segment's.
pub const NO_SEGMENT: u32 = u32::MAX;

/// Keys of shared answers for each slot that a budget was given for.
pub fn affordable(config: &Config, model: &Model) -> Vec<SlotSegments> {
    let leaves = model.segments.iter().filter_map(|segment| segment.parent).min();
    let leaves = leaves.map_or(model.segments.len(), |first| first as usize);
    let slots = config.slots();
    let shown = slots
        .iter()
        .zip(&model.rungs)
        .filter(|(slot, _)| slot.min_hit_ratio.is_some());
    shown
        .map(|(slot, rungs)| {
            let answering: BTreeSet<u32> = rungs
                .iter()
                .take(leaves)
                .copied()
                .filter(|rung| *rung != NO_SEGMENT)
                .collect();
            SlotSegments {
                slot: slot.name.clone(),
                segments: leaves,
                answering: answering.len(),
            }
        })
        .collect()
}
