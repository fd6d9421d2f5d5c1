//! The language of `where`: which rows of a file count.
//!
//! ```text
//! filter  = part { "or" part }
//! part    = term { "and" term }
//! term    = "not" term | "(" filter ")" | column test
//! test    = ( "=" | "!=" | "<" | "<=" | ">" | ">=" ) value
//!         | [ "not" ] "in" "(" value { "," value } ")"
//!         | [ "not" ] ( "contains" | "starts_with" | "ends_with" ) text
//!         | "is" [ "not" ] "empty"
//! column  = name | `name` | "name"
//! value   = number | 'text' | "text"
//! ```

mod lexer;

use self::lexer::{Lexer, Token};

/// Parentheses and `not` within each other. Deeper is a mistake, and each level takes stack.
const MAX_DEPTH: usize = 64;

/// A filter that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("column {at}: expected {expected}, found {found}")]
pub struct FilterError {
    /// The place of the mistake, in characters from 1.
    pub at: usize,
    /// What may stand there.
    pub expected: String,
    /// What does.
    pub found: String,
}

/// A condition on a row.
#[derive(Clone, Debug, PartialEq)]
pub enum RowFilter {
    /// All of them hold.
    All(Vec<RowFilter>),
    /// One of them holds.
    Any(Vec<RowFilter>),
    /// It does not hold.
    Not(Box<RowFilter>),
    /// What a column must hold.
    Test {
        /// The column.
        column: String,
        /// The test.
        test: Test,
    },
}

/// A condition on a cell.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// It compares so to a value.
    Compare(Comparison, Literal),
    /// It is one of these.
    In(Vec<Literal>),
    /// It has this text in it.
    Contains(String),
    /// It begins so.
    StartsWith(String),
    /// It ends so.
    EndsWith(String),
    /// Nothing stands there.
    Empty,
}

/// How two values compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// A value in a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Literal {
    /// Text, in lower case.
    Text(String),
    /// A number.
    Number(f64),
}

impl RowFilter {
    /// Reads a filter.
    ///
    /// # Errors
    /// Where the mistake is, and what may stand there.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut parser = Parser {
            lexer: Lexer::new(text)?,
            depth: 0,
        };
        let filter = parser.filter()?;
        match parser.lexer.peek() {
            Token::End => Ok(filter),
            _ => Err(parser.lexer.expected("and, or, or the end")),
        }
    }

    /// The columns that it reads, each as often as it is named.
    pub fn columns(&self, found: &mut Vec<String>) {
        match self {
            Self::All(parts) | Self::Any(parts) => parts.iter().for_each(|part| part.columns(found)),
            Self::Not(part) => part.columns(found),
            Self::Test { column, .. } => found.push(column.clone()),
        }
    }
}

struct Parser<'t> {
    lexer: Lexer<'t>,
    depth: usize,
}

impl Parser<'_> {
    fn filter(&mut self) -> Result<RowFilter, FilterError> {
        let mut parts = vec![self.part()?];
        while self.lexer.take_word("or")? {
            parts.push(self.part()?);
        }
        Ok(only(parts, RowFilter::Any))
    }

    fn part(&mut self) -> Result<RowFilter, FilterError> {
        let mut parts = vec![self.term()?];
        while self.lexer.take_word("and")? {
            parts.push(self.term()?);
        }
        Ok(only(parts, RowFilter::All))
    }

    fn term(&mut self) -> Result<RowFilter, FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.lexer.expected("less deep parentheses"));
        }
        let term = if self.lexer.take_word("not")? {
            RowFilter::Not(Box::new(self.term()?))
        } else if self.lexer.take_symbol("(")? {
            let inner = self.filter()?;
            if !self.lexer.take_symbol(")")? {
                return Err(self.lexer.expected("and, or, or )"));
            }
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(term)
    }

    fn test(&mut self) -> Result<RowFilter, FilterError> {
        let column = match self.lexer.peek().clone() {
            // A column without a header is called by its number.
            Token::Word(name) | Token::Quoted(name) | Token::Number(_, name) => name,
            _ => return Err(self.lexer.expected("a column")),
        };
        self.lexer.advance()?;
        if self.lexer.take_word("is")? {
            let not = self.lexer.take_word("not")?;
            if !self.lexer.take_word("empty")? {
                return Err(self.lexer.expected("empty or not empty"));
            }
            return Ok(negated(not, column, Test::Empty));
        }
        let not = self.lexer.take_word("not")?;
        for (word, test) in [
            ("contains", Test::Contains as fn(String) -> Test),
            ("starts_with", Test::StartsWith),
            ("ends_with", Test::EndsWith),
        ] {
            if self.lexer.take_word(word)? {
                let Token::Quoted(text) = self.lexer.peek().clone() else {
                    return Err(self.lexer.expected("text in quotes"));
                };
                self.lexer.advance()?;
                return Ok(negated(not, column, test(text.to_lowercase())));
            }
        }
        if self.lexer.take_word("in")? {
            return Ok(negated(not, column, Test::In(self.list()?)));
        }
        if not {
            return Err(self.lexer.expected("in, contains, starts_with or ends_with"));
        }
        for (symbol, comparison) in [
            ("=", Comparison::Equal),
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<>", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            (">=", Comparison::GreaterOrEqual),
            ("<", Comparison::Less),
            (">", Comparison::Greater),
        ] {
            if self.lexer.take_symbol(symbol)? {
                let test = Test::Compare(comparison, self.literal()?);
                return Ok(RowFilter::Test { column, test });
            }
        }
        Err(self
            .lexer
            .expected("=, !=, <, <=, >, >=, in, contains, starts_with, ends_with or is"))
    }

    fn list(&mut self) -> Result<Vec<Literal>, FilterError> {
        if !self.lexer.take_symbol("(")? {
            return Err(self.lexer.expected("( and the values"));
        }
        let mut values = vec![self.literal()?];
        while self.lexer.take_symbol(",")? {
            values.push(self.literal()?);
        }
        if !self.lexer.take_symbol(")")? {
            return Err(self.lexer.expected("a comma or )"));
        }
        Ok(values)
    }

    fn literal(&mut self) -> Result<Literal, FilterError> {
        let literal = match self.lexer.peek().clone() {
            Token::Quoted(text) => Literal::Text(text.trim().to_lowercase()),
            Token::Number(number, _) => Literal::Number(number),
            Token::Word(word) if word.eq_ignore_ascii_case("true") || word.eq_ignore_ascii_case("false") => {
                Literal::Text(word.to_lowercase())
            }
            Token::Word(word) => {
                return Err(self
                    .lexer
                    .expected(&format!("a number, or text in quotes (\"{word}\")")));
            }
            _ => return Err(self.lexer.expected("a number, or text in quotes")),
        };
        self.lexer.advance()?;
        Ok(literal)
    }
}

