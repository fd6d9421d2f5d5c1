//! Where tags begin and end: the tokenizer of the HTML standard (section 13.2.5), byte by byte, as far as structure needs it.
//!
//! It reads any encoding in which the bytes of ASCII stand for themselves. It keeps nothing but its state, the name of the tag under
//! way and the name of the attribute under way, so that the same bytes give the same tags however they are cut into chunks.
//! What a tag's name does to the text behind it (script, style, foreign content) is told by [`super::namespace`].

use alloc::vec::Vec;

use super::namespace::Namespaces;

/// Longest name that is kept; what is longer is none of those that matter.
const MAX_NAME_BYTES: usize = 64;

/// What a byte did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It belongs to what came before.
    Within,
    /// A tag may begin here.
    MayBegin,
    /// What began is no tag; this byte is looked at anew and may begin another one.
    NoTag {
        /// Whether it does.
        begins: bool,
    },
    /// What began is no tag, and this byte is part of it.
    NoTagWithin,
    /// A comment has begun with this byte, the second dash of `<!--`.
    Comment,
    /// A tag ends here.
    Tag(Tag),
}

/// A finished tag; its name is the scanner's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Whether it is an end tag.
    pub is_end: bool,
    /// Whether it ends with `/>`, which means nothing to an HTML element.
    pub self_closing: bool,
}

/// Where a byte would stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In text whose character references are read.
    Text,
    /// In a quoted attribute value.
    Attribute,
    /// In an attribute value without quotes.
    Unquoted,
    /// Anywhere else: in names, comments, scripts, styles.
    Elsewhere,
}

/// What the text behind a start tag is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Tags and text.
    Markup,
    /// Until its end tag, character references are read: `title`, `textarea`.
    Rcdata,
    /// Until its end tag: `style` and others.
    Rawtext,
    /// Until its end tag, with the script's own comments.
    Script,
    /// To the end: `plaintext`.
    Plaintext,
}

/// How far into a script's comment the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Escape {
    /// Not in one.
    No,
    /// In `<!--`.
    Escaped,
    /// In `<!-- <script`.
    Double,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Text of the current content; for a script's comment, with so many dashes just read.
    Text {
        dashes: u8,
    },
    TagOpen,
    EndTagOpen,
    TagName,
    BeforeAttributeName,
    AttributeName,
    AfterAttributeName,
    BeforeAttributeValue,
    Quoted(u8),
    Unquoted,
    AfterQuoted,
    SelfClosing,
    /// Behind `<!`, so many bytes of one of the three words that may follow.
    Declaration {
        word: Word,
        matched: u8,
    },
    BogusComment,
    CommentStart,
    CommentStartDash,
    InComment,
    CommentEndDash,
    CommentEnd,
    CommentEndBang,
    /// With so many closing brackets just read.
    Cdata {
        brackets: u8,
    },
    /// `<` in text that ends with its end tag.
    RawOpen,
    /// `</` there.
    RawEndOpen,
    /// `</name` there.
    RawEndName,
    /// `<!` and `<!-` in a script.
    ScriptBang {
        dashes: u8,
    },
    /// `<name` in a script's comment.
    DoubleStart,
    /// `</name` in a script in a script's comment.
    DoubleEnd,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Undecided,
    Dashes,
    Cdata,
}

