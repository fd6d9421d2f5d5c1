//! Evaluation on data sets that come with their own split: text files of one user per line, `u i1 i2 …`, 0-based.

use std::path::{Path, PathBuf};

use super::baselines::Popularity;
use super::metrics::count;
use super::report::{Evaluation, Judge, Protocol, Split};
use super::served::{ServedItems, ServedUser};
use super::{EvaluateError, Ranking};
use crate::als::{Outcome, Scorer, SparseMatrix};
use crate::train::FitError;

/// A data set with a training part and a part that is predicted.
#[derive(Clone, Debug)]
pub struct GivenSplit {
    /// Users × items, weights of 1.
    pub train: SparseMatrix,
    /// Users with at least one held-out item.
    pub users: Vec<usize>,
    /// Their held-out items, ascending.
    pub held_out: Vec<Vec<u32>>,
    /// Name of the folder.
    pub set: String,
    /// The part that is predicted.
    pub part: String,
}

/// Why a data set cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GivenError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A line is no list of numbers.
    #[error("{}, line {line}: expected numbers separated by spaces, found {found:?}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is there.
        found: String,
    },
}

/// The parts whose largest numbers make the shape of the matrix, whichever of them is predicted.
const PARTS: [&str; 3] = ["train", "valid", "test"];

impl GivenSplit {
    /// Reads `<dir>/train.txt` and `<dir>/<part>.txt`.
    ///
    /// # Errors
    /// [`EvaluateError::Given`] for files that cannot be read.
    pub fn read(dir: &Path, part: &str) -> Result<Self, EvaluateError> {
        let train = pairs(&dir.join("train.txt"))?;
        let held = pairs(&dir.join(part).with_extension("txt"))?;
        let (mut users, mut items) = (0, 0);
        for name in PARTS {
            let path = dir.join(name).with_extension("txt");
            if path.is_file() {
                for (user, item) in pairs(&path)? {
                    users = users.max(user as usize + 1);
                    items = items.max(item as usize + 1);
                }
            }
        }
        let entries = train.into_iter().map(|(user, item)| (user, item, 1.0)).collect();
        let train = SparseMatrix::from_entries(users, items, entries).map_err(FitError::from)?;
        let ones = held.into_iter().map(|(user, item)| (user, item, 1.0)).collect();
        let held = SparseMatrix::from_entries(users, items, ones).map_err(FitError::from)?;
        let users: Vec<usize> = (0..users).filter(|&user| !held.row(user).is_empty()).collect();
        let set = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self {
            held_out: users.iter().map(|&user| held.row(user).to_vec()).collect(),
            train,
            users,
            set,
            part: part.to_owned(),
        })
    }

    /// Lists of the trained factors, training items left out.
    #[must_use]
    pub fn lists(&self, model: &Outcome, k: usize) -> Vec<Vec<u32>> {
        let queries: Vec<(&[f32], &[u32])> = self
            .users
            .iter()
            .map(|&user| (model.users.row(user), self.train.row(user)))
            .collect();
        Scorer::new(&model.items).top_k(&queries, k)
    }

    /// Lists of the quantized items for users folded in from their training items, which are left out.
    ///
    /// # Errors
    /// [`EvaluateError::Serve`] for factors that the core cannot hold.
    pub fn served_lists(&self, items: &ServedItems, k: usize) -> Result<Vec<Vec<u32>>, EvaluateError> {
        let user = |&user: &usize| {
            let (items, weights) = (self.train.row(user), self.train.row_weights(user));
            ServedUser {
                history: items.iter().copied().zip(weights.iter().copied()).collect(),
                excluded: items.to_vec(),
            }
        };
        let users: Vec<ServedUser> = self.users.iter().map(user).collect();
        Ok(items.top_k(&users, k)?)
    }

    /// Judges lists of `k` items, one per user of [`Self::users`].
    #[must_use]
    pub fn judge(&self, name: &str, lists: &[Vec<u32>], k: usize) -> Ranking {
        let (item_users, users) = self.training_counts();
        Judge {
            k,
            held_out: &self.held_out,
            item_users: &item_users,
            users,
        }
        .judge(name, lists)
    }

    fn training_counts(&self) -> (Vec<u64>, usize) {
        let mut item_users = vec![0; self.train.columns()];
        let mut users = 0;
        for user in 0..self.train.rows() {
            let items = self.train.row(user);
            users += usize::from(!items.is_empty());
            for &item in items {
                item_users[item as usize] += 1;
            }
        }
        (item_users, users)
    }

    /// The model, as trained and as served, beside most-popular.
    ///
    /// # Errors
    /// [`EvaluateError::Serve`] for factors that the core cannot hold.
    pub fn evaluate(&self, model: &Outcome, served: &ServedItems, k: usize) -> Result<Evaluation, EvaluateError> {
        let popularity = Popularity::new(&self.training_counts().0);
        let popular: Vec<Vec<u32>> = self
            .users
            .iter()
            .map(|&user| popularity.fill(Vec::new(), self.train.row(user), k))
            .collect();
        let rankings = vec![
            self.judge("most-popular", &popular, k),
            self.judge("als", &self.lists(model, k), k),
            self.judge("als-served", &self.served_lists(served, k)?, k),
        ];
        let held: usize = self.held_out.iter().map(Vec::len).sum();
        Ok(Evaluation {
            split: Split::Given {
                set: self.set.clone(),
                part: self.part.clone(),
            },
            k,
            iterations: model.iteration,
            users: self.training_counts().1,
            items: self.train.columns(),
            interactions: self.train.entries(),
            users_without_history: self
                .users
                .iter()
                .filter(|&&user| self.train.row(user).is_empty())
                .count(),
            codings: Vec::new(),
            protocols: vec![Protocol {
                name: "new".to_owned(),
                users: self.users.len(),
                held_out_per_user: count(held) / count(self.users.len().max(1)),
                rankings,
            }],
        })
    }
}

fn pairs(path: &Path) -> Result<Vec<(u32, u32)>, GivenError> {
    let text = std::fs::read_to_string(path).map_err(|source| GivenError::Read {
        path: path.to_owned(),
        source,
    })?;
    let mut pairs = Vec::new();
    for (line, row) in (1..).zip(text.lines()) {
        let numbers: Result<Vec<u32>, _> = row.split_whitespace().map(str::parse).collect();
        let numbers = numbers.map_err(|_| GivenError::Line {
            path: path.to_owned(),
            line,
            found: row.chars().take(40).collect(),
        })?;
        if let Some((&user, items)) = numbers.split_first() {
            pairs.extend(items.iter().map(|&item| (user, item)));
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn files_are_read_and_a_bad_line_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("train.txt"), "0 1 2\n2 0\n").unwrap();
        std::fs::write(dir.path().join("test.txt"), "0 4 3\n1\n").unwrap();
        let split = GivenSplit::read(dir.path(), "test").unwrap();
        assert_eq!((split.train.rows(), split.train.columns()), (3, 5));
        assert_eq!(
            (split.users.as_slice(), split.held_out.as_slice()),
            ([0].as_slice(), [vec![3, 4]].as_slice())
        );
        std::fs::write(dir.path().join("test.txt"), "0 4\n1 x\n").unwrap();
        let error = GivenSplit::read(dir.path(), "test").unwrap_err();
        assert!(
            matches!(error, EvaluateError::Given(GivenError::Line { line: 2, .. })),
            "{error}"
        );
    }
}
