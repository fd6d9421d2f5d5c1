//! Named templates of a page: `<template data-selvedge-template="…">`, kept for the slots after them.

use alloc::string::String;
use alloc::vec::Vec;

use crate::html::encoding::Encoding;
use crate::html::limits::{MAX_TEMPLATE_BYTES, MAX_TEMPLATES};
use crate::html::problem::SlotProblem;
use crate::html::scanner::Tag;
use crate::html::template::Template;

/// The named templates so far, and the one whose end tag has not come yet.
#[derive(Debug, Default)]
pub(super) struct NamedTemplates {
    open: Option<OpenTemplate>,
    known: Vec<(String, Template)>,
    /// Bytes of names and HTML of all templates.
    bytes: usize,
}

#[derive(Debug)]
struct OpenTemplate {
    name: String,
    html: Vec<u8>,
    /// Number of open templates inside it.
    depth: u32,
}

impl NamedTemplates {
    /// Whether the page is inside a named template.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Bytes that the templates hold: the known ones compiled, the open one as text.
    pub fn held_bytes(&self) -> usize {
        // A compiled template holds the pieces of its text between the fields, each with its own allocation: about twice the text.
        2 * self.bytes + self.open.as_ref().map_or(0, |open| open.html.capacity())
    }

    /// Begins a named template after its start tag.
    pub fn begin(&mut self, name: String) -> Result<(), SlotProblem> {
        if self.known.len() >= MAX_TEMPLATES {
            return Err(SlotProblem::TemplateLength { name });
        }
        self.bytes += name.len();
        self.open = Some(OpenTemplate {
            name,
            html: Vec::new(),
            depth: 0,
        });
        Ok(())
    }

    /// Adds bytes to the open template. Gives it up if all templates together become too long.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), SlotProblem> {
        let Some(open) = &mut self.open else { return Ok(()) };
        if self.bytes + open.html.len() + bytes.len() > MAX_TEMPLATE_BYTES {
            let name = core::mem::take(&mut open.name);
            self.open = None;
            return Err(SlotProblem::TemplateLength { name });
        }
        open.html.extend_from_slice(bytes);
        Ok(())
    }

    /// Processes a `<template>` or `</template>` inside the open template. Its own end tag compiles it, and it replaces
    /// an earlier one of the same name.
    pub fn template_tag(&mut self, tag: Tag, encoding: Encoding) -> Result<(), SlotProblem> {
        match &mut self.open {
            Some(open) if !tag.is_end => open.depth += 1,
            Some(open) if open.depth > 0 => open.depth -= 1,
            _ => {
                if let Some(OpenTemplate { name, html, .. }) = self.open.take() {
                    self.bytes += html.len();
                    let template = match Template::compile(&html, encoding) {
                        Ok(template) => template,
                        Err(error) => return Err(SlotProblem::Template { name, error }),
                    };
                    self.known.retain(|(known, _)| *known != name);
                    self.known.push((name, template));
                }
            }
        }
        Ok(())
    }

    /// Returns the template with this name.
    pub fn get(&self, name: &str) -> Option<&Template> {
        self.known
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, template)| template)
    }
}
