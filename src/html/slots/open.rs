//! A slot element between start tag and end tag: its call, its content, and the template in it.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use crate::html::attributes::Attributes;
use crate::html::markup::SLOT;
use crate::html::problem::SlotProblem;
use crate::html::scanner::Tag;
use crate::html::step::SlotCall;

/// A slot element whose end tag has not come yet.
#[derive(Debug)]
pub(super) struct OpenSlot {
    /// What its start tag asks for.
    pub call: SlotCall,
    /// Name of the template to use if it has none of its own.
    pub template: String,
    /// All bytes after its start tag.
    pub content: Vec<u8>,
    element: Vec<u8>,
    /// Number of open elements of the same name inside it.
    depth: u32,
    template_depth: u32,
    own: Own,
}

/// The first `<template>` in a slot element, by offsets into the content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    None,
    Begun {
        tag: usize,
        inner: usize,
    },
    Ended {
        tag: usize,
        inner: usize,
        inner_end: usize,
        end: usize,
    },
}

impl OpenSlot {
    /// Begins a slot element after its start tag.
    pub fn begin(slot: &str, element: &[u8], attributes: &Attributes) -> Result<Self, SlotProblem> {
        let refused = |attribute, expected, found: &str| SlotProblem::Attribute {
            slot: slot.to_string(),
            attribute,
            expected,
            found: found.to_string(),
        };
        if !may_be_slot(element) {
            return Err(SlotProblem::Element {
                slot: slot.to_string(),
                element: text(element),
            });
        }
        if slot.is_empty() {
            return Err(refused(SLOT, "the name of a slot", slot));
        }
        let n = match attributes.get("data-n").map(|n| (n, n.trim().parse())) {
            None => None,
            Some((_, Ok(n))) => Some(n),
            Some((found, Err(_))) => return Err(refused("data-n", "a whole number", found)),
        };
        Ok(Self {
            call: SlotCall {
                slot: slot.to_string(),
                n,
                category: attributes.get("data-category").map(ToString::to_string),
            },
            template: attributes.get("data-template").unwrap_or(slot).to_string(),
            content: Vec::new(),
            element: element.to_vec(),
            depth: 0,
            template_depth: 0,
            own: Own::None,
        })
    }

    /// Processes a tag of `length` bytes that is about to become content. Returns true for the slot element's own end
    /// tag, which does not become content.
    pub fn is_ended_by(&mut self, tag: Tag, name: &[u8], length: usize) -> bool {
        let before = self.content.len();
        if name == b"template" {
            if !tag.is_end {
                if self.template_depth == 0 && self.own == Own::None {
                    let inner = before + length;
                    self.own = Own::Begun { tag: before, inner };
                }
                self.template_depth += 1;
            } else if self.template_depth > 0 {
                self.template_depth -= 1;
                if let (0, Own::Begun { tag, inner }) = (self.template_depth, self.own) {
                    self.own = Own::Ended {
                        tag,
                        inner,
                        inner_end: before,
                        end: before + length,
                    };
                }
            }
        } else if self.template_depth == 0 && name == self.element.as_slice() {
            if !tag.is_end {
                self.depth += 1;
            } else if self.depth > 0 {
                self.depth -= 1;
            } else {
                return true;
            }
        }
        false
    }

    /// Returns the HTML of the slot's own template.
    pub fn own_template(&self) -> Option<&[u8]> {
        match self.own {
            Own::Ended { inner, inner_end, .. } => Some(self.content.get(inner..inner_end).unwrap_or_default()),
            Own::None | Own::Begun { .. } => None,
        }
    }

    /// Returns the same with the template's tags. It stays in the page so that the browser can fill the slot again.
    pub fn own_template_element(&self) -> Option<&[u8]> {
        match self.own {
            Own::Ended { tag, end, .. } => self.content.get(tag..end),
            Own::None | Own::Begun { .. } => None,
        }
    }

    /// Returns the problem of a page that ended inside the slot element.
    pub fn unclosed(self) -> SlotProblem {
        SlotProblem::Unclosed {
            slot: self.call.slot,
            element: text(&self.element),
        }
    }
}

/// Whether an element always has an end tag, and contains markup.
fn may_be_slot(element: &[u8]) -> bool {
    const VOID: [&[u8]; 14] = [
        b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"source", b"track",
        b"wbr", b"param",
    ];
    const OPTIONAL_END: [&[u8]; 20] = [
        b"html",
        b"head",
        b"body",
        b"p",
        b"li",
        b"dt",
        b"dd",
        b"option",
        b"optgroup",
        b"thead",
        b"tbody",
        b"tfoot",
        b"tr",
        b"td",
        b"th",
        b"colgroup",
        b"caption",
        b"rt",
        b"rp",
        b"select",
    ];
    const NO_MARKUP: [&[u8]; 12] = [
        b"script",
        b"style",
        b"title",
        b"textarea",
        b"xmp",
        b"iframe",
        b"noembed",
        b"noframes",
        b"noscript",
        b"plaintext",
        b"template",
        b"frameset",
    ];
    !VOID.contains(&element)
        && !OPTIONAL_END.contains(&element)
        && !NO_MARKUP.contains(&element)
        && !matches!(element, b"svg" | b"math")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
