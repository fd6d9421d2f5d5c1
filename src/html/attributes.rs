//! The attributes of one tag.

use alloc::string::String;
use alloc::vec::Vec;

use super::bytes::is_space;

/// Attribute names in lower case, and values with their character references decoded. If a name occurs twice, the first
/// one counts.
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
            // The standard allows `=` as the first character of a name.
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

    /// Returns an attribute's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// Returns all attributes in their order.
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

/// Decodes the character references that an attribute needs: the five of XML, and numbers. Others stay as they are.
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

/// Returns the character whose reference the text begins with, and the reference's length in bytes.
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
