//! Why a template is refused.

use alloc::string::String;

use thiserror::Error;

/// Why a template is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A tag has no end.
    #[error("byte {at}: expected }}}} behind {{{{, found the end of the template")]
    Unclosed {
        /// Where it begins.
        at: usize,
    },
    /// No such field.
    #[error(
        "byte {at}: expected id, title, image, category, position, reason, reason.item, reason.title, reason.share or attributes.<name>, found {found:?}"
    )]
    Field {
        /// Where its tag begins.
        at: usize,
        /// What was written.
        found: String,
    },
    /// A section is closed that is not open, or the other way round.
    #[error("byte {at}: section {name:?}: expected {expected}")]
    Section {
        /// Where that was found out.
        at: usize,
        /// The section's field.
        name: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// The HTML does not end where it began.
    #[error("byte {at}: expected the template to end in text, found it in {place}")]
    Incomplete {
        /// Its length.
        at: usize,
        /// In words.
        place: &'static str,
    },
    /// No escaping makes a value safe here.
    #[error(
        "byte {at}: {{{{{field}}}}} stands {place}, where no escaping makes a value safe; move it into text or a quoted attribute"
    )]
    Unsafe {
        /// Where its tag begins.
        at: usize,
        /// The field.
        field: String,
        /// In words.
        place: &'static str,
    },
}
