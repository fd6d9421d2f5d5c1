//! What the stream asks of whoever pushes bytes in: more input, the items of a slot, another resource.

use alloc::string::String;

/// What the stream needs to go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// More input, or the end.
    Input,
    /// A slot's items: answered by [`Slots::fill`](super::Slots::fill) or [`Slots::leave`](super::Slots::leave).
    Slot(SlotCall),
    /// Another resource's bytes: what has come out belongs in front of them, what comes out later behind.
    Include(Include),
}

/// What a slot asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotCall {
    /// The slot's name, `data-selvedge-slot`.
    pub slot: String,
    /// How many items, `data-n`.
    pub n: Option<usize>,
    /// Of which category, `data-category`.
    pub category: Option<String>,
}

/// What an `<esi:include>` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Include {
    /// The resource's URL, as it was written.
    pub src: String,
    /// Another one to try where that fails.
    pub alt: Option<String>,
}
