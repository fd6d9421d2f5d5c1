//! Sparse interaction matrices in compressed row form.

/// A sparse matrix `rows × columns` of non-negative weights, in compressed row form.
///
/// Columns are strictly increasing inside a row, so that sums over a row have one order and training has one result.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseMatrix {
    columns: usize,
    starts: Vec<usize>,
    indices: Vec<u32>,
    weights: Vec<f32>,
}

impl SparseMatrix {
    /// Builds the matrix from entries `(row, column, weight)` in any order; the weights of equal positions are added.
    ///
    /// # Errors
    /// [`MatrixError`] names the first entry outside of the shape, or whose weight is not finite and positive.
    pub fn from_entries(rows: usize, columns: usize, mut entries: Vec<(u32, u32, f32)>) -> Result<Self, MatrixError> {
        for &(row, column, weight) in &entries {
            if row as usize >= rows || column as usize >= columns {
                return Err(MatrixError::OutsideShape {
                    row,
                    column,
                    rows,
                    columns,
                });
            }
            if !(weight.is_finite() && weight > 0.0) {
                return Err(MatrixError::BadWeight { row, column, weight });
            }
        }
        // Stable: entries of one position are added in the order in which they came.
        entries.sort_by_key(|&(row, column, _)| (row, column));
        let mut matrix = Self {
            columns,
            starts: Vec::with_capacity(rows + 1),
            indices: Vec::with_capacity(entries.len()),
            weights: Vec::with_capacity(entries.len()),
        };
        matrix.starts.push(0);
        let mut last: Option<(u32, u32)> = None;
        for (row, column, weight) in entries {
            if last == Some((row, column))
                && let Some(sum) = matrix.weights.last_mut()
            {
                *sum += weight;
                continue;
            }
            while matrix.starts.len() <= row as usize {
                matrix.starts.push(matrix.indices.len());
            }
            matrix.indices.push(column);
            matrix.weights.push(weight);
            last = Some((row, column));
        }
        while matrix.starts.len() <= rows {
            matrix.starts.push(matrix.indices.len());
        }
        Ok(matrix)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Number of stored entries.
    pub fn entries(&self) -> usize {
        self.indices.len()
    }

    /// Columns of one row, increasing.
    pub fn row(&self, row: usize) -> &[u32] {
        &self.indices[self.starts[row]..self.starts[row + 1]]
    }

    /// Weights of one row, in the order of [`Self::row`].
    pub fn row_weights(&self, row: usize) -> &[f32] {
        &self.weights[self.starts[row]..self.starts[row + 1]]
    }

    /// The transposed matrix. Time: linear in rows, columns and entries.
    pub fn transposed(&self) -> Self {
        let mut starts = vec![0_usize; self.columns + 1];
        for &column in &self.indices {
            starts[column as usize + 1] += 1;
        }
        for column in 0..self.columns {
            starts[column + 1] += starts[column];
        }
        let mut next = starts.clone();
        let mut indices = vec![0_u32; self.indices.len()];
        let mut weights = vec![0.0_f32; self.indices.len()];
        for (row, row_index) in (0..self.rows()).zip(0_u32..) {
            for (&column, &weight) in self.row(row).iter().zip(self.row_weights(row)) {
                let at = next[column as usize];
                next[column as usize] += 1;
                indices[at] = row_index;
                weights[at] = weight;
            }
        }
        Self {
            columns: self.rows(),
            starts,
            indices,
            weights,
        }
    }
}

/// Why entries do not make a matrix.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// An index is not below the number of rows or columns.
    #[error("entry ({row}, {column}) is outside of the matrix of {rows} × {columns}")]
    OutsideShape {
        /// Row of the entry.
        row: u32,
        /// Column of the entry.
        column: u32,
        /// Rows of the matrix.
        rows: usize,
        /// Columns of the matrix.
        columns: usize,
    },
    /// A weight that least squares cannot use.
    #[error("entry ({row}, {column}) has weight {weight}, expected a finite number above 0")]
    BadWeight {
        /// Row of the entry.
        row: u32,
        /// Column of the entry.
        column: u32,
        /// The weight found.
        weight: f32,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    #[test]
    fn equal_positions_are_added_and_empty_rows_stay() {
        let matrix =
            SparseMatrix::from_entries(4, 3, vec![(2, 1, 1.0), (0, 2, 1.0), (2, 1, 0.5), (2, 0, 2.0)]).unwrap();
        assert_eq!((matrix.rows(), matrix.columns(), matrix.entries()), (4, 3, 3));
        assert_eq!(matrix.row(0), [2]);
        assert!(matrix.row(1).is_empty() && matrix.row(3).is_empty());
        assert_eq!(matrix.row(2), [0, 1]);
        assert_eq!(matrix.row_weights(2), [2.0, 1.5]);
    }

    #[test]
    fn transposing_twice_gives_the_same_matrix() {
        let matrix =
            SparseMatrix::from_entries(3, 4, vec![(0, 3, 1.0), (1, 0, 2.0), (1, 3, 3.0), (2, 1, 4.0)]).unwrap();
        let transposed = matrix.transposed();
        assert_eq!(transposed.row(3), [0, 1]);
        assert_eq!(transposed.row_weights(3), [1.0, 3.0]);
        assert_eq!(transposed.transposed(), matrix);
    }

    #[test]
    fn entries_outside_and_unusable_weights_are_refused() {
        assert!(matches!(
            SparseMatrix::from_entries(1, 1, vec![(0, 1, 1.0)]),
            Err(MatrixError::OutsideShape { column: 1, .. })
        ));
        for weight in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert!(matches!(
                SparseMatrix::from_entries(1, 1, vec![(0, 0, weight)]),
                Err(MatrixError::BadWeight { .. })
            ));
        }
    }
}
