//! From the text of a filter to its words.

use super::FilterError;

/// A word of a filter.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name or a keyword.
    Word(String),
    /// Text in quotes or backticks.
    Quoted(String),
    /// A number, and how it is written.
    Number(f64, String),
    /// An operator, a parenthesis or a comma.
    Symbol(&'static str),
    /// Behind the last word.
    End,
}

/// The longest come first, so that `<=` is not `<`.
const SYMBOLS: [&str; 11] = ["==", "!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", ","];

/// Reads one word ahead.
pub struct Lexer<'t> {
    rest: &'t str,
    /// Characters before `rest`.
    passed: usize,
    token: Token,
    /// Where `token` begins, from 1.
    at: usize,
}

impl<'t> Lexer<'t> {
    pub fn new(text: &'t str) -> Result<Self, FilterError> {
        let mut lexer = Self {
            rest: text,
            passed: 0,
            token: Token::End,
            at: 1,
        };
        lexer.advance()?;
        Ok(lexer)
    }

    pub const fn peek(&self) -> &Token {
        &self.token
    }

    /// The error for what stands here.
    pub fn expected(&self, expected: &str) -> FilterError {
        FilterError {
            at: self.at,
            expected: expected.to_owned(),
            found: match &self.token {
                Token::Word(word) => format!("{word:?}"),
                Token::Quoted(text) => format!("{text:?}"),
                Token::Number(_, text) => text.clone(),
                Token::Symbol(symbol) => (*symbol).to_owned(),
                Token::End => "the end".to_owned(),
            },
        }
    }

    /// Passes over a keyword, in any case.
    pub fn take_word(&mut self, word: &str) -> Result<bool, FilterError> {
        let is = matches!(&self.token, Token::Word(found) if found.eq_ignore_ascii_case(word));
        if is {
            self.advance()?;
        }
        Ok(is)
    }

    /// Passes over an operator.
    pub fn take_symbol(&mut self, symbol: &str) -> Result<bool, FilterError> {
        let is = matches!(&self.token, Token::Symbol(found) if *found == symbol);
        if is {
            self.advance()?;
        }
        Ok(is)
    }

    /// Goes on to the next word.
    pub fn advance(&mut self) -> Result<(), FilterError> {
        let spaces = self.rest.len() - self.rest.trim_start().len();
        self.pass(spaces);
        self.at = self.passed + 1;
        self.token = self.next()?;
        Ok(())
    }

    fn pass(&mut self, bytes: usize) -> &'t str {
        let (passed, rest) = self.rest.split_at(bytes);
        self.passed += passed.chars().count();
        self.rest = rest;
        passed
    }

    /// The bytes at the front of which all characters are such.
    fn run(&self, is: impl Fn(char) -> bool) -> usize {
        self.rest.find(|c| !is(c)).unwrap_or(self.rest.len())
    }

    fn next(&mut self) -> Result<Token, FilterError> {
        let Some(first) = self.rest.chars().next() else {
            return Ok(Token::End);
        };
        if matches!(first, '"' | '\'' | '`') {
            return self.quoted(first);
        }
        if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| self.rest.starts_with(symbol)) {
            self.pass(symbol.len());
            return Ok(Token::Symbol(symbol));
        }
        if first.is_ascii_digit() || matches!(first, '-' | '+' | '.') {
            let end = self.run(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.'));
            let text = self.rest.get(..end).unwrap_or_default().to_owned();
            return match text.parse::<f64>() {
                Ok(number) if number.is_finite() => {
                    self.pass(end);
                    Ok(Token::Number(number, text))
                }
                _ => Err(self.mistake("a number (or a name in backticks)", &text)),
            };
        }
        let named = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '$' | '#' | '@' | ':' | '[' | ']');
        let end = self.run(named);
        if end == 0 {
            return Err(self.mistake("a name, a value, or an operator", &first.to_string()));
        }
        Ok(Token::Word(self.pass(end).to_owned()))
    }

    /// Text up to the same quote; two of them are one.
    fn quoted(&mut self, quote: char) -> Result<Token, FilterError> {
        let mut text = String::new();
        let mut chars = self.rest.char_indices().skip(1).peekable();
        while let Some((at, c)) = chars.next() {
            if c != quote {
                text.push(c);
            } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
                text.push(quote);
            } else {
                self.pass(at + 1);
                return Ok(Token::Quoted(text));
            }
        }
        Err(self.mistake(&format!("a closing {quote}"), "the end"))
    }

    fn mistake(&self, expected: &str, found: &str) -> FilterError {
        FilterError {
            at: self.at,
            expected: expected.to_owned(),
            found: found.to_owned(),
        }
    }
}
