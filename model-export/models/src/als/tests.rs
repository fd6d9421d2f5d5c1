//! What the trainer promises as a whole.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::*;
use crate::random::SplitMix64;

fn parameters(dims: usize) -> Parameters {
    Parameters {
        dims,
        iterations: 8,
        objective: Objective {
            unobserved_weight: 0.1,
            regularisation: 0.01,
            regularisation_exponent: 1.0,
        },
        initial_deviation: 0.1,
        seed: 42,
        patience: 2,
    }
}

/// `groups` groups of users, each taking most of its own items and a few of all others.
fn planted(users: u32, items: u32, groups: u32, weights: bool) -> SparseMatrix {
    let mut entries = Vec::new();
    for user in 0..users {
        let mut random = SplitMix64::new(5, u64::from(user));
        for item in 0..items {
            let chance = if user % groups == item % groups { 0.6 } else { 0.02 };
            if random.uniform() < chance {
                #[allow(clippy::cast_possible_truncation, reason = "a test weight")]
                let weight = if weights { (0.5 + random.uniform()) as f32 } else { 1.0 };
                entries.push((user, item, weight));
            }
        }
    }
    SparseMatrix::from_entries(users as usize, items as usize, entries).unwrap()
}

#[test]
fn planted_groups_are_recovered_on_items_not_seen() {
    let groups = 5;
    let matrix = planted(300, 100, groups, false);
    let model = train(&matrix, &parameters(16), None).unwrap();
    let users: Vec<(&[f32], &[u32])> = (0..300).map(|u| (model.users.row(u), matrix.row(u))).collect();
    let lists = Scorer::new(&model.items).top_k(&users, 5);
    let right = (0_u32..)
        .zip(&lists)
        .flat_map(|(u, list)| list.iter().map(move |i| i % groups == u % groups));
    let right = right.filter(|&right| right).count();
    assert!(
        right > 1_350,
        "{right} of 1,500 recommended items are of the user's group"
    );
}

#[test]
fn the_result_is_the_same_for_any_number_of_threads_and_differs_by_seed() {
    // More users than one partial sum of a Gram matrix has.
    let matrix = planted(600, 30, 3, true);
    let on = |threads: usize, parameters: Parameters| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            train(
                &matrix,
                &Parameters {
                    iterations: 2,
                    ..parameters
                },
                None,
            )
            .unwrap()
        })
    };
    let one = on(1, parameters(24));
    for threads in [2, 5] {
        assert!(
            one == on(threads, parameters(24)),
            "{threads} threads give another model"
        );
    }
    assert!(
        one != on(
            1,
            Parameters {
                seed: 43,
                ..parameters(24)
            }
        )
    );
}

#[test]
fn every_row_minimises_the_objective_whatever_its_length_and_the_number_of_factors() {
    // Rows of these lengths reach the dual systems of all sizes and the primal one; few rows, as tests are not optimised.
    let mut entries = Vec::new();
    for (item, length) in (0_u32..).zip([0, 1, 15, 16, 17, 32, 33, 64, 65, 150]) {
        let mut random = SplitMix64::new(9, u64::from(item));
        for user in 0..length {
            #[allow(clippy::cast_possible_truncation, reason = "a test weight")]
            entries.push((user, item, (0.2 + 2.0 * random.uniform()) as f32));
        }
    }
    let matrix = SparseMatrix::from_entries(150, 10, entries).unwrap();
    for dims in [1, 7, 20, 64, 90, 130] {
        let parameters = Parameters {
            iterations: 2,
            ..parameters(dims)
        };
        let model = train(&matrix, &parameters, None).unwrap();
        // Items are solved last, so that their gradient is zero: (α₀ XᵀX + Σ w x xᵀ + penalty) y = Σ w x.
        let by_item = matrix.transposed();
        let objective = &parameters.objective;
        for item in 0..by_item.rows() {
            let y = model.items.row(item);
            let dot = |x: &[f32]| -> f64 { x.iter().zip(y).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum() };
            let penalty = f64::from(objective.penalty(by_item.row(item).len(), by_item.columns()));
            let mut gradient: Vec<f64> = y.iter().map(|&y| penalty * f64::from(y)).collect();
            let mut size = 0.0_f64;
            let mut add = |row: &[f32], scale: f64| {
                for (g, &x) in gradient.iter_mut().zip(row) {
                    *g += scale * f64::from(x);
                }
            };
            for user in 0..matrix.rows() {
                let x = model.users.row(user);
                add(x, f64::from(objective.unobserved_weight) * dot(x));
            }
            for (&user, &weight) in by_item.row(item).iter().zip(by_item.row_weights(item)) {
                let x = model.users.row(user as usize);
                add(x, f64::from(weight) * (dot(x) - 1.0));
                size += f64::from(weight) * x.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>().sqrt();
            }
            let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            assert!(
                norm <= 2e-5 * size.max(1e-3),
                "gradient {norm} of {size}, item {item}, {dims} factors"
            );
        }
    }
}

#[test]
fn training_stops_when_validation_no_longer_gets_better_and_keeps_the_best() {
    let matrix = planted(60, 30, 3, false);
    let scores = [0.1, 0.3, 0.2, 0.25, 0.9];
    let mut seen = Vec::new();
    let mut validate = |users: &Factors, _: &Factors| {
        seen.push(users.clone());
        scores[seen.len() - 1]
    };
    let model = train(&matrix, &parameters(16), Some(&mut validate)).unwrap();
    assert_eq!(
        model.curve,
        scores[..4],
        "two iterations without a better score, and the fifth never ran"
    );
    assert_eq!(model.iteration, 2);
    assert!(model.users == seen[1], "the factors of the best iteration are returned");
    let two = train(
        &matrix,
        &Parameters {
            iterations: 2,
            ..parameters(16)
        },
        None,
    )
    .unwrap();
    assert!(model.items == two.items, "validation does not change training");
}

#[test]
fn users_and_items_without_interactions_get_zeros() {
    let matrix = SparseMatrix::from_entries(3, 3, vec![(0, 0, 1.0), (2, 0, 1.0), (2, 2, 1.0)]).unwrap();
    let model = train(&matrix, &parameters(4), None).unwrap();
    assert!(model.users.row(1).iter().all(|&x| x == 0.0));
    assert!(model.items.row(1).iter().all(|&x| x == 0.0));
    assert!(model.users.row(0).iter().any(|&x| x != 0.0));
}

#[test]
fn parameters_that_cannot_work_are_refused_by_name() {
    let matrix = planted(10, 10, 2, false);
    let base = parameters(16);
    let with = |change: fn(&mut Parameters)| {
        let mut parameters = base;
        change(&mut parameters);
        train(&matrix, &parameters, None).unwrap_err().to_string()
    };
    assert!(with(|p| p.dims = 0).contains("0 factors"));
    assert!(with(|p| p.dims = 257).contains("257 factors"));
    assert!(with(|p| p.objective.regularisation = 0.0).contains("regularisation is 0"));
    assert!(with(|p| p.objective.unobserved_weight = f32::NAN).contains("unobserved_weight"));
    assert!(with(|p| p.objective.regularisation_exponent = 0.7).contains("0, 0.5 or 1"));
    assert!(with(|p| p.iterations = 0).contains("iterations"));
    let empty = SparseMatrix::from_entries(2, 2, Vec::new()).unwrap();
    assert!(matches!(train(&empty, &base, None), Err(TrainError::Empty { .. })));
}
