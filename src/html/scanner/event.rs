//! What the tokenizer reports for each byte.

/// What a byte means for the tags of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The byte continues the current text, tag or comment.
    Within,
    /// The byte may begin a tag.
    MayBegin,
    /// The bytes since the last [`Event::MayBegin`] are not a tag, and this byte does not belong to them.
    NoTag {
        /// Whether this byte may itself begin a tag.
        begins: bool,
    },
    /// The bytes since the last [`Event::MayBegin`] are not a tag, and this byte belongs to them.
    NoTagWithin,
    /// A comment begins: this byte is the second dash of `<!--`.
    Comment,
    /// This byte, a `>`, ends a tag.
    Tag(Tag),
}

/// A finished tag. Its name is [`Scanner::name`](super::Scanner::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Whether it is an end tag.
    pub is_end: bool,
    /// Whether it ends with `/>`, which has no effect on an HTML element.
    pub self_closing: bool,
}

/// Where in HTML's syntax a byte stands. It decides how a value that is inserted there must be escaped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyntaxContext {
    /// In text in which a browser reads character references.
    Text,
    /// In a quoted attribute value.
    Attribute,
    /// In an attribute value without quotes.
    Unquoted,
    /// Anywhere else: in names, comments, scripts, styles.
    Elsewhere,
}
