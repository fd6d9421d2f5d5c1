//! Whether a row is one that its source wants: `where` over the cells of a row.

use std::borrow::Cow;

use jiff::tz::TimeZone;

use super::cells::{Cells, Wanted};
use super::number::{NoNumber, NumberReader};
use super::{BadRow, Cell, IngestError};
use crate::row_filter::{Comparison, Literal, RowFilter, Test};

/// A filter over the columns of a source.
#[derive(Clone, Debug)]
pub struct CellFilter {
    filter: RowFilter,
    /// The columns that it names, with their numbers.
    columns: Vec<(String, usize)>,
    numbers: NumberReader,
}

impl CellFilter {
    /// The filter of a source; [`None`] where every row counts.
    ///
    /// # Errors
    /// The text is no filter.
    pub fn new(text: Option<&str>, decimal: Option<char>, wanted: &mut Wanted) -> Result<Option<Self>, IngestError> {
        let Some(text) = text else { return Ok(None) };
        let filter = RowFilter::parse(text).map_err(|source| IngestError::Filter {
            text: text.to_owned(),
            source,
        })?;
        let mut names = Vec::new();
        filter.columns(&mut names);
        let columns = names
            .into_iter()
            .map(|name| {
                let number = wanted.column(&name);
                (name, number)
            })
            .collect();
        Ok(Some(Self {
            filter,
            columns,
            numbers: NumberReader::new(decimal),
        }))
    }

    /// Whether a row counts.
    ///
    /// # Errors
    /// A number of it can be read in two ways.
    pub fn holds(&self, cells: &Cells<'_>) -> Result<bool, BadRow> {
        self.part(&self.filter, cells)
    }