fn negated(not: bool, column: String, test: Test) -> RowFilter {
    let test = RowFilter::Test { column, test };
    if not { RowFilter::Not(Box::new(test)) } else { test }
}

/// One part stands for itself.
fn only(mut parts: Vec<RowFilter>, several: fn(Vec<RowFilter>) -> RowFilter) -> RowFilter {
    match (parts.pop(), parts.is_empty()) {
        (Some(part), true) => part,
        (part, _) => {
            parts.extend(part);
            several(parts)
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn and_binds_more_than_or() {
        let filter = RowFilter::parse("a = 1 or b = 'x' and not c is empty").unwrap();
        let RowFilter::Any(parts) = &filter else {
            panic!("{filter:?}")
        };
        assert!(matches!(&parts[1], RowFilter::All(parts) if matches!(parts[1], RowFilter::Not(_))));
        let mut columns = Vec::new();
        filter.columns(&mut columns);
        assert_eq!(columns, ["a", "b", "c"]);
    }

    #[test]
    fn names_and_values_in_every_spelling() {
        for (text, column, test) in [
            (
                "state = \"Paid\"",
                "state",
                Test::Compare(Comparison::Equal, Literal::Text("paid".into())),
            ),
            (
                "`order state` <> 'a''b'",
                "order state",
                Test::Compare(Comparison::NotEqual, Literal::Text("a'b".into())),
            ),
            (
                "\"order state\" == 'a'",
                "order state",
                Test::Compare(Comparison::Equal, Literal::Text("a".into())),
            ),
            (
                "quantity>-1.5",
                "quantity",
                Test::Compare(Comparison::Greater, Literal::Number(-1.5)),
            ),
            (
                "3 <= 7",
                "3",
                Test::Compare(Comparison::LessOrEqual, Literal::Number(7.0)),
            ),
            (
                "payload.items[0].state >= 2",
                "payload.items[0].state",
                Test::Compare(Comparison::GreaterOrEqual, Literal::Number(2.0)),
            ),
            ("\u{fc}bersicht IS EMPTY", "\u{fc}bersicht", Test::Empty),
            (
                "a IN (1, 'b')",
                "a",
                Test::In(vec![Literal::Number(1.0), Literal::Text("b".into())]),
            ),
            ("a contains 'B'", "a", Test::Contains("b".into())),
            ("a starts_with 'B'", "a", Test::StartsWith("b".into())),
            (
                "a = true",
                "a",
                Test::Compare(Comparison::Equal, Literal::Text("true".into())),
            ),
        ] {
            let column = column.to_owned();
            assert_eq!(RowFilter::parse(text), Ok(RowFilter::Test { column, test }), "{text}");
        }
        assert!(matches!(RowFilter::parse("a not in (1)"), Ok(RowFilter::Not(_))));
        assert!(matches!(RowFilter::parse("a is not empty"), Ok(RowFilter::Not(_))));
    }

    #[test]
    fn a_mistake_is_told_with_its_place() {
        for (text, at, expected) in [
            ("", 1, "a column"),
            (
                "state",
                6,
                "=, !=, <, <=, >, >=, in, contains, starts_with, ends_with or is",
            ),
            ("state = paid", 9, "a number, or text in quotes (\"paid\")"),
            ("state = 'paid", 9, "a closing '"),
            ("(a = 1", 7, "and, or, or )"),
            ("a = 1 b = 2", 7, "and, or, or the end"),
            ("a ~ 1", 3, "a name, a value, or an operator"),
            ("a in 1", 6, "( and the values"),
            ("a in (1", 8, "a comma or )"),
            ("a is full", 6, "empty or not empty"),
            ("a not = 1", 7, "in, contains, starts_with or ends_with"),
            ("a = 1 and", 10, "a column"),
        ] {
            let error = RowFilter::parse(text).unwrap_err();
            assert_eq!((error.at, error.expected.as_str()), (at, expected), "{text}");
        }
        assert!(RowFilter::parse(&"(".repeat(100_000)).is_err());
        assert!(RowFilter::parse(&"not ".repeat(100_000)).is_err());
    }
}
