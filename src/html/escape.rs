//! Escapes values for a page: as text, as an attribute value, as a URL or as part of one. Also reads URLs like a
//! browser does.

use alloc::string::String;
use alloc::vec::Vec;

/// Escapes text for HTML, so that it stays text both in an element and in a quoted attribute value.
///
/// With `ascii`, every non-ASCII character becomes a numeric reference, which is right in any encoding of the page.
pub(super) fn escape_into(out: &mut Vec<u8>, text: &str, ascii: bool) {
    for character in text.chars() {
        // Control characters are errors to a browser, and in some encodings they change the meaning of the bytes after
        // them.
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

/// Escapes text as part of a URL: all but the unreserved characters of RFC 3986 become `%` and two digits per byte.
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

/// Whether a browser may read, from the start of a URL attribute, a scheme that is not one of an address. `value` may
/// be incomplete, and every character reference in the scheme counts as dangerous.
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

/// Returns the scheme that a browser reads from the start of a URL. Like the standard (WHATWG URL, "scheme start
/// state"), it skips leading control characters and spaces, and tabs and line ends anywhere.
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
