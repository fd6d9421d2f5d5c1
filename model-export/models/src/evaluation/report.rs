//! What an evaluation says, as JSON and for people.

use serde::{Deserialize, Serialize};

use super::split_time::SplitBy;
use crate::compress::Measured;
use crate::interval::Estimate;
use crate::metrics::{Discounts, self_information};
use crate::recommender::Recommender;

/// Seed of the bootstrap of coverage: the same lists give the same interval.
const BOOTSTRAP_SEED: u64 = 1;

/// What the ranking of a model as it is served is called, beside the ranking before anything is quantized.
#[must_use]
pub fn served_name(recommender: &dyn Recommender) -> String {
    format!("{}{SERVED}", recommender.name())
}

/// Ends the names of rankings of models as they are served.
const SERVED: &str = "-served";

/// One way of ranking, judged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranking {
    /// Its name.
    pub name: String,
    /// Recall@k.
    pub recall: Estimate,
    /// NDCG@k.
    pub ndcg: Estimate,
    /// Mean reciprocal rank of the first hit among k.
    pub mrr: Estimate,
    /// Share of users with a hit among k.
    pub hit_rate: Estimate,
    /// Share of the catalogue that is in at least one list.
    pub coverage: Estimate,
    /// Mean self-information of the listed items, in bits.
    pub novelty: Estimate,
}

impl Ranking {
    /// Whether it is that of the model as it is served.
    #[must_use]
    pub fn is_as_served(&self) -> bool {
        self.name.ends_with(SERVED)
    }
}

/// What is held out, and what the training part says of the items.
#[derive(Clone, Copy, Debug)]
pub struct Judge<'a> {
    /// Length of the lists.
    pub k: usize,
    /// Held-out items of each user, ascending, at least one.
    pub held_out: &'a [Vec<u32>],
    /// Users with the item in the training part, per item.
    pub item_users: &'a [u64],
    /// Users in the training part.
    pub users: usize,
}

impl Judge<'_> {
    /// Judges one list per user.
    #[must_use]
    pub fn judge(&self, name: &str, lists: &[Vec<u32>]) -> Ranking {
        let discounts = Discounts::new(self.k);
        let mut values: [Vec<f64>; 5] = std::array::from_fn(|_| Vec::with_capacity(lists.len()));
        let [recall, ndcg, mrr, hit_rate, novelty] = &mut values;
        for (list, held_out) in lists.iter().zip(self.held_out) {
            let Some(judged) = discounts.judge(list, held_out) else {
                continue;
            };
            recall.push(judged.recall);
            ndcg.push(judged.ndcg);
            mrr.push(judged.mrr);
            hit_rate.push(judged.hit_rate);
            let bits: Vec<f64> = list
                .iter()
                .map(|&item| self_information(self.item_users[item as usize], self.users))
                .collect();
            // A user without any list has no novelty; it would count as most-popular otherwise.
            if !bits.is_empty() {
                novelty.push(Estimate::mean(&bits).value);
            }
        }
        let catalogue = self.item_users.iter().filter(|&&users| users > 0).count();
        Ranking {
            name: name.to_owned(),
            recall: Estimate::mean(recall),
            ndcg: Estimate::mean(ndcg),
            mrr: Estimate::mean(mrr),
            hit_rate: Estimate::mean(hit_rate),
            coverage: Estimate::coverage(lists, catalogue, BOOTSTRAP_SEED),
            novelty: Estimate::mean(novelty),
        }
    }
}

/// All rankings on one question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// `all`: held out is everything a user took after the split, and nothing is left out of the lists. `new`: held out
    /// are items that the user had not taken before, and the lists leave out those that were.
    pub name: String,
    /// Users with at least one held-out item.
    pub users: usize,
    /// Mean number of held-out items.
    pub held_out_per_user: f64,
    /// The rankings; baselines first.
    pub rankings: Vec<Ranking>,
}

/// `evaluation.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Where training ends and testing begins.
    pub split: Split,
    /// Length of the lists.
    pub k: usize,
    /// Iterations of the model that was judged.
    pub iterations: u32,
    /// Users of the model that was judged.
    pub users: usize,
    /// Items of it.
    pub items: usize,
    /// User-item pairs of it.
    pub interactions: usize,
    /// Users of the test part who cannot be judged, as nothing was known of them before.
    pub users_without_history: usize,
    /// Users of the test part; 0 in files from before this field.
    #[serde(default)]
    pub test_users: usize,
    /// The questions.
    pub protocols: Vec<Protocol>,
    /// Codings from the full one on, judged on the first question; none where the split was given.
    #[serde(default)]
    pub codings: Vec<Measured>,
}

impl Evaluation {
    /// Users of the test part who are judged on the first question, as a share of all of them.
    #[must_use]
    pub fn judged_share(&self) -> f64 {
        let judged = self.protocols.first().map_or(0, |protocol| protocol.users);
        let all = judged.max(self.test_users);
        if all == 0 {
            0.0
        } else {
            crate::metrics::count(judged) / crate::metrics::count(all)
        }
    }

    /// The ranking of this name on the first question, all items.
    #[must_use]
    pub fn ranking(&self, name: &str) -> Option<&Ranking> {
        let first = self.protocols.first()?;
        first.rankings.iter().find(|ranking| ranking.name == name)
    }

    /// The ranking of the model as it is served, on the first question.
    #[must_use]
    pub fn as_served(&self) -> Option<&Ranking> {
        let first = self.protocols.first()?;
        first.rankings.iter().find(|ranking| ranking.is_as_served())
    }
}

/// Where training ends and testing begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Split {
    /// At one time for all users: events before it are trained on, events from it on are tested on.
    Time {
        /// The time, milliseconds since 1970.
        at_ms: i64,
        /// Just after the last event of the test part.
        until_ms: i64,
        /// How the test part was chosen.
        #[serde(default)]
        by: SplitBy,
        /// Events behind it, whose dates are too far behind all others to be meant.
        #[serde(default)]
        strays: usize,
    },
    /// As the files of a data set say.
    Given {
        /// The folder.
        set: String,
        /// The part that is tested on.
        part: String,
    },
}
