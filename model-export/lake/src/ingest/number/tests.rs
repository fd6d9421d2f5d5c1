#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use crate::ingest::Cell;

fn read(decimal: Option<char>, text: &str) -> Result<f64, NoNumber> {
    NumberReader::new(decimal)
        .read(&Cell::Text(text.into()))
        .map(|(number, _)| number)
}

#[test]
fn numbers_that_can_be_read_in_one_way() {
    for (text, number) in [
        ("12", 12.0),
        (" 12.50 ", 12.5),
        ("12,50", 12.5),
        ("1.234,56", 1234.56),
        ("1,234.56", 1234.56),
        ("1 234,56", 1234.56),
        ("1\u{a0}234,56", 1234.56),
        ("1\u{202f}234\u{202f}567", 1_234_567.0),
        ("1'234.50", 1234.5),
        ("1\u{2019}234.50", 1234.5),
        ("1.234.567", 1_234_567.0),
        ("1,234,567", 1_234_567.0),
        ("12,34,567.00", 1_234_567.0),
        ("0,125", 0.125),
        ("1234,567", 1234.567),
        ("\u{20ac} 12,50", 12.5),
        ("12,50 \u{20ac}", 12.5),
        ("$1,234.00", 1234.0),
        ("-$5.00", -5.0),
        ("$-5.00", -5.0),
        ("12.50 EUR", 12.5),
        ("CHF 12.-", 12.0),
        ("12,- \u{20ac}", 12.0),
        ("R$ 1.234,50", 1234.5),
        ("Rs.100", 100.0),
        ("99 kr", 99.0),
        ("12,50 z\u{142}", 12.5),
        ("(12.50)", -12.5),
        ("($1,234.50)", -1234.5),
        ("12.50-", -12.5),
        ("\u{2212}3", -3.0),
        ("+3", 3.0),
        ("15 %", 15.0),
        (".5", 0.5),
        ("-,5", -0.5),
        ("1e3", 1000.0),
    ] {
        assert_eq!(read(None, text), Ok(number), "{text}");
    }
    for text in [
        "",
        "abc",
        "12 apples",
        "1.2.3",
        "1,2,3",
        "1,23,45",
        "1.234,56,78",
        "12-50",
        "--5",
        "(5",
        "5)",
        "-(5)x",
        "12:30",
        "2024-06-19",
        "1 2",
        "0x10",
    ] {
        assert_eq!(read(None, text), Err(NoNumber::Other), "{text}");
    }
}

#[test]
fn one_mark_before_three_digits_is_read_as_the_column_has_it() {
    assert_eq!(read(None, "1,234"), Err(NoNumber::Ambiguous));
    assert_eq!(read(Some('.'), "1,234"), Ok(1234.0));
    assert_eq!(read(Some(','), "1,234"), Ok(1.234));
    assert_eq!(read(None, "1.234"), Ok(1.234));
    assert_eq!(read(Some(','), "1.234"), Ok(1234.0));
    assert_eq!(read(Some(','), "1.234,5"), Ok(1234.5));
    assert_eq!(read(Some(','), "1,234.5"), Err(NoNumber::Other));
    assert_eq!(read(Some('.'), "1.234,5"), Err(NoNumber::Other));
    assert_eq!(read(Some(','), "12.5"), Err(NoNumber::Other));
    assert_eq!(read(Some(','), "17"), Ok(17.0));
}

fn judged(texts: &[&str]) -> Option<(Option<char>, bool)> {
    let cells: Vec<Cell<'_>> = texts.iter().map(|text| Cell::Text((*text).into())).collect();
    judge_numbers(&cells).map(|guess| (guess.decimal, guess.evidence.is_weak()))
}

#[test]
fn the_decimal_mark_is_found_by_the_numbers_that_show_it() {
    assert_eq!(judged(&["1,234", "12,50", "NULL"]), Some((Some(','), false)));
    assert_eq!(judged(&["1,234", "12.50"]), Some((Some('.'), false)));
    assert_eq!(judged(&["1.234", "12,50"]), Some((Some(','), false)));
    assert_eq!(judged(&["1.234", "12.5"]), Some((Some('.'), false)));
    assert_eq!(judged(&["1,234", "2,500"]), Some((Some('.'), true)));
    assert_eq!(judged(&["1.234", "2.500"]), Some((None, true)));
    assert_eq!(judged(&["12.5", "3"]), Some((None, false)));
    assert_eq!(judged(&["12,5", "3"]), Some((None, false)));
    assert_eq!(judged(&["12.5", "x"]), None);
    assert_eq!(judged(&[]), None);
}

#[test]
fn two_decimal_marks_in_one_column_are_a_contradiction() {
    let mut watch = DecimalWatch::default();
    for text in ["12.50", "1.234", "7"] {
        let cell = Cell::Text(text.into());
        watch.see(NumberReader::default().read(&cell).unwrap().1, &cell);
    }
    assert_eq!(watch.contradiction(), None);
    let cell = Cell::Text("12,50".into());
    watch.see(NumberReader::default().read(&cell).unwrap().1, &cell);
    assert_eq!(
        watch.contradiction(),
        Some(("\"12,50\"".to_owned(), "\"1.234\"".to_owned()))
    );
}
