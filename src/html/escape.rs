//! Values that are written into a page: as text, as an attribute value, as a URL or a part of one; and what a browser would make of a URL.

use alloc::string::String;
use alloc::vec::Vec;

/// Text for HTML: escaped so that it stays text, in an element as well as in a quoted attribute value.
///
/// With `ascii`, every other character is written as a number, so that it is right in whatever encoding the page has.
pub(super) fn escape_into(out: &mut Vec<u8>, text: &str, ascii: bool) {
    for character in text.chars() {
        // Control characters are errors to a browser, and in some encodings they change what the bytes behind them mean.
        let is_control = character.is_ascii_control() && !matches!(character, '\t' | '\n' | '\r');
        match if is_control {
            char::REPLACEMENT_CHARACTER
        } else {
            character
        } {
            '&' => out.extend_from_slice(b"&amp;"),
            '<' => out.extend_from_slice(b"&lt;"),
            '>' => out.extend_from_slice(b"&gt;"),
            '"' => out.extend_from_slice(b"&quot;"),
            '\'' => out.extend_from_slice(b"&#39;"),
            other if ascii && !other.is_ascii() => {
                out.extend_from_slice(alloc::format!("&#{};", u32::from(other)).as_bytes());
            }
            other => out.extend_from_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// Text as a part of a URL: all but the unreserved characters of RFC 3986 as `%` and their bytes.
pub(super) fn percent_encode_into(out: &mut Vec<u8>, text: &str) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte);
        } else {
            out.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
    }
}

/// Whether a browser may read a scheme from the start of a URL's attribute that is none of an address: as far as it is written,
/// and with every character reference there taken for the worst.
pub(super) fn may_run(value: &[u8]) -> bool {
    let mut read = Vec::new();
    let leading = value.iter().take_while(|byte| **byte <= b' ').count();
    for byte in value.iter().skip(leading) {
        match byte {
            b'\t' | b'\n' | b'\r' => {}
            b'&' => return true,
            b':' => return !matches!(read.as_slice(), b"" | b"http" | b"https" | b"mailto" | b"tel"),
            byte if byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.') => {
                read.push(byte.to_ascii_lowercase());
            }
            _ => return false,
        }
    }
    false
}

/// The scheme that a browser reads from the start of a URL (WHATWG URL, "scheme start state": it passes over control
/// characters and spaces in front, and over tabs and line ends anywhere).
pub(super) fn scheme(url: &str) -> Option<String> {
    let mut read = String::new();
    let characters = url.trim_start_matches(|character: char| character <= ' ').chars();
    for character in characters.filter(|character| !matches!(character, '\t' | '\n' | '\r')) {
        match character {
            ':' => return (!read.is_empty()).then_some(read),
            'a'..='z' | 'A'..='Z' | '0'..='9' | '+' | '-' | '.' => read.push(character.to_ascii_lowercase()),
            _ => return None,
        }
    }
    None
}
