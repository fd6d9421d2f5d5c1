//! Quality and speed on data sets with exact splits, for comparison with other libraries.

use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::stages::{EvaluateError, read_given};
use selvedge::quantize::Width;
use selvedge_models::als::Objective;
use selvedge_models::evaluation::{EvaluationError, served_name};
use selvedge_models::recommender::{Als, Recommender as _, Stopping, TrainingData};

/// Length of the lists.
const K: usize = 20;

/// One measurement; the field names follow those of the peers' scripts.
#[derive(Clone, Debug, Serialize)]
pub struct Measurement {
    /// This library with its version.
    pub lib: String,
    /// Data set.
    pub data: String,
    /// Part that was predicted.
    pub part: String,
    /// Factors per row.
    pub factors: usize,
    /// λ.
    pub regularisation: f32,
    /// α₀.
    pub unobserved_weight: f32,
    /// ν.
    pub regularisation_exponent: f32,
    /// Iterations.
    pub iterations: u32,
    /// Seed.
    pub seed: u64,
    /// Seconds of training.
    pub train_wall_s: f64,
    /// Processor seconds of training, all threads; null where the system does not tell.
    pub train_cpu_s: Option<f64>,
    /// Users per second for top-20 lists from trained factors.
    pub recommend_top20_users_per_s: f64,
    /// Users per second for top-20 lists as served: fold-in and int8 scan.
    pub served_top20_users_per_s: f64,
    /// Interactions in the training part.
    pub interactions: usize,
    /// Users judged.
    pub users: usize,
    /// Recall of the trained factors.
    #[serde(rename = "recall@20")]
    pub recall: f64,
    /// NDCG of the trained factors.
    #[serde(rename = "ndcg@20")]
    pub ndcg: f64,
    /// Half the width of the 95 % interval of NDCG.
    #[serde(rename = "ndcg@20_ci95")]
    pub ndcg_ci95: f64,
    /// Recall as served.
    #[serde(rename = "int8_recall@20")]
    pub int8_recall: f64,
    /// NDCG as served.
    #[serde(rename = "int8_ndcg@20")]
    pub int8_ndcg: f64,
    /// NDCG as served / NDCG of the trained factors.
    pub int8_ndcg_kept: f64,
}

/// What may be chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Factors per row.
    pub factors: usize,
    /// Iterations.
    pub iterations: u32,
    /// Seed.
    pub seed: u64,
    /// What is minimised.
    pub objective: Objective,
}

/// The objective that was found best for a known set: `ml1m` on its `valid` part, as there is no other (the peers'
/// parameters were found on the same part); `lastfm` on `valid`, which leaves `test` unseen.
#[must_use]
pub fn objective_of(set: &str) -> Objective {
    let (regularisation, unobserved_weight) = match set {
        "lastfm" => (0.02, 0.02),
        _ => (0.01, 0.2),
    };
    Objective {
        unobserved_weight,
        regularisation,
        regularisation_exponent: 1.0,
    }
}

/// Trains on `<data>/<set>/train.txt` and judges on `<data>/<set>/<part>.txt`.
///
/// # Errors
/// [`EvaluateError`].
pub fn measure(data: &Path, set: &str, part: &str, choice: &Choice) -> Result<Measurement, EvaluateError> {
    let split = read_given(&data.join(set), part)?;
    let recommender = Als {
        dims: choice.factors,
        iterations: choice.iterations,
        objective: choice.objective,
        seed: choice.seed,
    };
    let items = split.item_ids();
    let data = TrainingData {
        matrix: &split.train,
        items: &items,
    };
    let (wall, cpu) = (Instant::now(), cpu_seconds());
    let model = recommender
        .fit(&data, Stopping::AtMost(None))
        .map_err(EvaluationError::from)?;
    let train_wall_s = wall.elapsed().as_secs_f64();
    let train_cpu_s = cpu_seconds().zip(cpu).map(|(after, before)| after - before);

    let wall = Instant::now();
    let lists = split.lists(&recommender, &model, K);
    let exact_s = wall.elapsed().as_secs_f64();
    let exact = split.judge(recommender.name(), &lists, K);

    let export = recommender.export(&model);
    let items = export.served(Width::Int8).map_err(EvaluationError::from)?;
    let wall = Instant::now();
    let lists = split.served_lists(&items, K)?;
    let served_s = wall.elapsed().as_secs_f64();
    let served = split.judge(&served_name(&recommender), &lists, K);

    #[expect(clippy::cast_precision_loss, reason = "a count of users")]
    let users = split.users.len() as f64;
    Ok(Measurement {
        lib: format!("selvedge {}", env!("CARGO_PKG_VERSION")),
        data: set.to_owned(),
        part: part.to_owned(),
        factors: choice.factors,
        regularisation: choice.objective.regularisation,
        unobserved_weight: choice.objective.unobserved_weight,
        regularisation_exponent: choice.objective.regularisation_exponent,
        iterations: model.iteration,
        seed: choice.seed,
        train_wall_s,
        train_cpu_s,
        recommend_top20_users_per_s: users / exact_s,
        served_top20_users_per_s: users / served_s,
        interactions: split.train.entries(),
        users: split.users.len(),
        recall: exact.recall.value,
        ndcg: exact.ndcg.value,
        ndcg_ci95: exact.ndcg.high - exact.ndcg.value,
        int8_recall: served.recall.value,
        int8_ndcg: served.ndcg.value,
        int8_ndcg_kept: served.ndcg.value / exact.ndcg.value,
    })
}

/// Processor seconds of this process so far: fields 14 and 15 of Linux's `/proc/self/stat`, in hundredths of a second.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The second field is the program's name in parentheses, and may hold anything.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |field: usize| fields.get(field)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::print_stderr, reason = "tests")]
    use super::*;

    /// The targets of the project on exact splits. Slow without optimisation, so that only `--release` runs it.
    #[test]
    fn published_figures_are_reached() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
        if cfg!(debug_assertions) || !data.is_dir() {
            eprintln!(
                "skipped: needs an optimised build and the data sets in {}",
                data.display()
            );
            return;
        }
        for (set, part, recall, ndcg) in [("ml1m", "valid", 0.2614, 0.2126), ("lastfm", "test", 0.2602, 0.2485)] {
            let choice = Choice {
                factors: 64,
                iterations: 15,
                seed: 42,
                objective: objective_of(set),
            };
            let measured = measure(&data, set, part, &choice).unwrap();
            assert!(measured.recall >= recall && measured.ndcg >= ndcg, "{measured:?}");
            assert!(measured.int8_ndcg_kept >= 0.995, "{measured:?}");
        }
    }
}
