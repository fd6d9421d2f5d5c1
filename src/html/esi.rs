//! Edge Side Includes, the subset that Varnish implements: `<esi:include>`, `<esi:remove>`, `<esi:comment>`, `<!--esi
//! …-->` (ESI Language Specification 1.0, W3C note of 2001).

use alloc::string::ToString;
use alloc::vec::Vec;

use super::attributes::Attributes;
use super::bytes::is_space;
use super::scanner::Tag;
use super::step::Include;

/// Whether a comment that has just begun is an `<!--esi` comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Undecided,
    Other,
    Esi,
}

/// Where the page is in ESI markup.
#[derive(Debug, Default)]
pub(super) struct Esi {
    /// Inside `<esi:remove>`.
    in_remove: bool,
    /// Inside `<!--esi`, whose `-->` is removed, too.
    in_comment: bool,
    /// `<!--` was read, and the next bytes decide whether it is `<!--esi`.
    word: bool,
    /// Dashes held back because they may belong to `-->`; at most two.
    dashes: usize,
}

impl Esi {
    /// Whether the current bytes are dropped.
    pub fn removes(&self) -> bool {
        self.in_remove
    }

    /// Whether the text must be searched for `-->`.
    pub fn watches(&self) -> bool {
        self.in_comment
    }

    /// Call this after `<!--`.
    pub fn begin_comment(&mut self) {
        self.word = true;
    }

    /// Decides what a comment is from the bytes since its `<`; [`None`] if no comment has just begun.
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
        // An `<!--esi` comment does not nest: the first `-->` ends it.
        self.in_comment |= marker == Marker::Esi;
        Some(marker)
    }

    /// Processes a byte of text inside `<!--esi`. Returns held bytes that must be output before it, and whether the
    /// byte itself is swallowed.
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

    /// Returns the held dashes, which turned out to be text.
    pub fn take_dashes(&mut self) -> Vec<u8> {
        let dashes = core::mem::take(&mut self.dashes);
        alloc::vec![b'-'; dashes]
    }

    /// Processes a tag whose name begins with `esi:`. No such tag stays in the page.
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
