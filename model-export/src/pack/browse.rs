//! The catalogue as JSON for a site's own search, most popular first.

use std::path::Path;

use selvedge::snapshot::{CategoryIndex, Snapshot};
use serde::Serialize;

use super::error::PackError;
use selvedge_lake::storage::atomic;

#[derive(Serialize)]
struct Catalogue<'s> {
    model: String,
    dataset: &'s str,
    categories: Vec<Category<'s>>,
    items: Vec<Row<'s>>,
}

/// An item as an array: id, title, category index, size, brand. 25,000 of them without field names are half the bytes.
#[derive(Serialize)]
struct Row<'s>(&'s str, &'s str, Option<u32>, Option<&'s str>, Option<&'s str>);

#[derive(Serialize)]
struct Category<'s> {
    name: &'s str,
    parent: Option<u32>,
    items: u32,
}

/// Writes what a site needs to search and browse: `{"model", "dataset", "categories": […], "items": […]}`.
///
/// # Errors
/// The file cannot be written.
pub fn write_catalogue_json<B: AsRef<[u8]>>(
    snapshot: &Snapshot<B>,
    dataset: &str,
    path: &Path,
) -> Result<(), PackError> {
    let categories = indices(snapshot.category_count())
        .map(CategoryIndex)
        .map(|category| {
            let (parent, items) = snapshot.category_parent_and_items(category);
            Category {
                name: snapshot.category_name(category),
                parent: parent.map(|parent| parent.0),
                items,
            }
        })
        .collect();
    let items = (0..snapshot.rows())
        .map_while(|place| snapshot.by_popularity(place))
        .map(|item| {
            let text = snapshot.text(item);
            let attribute = |name: &str| {
                text.attributes
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| *value)
            };
            let category = snapshot.leaf_category(item).map(|category| category.0);
            Row(text.id, text.title, category, attribute("size"), attribute("brand"))
        })
        .collect();
    let catalogue = Catalogue {
        model: snapshot.version(),
        dataset,
        categories,
        items,
    };
    let json = serde_json::to_vec(&catalogue).map_err(std::io::Error::from);
    let json = json.map_err(PackError::io("write the catalogue", path))?;
    Ok(atomic::write_bytes(path, &json)?)
}

fn indices(count: usize) -> impl Iterator<Item = u32> {
    0..u32::try_from(count).unwrap_or(u32::MAX)
}
