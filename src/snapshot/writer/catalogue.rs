//! The catalogue in a snapshot: category tree and item texts.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::model::ItemInput;
use crate::snapshot::bytes::to_usize;
use crate::snapshot::error::SnapshotError;
use crate::snapshot::layout::{CategoryRecord, NONE};

pub struct Catalogue {
    pub categories: Vec<CategoryRecord>,
    pub category_names: Vec<u8>,
    pub item_category: Vec<u32>,
    pub text_offsets: Vec<u32>,
    pub text: Vec<u8>,
}

impl Catalogue {
    /// Builds the catalogue of these rows.
    pub fn of(items: &[&ItemInput]) -> Result<Self, SnapshotError> {
        // Lexical order of paths puts every parent before its children.
        let mut paths: BTreeMap<&[String], u32> = BTreeMap::new();
        for item in items {
            for depth in 1..=item.categories.len() {
                *paths.entry(&item.categories[..depth]).or_insert(0) += 1;
            }
        }
        let index_of: BTreeMap<&[String], u32> = paths.keys().zip(0u32..).map(|(path, index)| (*path, index)).collect();
        let mut catalogue = Self {
            categories: Vec::with_capacity(paths.len()),
            category_names: Vec::new(),
            item_category: Vec::with_capacity(items.len()),
            text_offsets: vec![0],
            text: Vec::new(),
        };
        let mut places: BTreeMap<&str, u32> = BTreeMap::new();
        for (path, count) in &paths {
            let (Some(name), parent) = (path.last(), &path[..path.len() - 1]) else {
                continue;
            };
            let place = match places.get(name.as_str()) {
                Some(place) => *place,
                None => {
                    let place = length(catalogue.category_names.len(), "bytes of category names (at most)")?;
                    catalogue.category_names.extend_from_slice(name.as_bytes());
                    places.insert(name, place);
                    place
                }
            };
            catalogue.categories.push(CategoryRecord {
                parent: index_of.get(parent).copied().unwrap_or(NONE),
                name_offset: place,
                name_bytes: length(name.len(), "bytes of a category name (at most)")?,
                items: *count,
            });
        }
        for item in items {
            let leaf = index_of.get(item.categories.as_slice()).copied().unwrap_or(NONE);
            catalogue.item_category.push(leaf);
            catalogue.push_text(item)?;
        }
        Ok(catalogue)
    }

    fn push_text(&mut self, item: &ItemInput) -> Result<(), SnapshotError> {
        item.check()?;
        let image = item.image.as_deref().unwrap_or("");
        let mut record = [item.id.as_str(), &item.title, image].join("\n");
        for (key, value) in &item.attributes {
            record.push('\n');
            record.push_str(key);
            record.push('=');
            record.push_str(value);
        }
        self.text.extend_from_slice(record.as_bytes());
        self.text_offsets
            .push(length(self.text.len(), "bytes of item texts (at most)")?);
        Ok(())
    }
}

fn length(bytes: usize, what: &'static str) -> Result<u32, SnapshotError> {
    u32::try_from(bytes).map_err(|_| SnapshotError::Build {
        what,
        expected: to_usize(u32::MAX) as u64,
        found: bytes as u64,
    })
}
