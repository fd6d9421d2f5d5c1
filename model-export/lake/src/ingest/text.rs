//! Titles for people.

use super::IngestError;

/// A title: text with columns in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Column(String),
}

impl Template {
    /// Text with braces is a template, any other is the name of a column.
    ///
    /// # Errors
    /// A brace is not closed.
    pub fn parse(text: &str) -> Result<Self, IngestError> {
        if !text.contains('{') {
            return Ok(Self {
                parts: vec![Part::Column(text.to_owned())],
            });
        }
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after
                .split_once('}')
                .ok_or_else(|| IngestError::Template { found: text.to_owned() })?;
            parts.push(Part::Literal(before.to_owned()));
            parts.push(Part::Column(name.trim().to_owned()));
            rest = tail;
        }
        parts.push(Part::Literal(rest.to_owned()));
        Ok(Self { parts })
    }

    /// The columns.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Column(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// The text with the columns' values, without the spaces that missing values leave. Empty when all are missing.
    pub fn fill(&self, value: impl Fn(&str) -> Option<String>) -> String {
        let mut text = String::new();
        let mut any = false;
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Column(name) => {
                    if let Some(value) = value(name) {
                        any = true;
                        text.push_str(&value);
                    }
                }
            }
        }
        if any { collapse(&text) } else { String::new() }
    }
}

/// One space between words, none around, no control characters.
#[must_use]
pub fn collapse(text: &str) -> String {
    let words = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Words that stay as they are: writing them like names would make them unreadable.
const KEPT: &[&str] = &[
    "BBQ", "CD", "DVD", "HBC", "LED", "TV", "USA", "UHT", "SPF", "PC", "RTE", "RTD", "OTC", "II", "III",
];

/// Text in capitals as a title: `ICE - CRUSHED/CUBED` → `Ice – Crushed/Cubed`.
///
/// A short unit behind a number (`22 LB`) stays; a hyphen between spaces becomes a dash.
#[must_use]
pub fn title_case(text: &str) -> String {
    let mut titled = String::with_capacity(text.len());
    let mut after_number = false;
    for (index, word) in collapse(text).split(' ').enumerate() {
        if index > 0 {
            titled.push(' ');
        }
        if word == "-" {
            titled.push('–');
            after_number = false;
            continue;
        }
        let number = word.chars().all(|c| c.is_ascii_digit() || ".,/".contains(c)) && !word.is_empty();
        let short = word.chars().filter(|c| c.is_alphabetic()).count() <= 3;
        if (after_number && short) || number {
            titled.push_str(word);
        } else {
            push_words(&mut titled, word);
        }
        after_number = number;
    }
    titled
}

/// The words of a piece without spaces, each with one capital: `CRUSHED/CUBED`, `CAMPBELL'S`.
fn push_words(titled: &mut String, piece: &str) {
    let mut word = String::new();
    for c in piece.chars() {
        if c.is_alphabetic() || (c == '\'' && !word.is_empty()) {
            word.push(c);
        } else {
            push_word(titled, &word);
            word.clear();
            titled.push(c);
        }
    }
    push_word(titled, &word);
}

fn push_word(titled: &mut String, word: &str) {
    if KEPT.contains(&word) {
        titled.push_str(word);
        return;
    }
    let mut chars = word.chars();
    if let Some(first) = chars.next() {
        titled.extend(first.to_uppercase());
        titled.push_str(&chars.as_str().to_lowercase());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn capitals_become_titles() {
        for (from, to) in [
            ("ICE - CRUSHED/CUBED", "Ice – Crushed/Cubed"),
            ("CAMPBELL'S  SOUP 22 LB", "Campbell's Soup 22 LB"),
            ("YOGURT NOT MULTI-PACKS", "Yogurt Not Multi-Packs"),
            ("BBQ SAUCE (HOT)", "BBQ Sauce (Hot)"),
            ("12 1/2 OZ", "12 1/2 OZ"),
            ("DRNK 2 LITER BTL", "Drnk 2 Liter Btl"),
            ("ÄPFEL & ÉCLAIRS", "Äpfel & Éclairs"),
            ("", ""),
        ] {
            assert_eq!(title_case(from), to);
        }
    }

    #[test]
    fn a_template_leaves_no_holes() {
        let template = Template::parse("{kind}, {size}").unwrap();
        assert_eq!(template.columns().collect::<Vec<_>>(), ["kind", "size"]);
        assert_eq!(
            Template::parse("{kind} {size}")
                .unwrap()
                .fill(|name| (name == "size").then(|| "5 OZ".into())),
            "5 OZ"
        );
        assert_eq!(template.fill(|_| None), "");
        assert_eq!(
            Template::parse("title").unwrap().columns().collect::<Vec<_>>(),
            ["title"]
        );
        assert!(Template::parse("{kind").is_err());
    }
}
