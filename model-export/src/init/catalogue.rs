//! The columns of a catalogue: what an item is called, what kind of thing it is, and what else a page may show.

use super::guess::CatalogueGuess;
use super::look::Column;
use super::main_columns::ranked;
use super::words::columns as names;

/// The column of what an item is called: text that is nearly always the same for one item is told apart by the caller; here its name and its look.
pub fn title_of(columns: &[Column], item: usize) -> Option<usize> {
    ranked(columns, |column| {
        let text = column.filled > 0 && !column.numeric && column.lettered > 0.8 && column.length <= 200.0;
        if text && column.time.is_none() && !column.email && !column.nested {
            column.words.fit(names::TITLE)
        } else {
            0.0
        }
    })
    .into_iter()
    .find(|(index, fit)| *index != item && *fit >= 0.3 && !about_somebody(&columns[*index]))
    .map(|(index, _)| index)
    .or_else(|| {
        // `Product` beside `SKU`.
        (0..columns.len()).find(|&index| {
            let column = &columns[index];
            let text = column.filled > 0
                && !column.numeric
                && column.lettered > 0.8
                && column.time.is_none()
                && !column.nested;
            index != item
                && text
                && column.words.fit(names::ITEM) >= 0.8
                && column.length > columns[item].length
                && column.length <= 200.0
        })
    })
    .or_else(|| (columns[item].words.fit(names::TITLE) >= 0.5).then_some(item))
}

/// Whether a name is that of a person, a campaign or the like, and not of a thing.
fn about_somebody(column: &Column) -> bool {
    let words = [
        "reviewer", "buyer", "visitor", "member", "person", "seller", "vendor", "author", "user", "customer", "client",
        "kunde", "billing", "shipping", "first", "last", "full", "company", "campaign", "event", "store", "shop",
        "category", "vor", "nach", "vorname", "nachname", "country", "city",
    ];
    column.words.words.iter().any(|word| words.contains(&word.as_str()))
}

/// Columns of what kind of thing an item is, from the root of the tree (the fewest names) to the deepest.
pub fn categories_of(columns: &[Column], id: usize) -> Vec<usize> {
    let mut categories: Vec<usize> = (0..columns.len())
        .filter(|&index| {
            let column = &columns[index];
            let each_its_own = column.unique() && column.rows >= 20;
            index != id
                && column.filled > 0
                && !column.numeric
                && column.words.fit(names::CATEGORY) >= 0.8
                && !each_its_own
        })
        .collect();
    categories.sort_by_key(|&index| (columns[index].values.len(), index));
    categories
}

/// The column of pictures.
pub fn image_of(columns: &[Column], id: usize) -> Option<usize> {
    ranked(columns, |column| {
        if column.filled > 0 && !column.numeric {
            column.words.fit(names::IMAGE)
        } else {
            0.0
        }
    })
    .first()
    .filter(|(index, fit)| *fit >= 0.6 && *index != id)
    .map(|(index, _)| *index)
}

pub fn catalogue_of(columns: &[Column], id: usize) -> Option<CatalogueGuess> {
    let title = title_of(columns, id);
    let categories = categories_of(columns, id);
    let title = title.filter(|title| *title != id || categories.is_empty());
    if title.is_none() && categories.is_empty() {
        return None;
    }
    let image = image_of(columns, id);
    let time = |list: &[&str]| {
        ranked(columns, |column| {
            if column.time.is_some() {
                column.words.fit(list)
            } else {
                0.0
            }
        })
        .first()
        .filter(|(_, fit)| *fit >= 0.8)
        .map(|(index, _)| *index)
    };
    let (available_from, available_until) = (time(names::FROM), time(names::UNTIL));
    let taken = [Some(id), title, image, available_from, available_until];
    let attributes = (0..columns.len()).filter(|index| {
        let column = &columns[*index];
        !taken.contains(&Some(*index))
            && !categories.contains(index)
            && column.filled > 0
            && !column.nested
            && column.length <= 200.0
            && column.words.words.last().is_none_or(|word| word != "id")
    });
    Some(CatalogueGuess {
        id,
        title,
        attributes: attributes.take(8).collect(),
        categories,
        image,
        available_from,
        available_until,
    })
}
