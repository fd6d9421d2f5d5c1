//! The attributes of one tag.

use alloc::string::String;
use alloc::vec::Vec;

use super::scanner::is_space;

/// Names in lower case and values with their character references read. The first of two with the same name counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes(Vec<(String, String)>);

impl Attributes {
    /// Reads a whole start tag, from `<` to `>`.
    #[must_use]
    pub fn of(tag: &[u8]) -> Self {
        let inner = tag.strip_suffix(b">").unwrap_or(tag);
        let mut rest = Rest(inner);
        rest.take_while(&|byte| !is_space(byte) && byte != b'/');
        let mut found: Vec<(String, String)> = Vec::new();
        loop {
            rest.take_while(&|byte| is_space(byte) || byte == b'/');
            if rest.0.is_empty() {
                return Self(found);
            }
            // A name may begin with `=`.
            let first = rest.0[0];
            rest.0 = &rest.0[1..];
            let mut name = alloc::vec![first];
            name.extend_from_slice(rest.take_while(&|byte| !is_space(byte) && byte != b'/' && byte != b'='));
            name.make_ascii_lowercase();
            let behind = rest;
            rest.take_while(&is_space);
            let value = if let [b'=', value @ ..] = rest.0 {
                rest.0 = value;
                rest.take_while(&is_space);
                rest.value()
            } else {
                rest = behind;
                &[]
            };
            let name = String::from_utf8_lossy(&name).into_owned();
            if found.iter().all(|(known, _)| *known != name) {
                found.push((name, decoded(&String::from_utf8_lossy(value))));
            }
        }
    }

    /// An attribute's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// All of them, in their order.
    #[must_use]
    pub fn all(&self) -> &[(String, String)] {
        &self.0
    }
}

#[derive(Clone, Copy)]
struct Rest<'t>(&'t [u8]);

impl<'t> Rest<'t> {
    fn take_while(&mut self, belongs: &dyn Fn(u8) -> bool) -> &'t [u8] {
        let end = self.0.iter().position(|byte| !belongs(*byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn value(&mut self) -> &'t [u8] {
        match self.0 {
            [quote @ (b'"' | b'\''), inner @ ..] => {
                let quote = *quote;
                self.0 = inner;
                let value = self.take_while(&|byte| byte != quote);
                self.0 = self.0.get(1..).unwrap_or_default();
                value
            }
            _ => self.take_while(&|byte| !is_space(byte)),
        }
    }
}

/// Reads the character references that a writer of attributes needs: the five of XML and numbers. Others stay as they are.
fn decoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('&') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        match reference(rest) {
            Some((character, length)) => {
                text.push(character);
                rest = &rest[length..];
            }
            None => {
                text.push('&');
                rest = &rest[1..];
            }
        }
    }
    text.push_str(rest);
    text
}

/// The character that a text begins with as a reference, and the reference's length in bytes.
fn reference(text: &str) -> Option<(char, usize)> {
    const NAMED: [(&str, char); 5] = [
        ("&amp;", '&'),
        ("&lt;", '<'),
        ("&gt;", '>'),
        ("&quot;", '"'),
        ("&apos;", '\''),
    ];
    if let Some((name, character)) = NAMED.iter().find(|(name, _)| text.starts_with(name)) {
        return Some((*character, name.len()));
    }
    let number = text.strip_prefix("&#")?;
    let end = number.find(';')?;
    let digits = &number[..end];
    let code = match digits.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    Some((char::from_u32(code.ok()?)?, "&#".len() + end + 1))
}

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
