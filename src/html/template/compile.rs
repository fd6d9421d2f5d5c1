//! Compiles a template's HTML to the parts that are rendered for each item.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::error::TemplateError;
use super::field::is_field;
use super::safety::escaping;
use super::{Escaping, Part, Template};
use crate::html::encoding::Encoding;
use crate::html::expression::Expressions;
use crate::html::scanner::{Event, Scanner, SyntaxContext};

/// The compiler's state.
pub(super) struct Compiler<'t> {
    html: &'t [u8],
    encoding: Encoding,
    scanner: Scanner,
    parts: Vec<Part>,
    literal: Vec<u8>,
    /// Open sections: index of their part, name, and the scanner at their start.
    open: Vec<(usize, String, Scanner)>,
    /// Content of the current attribute value so far, without its fields.
    value: Vec<u8>,
    /// Whether the current attribute value is a URL that contains a Mustache tag.
    in_url: bool,
    /// Expressions in the text outside of tags, and in the current attribute value.
    in_text: Expressions,
    in_value: Expressions,
}

impl<'t> Compiler<'t> {
    pub fn new(html: &'t [u8], encoding: Encoding) -> Self {
        let is_utf8 = encoding == Encoding::Unknown && core::str::from_utf8(html).is_ok();
        Self {
            html,
            encoding: if is_utf8 { Encoding::Utf8 } else { encoding },
            scanner: Scanner::new(),
            parts: Vec::new(),
            literal: Vec::new(),
            open: Vec::new(),
            value: Vec::new(),
            in_url: false,
            in_text: Expressions::default(),
            in_value: Expressions::default(),
        }
    }

    pub fn compile(mut self) -> Result<Template, TemplateError> {
        let html = self.html;
        let mut at = 0;
        // After a `<`, a field would become the name of a tag.
        let mut after_open = false;
        while let Some(byte) = html.get(at) {
            let rest = html.get(at..).unwrap_or_default();
            if let Some(inner) = rest.strip_prefix(b"{{") {
                let length = self.end_of_tag(inner).ok_or(TemplateError::Unclosed { at })?;
                let tag = String::from_utf8_lossy(inner.get(..length).unwrap_or_default());
                self.mustache(tag.trim(), at, after_open)?;
                at += length + "{{}}".len();
                continue;
            }
            let character = self.encoding.first_character(rest);
            for byte in rest.get(..character).unwrap_or_default() {
                after_open = self.literal(*byte);
            }
            at += character;
            let follows = html.get(at) == Some(&b'{');
            if self.encoding == Encoding::Unknown && *byte >= 0x80 && follows {
                return Err(TemplateError::Encoding { at });
            }
        }
        if let Some((_, name, _)) = self.open.last() {
            return Err(TemplateError::Section {
                at,
                name: name.clone(),
                expected: "a closing tag before the end of the template",
            });
        }
        let place = match (self.scanner.in_markup(), self.scanner.in_html()) {
            (true, true) => None,
            (true, false) => Some("SVG or MathML"),
            (false, _) => Some("a tag, a comment, a title, a script or a style"),
        };
        if let Some(place) = place {
            return Err(TemplateError::Incomplete { at, place });
        }
        self.end_literal();
        Ok(Template { parts: self.parts })
    }

    /// Reads a byte that is no part of a Mustache tag. Returns whether it may begin an HTML tag.
    fn literal(&mut self, byte: u8) -> bool {
        let before = self.scanner.syntax_context();
        let event = self.scanner.read(byte);
        let now = self.scanner.syntax_context();
        if now == SyntaxContext::Attribute {
            if before == SyntaxContext::Attribute {
                self.value.push(byte);
                self.in_value.read(byte);
            } else {
                self.value.clear();
                self.in_value = Expressions::default();
            }
        } else if core::mem::take(&mut self.in_url) {
            self.end_literal();
            self.parts.push(Part::UrlEnd);
        }
        if before == SyntaxContext::Text || now == SyntaxContext::Text {
            self.in_text.read(byte);
        }
        self.literal.push(byte);
        matches!(event, Event::MayBegin | Event::NoTag { begins: true })
    }

    /// Returns the offset of the `}}` that ends a Mustache tag.
    fn end_of_tag(&self, inner: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            let rest = inner.get(at..)?;
            if rest.starts_with(b"}}") {
                return Some(at);
            }
            at += Some(self.encoding.first_character(rest)).filter(|bytes| *bytes > 0)?;
        }
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            self.parts.push(Part::Literal(core::mem::take(&mut self.literal)));
        }
    }

    fn mustache(&mut self, tag: &str, at: usize, after_open: bool) -> Result<(), TemplateError> {
        let (sigil, name) = match tag.strip_prefix(['#', '^', '/', '!']) {
            Some(name) => (tag.chars().next(), name.trim()),
            None => (None, tag),
        };
        if sigil == Some('!') {
            return Ok(());
        }
        if !is_field(name) {
            let found = tag.to_string();
            return Err(TemplateError::Field { at, found });
        }
        let escaping = escaping(&self.scanner, &self.value, after_open).map_err(|place| TemplateError::Unsafe {
            at,
            field: name.to_string(),
            place,
        })?;
        let is_value = self.scanner.syntax_context() == SyntaxContext::Attribute;
        let within = if is_value { &self.in_value } else { &self.in_text };
        if within.is_open() {
            return Err(TemplateError::Unsafe {
                at,
                field: name.to_string(),
                place: "in an expression of a template language that runs in the browser",
            });
        }
        self.end_literal();
        if escaping == Escaping::Url && !core::mem::replace(&mut self.in_url, true) {
            let written = self.value.len();
            self.parts.push(Part::UrlStart { written });
        }
        let name = name.to_string();
        match sigil {
            Some('/') => match self.open.pop() {
                Some((part, open, began)) if open == name && began.stands_like(&self.scanner) => {
                    let behind = self.parts.len();
                    if let Some(Part::Section { end, .. }) = self.parts.get_mut(part) {
                        *end = behind;
                    }
                }
                Some((_, open, _)) => {
                    return Err(TemplateError::Section {
                        at,
                        name: open,
                        expected: "its closing tag next, in the text or attribute value where it was opened",
                    });
                }
                None => {
                    let expected = "an opening tag before the closing one";
                    return Err(TemplateError::Section { at, name, expected });
                }
            },
            Some(sigil) => {
                self.open.push((self.parts.len(), name.clone(), self.scanner.clone()));
                self.parts.push(Part::Section {
                    name,
                    inverted: sigil == '^',
                    end: 0,
                });
            }
            None => {
                self.parts.push(Part::Field { name, escaping });
            }
        }
        Ok(())
    }
}
