//! The training loop: initial factors, iterations, early stopping.

use super::kernel::{BLOCK, Cpu, Row};
use super::solve::solve_rows;
use super::{Objective, SparseMatrix};
use crate::random::SplitMix64;

/// A dense matrix of factors, `rows × dims`, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Factors {
    dims: usize,
    values: Vec<f32>,
}

impl Factors {
    /// Takes values of whole rows; a last part of a row is dropped.
    pub fn new(dims: usize, mut values: Vec<f32>) -> Self {
        let dims = dims.max(1);
        values.truncate(values.len() / dims * dims);
        Self { dims, values }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.values.len() / self.dims
    }

    /// Values per row.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// One row.
    pub fn row(&self, row: usize) -> &[f32] {
        &self.values[row * self.dims..(row + 1) * self.dims]
    }

    /// All values, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    fn from_blocks<const BLOCKS: usize>(dims: usize, rows: &[Row<BLOCKS>]) -> Self {
        let mut values = Vec::with_capacity(rows.len() * dims);
        for row in rows {
            values.extend_from_slice(&row.as_flattened()[..dims]);
        }
        Self { dims, values }
    }
}

/// How to train.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parameters {
    /// Length of a factor row, 1 to 256.
    pub dims: usize,
    /// Iterations at most; one iteration solves all users, then all items.
    pub iterations: u32,
    /// What is minimised.
    pub objective: Objective,
    /// Initial item factors are normal with this standard deviation divided by √dims.
    pub initial_deviation: f64,
    /// Seed of the initial factors.
    pub seed: u64,
    /// Stop after this many iterations in a row without a better validation score.
    pub patience: u32,
}

/// A trained model.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Factors of the matrix rows.
    pub users: Factors,
    /// Factors of the matrix columns.
    pub items: Factors,
    /// The iteration, from 1, that the factors are of.
    pub iteration: u32,
    /// Validation score after each iteration; empty when nothing was validated.
    pub curve: Vec<f64>,
}

/// Why training did not give a model.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// The number of factors is not supported.
    #[error("{dims} factors asked for, expected 1 to {max}", max = MAX_DIMS)]
    Dims {
        /// The number asked for.
        dims: usize,
    },
    /// A parameter is not a usable number.
    #[error("{name} is {value}, expected {expected}")]
    Parameter {
        /// Name as in the configuration.
        name: &'static str,
        /// Value found.
        value: f64,
        /// What is allowed.
        expected: &'static str,
    },
    /// There is nothing to learn from.
    #[error("no interactions to train on: the matrix of {rows} users × {columns} items is empty")]
    Empty {
        /// Users.
        rows: usize,
        /// Items.
        columns: usize,
    },
    /// Rows without a solution in single precision.
    #[error("{rows} rows of iteration {iteration} are not positive definite in single precision")]
    NotPositiveDefinite {
        /// How many rows.
        rows: usize,
        /// Iteration, from 1.
        iteration: u32,
    },
}

/// Scores user and item factors; higher is better.
pub type Validate<'a> = dyn FnMut(&Factors, &Factors) -> f64 + 'a;

/// Largest number of factors.
pub const MAX_DIMS: usize = 256;

/// Trains on `interactions` (users × items). `validate`, when given, scores the factors after each iteration, higher is
/// better: training stops after [`Parameters::patience`] iterations without a new best, and the best iteration's factors
/// are returned. Without it the last iteration's are.
///
/// Runs on rayon's current thread pool; the result is the same bit for bit for any number of threads.
///
/// # Errors
/// [`TrainError`] for parameters or interactions that cannot give a model.
pub fn train(
    interactions: &SparseMatrix,
    parameters: &Parameters,
    validate: Option<&mut Validate<'_>>,
) -> Result<Outcome, TrainError> {
    check(interactions, parameters)?;
    match parameters.dims.div_ceil(BLOCK) {
        1 => run::<1>(interactions, parameters, validate),
        2 => run::<2>(interactions, parameters, validate),
        3 => run::<3>(interactions, parameters, validate),
        4 => run::<4>(interactions, parameters, validate),
        5 | 6 => run::<6>(interactions, parameters, validate),
        7 | 8 => run::<8>(interactions, parameters, validate),
        9..=12 => run::<12>(interactions, parameters, validate),
        _ => run::<16>(interactions, parameters, validate),
    }
}

