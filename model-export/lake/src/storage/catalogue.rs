//! Items.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray as _;
use arrow_array::{Array as _, MapArray, StringArray};

use super::{Lake, LakeError, table};

/// One item of the catalogue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct CatalogueItem {
    /// Its id, as events name it.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// From the root category to the deepest.
    pub categories: Vec<String>,
    /// Whatever else is known, in the order of the mapping.
    pub attributes: Vec<(String, String)>,
    /// Address of a picture.
    pub image: Option<String>,
    /// From when it may be shown, in milliseconds since 1970.
    pub available_from_ms: Option<i64>,
    /// Until when, exclusive.
    pub available_until_ms: Option<i64>,
}

impl Lake {
    /// All items, by id. Of an item that several sources bring, the one that was ingested last counts; within a
    /// file, the last row.
    ///
    /// # Errors
    /// The lake cannot be read.
    pub fn catalogue(&self) -> Result<Vec<CatalogueItem>, LakeError> {
        let mut items = BTreeMap::new();
        for part in self.parts("catalogue")? {
            let path = part.path;
            let batch = table::read(&path)?;
            let ids = table::text(&path, &batch, "item_id")?;
            let titles = table::text(&path, &batch, "title")?;
            let categories = table::list(&path, &batch, "categories")?;
            let attributes = table::map(&path, &batch, "attributes")?;
            let images = table::text(&path, &batch, "image")?;
            let from = table::timestamp_ms(&path, &batch, "available_from")?;
            let until = table::timestamp_ms(&path, &batch, "available_until")?;
            for row in 0..batch.num_rows() {
                let names = categories.value(row);
                let item = CatalogueItem {
                    id: ids.value(row).to_owned(),
                    title: titles.value(row).to_owned(),
                    categories: names
                        .as_string_opt::<i32>()
                        .map(|names| names.iter().flatten().map(str::to_owned).collect())
                        .unwrap_or_default(),
                    attributes: pairs(attributes, row),
                    image: images.is_valid(row).then(|| images.value(row).to_owned()),
                    available_from_ms: from.is_valid(row).then(|| from.value(row)),
                    available_until_ms: until.is_valid(row).then(|| until.value(row)),
                };
                items.insert(item.id.clone(), item);
            }
        }
        Ok(items.into_values().collect())
    }
}

/// The entries of a text map.
fn pairs(map: &MapArray, row: usize) -> Vec<(String, String)> {
    let entries = map.value(row);
    let text = |index: usize| entries.column(index).as_string_opt::<i32>();
    let (Some(keys), Some(values)) = (text(0), text(1)) else {
        return Vec::new();
    };
    let pair = |index: usize| {
        let cell = |array: &StringArray| array.value(index).to_owned();
        values.is_valid(index).then(|| (cell(keys), cell(values)))
    };
    (0..entries.len()).filter_map(pair).collect()
}
