//! Plain tables for people.

/// A table with a header, right-aligned where a column holds numbers only.
#[derive(Debug, Default)]
pub struct Table {
    header: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column names.
    #[must_use]
    pub fn new(header: &[&str]) -> Self {
        Self {
            header: header.iter().map(|&name| name.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; missing cells stay empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The table as text, each line ended, no spaces at the ends of lines.
    #[must_use]
    pub fn render(&self) -> String {
        let columns = self.header.len();
        let cell = |row: &'_ [String], column: usize| row.get(column).cloned().unwrap_or_default();
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let body = self.rows.iter().map(|row| cell(row, column).chars().count());
                body.chain([cell(&self.header, column).chars().count()])
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let numeric: Vec<bool> = (0..columns)
            .map(|column| self.rows.iter().all(|row| is_number(&cell(row, column))))
            .collect();
        let mut text = String::new();
        for row in std::iter::once(&self.header).chain(&self.rows) {
            let mut line = String::new();
            for column in 0..columns {
                let value = cell(row, column);
                let pad = " ".repeat(widths[column] - value.chars().count());
                if column > 0 {
                    line.push_str("  ");
                }
                if numeric[column] {
                    line.push_str(&pad);
                    line.push_str(&value);
                } else {
                    line.push_str(&value);
                    line.push_str(&pad);
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}

fn is_number(cell: &str) -> bool {
    cell.chars().all(|c| c.is_ascii_digit() || " .,%±+-–".contains(c))
}

/// A count with thousands separated, as people read it: `1,469,307`.
#[must_use]
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_words_left() {
        let mut table = Table::new(&["name", "n"]);
        table.row(["a", "1"]);
        table.row(["long", "1,234"]);
        assert_eq!(table.render(), "name      n\na         1\nlong  1,234\n");
    }

    #[test]
    fn thousands_are_separated() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_469_307), "1,469,307");
    }
}