impl Word {
    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Undecided => b"",
            Self::Dashes => b"--",
            Self::Cdata => b"[CDATA[",
        }
    }
}

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
    pub fn place(&self) -> Place {
        match self.state {
            State::Text { .. } if matches!(self.content, Content::Markup | Content::Rcdata) => Place::Text,
            State::Quoted(_) => Place::Attribute,
            State::Unquoted | State::BeforeAttributeValue => Place::Unquoted,
            _ => Place::Elsewhere,
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

    fn begin_name(&mut self, byte: u8, is_end: bool) -> Event {
        self.is_end = is_end;
        self.name.clear();
        self.name.push(byte.to_ascii_lowercase());
        self.attribute.clear();
        self.is_styled_font = false;
        self.to(State::TagName)
    }

    fn tag_name(&mut self, byte: u8) -> Event {
        match byte {
            byte if is_space(byte) => self.to(State::BeforeAttributeName),
            b'/' => self.to(State::SelfClosing),
            b'>' => self.finish(false),
            _ => {
                keep(&mut self.name, byte);
                Event::Within
            }
        }
    }

    fn attributes(&mut self, byte: u8) -> Event {
        match (self.state, byte) {
            (State::Quoted(quote), _) => {
                let ended = byte == quote;
                self.to(if ended { State::AfterQuoted } else { self.state })
            }
            (State::BeforeAttributeValue, b'"' | b'\'') => self.to(State::Quoted(byte)),
            (State::BeforeAttributeName | State::AfterAttributeName | State::BeforeAttributeValue, byte)
                if is_space(byte) =>
            {
                Event::Within
            }
            (State::AttributeName, byte) if is_space(byte) => self.to(State::AfterAttributeName),
            (_, byte) if is_space(byte) => self.to(State::BeforeAttributeName),
            (State::SelfClosing, b'>') => self.finish(true),
            (_, b'>') => self.finish(false),
            (State::BeforeAttributeValue | State::Unquoted, _) => self.to(State::Unquoted),
            (_, b'/') => self.to(State::SelfClosing),
            (State::AttributeName | State::AfterAttributeName, b'=') => self.to(State::BeforeAttributeValue),
            (State::AttributeName, _) => {
                keep(&mut self.attribute, byte);
                Event::Within
            }
            _ => {
                self.end_attribute_name();
                keep(&mut self.attribute, byte);
                self.to(State::AttributeName)
            }
        }
    }

    fn end_attribute_name(&mut self) {
        self.is_styled_font |=
            self.name == b"font" && matches!(self.attribute.as_slice(), b"color" | b"face" | b"size");
        self.attribute.clear();
    }

    /// Ends a tag, and turns to what its name announces.
    fn finish(&mut self, self_closing: bool) -> Event {
        self.end_attribute_name();
        let tag = Tag {
            is_end: self.is_end,
            self_closing,
        };
        self.state = State::Text { dashes: 0 };
        self.escape = Escape::No;
        self.content = if tag.is_end {
            self.namespaces.end(&self.name);
            Content::Markup
        } else {
            self.namespaces.start(&self.name, self.is_styled_font, self_closing)
        };
        if self.content != Content::Markup {
            self.awaited.clone_from(&self.name);
        }
        Event::Tag(tag)
    }

    fn declaration(&mut self, byte: u8, word: Word, matched: u8) -> Event {
        let word = match (word, byte) {
            (Word::Undecided, b'-') => Word::Dashes,
            (Word::Undecided, b'[') if self.namespaces.may_have_cdata() => Word::Cdata,
            (word, _) => word,
        };
        if word.bytes().get(usize::from(matched)) != Some(&byte) {
            // `<!DOCTYPE` too: whatever is in it, it ends with the first `>`.
            let ended = byte == b'>';
            return self.no_tag_within(if ended {
                State::Text { dashes: 0 }
            } else {
                State::BogusComment
            });
        }
        if usize::from(matched) + 1 < word.bytes().len() {
            return self.to(State::Declaration {
                word,
                matched: matched + 1,
            });
        }
        if word == Word::Cdata {
            return self.no_tag_within(State::Cdata { brackets: 0 });
        }
        self.state = State::CommentStart;
        Event::Comment
    }

    fn comment(&mut self, byte: u8) -> Event {
        let text = State::Text { dashes: 0 };
        self.to(match (self.state, byte) {
            (State::BogusComment | State::CommentStart | State::CommentStartDash, b'>')
            | (State::CommentEnd | State::CommentEndBang, b'>')
            | (State::Cdata { brackets: 2 }, b'>') => text,
            (State::BogusComment, _) => State::BogusComment,
            (State::Cdata { brackets }, b']') => State::Cdata {
                brackets: brackets.saturating_add(1).min(2),
            },
            (State::Cdata { .. }, _) => State::Cdata { brackets: 0 },
            (State::CommentStart, b'-') => State::CommentStartDash,
            (State::InComment | State::CommentEndBang, b'-') => State::CommentEndDash,
            (State::CommentStartDash | State::CommentEndDash | State::CommentEnd, b'-') => State::CommentEnd,
            (State::CommentEnd, b'!') => State::CommentEndBang,
            _ => State::InComment,
        })
    }

    /// Behind a `<` in text that ends with its own end tag.
    fn raw(&mut self, byte: u8) -> Event {
        match (self.state, byte) {
            (State::RawOpen, b'/') if self.escape == Escape::Double => {
                self.name.clear();
                self.no_tag_within(State::DoubleEnd)
            }
            (State::RawOpen, b'/') => self.to(State::RawEndOpen),
            (State::RawOpen, b'!') if self.content == Content::Script && self.escape == Escape::No => {
                self.no_tag_within(State::ScriptBang { dashes: 0 })
            }
            (State::RawOpen, byte) if self.escape == Escape::Escaped && byte.is_ascii_alphabetic() => {
                self.name.clear();
                keep(&mut self.name, byte);
                self.no_tag_within(State::DoubleStart)
            }
            (State::RawEndOpen, byte) if byte.is_ascii_alphabetic() => {
                self.name.clear();
                keep(&mut self.name, byte);
                self.to(State::RawEndName)
            }
            (State::RawEndName, byte) if byte.is_ascii_alphabetic() => {
                keep(&mut self.name, byte);
                Event::Within
            }
            (State::RawEndName, byte) if ends_name(byte) && self.name == self.awaited => {
                self.is_end = true;
                self.tag_name(byte)
            }
            (State::ScriptBang { dashes: 0 }, b'-') => self.to(State::ScriptBang { dashes: 1 }),
            (State::ScriptBang { .. }, b'-') => {
                self.escape = Escape::Escaped;
                self.to(State::Text { dashes: 2 })
            }
            (State::DoubleStart | State::DoubleEnd, byte) if byte.is_ascii_alphabetic() => {
                keep(&mut self.name, byte);
                Event::Within
            }
            (State::DoubleStart | State::DoubleEnd, byte) if ends_name(byte) => {
                if self.name == b"script" {
                    let starts = self.state == State::DoubleStart;
                    self.escape = if starts { Escape::Double } else { Escape::Escaped };
                }
                self.to(State::Text { dashes: 0 })
            }
            // Their `<` was passed on already.
            (State::ScriptBang { .. } | State::DoubleStart | State::DoubleEnd, _) => self.text(byte, 0),
            _ => self.no_tag(byte),
        }
    }
}

/// White space of the standard. A carriage return stands for a line feed.
pub(super) const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

const fn ends_name(byte: u8) -> bool {
    is_space(byte) || matches!(byte, b'/' | b'>')
}

fn keep(name: &mut Vec<u8>, byte: u8) {
    if name.len() < MAX_NAME_BYTES {
        name.push(byte.to_ascii_lowercase());
    }
}
