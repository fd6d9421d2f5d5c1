//! Templates: HTML with Mustache tags, rendered once for each item.
//!
//! `{{field}}` is escaped for its place: text, attribute value, whole URL or part of a URL. `{{#field}}…{{/field}}` is
//! rendered if the item has the field, `{{^field}}…{{/field}}` if not. A template is refused if no escaping makes a
//! value safe in its place (scripts, styles, names, values without quotes, attributes that are not known to be text). Catalogue text can
//! therefore never become markup, and no framework in the browser finds an expression in it.

mod compile;
mod error;
mod field;
mod safety;

use alloc::string::String;
use alloc::vec::Vec;

pub use error::TemplateError;
pub use field::Entry;

use self::compile::Compiler;
use self::field::field;
use super::encoding::Encoding;
use super::escape::{escape_into, escape_url_into, may_run, name_into, percent_encode_into, scheme};
use super::expression;

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
    /// A name, or part of one.
    Name,
}

impl Template {
    /// Compiles a template's HTML. The template is read in the page's encoding.
    ///
    /// # Errors
    /// [`TemplateError`] with the offset in the template.
    pub fn compile(html: &[u8], encoding: Encoding) -> Result<Self, TemplateError> {
        Compiler::new(html, encoding).compile()
    }

    /// Renders the template for an item and appends it to `out`.
    ///
    /// With `ascii`, non-ASCII characters are written as numeric references.
    pub fn render(&self, out: &mut Vec<u8>, entry: &Entry<'_>, ascii: bool) {
        let mut at = 0;
        let mut url_start = out.len();
        while let Some(part) = self.parts.get(at) {
            at += 1;
            match part {
                Part::Literal(bytes) => {
                    // Literals are apart only where a value or a section was between them, and together they might begin an expression.
                    let first = bytes.first().copied().unwrap_or(b' ');
                    if expression::begins(expression::last(out), first) {
                        out.push(b' ');
                    }
                    out.extend_from_slice(bytes);
                }
                Part::Field { name, escaping } => {
                    let Some(value) = field(entry, name) else { continue };
                    match escaping {
                        Escaping::Text => escape_into(out, &value, ascii),
                        Escaping::Url => write_url(out, url_start, &value, ascii),
                        Escaping::Name => name_into(out, &value),
                    }
                }
                Part::UrlStart { written } => url_start = out.len().saturating_sub(*written),
                Part::UrlEnd => {
                    // Checks the assembled value: it must be an address.
                    if may_run(out.get(url_start..).unwrap_or_default()) {
                        out.truncate(url_start);
                        out.push(b'#');
                    }
                }
                Part::Section { name, inverted, end } => {
                    let present = field(entry, name).is_some_and(|value| !value.is_empty());
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
    escape_url_into(out, value, ascii);
}
