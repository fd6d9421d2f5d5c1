//! What the stream needs from its caller: more input, the items of a slot, or another resource.

use alloc::string::String;

/// What the stream needs to continue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// More input, or the end of the page.
    Input,
    /// The items of a slot. Answer with [`Slots::fill`](super::Slots::fill) or [`Slots::leave`](super::Slots::leave).
    Slot(SlotCall),
    /// The bytes of another resource. They belong between the output so far and all later output.
    Include(Include),
}

/// What a slot element asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotCall {
    /// The slot's name, `data-selvedge-slot`.
    pub slot: String,
    /// Number of items, `data-n`.
    pub n: Option<usize>,
    /// Category of the items, `data-category`.
    pub category: Option<String>,
}

/// What an `<esi:include>` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// URL of the resource, as written in the page.
    pub src: String,
    /// URL to try if that fails.
    pub alt: Option<String>,
}
