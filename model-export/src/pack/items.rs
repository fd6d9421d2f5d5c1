//! Items and dayparts as the core's writer takes them.

use std::collections::{BTreeMap, HashMap};

use selvedge::event::ItemKey;
use selvedge::place::{DAYPARTS, Daypart};
use selvedge::snapshot::writer::ItemInput;
use selvedge_lake::storage::CatalogueItem;
use selvedge_models::compress::Rotation;
use serde::Serialize;

use crate::model::ItemFactors;

/// An item that is not packed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOutItem {
    /// Its id.
    pub id: String,
    /// Why.
    pub reason: String,
}

/// The items to be packed.
#[derive(Debug, Default)]
pub struct Joined {
    /// Items of factors and catalogue.
    pub items: Vec<ItemInput>,
    /// The row of each in the factors.
    pub rows: Vec<usize>,
    /// Items that the catalogue does not have and that are packed all the same, with their id as title.
    pub uncatalogued: usize,
    /// Items that the catalogue does not have and that are not packed.
    pub uncatalogued_left_out: usize,
    /// Items that no snapshot can hold.
    pub left_out: Vec<LeftOutItem>,
}

/// Joins factors and catalogue. With `only_catalogued`, an item that the catalogue does not have is left out.
pub fn items(
    factors: &ItemFactors,
    rotation: &Rotation,
    catalogue: Vec<CatalogueItem>,
    only_catalogued: bool,
) -> Joined {
    let mut known: BTreeMap<String, CatalogueItem> =
        catalogue.into_iter().map(|item| (item.id.clone(), item)).collect();
    let mut joined = Joined::default();
    let mut is_catalogued = Vec::new();
    for (row, id) in factors.ids.iter().enumerate() {
        let found = known.remove(id);
        if found.is_none() && only_catalogued {
            joined.uncatalogued_left_out += 1;
            continue;
        }
        let catalogued = found.is_some();
        let item = found.unwrap_or_else(|| CatalogueItem {
            id: id.clone(),
            title: id.clone(),
            ..CatalogueItem::default()
        });
        #[expect(
            clippy::cast_possible_truncation,
            reason = "popularity is a prior, stored in 16 bits"
        )]
        let popularity = factors.popularity[row] as f32;
        let item = ItemInput {
            id: item.id,
            title: item.title,
            image: item.image,
            categories: item.categories,
            attributes: item.attributes,
            factors: rotation.apply(factors.factors.row(row)),
            popularity,
            available_from_min: item.available_from_ms.map(minutes),
            available_until_min: item.available_until_ms.map(minutes),
        };
        // Ingest lets no such item through. It can come from another engine that writes into the lake, or with imported vectors.
        if let Err(error) = item.check() {
            joined.left_out.push(LeftOutItem {
                id: item.id,
                reason: with_causes(&error),
            });
            continue;
        }
        joined.items.push(item);
        joined.rows.push(row);
        is_catalogued.push(catalogued);
    }
    let kept = joined
        .items
        .iter()
        .zip(&is_catalogued)
        .map(|(item, catalogued)| Candidate {
            id: &item.id,
            catalogued: *catalogued,
            popularity: item.popularity,
        });
    let same_key = same_key(&kept.collect::<Vec<_>>(), |id| ItemKey::of(id).0);
    let mut of_same_key: Vec<LeftOutItem> = same_key
        .iter()
        .map(|(place, other)| LeftOutItem {
            id: joined.items[*place].id.clone(),
            reason: format!(
                "its item key is that of {:?}, which is packed; give one of them another id",
                joined.items[*other].id
            ),
        })
        .collect();
    joined.left_out.append(&mut of_same_key);
    let is_kept = |place: &usize| !same_key.contains_key(place);
    joined.uncatalogued = (0..is_catalogued.len())
        .filter(|place| is_kept(place) && !is_catalogued[*place])
        .count();
    joined.rows = (0..joined.rows.len())
        .filter(is_kept)
        .map(|place| joined.rows[place])
        .collect();
    let items = std::mem::take(&mut joined.items);
    joined.items = (0..)
        .zip(items)
        .filter(|(place, _)| is_kept(place))
        .map(|(_, item)| item)
        .collect();
    joined
}

/// An error with its causes, in one line.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// What decides which of two items with one key is packed.
struct Candidate<'i> {
    id: &'i str,
    catalogued: bool,
    popularity: f32,
}

/// Places of the items whose key another item has, each with the place of that one. An item of the catalogue comes before one that only events
/// name, then the one with more users, then the smaller id: whoever makes up an id that has the key of another item gets nothing by it.
fn same_key(items: &[Candidate<'_>], key: impl Fn(&str) -> u64) -> BTreeMap<usize, usize> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&items[*a], &items[*b]);
        let known = b.catalogued.cmp(&a.catalogued);
        known
            .then_with(|| b.popularity.total_cmp(&a.popularity))
            .then_with(|| a.id.cmp(b.id))
    });
    let mut first: HashMap<u64, usize> = HashMap::new();
    let mut same = BTreeMap::new();
    for place in order {
        let holder = *first.entry(key(items[place].id)).or_insert(place);
        if holder != place {
            same.insert(place, holder);
        }
    }
    same
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

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(id: &str, catalogued: bool, popularity: f32) -> Candidate<'_> {
        Candidate {
            id,
            catalogued,
            popularity,
        }
    }

    #[test]
    fn of_two_items_with_one_key_the_catalogued_then_the_popular_then_the_smaller_id_is_packed() {
        let length = |id: &str| id.len() as u64;
        for (items, left_out) in [
            (
                vec![candidate("a", false, 9.0), candidate("b", true, 1.0)],
                vec![(0, 1)],
            ),
            (
                vec![candidate("b", true, 1.0), candidate("a", false, 9.0)],
                vec![(1, 0)],
            ),
            (vec![candidate("a", true, 1.0), candidate("b", true, 2.0)], vec![(0, 1)]),
            (vec![candidate("b", true, 1.0), candidate("a", true, 1.0)], vec![(0, 1)]),
            (vec![candidate("a", true, 1.0), candidate("bb", true, 1.0)], vec![]),
            (
                vec![
                    candidate("a", false, 1.0),
                    candidate("b", false, 1.0),
                    candidate("c", true, 0.0),
                ],
                vec![(0, 2), (1, 2)],
            ),
        ] {
            assert_eq!(same_key(&items, length).into_iter().collect::<Vec<_>>(), left_out);
        }
    }
}
