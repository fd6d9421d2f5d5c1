//! What is wrong with a page, for the log of whoever wrote it.

use alloc::string::String;

use thiserror::Error;

use super::limits::{MAX_SLOT_BYTES, MAX_TAG_BYTES, MAX_TEMPLATE_BYTES, MAX_TEMPLATES};
use super::markup::TEMPLATE;
use super::template::TemplateError;

/// Why a slot shows its own content. Nothing of it is the visitor's doing; it is for the log of whoever wrote the page.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SlotProblem {
    /// The slot has no template.
    #[error("slot {slot:?}: expected a <template> in it, or an earlier one with {TEMPLATE}={template:?}; found none")]
    NoTemplate {
        /// The slot.
        slot: String,
        /// The template's name.
        template: String,
    },
    /// The template is refused.
    #[error("template {name:?}: {error}")]
    Template {
        /// The template's or its slot's name.
        name: String,
        /// Why.
        error: TemplateError,
    },
    /// Templates are more, or longer, than what is kept of them.
    #[error(
        "template {name:?}: expected at most {MAX_TEMPLATES} templates of together {MAX_TEMPLATE_BYTES} bytes in a page, found more; it is not known"
    )]
    TemplateLength {
        /// Its name.
        name: String,
    },
    /// An attribute is not what it should be.
    #[error("slot {slot:?}: {attribute}: expected {expected}, found {found:?}")]
    Attribute {
        /// The slot.
        slot: String,
        /// The attribute.
        attribute: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it was.
        found: String,
    },
    /// The element cannot be a slot.
    #[error(
        "slot {slot:?}: expected an element whose end tag is always written, such as div, section or ul; found {element}"
    )]
    Element {
        /// The slot.
        slot: String,
        /// The element.
        element: String,
    },
    /// The content is longer than what is held back.
    #[error(
        "slot {slot:?}: expected at most {MAX_SLOT_BYTES} bytes of content, and of {MAX_TAG_BYTES} in a tag, found more"
    )]
    Length {
        /// The slot.
        slot: String,
    },
    /// The page ended in the slot.
    #[error("slot {slot:?}: expected </{element}>, found the end of the page")]
    Unclosed {
        /// The slot.
        slot: String,
        /// The element.
        element: String,
    },
}
