//! Decides where in a template a value may stand, and how it is escaped there.
//!
//! Attributes are allowed by name. A list of dangerous ones could never be complete: each browser framework reads attributes of its own as code
//! (`data-ng-init`, `hx-vals`, `(click)`, `*ngIf`, `data-bind`), and new ones are made every year.

use super::Escaping;
use crate::html::escape::may_run;
use crate::html::markup::{SLOT, TEMPLATE};
use crate::html::scanner::{Scanner, SyntaxContext};

/// Elements whose attributes load resources or change how the page is read.
const LOADING: [&[u8]; 11] = [
    b"script", b"style", b"link", b"base", b"meta", b"object", b"embed", b"iframe", b"frame", b"applet", b"param",
];
/// Attributes whose value is text that only a person reads, or that only the page's own code asks for.
const TEXTS: [&[u8]; 16] = [
    b"abbr",
    b"alt",
    b"content",
    b"datetime",
    b"download",
    b"height",
    b"itemprop",
    b"label",
    b"lang",
    b"max",
    b"min",
    b"placeholder",
    b"srclang",
    b"title",
    b"value",
    b"width",
];
/// Facts about an item under the names that shops give them. No framework reads them; other `data-` attributes may be code.
const FACTS: [&[u8]; 17] = [
    b"brand",
    b"category",
    b"currency",
    b"decision",
    b"id",
    b"index",
    b"item",
    b"item-id",
    b"list",
    b"name",
    b"position",
    b"price",
    b"product",
    b"product-id",
    b"reason",
    b"sku",
    b"variant",
];
/// Attributes whose value is a list of names.
const NAMES: [&[u8]; 5] = [b"aria-describedby", b"aria-labelledby", b"class", b"for", b"id"];
/// Attributes whose value is a URL, with the elements on which it is one that no code loads.
const ADDRESSES: [(&[u8], &[&[u8]]); 8] = [
    (b"href", &[b"a", b"area"]),
    (b"src", &[b"img", b"source", b"video", b"audio", b"track", b"input"]),
    (b"poster", &[b"video"]),
    (b"action", &[b"form"]),
    (b"formaction", &[b"button", b"input"]),
    (b"cite", &[b"blockquote", b"q", b"ins", b"del"]),
    (b"longdesc", &[b"img"]),
    (b"background", &[b"body", b"table", b"td", b"th", b"tr"]),
];

/// Returns how to escape a value at the scanner's position, or, in words, the place in which no escaping makes it safe.
///
/// `value`: the content of the current attribute value so far. `after_open`: whether the previous byte is a `<` that
/// may begin a tag.
pub fn escaping(scanner: &Scanner, value: &[u8], after_open: bool) -> Result<Escaping, &'static str> {
    if !scanner.in_html() {
        return Err("in SVG or MathML");
    }
    match scanner.syntax_context() {
        SyntaxContext::Text if !after_open => Ok(Escaping::Text),
        SyntaxContext::Unquoted => Err("in an attribute value without quotes"),
        SyntaxContext::Attribute => in_attribute(scanner.name(), scanner.attribute(), value),
        SyntaxContext::Text | SyntaxContext::Elsewhere => Err("in a tag, a comment, a script or a style"),
    }
}

fn in_attribute(element: &[u8], attribute: &[u8], value: &[u8]) -> Result<Escaping, &'static str> {
    if LOADING.contains(&element) {
        return Err("in an attribute of an element that loads or rules the page");
    }
    if let Some((_, elements)) = ADDRESSES.iter().find(|(name, _)| *name == attribute) {
        if !elements.contains(&element) {
            return Err("in an address of an element that is not known to show it only");
        }
        if may_run(value) {
            return Err("in an address that runs or is data, or that begins with a character reference");
        }
        return Ok(Escaping::Url);
    }
    if NAMES.contains(&attribute) {
        // A name that begins with foreign text could be one that the page's own code asks for.
        return if attribute == b"id" && value.is_empty() {
            Err("at the start of an id; write a prefix of your own before it, such as item-")
        } else {
            Ok(Escaping::Name)
        };
    }
    let is_fact = |name: &[u8]| {
        // Our own names are read by nothing but this module and the page's own code.
        let is_ours =
            name.starts_with(b"selvedge-") && ![SLOT, TEMPLATE].iter().any(|ours| ours.as_bytes() == attribute);
        is_ours || FACTS.contains(&name)
    };
    let is_text = TEXTS.contains(&attribute)
        || attribute.starts_with(b"aria-")
        || attribute.strip_prefix(b"data-").is_some_and(is_fact);
    if is_text {
        Ok(Escaping::Text)
    } else {
        Err("in an attribute that may be code, a style or a list of addresses")
    }
}