    fn part(&self, filter: &RowFilter, cells: &Cells<'_>) -> Result<bool, BadRow> {
        match filter {
            RowFilter::All(parts) => {
                for part in parts {
                    if !self.part(part, cells)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            RowFilter::Any(parts) => {
                for part in parts {
                    if self.part(part, cells)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            RowFilter::Not(part) => Ok(!self.part(part, cells)?),
            RowFilter::Test { column, test } => {
                let number = self
                    .columns
                    .iter()
                    .find(|(name, _)| name == column)
                    .map(|(_, number)| *number);
                match number.map(|number| cells.get(number)) {
                    // A value of several is as if the row stood there once for each.
                    Some(Cell::List(values)) if !values.is_empty() => {
                        for value in values {
                            if self.cell(column, value, test)? {
                                return Ok(true);
                            }
                        }
                        Ok(false)
                    }
                    cell => self.cell(column, cell.unwrap_or(&Cell::Null), test),
                }
            }
        }
    }

    fn cell(&self, column: &str, cell: &Cell<'_>, test: &Test) -> Result<bool, BadRow> {
        Ok(match test {
            Test::Empty => cell.is_empty() || matches!(cell, Cell::List(values) if values.is_empty()),
            Test::Compare(comparison, literal) => self.compare(column, cell, *comparison, literal)?,
            Test::In(literals) => {
                for literal in literals {
                    if self.compare(column, cell, Comparison::Equal, literal)? {
                        return Ok(true);
                    }
                }
                false
            }
            Test::Contains(part) => text(cell).is_some_and(|text| text.to_lowercase().contains(part)),
            Test::StartsWith(part) => text(cell).is_some_and(|text| text.to_lowercase().starts_with(part)),
            Test::EndsWith(part) => text(cell).is_some_and(|text| text.to_lowercase().ends_with(part)),
        })
    }

    /// An empty cell equals nothing, and is neither above nor below anything.
    fn compare(
        &self,
        column: &str,
        cell: &Cell<'_>,
        comparison: Comparison,
        literal: &Literal,
    ) -> Result<bool, BadRow> {
        let order = match literal {
            Literal::Number(number) => match self.numbers.read(cell) {
                Ok((found, _)) => found.partial_cmp(number),
                Err(NoNumber::Ambiguous) => {
                    return Err(BadRow::DecimalMark {
                        column: column.to_owned(),
                        found: cell.shown(),
                    });
                }
                Err(NoNumber::Other) => None,
            },
            Literal::Text(literal) => text(cell).map(|text| {
                if text.eq_ignore_ascii_case(literal) {
                    std::cmp::Ordering::Equal
                } else {
                    text.to_lowercase().as_str().cmp(literal)
                }
            }),
        };
        Ok(match (comparison, order) {
            (Comparison::NotEqual, None) => true,
            (_, None) => false,
            (Comparison::Equal, Some(order)) => order.is_eq(),
            (Comparison::NotEqual, Some(order)) => order.is_ne(),
            (Comparison::Less, Some(order)) => order.is_lt(),
            (Comparison::LessOrEqual, Some(order)) => order.is_le(),
            (Comparison::Greater, Some(order)) => order.is_gt(),
            (Comparison::GreaterOrEqual, Some(order)) => order.is_ge(),
        })
    }
}

/// A cell as text to compare; a time as ISO 8601, and an id as ids are spelled.
fn text<'c>(cell: &'c Cell<'_>) -> Option<Cow<'c, str>> {
    match cell {
        Cell::Instant(ms) | Cell::Local(ms) => {
            let local = TimeZone::UTC.to_datetime(jiff::Timestamp::from_millisecond(*ms).ok()?);
            Some(Cow::Owned(local.to_string()))
        }
        cell => cell.id().or_else(|| cell.text()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::super::Row;
    use super::*;

    struct Plain(Vec<Cell<'static>>);

    impl Row for Plain {
        fn cell(&self, column: usize) -> Cell<'_> {
            self.0[column].clone()
        }

        fn raw(&self) -> String {
            String::new()
        }
    }

    fn holds(filter: &str, cell: Cell<'static>) -> Result<bool, BadRow> {
        let mut wanted = Wanted::default();
        let filter = CellFilter::new(Some(filter), None, &mut wanted).unwrap().unwrap();
        let row = Plain(vec![cell]);
        filter.holds(&Cells::of(&row, wanted.into_names().len()))
    }

    #[test]
    fn numbers_compare_as_numbers_and_text_in_any_case() {
        let text = |text: &'static str| Cell::Text(text.into());
        for (filter, cell, expected) in [
            ("x > 0", text("3"), true),
            ("x > 0", text("-3"), false),
            ("x > 0", text("(3)"), false),
            ("x > 0", text(""), false),
            ("x > 0", text("many"), false),
            ("x >= 10", text("9"), false),
            ("x >= 10", Cell::Float(10.0), true),
            ("x < 100", text("12,50 \u{20ac}"), true),
            ("x = 17", text("017"), true),
            ("x = '17'", text("17.0"), true),
            ("x = '17'", Cell::Int(17), true),
            ("x = 'Paid'", text(" PAID "), true),
            ("x = '\u{dc}bersicht'", text("\u{fc}BERSICHT"), true),
            ("x != 'paid'", text(""), true),
            ("x = ''", text("a"), false),
            ("x in ('a', 2)", text("2"), true),
            ("x in ('a', 2)", text("A"), true),
            ("x not in ('a', 2)", Cell::Null, true),
            ("x contains 'REFUND'", text("partially refunded"), true),
            ("x not contains 'refund'", text("paid"), true),
            ("x starts_with 'c'", text("C536379"), true),
            ("not x starts_with 'c'", text("536379"), true),
            ("x ends_with '-R'", text("12-r"), true),
            ("x is empty", text("  "), true),
            ("x is empty", Cell::Float(f64::NAN), true),
            ("x is not empty", text("a"), true),
            ("x >= '2024-06-01'", text("2024-06-19 10:00"), true),
            ("x >= '2024-06-01'", Cell::Local(1_718_810_565_000), true),
            ("x < '2024-06-01'", Cell::Instant(1_718_810_565_000), false),
            ("x = 'b'", Cell::List(vec![text("a"), text("b")]), true),
            ("x is empty", Cell::List(Vec::new()), true),
            ("x = true", Cell::Bool(true), true),
            ("x = 1", Cell::Bool(true), true),
        ] {
            assert_eq!(holds(filter, cell.clone()), Ok(expected), "{filter} {cell:?}");
        }
        assert!(holds("x > 5", text("1,234")).is_err());
    }
}
