//! The columns that a mapping asks for, and the cells of a row in them.

use super::{BadRow, Cell, Row};

/// Numbers the columns that a mapping asks for, each once.
#[derive(Default)]
pub struct Wanted {
    names: Vec<String>,
}

impl Wanted {
    /// The number of a column.
    pub fn column(&mut self, name: &str) -> usize {
        self.names.iter().position(|known| known == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        })
    }

    /// The columns by number.
    pub fn into_names(self) -> Vec<String> {
        self.names
    }
}

/// The cells of one row, so that an event can borrow from them.
pub struct Cells<'a> {
    cells: Vec<Cell<'a>>,
}

impl<'a> Cells<'a> {
    /// All wanted cells of a row.
    pub fn of(row: &'a dyn Row, count: usize) -> Self {
        Self {
            cells: (0..count).map(|column| row.cell(column)).collect(),
        }
    }

    /// A cell.
    #[must_use]
    pub fn get(&self, column: usize) -> &Cell<'a> {
        &self.cells[column]
    }

    /// A cell that must be text.
    pub fn text(&self, column: usize, name: &str) -> Result<&Cell<'a>, BadRow> {
        match &self.cells[column] {
            Cell::NotText => Err(BadRow::NotUtf8 {
                column: name.to_owned(),
            }),
            cell => Ok(cell),
        }
    }
}
