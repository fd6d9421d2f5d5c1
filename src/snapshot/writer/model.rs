//! The model that the writer packs, and its limits.

use alloc::string::String;
use alloc::vec::Vec;

use crate::event::validate_item_id;
use crate::item::{ItemField, MAX_ATTRIBUTES, MAX_CATEGORIES};
use crate::policy::Policy;
use crate::quantize::Width;
use crate::snapshot::bytes::to_usize;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::layout::{MAX_DIMS, MAX_ROWS, MAX_SEGMENTS};
use crate::snapshot::release::Release;

/// An item of the model.
#[derive(Clone, Debug, Default)]
pub struct ItemInput {
    /// The catalogue's id.
    pub id: String,
    /// The title.
    pub title: String,
    /// URL of a picture.
    pub image: Option<String>,
    /// Category names, root first.
    pub categories: Vec<String>,
    /// Further fields.
    pub attributes: Vec<(String, String)>,
    /// The trained factors, `dims` long.
    pub factors: Vec<f32>,
    /// Popularity on any scale, 0 or more.
    pub popularity: f32,
    /// First Unix minute at which the item may be shown.
    pub available_from_min: Option<u32>,
    /// First Unix minute at which the item may no longer be shown.
    pub available_until_min: Option<u32>,
}

impl ItemInput {
    /// Checks id and texts. Packing leaves out an item that is refused here, because [`build`](super::build) refuses the whole model.
    ///
    /// # Errors
    /// [`SnapshotError::BuildId`], [`SnapshotError::BuildText`] or [`SnapshotError::BuildCount`].
    pub fn check(&self) -> Result<(), SnapshotError> {
        let item = || self.id.clone();
        validate_item_id(&self.id).map_err(|source| SnapshotError::BuildId { item: item(), source })?;
        let counts = [
            ("categories", MAX_CATEGORIES, self.categories.len()),
            ("attributes", MAX_ATTRIBUTES, self.attributes.len()),
        ];
        if let Some((what, limit, found)) = counts.into_iter().find(|(_, limit, found)| found > limit) {
            return Err(SnapshotError::BuildCount {
                item: item(),
                what,
                limit,
                found,
            });
        }
        let title = core::iter::once((ItemField::Title, &self.title));
        let image = self.image.iter().map(|image| (ItemField::Image, image));
        let categories = self.categories.iter().map(|name| (ItemField::Category, name));
        let attributes = self
            .attributes
            .iter()
            .flat_map(|(name, value)| [(ItemField::AttributeName, name), (ItemField::Attribute, value)]);
        for (field, text) in title.chain(image).chain(categories).chain(attributes) {
            let refused = |source| SnapshotError::BuildText { item: item(), source };
            field.check(text).map_err(refused)?;
        }
        Ok(())
    }
}

/// A segment of the model.
#[derive(Clone, Debug)]
pub struct SegmentInput {
    /// Its direction, of any length but zero.
    pub centroid: Vec<f32>,
    /// Number of its users in training.
    pub members: u32,
    /// Index in [`Model::segments`] of the coarser segment that it is part of, which comes later. The leaves, which are
    /// not unions of other segments, come first.
    pub parent: Option<u32>,
    /// Its served list, by indexes into [`Model::items`], best first. If empty, the items nearest to the centroid are
    /// served.
    pub slate: Vec<usize>,
}

/// The model that the writer packs.
#[derive(Clone, Debug)]
pub struct Model {
    /// Number of factors per item and centroid.
    pub dims: usize,
    /// Width of a factor's code.
    pub width: Width,
    /// The items, in any order. Their rows are sorted by the norm of the factors, then by popularity and id.
    pub items: Vec<ItemInput>,
    /// The segments.
    pub segments: Vec<SegmentInput>,
    /// For each slot of the policy, the serving segment of each segment, or `u32::MAX` for none. If empty, each segment
    /// serves itself.
    pub rungs: Vec<Vec<u32>>,
    /// Prior user vectors of the 8 dayparts, or empty.
    pub contexts: Vec<Vec<f32>>,
    /// Number of items per served list.
    pub slate_len: usize,
    /// The policy.
    pub policy: Policy,
    /// Time of packing, Unix milliseconds.
    pub created_ms: u64,
    /// Time of the newest event, Unix milliseconds.
    pub trained_until_ms: u64,
    /// What the snapshot is for.
    pub release: ReleaseInput,
    /// `key=value` lines about the model's origin, for people.
    pub provenance: String,
}

/// What a snapshot is for. Names are those of [`Release::is_name`](crate::snapshot::Release::is_name).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReleaseInput {
    /// The shop, if the file shall say.
    pub shop: Option<String>,
    /// The channel, if the file shall say.
    pub channel: Option<String>,
}

impl Model {
    /// The section `release`; [`None`] if there is nothing to say.
    pub(super) fn release_lines(&self) -> Option<String> {
        let fields = [("shop", &self.release.shop), ("channel", &self.release.channel)];
        let given = fields
            .into_iter()
            .filter_map(|(name, value)| Some([name, "=", value.as_deref()?].concat()));
        let lines: Vec<String> = given.collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// Refuses numbers beyond the format's limits, and vectors whose length is not `dims`.
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
    check("number of items, at least", 1, rows, rows >= 1)?;
    check(
        "number of items, at most",
        to_usize(MAX_ROWS),
        rows,
        rows <= to_usize(MAX_ROWS),
    )?;
    let dims = model.dims;
    check(
        "number of factors, at least 1 and at most",
        to_usize(MAX_DIMS),
        dims,
        (1..=to_usize(MAX_DIMS)).contains(&dims),
    )?;
    let segments = model.segments.len();
    check(
        "number of segments, at most",
        to_usize(MAX_SEGMENTS),
        segments,
        segments <= to_usize(MAX_SEGMENTS),
    )?;
    let contexts = model.contexts.len();
    check(
        "number of daypart vectors, 0 or",
        crate::place::DAYPARTS,
        contexts,
        contexts == 0 || contexts == 8,
    )?;
    check(
        "items per served list, at least",
        1,
        model.slate_len,
        model.slate_len >= 1,
    )?;
    for (what, name) in [("shop", &model.release.shop), ("channel", &model.release.channel)] {
        if let Some(found) = name.as_ref().filter(|name| !Release::is_name(name)) {
            let found = found.clone();
            return Err(SnapshotError::BuildName { what, found });
        }
    }
    for vector in model
        .contexts
        .iter()
        .chain(model.segments.iter().map(|segment| &segment.centroid))
    {
        check(
            "number of factors of a segment or daypart",
            dims,
            vector.len(),
            vector.len() == dims,
        )?;
    }
    for item in &model.items {
        check(
            "number of factors of an item",
            dims,
            item.factors.len(),
            item.factors.len() == dims,
        )?;
    }
    Ok(())
}
