//! Templates: a piece of HTML with Mustache tags, made out once for each item.
//!
//! `{{field}}` is escaped for where it stands: text, attribute value, whole URL or part of one. `{{#field}}…{{/field}}` is there where the
//! field is, `{{^field}}…{{/field}}` where it is not. Where no escaping makes a value safe (scripts, styles, event handlers, names, values
//! without quotes), a template is refused; so a catalogue's texts cannot become markup, whatever is in them.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use thiserror::Error;

use super::attributes::{escape_into, may_run, percent_encode_into, scheme};
use super::scanner::{Event, Place, Scanner};
use crate::engine::{Item, Reason};

/// Elements that load or rule the page by their attributes.
const LOADING: [&[u8]; 11] = [
    b"script", b"style", b"link", b"base", b"meta", b"object", b"embed", b"iframe", b"frame", b"applet", b"param",
];
/// Attributes of every element that do, beside event handlers.
const RULING: [&[u8]; 6] = [b"style", b"srcdoc", b"srcset", b"imagesrcset", b"ping", b"archive"];
/// How attributes begin whose value is code: of event handlers, and of frameworks that read the page in the browser. Those with `@` or
/// `:` in their name are, too.
const FRAMEWORKS: [&[u8]; 5] = [b"on", b"x-", b"v-", b"ng-", b"hx-"];
/// Attributes whose value is an address.
const ADDRESSES: [&[u8]; 15] = [
    b"href",
    b"src",
    b"action",
    b"formaction",
    b"poster",
    b"cite",
    b"data",
    b"background",
    b"longdesc",
    b"usemap",
    b"xlink:href",
    b"manifest",
    b"profile",
    b"codebase",
    b"classid",
];

/// A compiled template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

/// Why a template is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A tag has no end.
    #[error("byte {at}: expected }}}} behind {{{{, found the end of the template")]
    Unclosed {
        /// Where it begins.
        at: usize,
    },
    /// No such field.
    #[error(
        "byte {at}: expected id, title, image, category, position, reason, reason.item, reason.title, reason.share or attributes.<name>, found {found:?}"
    )]
    Field {
        /// Where its tag begins.
        at: usize,
        /// What was written.
        found: String,
    },
    /// A section is closed that is not open, or the other way round.
    #[error("byte {at}: section {name:?}: expected {expected}")]
    Section {
        /// Where that was found out.
        at: usize,
        /// The section's field.
        name: String,
        /// What would have been right.
        expected: &'static str,
    },
    /// The HTML does not end where it began.
    #[error("byte {at}: expected the template to end in text, found it in {place}")]
    Incomplete {
        /// Its length.
        at: usize,
        /// In words.
        place: &'static str,
    },
    /// No escaping makes a value safe here.
    #[error(
        "byte {at}: {{{{{field}}}}} stands {place}, where no escaping makes a value safe; move it into text or a quoted attribute"
    )]
    Unsafe {
        /// Where its tag begins.
        at: usize,
        /// The field.
        field: String,
        /// In words.
        place: &'static str,
    },
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

/// A field's value; [`None`] where the item has none.
fn field<'v>(item: &'v Item<'_>, position: usize, name: &str) -> Option<Cow<'v, str>> {
    let text = match (name, item.reason) {
        ("id", _) => item.id,
        ("title", _) => item.title,
        ("image", _) => item.image?,
        ("category", _) => item.categories.last()?,
        ("position", _) => return Some(Cow::Owned(position.to_string())),
        ("reason", Reason::Because { .. }) => "because",
        ("reason", Reason::Segment) => "segment",
        ("reason", Reason::Context) => "context",
        ("reason", Reason::Popular) => "popular",
        ("reason", Reason::Similar { .. }) => "similar",
        ("reason.item", Reason::Because { item, .. } | Reason::Similar { item, .. }) => item,
        ("reason.title", Reason::Because { title, .. } | Reason::Similar { title, .. }) => title,
        ("reason.share", Reason::Because { share, .. }) => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share is between 0 and 1, and the cast saturates"
            )]
            let percent = (share * 100.0 + 0.5) as u32;
            return Some(Cow::Owned(percent.to_string()));
        }
        _ => {
            let key = name.strip_prefix("attributes.")?;
            item.attributes
                .iter()
                .find(|(found, _)| *found == key)
                .map(|(_, value)| *value)?
        }
    };
    Some(Cow::Borrowed(text))
}

