//! Attributes that mark slot elements and named templates in a page.

/// Makes an element a slot element; the value is the slot's name.
pub const SLOT: &str = "data-selvedge-slot";
/// Makes a `<template>` a named one, for later slots.
pub const TEMPLATE: &str = "data-selvedge-template";

/// Whether a tag may have one of these attributes.
pub fn mentions_us(tag: &[u8]) -> bool {
    const PREFIX: &[u8] = b"data-selvedge-";
    tag.windows(PREFIX.len())
        .any(|window| window.eq_ignore_ascii_case(PREFIX))
}
