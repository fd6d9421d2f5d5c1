//! The tokenizer's states, named as in the HTML standard.

/// How deep the text is in a script's comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Not in a comment.
    No,
    /// Inside `<!--`.
    Escaped,
    /// Inside `<!-- <script`.
    Double,
}

/// Where in the syntax the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Text of the current content, with the number of dashes just read, for comments in scripts.
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
    /// After `<!`, with the number of bytes read of one of the three possible words.
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
    /// A CDATA section, with the number of closing brackets just read.
    Cdata {
        brackets: u8,
    },
    /// After `<` in text that ends with its own end tag.
    RawOpen,
    /// After `</` there.
    RawEndOpen,
    /// After `</name` there.
    RawEndName,
    /// After `<!` or `<!-` in a script.
    ScriptBang {
        dashes: u8,
    },
    /// After `<name` in a script's comment.
    DoubleStart,
    /// After `</name` in a script inside a script's comment.
    DoubleEnd,
}

/// Words after `<!` that do not start a bogus comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Undecided,
    Dashes,
    Cdata,
}

impl Word {
    /// Returns its letters after `<!`.
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Undecided => b"",
            Self::Dashes => b"--",
            Self::Cdata => b"[CDATA[",
        }
    }
}
