//! Numbers as people write them: with a decimal comma, with separators between thousands, with a currency.

mod judge;
#[cfg(test)]
mod tests;

pub use self::judge::{NumberGuess, judge_numbers};
use super::Cell;

/// Symbols and codes of currencies that stand beside a number, in lower case.
const CURRENCIES: &[&str] = &[
    "€", "$", "£", "¥", "₹", "₽", "₺", "₩", "₪", "฿", "₫", "₴", "₦", "¢", "%", "eur", "euro", "euros", "usd", "us$",
    "gbp", "chf", "fr", "fr.", "sfr", "sfr.", "pln", "zł", "zl", "sek", "nok", "dkk", "isk", "kr", "kr.", "czk", "kč",
    "huf", "ft", "ron", "lei", "bgn", "лв", "лв.", "try", "tl", "brl", "r$", "cad", "c$", "ca$", "aud", "a$", "au$",
    "nzd", "nz$", "jpy", "cny", "rmb", "inr", "rs", "rs.", "mxn", "mx$", "ars", "clp", "cop", "zar", "r", "ils", "krw",
    "sgd", "s$", "hkd", "hk$", "thb", "rub", "руб", "руб.", "uah", "aed", "sar", "php", "idr", "rp", "myr", "rm",
    "vnd", "twd", "nt$",
];

/// No number is longer.
const MAX_BYTES: usize = 64;

/// How a number is written, as far as it tells the decimal mark of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Either mark may be the decimal one.
    Plain,
    /// `12,50`, `1.234,56`, `1.234.567`: the comma is the decimal mark.
    Comma,
    /// `12.50`, `1,234.56`, `1,234,567`: the point is.
    Point,
    /// `1.234`: read as a fraction, but where the comma is the decimal mark it is a thousand and more.
    PointOfThree,
}

/// Why a text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoNumber {
    /// `1,234` may be a thousand and more, or a little more than one.
    Ambiguous,
    /// It is none.
    Other,
}

/// Reads numbers of one column.
#[derive(Clone, Copy, Debug, Default)]
pub struct NumberReader {
    decimal: Option<char>,
}

impl NumberReader {
    /// A reader for a decimal mark, or for whatever can be read in one way only.
    #[must_use]
    pub const fn new(decimal: Option<char>) -> Self {
        Self { decimal }
    }

    /// The number in a cell, and how it is written.
    ///
    /// # Errors
    /// There is none, or it could be two.
    pub fn read(&self, cell: &Cell<'_>) -> Result<(f64, Form), NoNumber> {
        #[expect(clippy::cast_precision_loss, reason = "a price needs no more than 53 bits")]
        let number = match cell {
            Cell::Int(value) => *value as f64,
            Cell::Unsigned(value) => *value as f64,
            Cell::Float(value) => *value,
            Cell::Bool(value) => f64::from(u8::from(*value)),
            Cell::Text(text) => return self.read_text(text.trim()),
            _ => return Err(NoNumber::Other),
        };
        Ok((number, Form::Plain))
    }

    fn read_text(&self, text: &str) -> Result<(f64, Form), NoNumber> {
        // Whole numbers are the same everywhere, and most columns have a decimal point.
        let marked = text.bytes().any(|byte| matches!(byte, b'.' | b','));
        if (!marked || (self.decimal != Some(',') && !text.contains(',')))
            && let Ok(number) = text.parse::<f64>()
        {
            return Ok((number, if marked { form_of_point(text) } else { Form::Plain }));
        }
        if text.len() > MAX_BYTES {
            return Err(NoNumber::Other);
        }
        let (digits, negative) = bare(text).ok_or(NoNumber::Other)?;
        let (plain, form) = self.plain(digits)?;
        let number: f64 = plain.parse().map_err(|_| NoNumber::Other)?;
        Ok((if negative { -number } else { number }, form))
    }