fn check(interactions: &SparseMatrix, parameters: &Parameters) -> Result<(), TrainError> {
    if parameters.dims == 0 || parameters.dims > MAX_DIMS {
        return Err(TrainError::Dims { dims: parameters.dims });
    }
    let objective = &parameters.objective;
    let above_zero = "a finite number above 0";
    for (name, value, valid, expected) in [
        (
            "unobserved_weight",
            f64::from(objective.unobserved_weight),
            objective.unobserved_weight >= 0.0,
            "a finite number, 0 or above",
        ),
        (
            "regularisation",
            f64::from(objective.regularisation),
            objective.regularisation > 0.0,
            above_zero,
        ),
        (
            "regularisation_exponent",
            f64::from(objective.regularisation_exponent),
            [0.0, 0.5, 1.0].contains(&objective.regularisation_exponent),
            "0, 0.5 or 1",
        ),
        (
            "initial_deviation",
            parameters.initial_deviation,
            parameters.initial_deviation > 0.0,
            above_zero,
        ),
        (
            "iterations",
            f64::from(parameters.iterations),
            parameters.iterations > 0,
            "1 or more",
        ),
    ] {
        if !(valid && value.is_finite()) {
            return Err(TrainError::Parameter { name, value, expected });
        }
    }
    if interactions.entries() == 0 {
        return Err(TrainError::Empty {
            rows: interactions.rows(),
            columns: interactions.columns(),
        });
    }
    Ok(())
}

fn run<const BLOCKS: usize>(
    interactions: &SparseMatrix,
    parameters: &Parameters,
    mut validate: Option<&mut Validate<'_>>,
) -> Result<Outcome, TrainError> {
    let cpu = Cpu::detect();
    let dims = parameters.dims;
    let by_item = interactions.transposed();
    let mut users: Vec<Row<BLOCKS>> = vec![[[0.0; BLOCK]; BLOCKS]; interactions.rows()];
    let mut items = initial_rows::<BLOCKS>(interactions.columns(), parameters);
    let mut curve = Vec::new();
    let mut best: Option<(f64, Outcome)> = None;
    let mut waited = 0;
    let mut iteration = 0;
    while iteration < parameters.iterations {
        iteration += 1;
        let objective = &parameters.objective;
        let failed = solve_rows(cpu, dims, interactions, &mut items, &mut users, objective)
            + solve_rows(cpu, dims, &by_item, &mut users, &mut items, objective);
        if failed > 0 {
            return Err(TrainError::NotPositiveDefinite {
                rows: failed,
                iteration,
            });
        }
        let Some(validate) = validate.as_deref_mut() else {
            continue;
        };
        let (user_factors, item_factors) = (Factors::from_blocks(dims, &users), Factors::from_blocks(dims, &items));
        let score = validate(&user_factors, &item_factors);
        curve.push(score);
        if best.as_ref().is_none_or(|(best, _)| score > *best) {
            waited = 0;
            let outcome = Outcome {
                users: user_factors,
                items: item_factors,
                iteration,
                curve: Vec::new(),
            };
            best = Some((score, outcome));
        } else {
            waited += 1;
            if waited >= parameters.patience {
                break;
            }
        }
    }
    Ok(match best {
        Some((_, outcome)) => Outcome { curve, ..outcome },
        None => Outcome {
            users: Factors::from_blocks(dims, &users),
            items: Factors::from_blocks(dims, &items),
            iteration,
            curve,
        },
    })
}

/// Normal values in the first `dims` columns; the padding stays zero through training, because a zero column of the
/// fixed side gives a zero right-hand side and the penalty alone on the diagonal.
fn initial_rows<const BLOCKS: usize>(rows: usize, parameters: &Parameters) -> Vec<Row<BLOCKS>> {
    #[expect(clippy::cast_precision_loss, reason = "at most 256")]
    let deviation = parameters.initial_deviation / (parameters.dims as f64).sqrt();
    (0..rows)
        .zip(0_u64..)
        .map(|(_, stream)| {
            let mut random = SplitMix64::new(parameters.seed, stream);
            let mut row = [[0.0; BLOCK]; BLOCKS];
            for value in &mut row.as_flattened_mut()[..parameters.dims] {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "initial values need no more than single precision"
                )]
                let normal = (random.normal() * deviation) as f32;
                *value = normal;
            }
            row
        })
        .collect()
}
