//! The tokenizer of the HTML standard (section 13.2.5), byte by byte, reduced to what finds tags.
//!
//! It reads any encoding in which the bytes of ASCII mean ASCII. It stores only its state and the names of the current
//! tag and attribute, so the result does not depend on how the bytes are cut into chunks. [`super::namespace`] decides
//! how a tag's name changes the text after it (script, style, foreign content).

mod comment;
mod event;
mod raw;
mod state;
mod tag;

use alloc::vec::Vec;

pub use event::{Event, SyntaxContext, Tag};

use self::state::{Escape, State, Word};
use super::namespace::{Content, Namespaces};

/// Longest name that is stored; no name that matters is longer.
const MAX_NAME_BYTES: usize = 64;

/// The tokenizer.
#[derive(Clone, Debug)]
pub struct Scanner {
    state: State,
    content: Content,
    escape: Escape,
    is_end: bool,
    /// Name of the current or last tag, in lower case.
    name: Vec<u8>,
    /// Name of the current attribute, in lower case.
    attribute: Vec<u8>,
    /// Whether the current tag has an attribute that makes a `font` leave foreign content.
    is_styled_font: bool,
    /// Name of the start tag whose end tag ends the current content.
    awaited: Vec<u8>,
    namespaces: Namespaces,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl Scanner {
    /// Starts at the beginning of a document.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: State::Text { dashes: 0 },
            content: Content::Markup,
            escape: Escape::No,
            is_end: false,
            name: Vec::new(),
            attribute: Vec::new(),
            is_styled_font: false,
            awaited: Vec::new(),
            namespaces: Namespaces::default(),
        }
    }

    /// Starts inside an element of this name.
    #[must_use]
    pub fn within(content: Content, element: &[u8]) -> Self {
        Self {
            content,
            awaited: element.to_vec(),
            ..Self::new()
        }
    }

    /// Starts inside a CDATA section.
    #[must_use]
    pub fn in_cdata() -> Self {
        Self {
            state: State::Cdata { brackets: 0 },
            ..Self::new()
        }
    }

    /// Returns the name of the current or last tag, in lower case.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Returns the name of the current attribute, in lower case.
    #[must_use]
    pub fn attribute(&self) -> &[u8] {
        &self.attribute
    }

    /// Whether the next byte is outside of SVG and MathML; false once their nesting is unknown.
    #[must_use]
    pub fn in_html(&self) -> bool {
        self.namespaces.outside()
    }

    /// Whether both scanners would read all further input in the same way.
    #[must_use]
    pub fn stands_like(&self, other: &Self) -> bool {
        let in_tag = !matches!(self.state, State::Text { .. });
        let tag = |scanner: &Self| (scanner.is_end, scanner.is_styled_font);
        self.state == other.state
            && self.content == other.content
            && self.escape == other.escape
            && self.namespaces == other.namespaces
            && (self.content == Content::Markup || self.awaited == other.awaited)
            && (!in_tag || (tag(self) == tag(other) && self.name == other.name && self.attribute == other.attribute))
    }

    /// Whether the next byte is text of markup, outside of any tag.
    #[must_use]
    pub fn in_markup(&self) -> bool {
        self.content == Content::Markup && matches!(self.state, State::Text { .. })
    }

    /// Leaves the comment that has just begun, so that its content is read as markup.
    pub fn leave_comment(&mut self) {
        self.state = State::Text { dashes: 0 };
    }

    /// Returns where the next byte stands in the syntax.
    #[must_use]
    pub fn syntax_context(&self) -> SyntaxContext {
        match self.state {
            State::Text { .. } if matches!(self.content, Content::Markup | Content::Rcdata) => SyntaxContext::Text,
            State::Quoted(_) => SyntaxContext::Attribute,
            State::Unquoted | State::BeforeAttributeValue => SyntaxContext::Unquoted,
            _ => SyntaxContext::Elsewhere,
        }
    }

    /// Returns how many of the next bytes are certainly text. Until a `<`, no byte needs to be read one by one.
    #[must_use]
    pub fn plain_text(&self, bytes: &[u8]) -> usize {
        if self.content == Content::Plaintext {
            bytes.len()
        } else if self.state == (State::Text { dashes: 0 }) && self.escape == Escape::No {
            bytes.iter().position(|byte| *byte == b'<').unwrap_or(bytes.len())
        } else {
            0
        }
    }

    /// Reads one byte.
    pub fn read(&mut self, byte: u8) -> Event {
        match self.state {
            State::Text { dashes } => self.text(byte, dashes),
            State::TagOpen => match byte {
                b'!' => self.to(State::Declaration {
                    word: Word::Undecided,
                    matched: 0,
                }),
                b'/' => self.to(State::EndTagOpen),
                b'?' => self.no_tag_within(State::BogusComment),
                byte if byte.is_ascii_alphabetic() => self.begin_name(byte, false),
                _ => self.no_tag(byte),
            },
            State::EndTagOpen => match byte {
                b'>' => self.no_tag_within(State::Text { dashes: 0 }),
                byte if byte.is_ascii_alphabetic() => self.begin_name(byte, true),
                _ => self.no_tag_within(State::BogusComment),
            },
            State::TagName => self.tag_name(byte),
            State::BeforeAttributeName
            | State::AttributeName
            | State::AfterAttributeName
            | State::BeforeAttributeValue
            | State::Quoted(_)
            | State::Unquoted
            | State::AfterQuoted
            | State::SelfClosing => self.attributes(byte),
            State::Declaration { word, matched } => self.declaration(byte, word, matched),
            State::BogusComment
            | State::CommentStart
            | State::CommentStartDash
            | State::InComment
            | State::CommentEndDash
            | State::CommentEnd
            | State::CommentEndBang
            | State::Cdata { .. } => self.comment(byte),
            State::RawOpen
            | State::RawEndOpen
            | State::RawEndName
            | State::ScriptBang { .. }
            | State::DoubleStart
            | State::DoubleEnd => self.raw(byte),
        }
    }

    fn to(&mut self, state: State) -> Event {
        self.state = state;
        Event::Within
    }

    fn no_tag_within(&mut self, state: State) -> Event {
        self.state = state;
        Event::NoTagWithin
    }

    /// The current bytes turned out to be text; reads `byte` as text.
    fn no_tag(&mut self, byte: u8) -> Event {
        let event = self.text(byte, 0);
        Event::NoTag {
            begins: event == Event::MayBegin,
        }
    }

    fn text(&mut self, byte: u8, dashes: u8) -> Event {
        let in_comment = self.escape != Escape::No;
        match (self.content, byte) {
            (Content::Plaintext, _) => Event::Within,
            (Content::Markup, b'<') => {
                self.state = State::TagOpen;
                Event::MayBegin
            }
            (_, b'<') => {
                self.state = State::RawOpen;
                Event::MayBegin
            }
            (_, b'-') if in_comment => self.to(State::Text {
                dashes: dashes.saturating_add(1).min(2),
            }),
            (_, b'>') if in_comment && dashes == 2 => {
                self.escape = Escape::No;
                self.to(State::Text { dashes: 0 })
            }
            _ => self.to(State::Text { dashes: 0 }),
        }
    }
}

fn keep(name: &mut Vec<u8>, byte: u8) {
    if name.len() < MAX_NAME_BYTES {
        name.push(byte.to_ascii_lowercase());
    }
}
