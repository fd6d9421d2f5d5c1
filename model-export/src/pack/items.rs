//! Items and dayparts as the core's writer takes them.

use std::collections::BTreeMap;

use selvedge::place::{DAYPARTS, Daypart};
use selvedge::snapshot::writer::ItemInput;
use selvedge_lake::storage::CatalogueItem;
use selvedge_models::compress::Rotation;

use crate::model::ItemFactors;

/// Joins factors and catalogue; returns how many trained items the catalogue does not have.
pub fn items(factors: &ItemFactors, rotation: &Rotation, catalogue: Vec<CatalogueItem>) -> (Vec<ItemInput>, usize) {
    let mut known: BTreeMap<String, CatalogueItem> =
        catalogue.into_iter().map(|item| (item.id.clone(), item)).collect();
    let mut missing = 0;
    let items = factors
        .ids
        .iter()
        .enumerate()
        .map(|(row, id)| {
            let item = known.remove(id).unwrap_or_else(|| {
                missing += 1;
                CatalogueItem {
                    id: id.clone(),
                    title: id.clone(),
                    ..CatalogueItem::default()
                }
            });
            #[expect(
                clippy::cast_possible_truncation,
                reason = "popularity is a prior, stored in 16 bits"
            )]
            let popularity = factors.popularity[row] as f32;
            ItemInput {
                id: item.id,
                title: item.title,
                image: item.image,
                categories: item.categories,
                attributes: item.attributes,
                factors: rotation.apply(factors.factors.row(row)),
                popularity,
                available_from_min: item.available_from_ms.map(minutes),
                available_until_min: item.available_until_ms.map(minutes),
            }
        })
        .collect();
    (items, missing)
}

/// Milliseconds as the minutes of the format; before 1970 is 0, after the year 10000 is the end of time.
pub fn minutes(at_ms: i64) -> u32 {
    u32::try_from(at_ms.max(0) / 60_000).unwrap_or(u32::MAX)
}

/// The priors in the core's order of dayparts; none unless all eight are there.
pub fn daypart_priors(names: &[String], row: impl Fn(usize) -> Vec<f32>) -> Vec<Vec<f32>> {
    let place = |daypart: Daypart| names.iter().position(|name| name == daypart.name()).map(&row);
    let priors: Vec<Vec<f32>> = (0..DAYPARTS)
        .filter_map(Daypart::from_index)
        .filter_map(place)
        .collect();
    if priors.len() == DAYPARTS { priors } else { Vec::new() }
}
