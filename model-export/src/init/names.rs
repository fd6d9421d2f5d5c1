//! Names of columns, event types and states as words: lower case, without accents, whatever the way of writing.

/// A name as it is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Name {
    /// The words of the last part of a dotted path: `item`, `id` of `items.itemId`.
    pub words: Vec<String>,
    /// The words of all parts in one, without what separates them.
    pub whole: String,
}

impl Name {
    /// The words of a name. What stands behind a colon is a type (`item_id:token`) and no part of it.
    pub fn of(name: &str) -> Self {
        let untyped = name.split(':').next().unwrap_or(name);
        let untyped = if untyped.is_empty() { name } else { untyped };
        let last = untyped.rsplit('.').next().unwrap_or(untyped);
        Self {
            words: words(last),
            whole: words(untyped).concat(),
        }
    }

    /// The words of the last part in one.
    pub fn last(&self) -> String {
        self.words.concat()
    }

    /// How well one of `list` names this, 0 (not at all) to 1. The list begins with the best.
    ///
    /// The whole name counts most, then a name with an ending for ids (`customer_no` for `customer`), then a compound (`bestelldatum` for
    /// `datum`), then a name with the word in it.
    pub fn fit(&self, list: &[&str]) -> f64 {
        let last = self.last();
        let mut best = 0.0f64;
        for (index, word) in list.iter().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "lists of words are short")]
            let place = 1.0 - 0.15 * index as f64 / list.len() as f64;
            let share = if last == *word || self.whole == *word {
                1.0
            } else if let Some(ending) = last.strip_prefix(word).filter(|_| word.len() >= 4) {
                if ID_ENDINGS.contains(&ending) { 0.9 } else { 0.0 }
            } else {
                0.0
            };
            let compound = word.len() >= 4 && (last.ends_with(word) || self.whole.ends_with(word));
            let share = if share > 0.0 {
                share
            } else if compound {
                0.65
            } else if word.len() >= 4 && self.words.iter().any(|own| own == word) {
                0.35
            } else {
                0.0
            };
            best = best.max(share * place);
        }
        best
    }
}

const ID_ENDINGS: &[&str] = &[
    "id", "ids", "nr", "no", "num", "number", "nummer", "numero", "code", "key", "hash", "uuid", "guid", "ref", "s",
];

/// The words of a text: split where the way of writing changes, lower case, accents taken off.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_alphanumeric() {
            if c == '\'' || c == '’' {
                continue;
            }
            push(&mut words, &mut word);
            before = None;
            continue;
        }
        let next_lower = chars.peek().is_some_and(|next| next.is_lowercase());
        let starts = match before {
            // `userId`, and the last capital of `HTMLPage`.
            Some(before) => c.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && next_lower)),
            None => false,
        };
        if starts {
            push(&mut words, &mut word);
        }
        word.push_str(&folded(c));
        before = Some(c);
    }
    push(&mut words, &mut word);
    words
}

fn push(words: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        words.push(std::mem::take(word));
    }
}

/// A letter in lower case without its accent.
fn folded(c: char) -> String {
    let lower: String = c.to_lowercase().collect();
    let plain = match lower.as_str() {
        "ä" | "á" | "à" | "â" | "ã" | "å" | "ą" => "a",
        "ç" | "ć" | "č" => "c",
        "é" | "è" | "ê" | "ë" | "ę" => "e",
        "í" | "ì" | "î" | "ï" => "i",
        "ł" => "l",
        "ñ" | "ń" => "n",
        "ö" | "ó" | "ò" | "ô" | "õ" | "ø" => "o",
        "ś" | "š" => "s",
        "ß" => "ss",
        "ü" | "ú" | "ù" | "û" => "u",
        "ź" | "ż" | "ž" => "z",
        "æ" => "ae",
        "œ" => "oe",
        other => return other.to_owned(),
    };
    plain.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_however_they_are_written() {
        for (name, expected) in [
            ("userId", "user id"),
            ("USER_ID", "user id"),
            ("UserID", "user id"),
            ("user-id", "user id"),
            ("Lineitem sku", "lineitem sku"),
            ("Käufer-Nr.", "kaufer nr"),
            ("Date d'achat", "date dachat"),
            ("HTMLPage", "html page"),
            ("", ""),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn a_whole_name_fits_better_than_an_ending_and_that_better_than_a_part() {
        let list = &["customer", "datum"];
        let fit = |name: &str| Name::of(name).fit(list);
        assert!(fit("Customer") > fit("customer_no"));
        assert!(fit("customer_no") > fit("customer segment"));
        assert!(fit("Bestelldatum") > 0.5);
        assert!(fit("orders.customer") > 0.9);
        assert!(fit("item_id:token") < 0.1);
    }
}