fn is_field(name: &str) -> bool {
    const FIELDS: [&str; 9] = [
        "id",
        "title",
        "image",
        "category",
        "position",
        "reason",
        "reason.item",
        "reason.title",
        "reason.share",
    ];
    FIELDS.contains(&name) || name.strip_prefix("attributes.").is_some_and(|key| !key.is_empty())
}

struct Compiler<'t> {
    html: &'t [u8],
    scanner: Scanner,
    parts: Vec<Part>,
    literal: Vec<u8>,
    /// Open sections: their part, name, and where they stand.
    open: Vec<(usize, String, Scanner)>,
    /// What the attribute value under way consists of so far, without its fields.
    value: Vec<u8>,
    /// Whether it is a URL that a tag stands in.
    in_url: bool,
}

impl<'t> Compiler<'t> {
    fn new(html: &'t [u8]) -> Self {
        Self {
            html,
            scanner: Scanner::new(),
            parts: Vec::new(),
            literal: Vec::new(),
            open: Vec::new(),
            value: Vec::new(),
            in_url: false,
        }
    }

    fn compile(mut self) -> Result<Template, TemplateError> {
        let html = self.html;
        let mut at = 0;
        // A `<` may be the start of a tag that a field would become the name of.
        let mut after_open = false;
        while let Some(byte) = html.get(at) {
            let rest = html.get(at..).unwrap_or_default();
            if let Some(inner) = rest.strip_prefix(b"{{") {
                let length = inner.windows(2).position(|pair| pair == b"}}");
                let length = length.ok_or(TemplateError::Unclosed { at })?;
                let tag = String::from_utf8_lossy(inner.get(..length).unwrap_or_default());
                self.mustache(tag.trim(), at, after_open)?;
                at += length + "{{}}".len();
                continue;
            }
            let before = self.scanner.place();
            let event = self.scanner.read(*byte);
            after_open = matches!(event, Event::MayBegin | Event::NoTag { begins: true });
            if self.scanner.place() == Place::Attribute {
                if before == Place::Attribute {
                    self.value.push(*byte);
                } else {
                    self.value.clear();
                }
            } else if core::mem::take(&mut self.in_url) {
                self.end_literal();
                self.parts.push(Part::UrlEnd);
            }
            self.literal.push(*byte);
            at += 1;
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
        let escaping = self.escaping(name, at, after_open)?;
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

    /// How a value has to be written here.
    fn escaping(&self, name: &str, at: usize, after_open: bool) -> Result<Escaping, TemplateError> {
        let refused = |place: &'static str| {
            Err(TemplateError::Unsafe {
                at,
                field: name.to_string(),
                place,
            })
        };
        if !self.scanner.in_html() {
            return refused("in SVG or MathML");
        }
        match self.scanner.place() {
            Place::Text if !after_open => Ok(Escaping::Text),
            Place::Unquoted => refused("in an attribute value without quotes"),
            Place::Attribute => self.attribute_escaping(&refused),
            Place::Text | Place::Elsewhere => refused("in a tag, a comment, a script or a style"),
        }
    }

    fn attribute_escaping(
        &self,
        refused: &dyn Fn(&'static str) -> Result<Escaping, TemplateError>,
    ) -> Result<Escaping, TemplateError> {
        let attribute = self.scanner.attribute();
        let element = self.scanner.name();
        if LOADING.contains(&element) {
            return refused("in an attribute of an element that loads or rules the page");
        }
        let is_code = FRAMEWORKS.iter().any(|prefix| attribute.starts_with(prefix))
            || attribute.iter().any(|byte| matches!(byte, b'@' | b':'));
        if RULING.contains(&attribute) || (is_code && attribute != b"xlink:href") {
            return refused("in an event handler or other code, a style or a list of addresses");
        }
        if !ADDRESSES.contains(&attribute) {
            return Ok(Escaping::Text);
        }
        if may_run(&self.value) {
            return refused("in an address that runs or is data, or that begins with a character reference");
        }
        Ok(Escaping::Url)
    }
}
