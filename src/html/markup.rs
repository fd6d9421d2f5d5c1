//! The attributes by which a page names its slots and templates.

/// Makes an element a slot; its value is the slot's name.
pub const SLOT: &str = "data-selvedge-slot";
/// Makes a `<template>` a named one, for the slots behind it.
pub const TEMPLATE: &str = "data-selvedge-template";

/// Whether a tag may have one of them.
pub fn mentions_us(tag: &[u8]) -> bool {
    const PREFIX: &[u8] = b"data-selvedge-";
    tag.windows(PREFIX.len())
        .any(|window| window.eq_ignore_ascii_case(PREFIX))
}
