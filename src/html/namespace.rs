//! What a start tag does to the text after it: the part of tree construction (HTML standard, section 13.2.6) that the
//! tokenizer depends on. SVG and MathML have no raw text, but CDATA sections.

use alloc::vec::Vec;

/// Depth to which alternating SVG, MathML and HTML are followed; after deeper nesting no slot is filled.
const MAX_DEPTH: usize = 64;

/// How a browser reads the text after a start tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Tags and text.
    Markup,
    /// Text up to the end tag, with character references: `title`, `textarea`.
    Rcdata,
    /// Text up to the end tag: `style` and others.
    Rawtext,
    /// Text up to the end tag, where the script's own comments can hide an end tag.
    Script,
    /// Text up to the end of the page: `plaintext`.
    Plaintext,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Namespace {
    Html,
    Svg,
    MathMl,
}

/// The open elements at which the namespace changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Namespaces {
    open: Vec<(Vec<u8>, Namespace)>,
    lost: bool,
}

impl Namespaces {
    /// Whether the next byte is outside of SVG and MathML.
    pub fn outside(&self) -> bool {
        !self.lost && self.open.is_empty()
    }

    /// Whether `<![CDATA[` begins a section here rather than a comment.
    ///
    /// Directly inside an element such as `foreignObject` it does; inside an HTML element in there it does not. This
    /// code cannot tell the two apart, so after such a place the nesting counts as unknown.
    pub fn may_have_cdata(&mut self) -> bool {
        self.lost |= !self.is_foreign() && !self.open.is_empty();
        self.is_foreign()
    }

    fn is_foreign(&self) -> bool {
        self.current() != Namespace::Html
    }

    fn current(&self) -> Namespace {
        self.open.last().map_or(Namespace::Html, |(_, namespace)| *namespace)
    }

    /// Processes a start tag. `is_styled_font`: it is a `font` with a color, face or size.
    pub fn start(&mut self, name: &[u8], is_styled_font: bool, self_closing: bool) -> Content {
        if is_styled_font || leaves_foreign(name) {
            self.leave_foreign();
        }
        // An `annotation-xml` contains HTML depending on its attributes, which are not read.
        self.lost |= self.current() == Namespace::MathMl && name == b"annotation-xml";
        let inner = match (self.current(), name) {
            (Namespace::Html, b"svg") => Namespace::Svg,
            (Namespace::Html, b"math") => Namespace::MathMl,
            (Namespace::Html, _) => return content_of(name),
            (Namespace::Svg, b"svg") => Namespace::Svg,
            (Namespace::MathMl, b"math") => Namespace::MathMl,
            (Namespace::Svg, b"foreignobject" | b"desc" | b"title")
            | (Namespace::MathMl, b"mi" | b"mo" | b"mn" | b"ms" | b"mtext") => Namespace::Html,
            _ => return Content::Markup,
        };
        if !self_closing {
            if self.open.len() < MAX_DEPTH {
                self.open.push((name.to_vec(), inner));
            } else {
                self.lost = true;
            }
        }
        Content::Markup
    }

    /// Processes an end tag.
    pub fn end(&mut self, name: &[u8]) {
        if matches!(name, b"p" | b"br") {
            self.leave_foreign();
        }
        if let Some(place) = self.open.iter().rposition(|(open, _)| open == name) {
            self.open.truncate(place);
        }
    }

    fn leave_foreign(&mut self) {
        while self.is_foreign() {
            self.open.pop();
        }
    }
}

/// Returns how the text in an HTML element is read. Browsers that run scripts read `noscript` as raw text.
fn content_of(name: &[u8]) -> Content {
    match name {
        b"title" | b"textarea" => Content::Rcdata,
        b"style" | b"xmp" | b"iframe" | b"noembed" | b"noframes" | b"noscript" => Content::Rawtext,
        b"script" => Content::Script,
        b"plaintext" => Content::Plaintext,
        _ => Content::Markup,
    }
}

/// Whether a start tag ends foreign content ("The rules for parsing tokens in foreign content").
fn leaves_foreign(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 44] = [
        b"b",
        b"big",
        b"blockquote",
        b"body",
        b"br",
        b"center",
        b"code",
        b"dd",
        b"div",
        b"dl",
        b"dt",
        b"em",
        b"embed",
        b"h1",
        b"h2",
        b"h3",
        b"h4",
        b"h5",
        b"h6",
        b"head",
        b"hr",
        b"i",
        b"img",
        b"li",
        b"listing",
        b"menu",
        b"meta",
        b"nobr",
        b"ol",
        b"p",
        b"pre",
        b"ruby",
        b"s",
        b"small",
        b"span",
        b"strong",
        b"strike",
        b"sub",
        b"sup",
        b"table",
        b"tt",
        b"u",
        b"ul",
        b"var",
    ];
    NAMES.contains(&name)
}
