//! Decides where in a template a value may stand, and how it is escaped there. Refuses places that run code or load
//! resources, by lists of elements and attributes.

use super::Escaping;
use crate::html::escape::may_run;
use crate::html::scanner::{Scanner, SyntaxContext};

/// Elements whose attributes load resources or change how the page is read.
const LOADING: [&[u8]; 11] = [
    b"script", b"style", b"link", b"base", b"meta", b"object", b"embed", b"iframe", b"frame", b"applet", b"param",
];
/// Attributes that do so on every element, in addition to event handlers.
const RULING: [&[u8]; 6] = [b"style", b"srcdoc", b"srcset", b"imagesrcset", b"ping", b"archive"];
/// Prefixes of attributes whose value is code: event handlers, and frameworks that read the page in the browser.
/// Attributes with `@` or `:` in their name are code, too.
const FRAMEWORKS: [&[u8]; 5] = [b"on", b"x-", b"v-", b"ng-", b"hx-"];
/// Attributes whose value is a URL.
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
    let is_code = FRAMEWORKS.iter().any(|prefix| attribute.starts_with(prefix))
        || attribute.iter().any(|byte| matches!(byte, b'@' | b':'));
    if RULING.contains(&attribute) || (is_code && attribute != b"xlink:href") {
        return Err("in an event handler or other code, a style or a list of addresses");
    }
    if !ADDRESSES.contains(&attribute) {
        return Ok(Escaping::Text);
    }
    if may_run(value) {
        return Err("in an address that runs or is data, or that begins with a character reference");
    }
    Ok(Escaping::Url)
}
