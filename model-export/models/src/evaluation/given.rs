//! Evaluation on data sets that come with their own split: text files of one user per line, `u i1 i2 …`, 0-based.

use selvedge::quantize::Width;

use super::error::{EvaluationError, GivenLine};
use super::report::{Evaluation, Judge, Protocol, Ranking, Split, served_name};
use crate::als::{Outcome, SparseMatrix};
use crate::baselines::Popularity;
use crate::metrics::count;
use crate::recommender::{FitError, Recommender, Stopping, TrainingData};
use crate::served::{ServedItems, ServedUser};

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

impl GivenSplit {
    /// From the texts of a data set's parts, each with its name: `train`, the `part` that is predicted, and whatever other
    /// parts there are. The largest numbers in all of them make the shape of the matrix, whichever part is predicted.
    ///
    /// # Errors
    /// [`EvaluationError::Given`] for a line that is no list of numbers.
    pub fn parse(set: &str, part: &str, texts: &[(&str, &str)]) -> Result<Self, EvaluationError> {
        let (mut users, mut items) = (0, 0);
        let (mut train, mut held) = (Vec::new(), Vec::new());
        for (name, text) in texts {
            let pairs = pairs(name, text)?;
            for (user, item) in &pairs {
                users = users.max(*user as usize + 1);
                items = items.max(*item as usize + 1);
            }
            let entries = || pairs.iter().map(|&(user, item)| (user, item, 1.0));
            if *name == "train" {
                train.extend(entries());
            }
            if *name == part {
                held.extend(entries());
            }
        }
        let train = SparseMatrix::from_entries(users, items, train).map_err(FitError::from)?;
        let held = SparseMatrix::from_entries(users, items, held).map_err(FitError::from)?;
        let users: Vec<usize> = (0..users).filter(|&user| !held.row(user).is_empty()).collect();
        Ok(Self {
            held_out: users.iter().map(|&user| held.row(user).to_vec()).collect(),
            train,
            users,
            set: set.to_owned(),
            part: part.to_owned(),
        })
    }

    /// Lists before anything is quantized, training items left out.
    #[must_use]
    pub fn lists(&self, recommender: &dyn Recommender, model: &Outcome, k: usize) -> Vec<Vec<u32>> {
        let users: Vec<(usize, &[u32])> = self.users.iter().map(|&user| (user, self.train.row(user))).collect();
        recommender.score(model, &users, k)
    }

    /// The ids of the items: their numbers.
    #[must_use]
    pub fn item_ids(&self) -> Vec<String> {
        (0..self.train.columns()).map(|item| item.to_string()).collect()
    }

    /// Lists of the quantized items for users folded in from their training items, which are left out.
    ///
    /// # Errors
    /// [`EvaluationError::Serve`] for factors that the core cannot hold.
    pub fn served_lists(&self, items: &ServedItems, k: usize) -> Result<Vec<Vec<u32>>, EvaluationError> {
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

    /// Fits the recommender on the training part and judges it, as trained and as served, beside most-popular.
    ///
    /// # Errors
    /// [`EvaluationError`] where there is no model, or one that the core cannot hold.
    pub fn evaluate(&self, recommender: &dyn Recommender, k: usize) -> Result<Evaluation, EvaluationError> {
        let ids = self.item_ids();
        let data = TrainingData {
            matrix: &self.train,
            items: &ids,
        };
        let model = &recommender.fit(&data, Stopping::AtMost(None))?;
        let served = &recommender.export(model).served(Width::Int8)?;
        let popularity = Popularity::new(&self.training_counts().0);
        let popular: Vec<Vec<u32>> = self
            .users
            .iter()
            .map(|&user| popularity.fill(Vec::new(), self.train.row(user), k))
            .collect();
        let rankings = vec![
            self.judge("most-popular", &popular, k),
            self.judge(recommender.name(), &self.lists(recommender, model, k), k),
            self.judge(&served_name(recommender), &self.served_lists(served, k)?, k),
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
            test_users: self.users.len(),
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

fn pairs(file: &str, text: &str) -> Result<Vec<(u32, u32)>, GivenLine> {
    let mut pairs = Vec::new();
    for (line, row) in (1..).zip(text.lines()) {
        let numbers: Result<Vec<u32>, _> = row.split_whitespace().map(str::parse).collect();
        let numbers = numbers.map_err(|_| GivenLine {
            file: file.to_owned(),
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
    fn texts_are_read_and_a_bad_line_is_named() {
        let split = GivenSplit::parse("set", "test", &[("train", "0 1 2\n2 0\n"), ("test", "0 4 3\n1\n")]).unwrap();
        assert_eq!((split.train.rows(), split.train.columns()), (3, 5));
        assert_eq!(
            (split.users.as_slice(), split.held_out.as_slice()),
            ([0].as_slice(), [vec![3, 4]].as_slice())
        );
        let error = GivenSplit::parse("set", "test", &[("train", ""), ("test", "0 4\n1 x\n")]).unwrap_err();
        assert!(
            matches!(error, EvaluationError::Given(GivenLine { line: 2, .. })),
            "{error}"
        );
    }
}
