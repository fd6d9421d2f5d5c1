//! Why a template is refused.

use alloc::string::String;

use thiserror::Error;

/// Why a template is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A Mustache tag has no end.
    #[error("byte {at}: expected }}}} after {{{{, found the end of the template")]
    Unclosed {
        /// Offset where it begins.
        at: usize,
    },
    /// There is no such field.
    #[error(
        "byte {at}: expected decision, first, id, title, image, category, position, reason, reason.item, reason.title, reason.share or attributes.<name>, found {found:?}"
    )]
    Field {
        /// Offset where its tag begins.
        at: usize,
        /// The name that was found.
        found: String,
    },
    /// A section is closed without being open, or never closed.
    #[error("byte {at}: section {name:?}: expected {expected}")]
    Section {
        /// Offset where this was noticed.
        at: usize,
        /// The section's field.
        name: String,
        /// What was expected.
        expected: &'static str,
    },
    /// The HTML of the template is incomplete.
    #[error("byte {at}: expected the template to end in text, found it in {place}")]
    Incomplete {
        /// The template's length.
        at: usize,
        /// Where it ends, in words.
        place: &'static str,
    },
    /// No escaping makes a value safe in this place.
    #[error(
        "byte {at}: {{{{{field}}}}} stands {place}, where no escaping makes a value safe; move it into text or into a quoted attribute such as title, href or data-selvedge-item"
    )]
    Unsafe {
        /// Offset where its tag begins.
        at: usize,
        /// The field.
        field: String,
        /// The place, in words.
        place: &'static str,
    },
    /// A brace stands behind bytes that only a known encoding tells to belong to it or not.
    #[error(
        "byte {at}: expected the page to name its encoding, in Content-Type or <meta charset>, before a {{ behind bytes that are not ASCII and not UTF-8"
    )]
    Encoding {
        /// Offset of the brace.
        at: usize,
    },
}
