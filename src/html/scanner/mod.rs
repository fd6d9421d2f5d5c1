//! Where tags begin and end: the tokenizer of the HTML standard (section 13.2.5), byte by byte, as far as structure needs it.
//!
//! It reads any encoding in which the bytes of ASCII stand for themselves. It keeps nothing but its state, the name of the tag under
//! way and the name of the attribute under way, so that the same bytes give the same tags however they are cut into chunks.
//! How a tag's name changes the text behind it (script, style, foreign content) is decided by [`super::namespace`].

mod comment;
mod event;
mod raw;
mod state;
mod tag;

use alloc::vec::Vec;

pub use event::{Event, SyntaxContext, Tag};

use self::state::{Escape, State, Word};
use super::namespace::{Content, Namespaces};

/// Longest name that is kept; what is longer is none of those that matter.
const MAX_NAME_BYTES: usize = 64;

/// The tokenizer.
#[derive(Clone, Debug)]
pub struct Scanner {
    state: State,
    content: Content,
    escape: Escape,
    is_end: bool,
    /// Name of the tag under way or just ended, lower case.
    name: Vec<u8>,
    /// Name of the attribute under way, lower case.
    attribute: Vec<u8>,
    /// Whether the tag under way has one of the attributes by which `font` leaves foreign content.
    is_styled_font: bool,
    /// The start tag whose end tag ends the current content.
    awaited: Vec<u8>,
    namespaces: Namespaces,
}

impl Default for Scanner {
    fn default() -> Self {
        Self::new()
    }
}

impl Scanner {
    /// At the start of a document.
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

    /// Within an element of that name.
    #[must_use]
    pub fn within(content: Content, element: &[u8]) -> Self {
        Self {
            content,
            awaited: element.to_vec(),
            ..Self::new()
        }
    }

    /// In a CDATA section.
    #[must_use]
    pub fn in_cdata() -> Self {
        Self {
            state: State::Cdata { brackets: 0 },
            ..Self::new()
        }
    }

    /// Name of the tag under way or just ended, in lower case.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// Name of the attribute under way, in lower case.
    #[must_use]
    pub fn attribute(&self) -> &[u8] {
        &self.attribute
    }

    /// Whether the next byte is outside of SVG and MathML, as far as their nesting could be followed.
    #[must_use]
    pub fn in_html(&self) -> bool {
        self.namespaces.outside()
    }

    /// Whether both would read whatever comes in the same way.
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

    /// Whether the next byte is text of markup, outside of every tag.
    #[must_use]
    pub fn in_markup(&self) -> bool {
        self.content == Content::Markup && matches!(self.state, State::Text { .. })
    }

    /// Leaves the comment that was just begun, so that what is in it is read as markup.
    pub fn leave_comment(&mut self) {
        self.state = State::Text { dashes: 0 };
    }

    /// Where the next byte would stand.
    #[must_use]
    pub fn syntax_context(&self) -> SyntaxContext {
        match self.state {
            State::Text { .. } if matches!(self.content, Content::Markup | Content::Rcdata) => SyntaxContext::Text,
            State::Quoted(_) => SyntaxContext::Attribute,
            State::Unquoted | State::BeforeAttributeValue => SyntaxContext::Unquoted,
            _ => SyntaxContext::Elsewhere,
        }
    }

    /// How many of the next bytes are text for certain: nothing has to be looked at but `<`.
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

    /// Reads a byte.
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

    /// What began is text, and the byte is read as such.
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