    /// The digits with a point as decimal mark and nothing between thousands.
    fn plain(&self, digits: &str) -> Result<(String, Form), NoNumber> {
        let count = |mark: char| digits.matches(mark).count();
        let (points, commas) = (count('.'), count(','));
        let last = digits.rfind(['.', ',']);
        let (decimal, form) = match (points, commas) {
            (0, 0) => (None, Form::Plain),
            // Both: the last one is the decimal mark, and stands once.
            (1.., 1..) => {
                let mark = last
                    .and_then(|at| digits.get(at..))
                    .and_then(|rest| rest.chars().next());
                let (mark, once, form) = match mark {
                    Some('.') => ('.', points == 1, Form::Point),
                    _ => (',', commas == 1, Form::Comma),
                };
                if !once {
                    return Err(NoNumber::Other);
                }
                (Some(mark), form)
            }
            (2.., 0) => (None, Form::Comma),
            (0, 2..) => (None, Form::Point),
            (1, 0) => self.single('.', digits)?,
            (0, _) => self.single(',', digits)?,
        };
        if let (Some(set), Form::Comma) | (Some(set), Form::Point) = (self.decimal, form)
            && (set == ',') != (form == Form::Comma)
        {
            return Err(NoNumber::Other);
        }
        let (whole, fraction) = match decimal.and_then(|mark| digits.rsplit_once(mark)) {
            Some((whole, fraction)) => (whole, fraction),
            None => (digits, ""),
        };
        let mut groups = whole.split(|c: char| !c.is_ascii_digit());
        let mut plain = groups.next().unwrap_or_default().to_owned();
        let rest: Vec<&str> = groups.collect();
        // Thousands, or as in India: three digits, then two and two.
        let thousands = plain.len() <= 3 && !plain.is_empty() && rest.iter().all(|group| group.len() == 3);
        let indian = plain.len() <= 2
            && rest
                .split_last()
                .is_some_and(|(last, others)| last.len() == 3 && others.iter().all(|group| group.len() == 2));
        if !rest.is_empty() && !thousands && !indian {
            return Err(NoNumber::Other);
        }
        plain.extend(rest);
        if !fraction.is_empty() {
            if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(NoNumber::Other);
            }
            plain.push('.');
            plain.push_str(fraction);
        }
        Ok((plain, form))
    }

    /// What one mark means: the decimal mark and what it says about the column.
    fn single(&self, mark: char, digits: &str) -> Result<(Option<char>, Form), NoNumber> {
        let (before, after) = digits.split_once(mark).unwrap_or((digits, ""));
        let of_three = after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0');
        let form = if mark == ',' { Form::Comma } else { Form::Point };
        match self.decimal {
            Some(set) if set == mark => Ok((Some(mark), form)),
            Some(_) if after.len() == 3 => Ok((None, Form::Plain)),
            Some(_) => Err(NoNumber::Other),
            None if of_three && mark == ',' => Err(NoNumber::Ambiguous),
            None if of_three => Ok((Some(mark), Form::PointOfThree)),
            None => Ok((Some(mark), form)),
        }
    }
}

/// What a number with a point tells.
fn form_of_point(text: &str) -> Form {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    match digits.split_once('.') {
        Some((before, after)) if after.len() == 3 && (1..=3).contains(&before.len()) && !before.starts_with('0') => {
            Form::PointOfThree
        }
        Some((_, "")) => Form::Plain,
        _ => Form::Point,
    }
}

/// The digits with their marks, without sign, brackets and currency; and whether they are negative.
fn bare(text: &str) -> Option<(&str, bool)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let end = text.rfind(|c: char| c.is_ascii_digit())? + 1;
    let (mut before, mut digits, mut after) = (text.get(..start)?, text.get(start..end)?, text.get(end..)?);
    // `.5` and `12.`; `Rs.100` is a currency.
    if let Some(head) = before.strip_suffix(['.', ','])
        && !head.ends_with(char::is_alphabetic)
    {
        before = head;
        digits = text.get(start - 1..end)?;
    }
    // `12,-` and `12.` have no fraction.
    for end in [",--", ".--", ",-", ".-", ",–", ".–", ",—", ".—", ".", ","] {
        if let Some(rest) = after.strip_prefix(end) {
            after = rest;
            break;
        }
    }
    if !digits.chars().all(|c| c.is_ascii_digit() || is_mark(c)) {
        return None;
    }
    let sign = |c: char| matches!(c, '-' | '−' | '–');
    let (mut minus, mut open, mut close) = (0, 0, 0);
    for side in [before, after] {
        let mut word = String::new();
        for c in side.chars().chain(std::iter::once(' ')) {
            match c {
                c if sign(c) => minus += 1,
                '+' => {}
                '(' => open += 1,
                ')' => close += 1,
                c if c.is_whitespace() => {}
                c => {
                    word.extend(c.to_lowercase());
                    continue;
                }
            }
            if !word.is_empty() && !CURRENCIES.contains(&word.as_str()) {
                return None;
            }
            word.clear();
        }
    }
    let bracketed = open == 1 && close == 1;
    if minus > 1 || (open + close > 0 && !bracketed) {
        return None;
    }
    Some((digits, (minus == 1) != bracketed))
}

/// What stands between digits.
fn is_mark(c: char) -> bool {
    matches!(
        c,
        '.' | ',' | '\'' | '’' | '_' | ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}'
    )
}

/// While a file is read: whether its numbers have two decimal marks.
#[derive(Clone, Debug, Default)]
pub struct DecimalWatch {
    comma: Option<String>,
    point_of_three: Option<String>,
}

impl DecimalWatch {
    /// A number that was read.
    pub fn see(&mut self, form: Form, cell: &Cell<'_>) {
        let example = match form {
            Form::Comma => &mut self.comma,
            Form::PointOfThree => &mut self.point_of_three,
            Form::Plain | Form::Point => return,
        };
        if example.is_none() {
            *example = Some(cell.shown());
        }
    }

    /// A number with a decimal comma, and one that was read as a fraction although it may be a thousand.
    #[must_use]
    pub fn contradiction(&self) -> Option<(String, String)> {
        Some((self.comma.clone()?, self.point_of_three.clone()?))
    }
}
