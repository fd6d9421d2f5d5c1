//! Problems of a page, for the log of its author.

use alloc::string::String;

use thiserror::Error;

use super::limits::{MAX_SLOT_BYTES, MAX_TAG_BYTES, MAX_TEMPLATE_BYTES, MAX_TEMPLATES};
use super::markup::TEMPLATE;
use super::template::TemplateError;

/// Why a slot element shows its own content. The cause is in the page, never in the visitor's request, so it is
/// reported to the page's author.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SlotProblem {
    /// The slot element has no template.
    #[error("slot {slot:?}: expected a <template> in it, or an earlier one with {TEMPLATE}={template:?}; found none")]
    NoTemplate {
        /// The slot.
        slot: String,
        /// The template's name.
        template: String,
    },
    /// The template does not compile.
    #[error("template {name:?}: {error}")]
    Template {
        /// Name of the template, or of its slot.
        name: String,
        /// Why.
        error: TemplateError,
    },
    /// The page has too many named templates, or they are too long.
    #[error(
        "template {name:?}: expected at most {MAX_TEMPLATES} named templates of together {MAX_TEMPLATE_BYTES} bytes in a page, found more; this one is ignored"
    )]
    TemplateLength {
        /// Its name.
        name: String,
    },
    /// An attribute has a wrong value.
    #[error("slot {slot:?}: {attribute}: expected {expected}, found {found:?}")]
    Attribute {
        /// The slot.
        slot: String,
        /// The attribute.
        attribute: &'static str,
        /// Allowed values.
        expected: &'static str,
        /// The value.
        found: String,
    },
    /// The element cannot be a slot element.
    #[error(
        "slot {slot:?}: expected an element whose end tag is always written, such as div, section or ul; found {element}"
    )]
    Element {
        /// The slot.
        slot: String,
        /// The element's name.
        element: String,
    },
    /// The content, or a tag in it, is too long to hold.
    #[error(
        "slot {slot:?}: expected at most {MAX_SLOT_BYTES} bytes of content and {MAX_TAG_BYTES} bytes per tag, found more"
    )]
    Length {
        /// The slot.
        slot: String,
    },
    /// The page ended inside the slot element.
    #[error("slot {slot:?}: expected </{element}>, found the end of the page")]
    Unclosed {
        /// The slot.
        slot: String,
        /// The element's name.
        element: String,
    },
    /// The page's encoding is one in which bytes of ASCII mean something else.
    #[error(
        "slot {slot:?}: expected a page whose encoding contains ASCII and is named in Content-Type or <meta charset>, found an escape sequence of ISO-2022-JP"
    )]
    Encoding {
        /// The slot.
        slot: String,
    },
}
