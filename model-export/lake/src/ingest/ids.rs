//! Ids of users and items: spelled alike in every format, and never the word for nobody.

use std::borrow::Cow;

use super::{BadRow, Cell};

/// Ids that name nobody, in any case.
#[derive(Clone, Debug)]
pub struct Placeholders {
    words: Vec<String>,
    longest: usize,
}

impl Placeholders {
    /// The words of a setting, or the usual ones.
    pub fn new(set: Option<&[String]>, usual: &[&str]) -> Self {
        let words: Vec<String> = match set {
            Some(words) => words.iter().map(|word| word.trim().to_owned()).collect(),
            None => usual.iter().map(|word| (*word).to_owned()).collect(),
        };
        let longest = words.iter().map(String::len).max().unwrap_or(0);
        Self { words, longest }
    }

    /// No words.
    pub const fn none() -> Self {
        Self {
            words: Vec::new(),
            longest: 0,
        }
    }

    /// Whether an id is one of the words.
    pub fn has(&self, id: &str) -> bool {
        id.len() <= self.longest
            && self
                .words
                .iter()
                .any(|word| word.len() == id.len() && word.eq_ignore_ascii_case(id))
    }
}

/// The id in a cell, if there is one.
///
/// # Errors
/// A spreadsheet has rounded it.
pub fn id<'c>(column: &str, cell: &'c Cell<'_>) -> Result<Option<Cow<'c, str>>, BadRow> {
    if cell.is_rounded() {
        return Err(BadRow::RoundedId {
            column: column.to_owned(),
            found: cell.shown(),
        });
    }
    Ok(cell.id())
}
