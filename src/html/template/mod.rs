//! Templates: HTML with Mustache tags, rendered once for each item.
//!
//! `{{field}}` is escaped for its place: text, attribute value, whole URL or part of a URL. `{{#field}}…{{/field}}` is
//! rendered if the item has the field, `{{^field}}…{{/field}}` if not. A template is refused if no escaping makes a
//! value safe in its place (scripts, styles, event handlers, names, values without quotes). Catalogue text can
//! therefore never become markup.

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
    /// Start of a URL attribute's value that contains a field; `written` bytes of it are already out.
    UrlStart {
        written: usize,
    },
    /// End of that value.
    UrlEnd,
    /// The parts up to `end` are skipped if the field is absent, or present for an inverted section.
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
    /// A whole URL, or part of one.
    Url,
}

impl Template {
    /// Compiles a template's HTML, in any encoding that contains ASCII.
    ///
    /// # Errors
    /// [`TemplateError`] with the offset in the template.
    pub fn compile(html: &[u8]) -> Result<Self, TemplateError> {
        Compiler::new(html).compile()
    }

    /// Renders the template for an item and appends it to `out`; `position` counts from 1.
    ///
    /// With `ascii`, non-ASCII characters are written as numeric references.
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
                    // Checks the assembled value: it must be an address.
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

/// Writes a value into a URL that began at `start`: as a whole URL if nothing precedes it, else as part of one.
fn write_url(out: &mut Vec<u8>, start: usize, value: &str, ascii: bool) {
    let in_front = out.get(start..).unwrap_or_default();
    if in_front.iter().any(|byte| *byte > b' ') {
        return percent_encode_into(out, value);
    }
    let value = value.trim_start_matches(|character: char| character <= ' ');
    match scheme(value).as_deref() {
        Some("http" | "https") => {}
        // Any other scheme could run code or show content that is not the site's.
        Some(_) => return out.push(b'#'),
        // Keeps later text from turning the first segment into a scheme.
        None if !value.is_empty() && !value.starts_with(['/', '.', '?', '#', '\\']) => {
            out.extend_from_slice(b"./");
        }
        None => {}
    }
    escape_into(out, value, ascii);
}
