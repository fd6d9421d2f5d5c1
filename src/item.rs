//! What the texts of a catalogue item may hold: one table of limits, which ingest and the snapshot writer share.
//!
//! Ingest leaves out or shortens a text that breaks a rule, so that one row of a supplier never makes the writer refuse the whole snapshot.

use thiserror::Error;

/// Most names in the path of categories of one item.
pub const MAX_CATEGORIES: usize = 16;
/// Most attributes of one item.
pub const MAX_ATTRIBUTES: usize = 64;

/// A text of an item, beside its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemField {
    /// The title.
    Title,
    /// The URL of a picture.
    Image,
    /// A category's name.
    Category,
    /// An attribute's name.
    AttributeName,
    /// An attribute's value.
    Attribute,
}

/// Why a text of an item is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ItemFieldError {
    /// The text is too long.
    #[error("{what}: expected at most {limit} bytes, found {found}", what = .what.name())]
    Length {
        /// Which text.
        what: ItemField,
        /// The limit.
        limit: usize,
        /// Its length.
        found: usize,
    },
    /// The text holds a control character. The snapshot separates the texts of an item by line ends.
    #[error("{what}: expected text without control characters, found {found:?}", what = .what.name())]
    Control {
        /// Which text.
        what: ItemField,
        /// The first control character.
        found: char,
    },
    /// The name of an attribute is empty or holds `=`, which separates it from its value in the snapshot.
    #[error("attribute name: expected text without \"=\", found {found:?}")]
    AttributeName {
        /// The name.
        found: alloc::string::String,
    },
}

impl ItemField {
    /// Returns the name of the field for messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Image => "image",
            Self::Category => "category",
            Self::AttributeName => "attribute name",
            Self::Attribute => "attribute",
        }
    }

    /// Returns the greatest length in bytes. Most are far longer than what a page shows; an image may be a long signed URL.
    #[must_use]
    pub const fn limit(self) -> usize {
        match self {
            Self::Title => 1024,
            Self::Image | Self::Attribute => 4096,
            Self::Category => 256,
            Self::AttributeName => 64,
        }
    }

    /// Checks a text.
    ///
    /// # Errors
    /// [`ItemFieldError`].
    pub fn check(self, text: &str) -> Result<(), ItemFieldError> {
        if let Some(found) = text.chars().find(|letter| letter.is_control()) {
            return Err(ItemFieldError::Control { what: self, found });
        }
        if text.len() > self.limit() {
            return Err(ItemFieldError::Length {
                what: self,
                limit: self.limit(),
                found: text.len(),
            });
        }
        if self == Self::AttributeName && (text.is_empty() || text.contains('=')) {
            return Err(ItemFieldError::AttributeName { found: text.into() });
        }
        Ok(())
    }

    /// Returns the longest beginning of a text that is within the limit and ends between two characters.
    #[must_use]
    pub fn beginning(self, text: &str) -> &str {
        let mut end = text.len().min(self.limit());
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.get(..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ItemField; 5] = [
        ItemField::Title,
        ItemField::Image,
        ItemField::Category,
        ItemField::AttributeName,
        ItemField::Attribute,
    ];

    #[test]
    fn control_characters_and_lengths_beyond_the_limit_are_refused_in_every_text() {
        for what in ALL {
            assert_eq!(what.check(&"x".repeat(what.limit())), Ok(()));
            assert!(what.check(&"x".repeat(what.limit() + 1)).is_err());
            for control in ["a\nb", "\0", "a\u{7f}", "\u{85}b"] {
                assert!(
                    matches!(what.check(control), Err(ItemFieldError::Control { .. })),
                    "{control:?}"
                );
            }
        }
        assert!(ItemField::AttributeName.check("a=b").is_err());
        assert!(ItemField::AttributeName.check("").is_err());
        assert_eq!(ItemField::Attribute.check("a=b"), Ok(()));
    }

    #[test]
    fn the_beginning_ends_between_two_characters() {
        let long = "\u{e4}".repeat(1000);
        for what in ALL {
            let cut = what.beginning(&long);
            assert!(cut.len() <= what.limit() && long.starts_with(cut) && what.check(cut) == Ok(()));
        }
        assert_eq!(ItemField::Title.beginning("short"), "short");
    }
}
