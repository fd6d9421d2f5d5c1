//! Expressions of templates that run in the browser, such as `{{…}}` of Vue and AngularJS or `${…}` of Aurelia.
//!
//! Such a framework reads the text of the page after the browser has read it, so escaping cannot keep it from evaluating what a catalogue
//! says. What can: no value may contain the two characters with which an expression begins, nor stand within an expression of the author's.

/// Whether these two characters together begin an expression in a template language that is known to us.
pub(super) const fn begins(first: u8, second: u8) -> bool {
    match second {
        b'{' => matches!(
            first,
            b'{' | b'[' | b'<' | b'$' | b'#' | b'@' | b'%' | b'*' | b'!' | b'~'
        ),
        b'[' => matches!(first, b'{' | b'['),
        b'%' => matches!(first, b'{' | b'[' | b'<'),
        b'#' | b'?' | b'$' => matches!(first, b'{' | b'<'),
        b'<' => first == b'<',
        _ => false,
    }
}

/// The last byte of a page's output as the first character of an expression. A `;` may end a character reference to any character.
pub(super) fn last(out: &[u8]) -> u8 {
    match out.last() {
        None => b' ',
        Some(b';') => b'{',
        Some(byte) => *byte,
    }
}

/// Whether the author's text is within an expression.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expressions {
    before: u8,
    /// The two bytes with which the open expression began.
    open: Option<(u8, u8)>,
}

impl Expressions {
    /// Reads one byte of text or of an attribute value.
    pub fn read(&mut self, byte: u8) {
        let before = core::mem::replace(&mut self.before, byte);
        match self.open {
            Some(open) if ends(open, before, byte) => *self = Self::default(),
            None if begins(before, byte) => self.open = Some((before, byte)),
            _ => {}
        }
    }

    /// Whether an expression began and has not ended.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }
}

/// Whether two bytes end an expression: as a mirror of its beginning (`[[…]]`, `{%…%}`), or with the brace alone (`${…}`).
fn ends((first, second): (u8, u8), before: u8, byte: u8) -> bool {
    let mirrored = |byte| match byte {
        b'{' => b'}',
        b'[' => b']',
        b'<' => b'>',
        other => other,
    };
    match first {
        b'{' | b'[' | b'<' => (before, byte) == (mirrored(second), mirrored(first)),
        _ => byte == b'}',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_open(text: &str) -> bool {
        let mut expressions = Expressions::default();
        for byte in text.bytes() {
            expressions.read(byte);
        }
        expressions.is_open()
    }

    #[test]
    fn an_expression_is_open_until_its_own_end() {
        for text in [
            "${", "a ${b", "[[ ]", "[[ }}", "{% } ", "<% %", "{[ ]", "#{", "{# a }", "[{ }",
        ] {
            assert!(is_open(text), "{text}");
        }
        for text in [
            "", "$ {", "{", "[a][b]", "${a}", "[[a]]", "{% a %}", "<% a %>", "{[ a ]}", "50 % {a}", "{# a #}", "a < b",
        ] {
            assert!(!is_open(text), "{text}");
        }
    }
}
