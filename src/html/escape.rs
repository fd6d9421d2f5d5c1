//! Escapes values for a page: as text, as an attribute value, as a URL or as part of one. Also reads URLs like a
//! browser does.

use alloc::string::String;
use alloc::vec::Vec;

use super::expression;

/// Escapes text for HTML, so that it stays text both in an element and in a quoted attribute value, and so that no template language that runs
/// in the browser finds an expression in it: a space parts two characters that would begin one, also if the first of them is already out.
///
/// With `ascii`, every non-ASCII character becomes a numeric reference, which is right in any encoding of the page.
pub(super) fn escape_into(out: &mut Vec<u8>, text: &str, ascii: bool) {
    let mut before = expression::last(out);
    for character in text.chars() {
        let byte = u8::try_from(character).unwrap_or(b' ');
        if expression::begins(core::mem::replace(&mut before, byte), byte) {
            out.push(b' ');
        }
        escape_character(out, character, ascii);
    }
}

fn escape_character(out: &mut Vec<u8>, character: char, ascii: bool) {
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

/// Escapes a whole URL for a quoted attribute value. Characters that could begin an expression are percent-encoded, as browsers do with most of
/// them anyway.
pub(super) fn escape_url_into(out: &mut Vec<u8>, url: &str, ascii: bool) {
    let mut before = b' ';
    for character in url.chars() {
        let byte = u8::try_from(character).unwrap_or(b' ');
        let begins = expression::begins(core::mem::replace(&mut before, byte), byte);
        if begins || matches!(byte, b'{' | b'}' | b'<' | b'>') {
            percent_encode_into(out, character.encode_utf8(&mut [0; 4]));
            before = b' ';
        } else {
            escape_character(out, character, ascii);
        }
    }
}

/// Writes text as one part of a name, as in `class` and `id`: letters, digits, `-` and `_` of ASCII stay, and every run of others becomes a `-`.
pub(super) fn name_into(out: &mut Vec<u8>, text: &str) {
    let mut parts = text.split(|character: char| !character.is_ascii_alphanumeric() && !matches!(character, '-' | '_'));
    out.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts.filter(|part| !part.is_empty()) {
        out.push(b'-');
        out.extend_from_slice(part.as_bytes());
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
