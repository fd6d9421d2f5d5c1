//! Edge Side Includes, as far as Varnish has them: `<esi:include>`, `<esi:remove>`, `<esi:comment>`, `<!--esi …-->`
//! (ESI Language Specification 1.0, W3C note of 2001).

use alloc::string::ToString;
use alloc::vec::Vec;

use super::attributes::Attributes;
use super::bytes::is_space;
use super::scanner::Tag;
use super::step::Include;

/// Whether a comment that has just begun is one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Undecided,
    Other,
    Esi,
}

/// Where in ESI's markup the page is.
#[derive(Debug, Default)]
pub(super) struct Esi {
    /// In `<esi:remove>`.
    in_remove: bool,
    /// In `<!--esi`, whose `-->` goes too.
    in_comment: bool,
    /// `<!--` was read, and what follows decides.
    word: bool,
    /// Dashes held back, as they may be of `-->`; at most two.
    dashes: usize,
}

impl Esi {
    /// Whether what passes is dropped.
    pub fn removes(&self) -> bool {
        self.in_remove
    }

    /// Whether the text has to be looked at for `-->`.
    pub fn watches(&self) -> bool {
        self.in_comment
    }

    /// Behind `<!--`.
    pub fn begin_comment(&mut self) {
        self.word = true;
    }

    /// With what was read of a comment since its `<`; [`None`] where none has just begun.
    pub fn comment_word(&mut self, read: &[u8]) -> Option<Marker> {
        const WORD: &[u8] = b"<!--esi";
        if !self.word {
            return None;
        }
        let marker = match read.strip_prefix(WORD) {
            Some([]) => Marker::Undecided,
            Some([byte, ..]) if is_space(*byte) => Marker::Esi,
            None if WORD.starts_with(read) => Marker::Undecided,
            _ => Marker::Other,
        };
        self.word = marker == Marker::Undecided;
        // In one of our comments there is no other: the first `-->` ends it.
        self.in_comment |= marker == Marker::Esi;
        Some(marker)
    }

    /// Looks at a byte of text within `<!--esi`: which bytes pass in front of it, and whether it does not.
    pub fn end_of_comment(&mut self, byte: u8) -> (Vec<u8>, bool) {
        match byte {
            b'-' if self.dashes == 2 => (alloc::vec![b'-'], true),
            b'-' => {
                self.dashes += 1;
                (Vec::new(), true)
            }
            b'>' if self.dashes == 2 => {
                self.dashes = 0;
                self.in_comment = false;
                (Vec::new(), true)
            }
            _ => (self.take_dashes(), false),
        }
    }

    /// The dashes that turned out to be text.
    pub fn take_dashes(&mut self) -> Vec<u8> {
        let dashes = core::mem::take(&mut self.dashes);
        alloc::vec![b'-'; dashes]
    }

    /// A tag whose name begins with `esi:`. None of them stays in the page.
    pub fn tag(&mut self, name: &[u8], tag: Tag, raw: &[u8]) -> Option<Include> {
        match name {
            b"esi:remove" => self.in_remove = !tag.is_end && !tag.self_closing,
            b"esi:include" if !tag.is_end && !self.in_remove => {
                let attributes = Attributes::of(raw);
                return Some(Include {
                    src: attributes.get("src").filter(|src| !src.is_empty())?.to_string(),
                    alt: attributes.get("alt").map(ToString::to_string),
                });
            }
            _ => {}
        }
        None
    }
}
