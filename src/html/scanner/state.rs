//! The tokenizer's states, named as in the HTML standard.

/// How far into a script's comment the text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escape {
    /// Not in one.
    No,
    /// In `<!--`.
    Escaped,
    /// In `<!-- <script`.
    Double,
}

/// Where in the syntax the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
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

/// The words behind `<!` that lead elsewhere than to a bogus comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    Undecided,
    Dashes,
    Cdata,
}

impl Word {
    /// Its letters behind `<!`.
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Undecided => b"",
            Self::Dashes => b"--",
            Self::Cdata => b"[CDATA[",
        }
    }
}
