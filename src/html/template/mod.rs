//! Templates: a piece of HTML with Mustache tags, made out once for each item.
//!
//! `{{field}}` is escaped for where it stands: text, attribute value, whole URL or part of one. `{{#field}}…{{/field}}` is there where the
//! field is, `{{^field}}…{{/field}}` where it is not. Where no escaping makes a value safe (scripts, styles, event handlers, names, values
//! without quotes), a template is refused; so a catalogue's texts cannot become markup, whatever is in them.

mod compile;
mod error;
mod field;
mod safety;

use alloc::string::String;
use alloc::vec::Vec;

pub use error::TemplateError;

use self::compile::Compiler;
use self::field::field;
use super::escape::{escape_into, may_run, percent_encode_into, scheme};
use crate::engine::Item;

/// A compiled template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(Vec<u8>),
    Field {
        name: String,
        escaping: Escaping,
    },
    /// In a URL's attribute value, behind so many bytes of it.
    UrlStart {
        written: usize,
    },
    /// At the end of that value.
    UrlEnd,
    /// Parts up to `end` are left out unless the field is present, or absent for an inverted section.
    Section {
        name: String,
        inverted: bool,
        end: usize,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escaping {
    /// Text or a quoted attribute value.
    Text,
    /// A URL, or what follows the start of one.
    Url,
}

impl Template {
    /// Compiles a template's HTML, in any encoding that contains ASCII.
    ///
    /// # Errors
    /// [`TemplateError`], with the byte of the template.
    pub fn compile(html: &[u8]) -> Result<Self, TemplateError> {
        Compiler::new(html).compile()
    }

    /// Appends the template made out for an item; `position` counts from 1.
    ///
    /// With `ascii`, characters beyond ASCII are written as references.
    pub fn render(&self, out: &mut Vec<u8>, item: &Item<'_>, position: usize, ascii: bool) {
        let mut at = 0;
        let mut url_start = out.len();
        while let Some(part) = self.parts.get(at) {
            at += 1;
            match part {
                Part::Literal(bytes) => out.extend_from_slice(bytes),
                Part::Field { name, escaping } => match field(item, position, name) {
                    Some(value) if *escaping == Escaping::Text => escape_into(out, &value, ascii),
                    Some(value) => write_url(out, url_start, &value, ascii),
                    None => {}
                },
                Part::UrlStart { written } => url_start = out.len().saturating_sub(*written),
                Part::UrlEnd => {
                    // Whatever its pieces came to together: it shall be an address.
                    if may_run(out.get(url_start..).unwrap_or_default()) {
                        out.truncate(url_start);
                        out.push(b'#');
                    }
                }
                Part::Section { name, inverted, end } => {
                    let present = field(item, position, name).is_some_and(|value| !value.is_empty());
                    if present == *inverted {
                        at = *end;
                    }
                }
            }
        }
    }
}

/// Writes a value into a URL that began at `start`: the whole of it where nothing stands in front, else a part.
fn write_url(out: &mut Vec<u8>, start: usize, value: &str, ascii: bool) {
    let in_front = out.get(start..).unwrap_or_default();
    if in_front.iter().any(|byte| *byte > b' ') {
        return percent_encode_into(out, value);
    }
    let value = value.trim_start_matches(|character: char| character <= ' ');
    match scheme(value).as_deref() {
        Some("http" | "https") => {}
        // Whatever else it is, it would run or show something that is none of the site's.
        Some(_) => return out.push(b'#'),
        // So that nothing behind it can turn its first segment into a scheme.
        None if !value.is_empty() && !value.starts_with(['/', '.', '?', '#', '\\']) => {
            out.extend_from_slice(b"./");
        }
        None => {}
    }
    escape_into(out, value, ascii);
}
