//! What the tokenizer tells about a byte.

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
