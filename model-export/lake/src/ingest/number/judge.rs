//! Whether a column is one of numbers, and what its decimal mark is.

use super::{Form, NoNumber, NumberReader};
use crate::ingest::Cell;
use crate::ingest::time::{Evidence, thousands};

/// Of 100 values, so many must be numbers.
const MIN_READ_PERCENT: usize = 99;

/// How a column writes numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberGuess {
    /// The setting `decimal`; [`None`] if every number can be read in one way only.
    pub decimal: Option<char>,
    /// How sure that is.
    pub evidence: Evidence,
    /// A value of the column; one that needs the setting, if there is one.
    pub example: String,
    /// Values that are read.
    pub read: usize,
    /// Values that are not missing.
    pub of: usize,
}

/// The decimal mark of a column of numbers; [`None`] if it is none.
#[must_use]
pub fn judge_numbers(cells: &[Cell<'_>]) -> Option<NumberGuess> {
    let cells: Vec<&Cell<'_>> = cells.iter().filter(|cell| !cell.is_missing()).collect();
    let reader = NumberReader::default();
    let (mut read, mut comma, mut point, mut point_of_three, mut comma_of_three) = (0, 0, 0, 0, 0);
    let mut telling: Option<&Cell<'_>> = None;
    for cell in &cells {
        let open = match reader.read(cell) {
            Ok((_, Form::Plain)) => None,
            Ok((_, Form::Comma)) => Some(&mut comma),
            Ok((_, Form::Point)) => Some(&mut point),
            Ok((_, Form::PointOfThree)) => Some(&mut point_of_three),
            Err(NoNumber::Ambiguous) => Some(&mut comma_of_three),
            Err(NoNumber::Other) => continue,
        };
        read += 1;
        if let Some(count) = open {
            *count += 1;
            telling.get_or_insert(cell);
        }
    }
    if cells.is_empty() || read * 100 < cells.len() * MIN_READ_PERCENT {
        return None;
    }
    let counted = format!(
        "{} numbers have a decimal comma, {} a decimal point",
        thousands(comma),
        thousands(point)
    );
    let (decimal, evidence) = if comma_of_three + point_of_three == 0 {
        (
            None,
            Evidence::Strong("the numbers can be read in one way only".to_owned()),
        )
    } else if comma > point {
        (Some(','), Evidence::Strong(counted))
    } else if point > comma {
        (Some('.'), Evidence::Strong(counted))
    } else if comma_of_three > 0 {
        let sentence = "every comma has three digits behind it, so it separates thousands";
        (Some('.'), Evidence::Weak(sentence.to_owned()))
    } else {
        let sentence = "every point has three digits behind it; it is read as the decimal mark";
        (None, Evidence::Weak(sentence.to_owned()))
    };
    let example = telling.or(cells.first().copied());
    Some(NumberGuess {
        decimal,
        evidence,
        example: example.and_then(|cell| cell.text()).unwrap_or_default().into_owned(),
        read,
        of: cells.len(),
    })
}
