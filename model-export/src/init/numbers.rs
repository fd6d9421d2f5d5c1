//! The numbers in cells.

use selvedge_lake::ingest::{Cell, NumberReader, judge_numbers};

/// The number in a cell, as ingest reads it.
pub fn number(reader: &NumberReader, cell: &Cell<'_>) -> Option<f64> {
    reader.read(cell).ok().map(|(number, _)| number)
}

/// The decimal mark of a column, where its numbers could be read in two ways without it.
pub fn decimal_of(cells: &[&Cell<'static>]) -> Option<char> {
    let cells: Vec<Cell<'static>> = cells.iter().map(|cell| (*cell).clone()).collect();
    judge_numbers(&cells)?.decimal
}
