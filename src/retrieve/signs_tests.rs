//! Search by signs first, against the naive oracle.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test;

use super::tests::{Case, Xorshift, bits, items};
use super::*;
use crate::quantize::{CodeTable, SignTable, Width, int4};

/// Rows as a snapshot lays them out, with all that a search may use.
struct Table {
    table: CodeTable,
    bounds: Vec<f32>,
    signs: SignTable,
    inverse_norms: Vec<f16>,
    dims: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    /// Independent directions of one length.
    Random,
    /// Independent directions, lengths over a wide range.
    Uneven,
    /// A few tight clusters, lengths over a wide range.
    Clustered,
    /// Whole rows of zeros among the others.
    WithZeros,
}

const SHAPES: [Shape; 4] = [Shape::Random, Shape::Uneven, Shape::Clustered, Shape::WithZeros];

impl Table {
    fn new(seed: u64, rows: usize, dims: usize, width: Width, shape: Shape) -> Self {
        let mut random = Xorshift::new(seed);
        let direction = |random: &mut Xorshift| -> Vec<f32> {
            (0..dims)
                .map(|_| random.unit() + random.unit() + random.unit())
                .collect()
        };
        let centres: Vec<Vec<f32>> = (0..12).map(|_| direction(&mut random)).collect();
        let values: Vec<Vec<f32>> = (0..rows)
            .map(|row| {
                let length = if shape == Shape::Random {
                    1.0
                } else {
                    (-5.0 * random.unit().abs()).exp2()
                };
                let own = direction(&mut random);
                let centre = &centres[row % centres.len()];
                match shape {
                    Shape::Clustered => own
                        .iter()
                        .zip(centre)
                        .map(|(own, centre)| (centre + own * 0.2) * length)
                        .collect(),
                    Shape::WithZeros if row % 3 == 0 => vec![0.0; dims],
                    _ => own.iter().map(|value| value * length).collect(),
                }
            })
            .collect();
        let table = CodeTable::quantize(values.iter().map(Vec::as_slice), dims, width).unwrap();
        let (table, _) = table.longest_first();
        Self {
            bounds: table.block_bounds(),
            signs: SignTable::of(&table.rows().unwrap(), dims),
            inverse_norms: table.inverse_norms().collect(),
            table,
            dims,
        }
    }

    fn signs(&self) -> Signs<'_> {
        let signs = &self.signs;
        Signs::new(self.dims, signs.rotation(), signs.cosines(), signs.signs()).unwrap()
    }

    fn rows(&self) -> Rows<'_> {
        let rows = self.table.rows().unwrap().with_bounds(&self.bounds).unwrap();
        rows.with_signs(self.signs()).unwrap()
    }

    fn unit_rows(&self) -> Rows<'_> {
        let rows = self.table.rows().unwrap();
        let rows = rows.with_scales(&self.inverse_norms).unwrap();
        rows.with_signs_of_unit_rows(self.signs()).unwrap()
    }

    /// The same rows and another query, for the oracle.
    fn case(&self, query: Query, scales: &[f16], filter: Filter) -> Case {
        Case {
            codes: match self.table.width() {
                Width::Int8 => bytemuck::cast_slice(self.table.codes()).to_vec(),
                Width::Int4 => int4::codes(self.table.codes()).collect(),
            },
            scales: scales.to_vec(),
            stride: self.table.stride(),
            query,
            filter,
        }
    }

    fn query(&self, seed: u64) -> Query {
        let mut random = Xorshift::new(seed ^ 0xabcd);
        let values: Vec<f32> = (0..self.dims).map(|_| random.unit() + random.unit()).collect();
        Query::new(&values, self.table.stride()).unwrap()
    }

    fn query_near(&self, row: usize) -> Query {
        Query::new(&self.table.factors(row), self.table.stride()).unwrap()
    }
}

/// The exact search, and the two-stage search's promise, on every backend.
fn check(table: &Table, rows: &Rows<'_>, case: &Case, k: usize) {
    let expected = bits(&case.oracle(&case.filter, k));
    let mut estimates = Vec::new();
    for backend in Backend::available() {
        let found = search(backend, rows, &case.query, &case.filter, k, None);
        assert_eq!(
            bits(&found.found),
            expected,
            "{}, {} dims, k {k}",
            backend.name(),
            table.dims
        );
        assert!(found.certified);
        for deviations in [0.0, 1.0, 4.0, 100.0, f64::INFINITY] {
            let found = search(backend, rows, &case.query, &case.filter, k, Some(deviations));
            if found.certified {
                assert_eq!(bits(&found.found), expected, "certified, {deviations} deviations");
            }
            assert!(found.certified || deviations < 100.0);
            estimates.push((backend, deviations, found));
        }
    }
    for (backend, deviations, found) in &estimates {
        let first = estimates.iter().find(|(_, other, _)| other == deviations).unwrap();
        assert_eq!(
            bits(&found.found),
            bits(&first.2.found),
            "{} and another differ",
            backend.name()
        );
        assert_eq!(found.certified, first.2.certified);
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn with_signs_the_answer_is_that_of_the_naive_oracle_and_a_certificate_is_never_wrong() {
    for (seed, rows, dims) in [
        (1, 1, 2),
        (2, 63, 16),
        (3, 64, 32),
        (4, 65, 64),
        (5, 700, 24),
        (6, 1_500, 64),
        (7, 300, 130),
    ] {
        for shape in SHAPES {
            for width in [Width::Int8, Width::Int4] {
                let table = Table::new(seed, rows, dims, width, shape);
                let filters = [
                    Filter::all(rows),
                    Filter::from_predicate(rows, |item| item.0 % 7 == 3),
                    Filter::from_predicate(rows, |item| item.get() * 10 > rows * 9),
                ];
                for (at, filter) in filters.into_iter().enumerate() {
                    let query = if at == 1 {
                        table.query_near(rows / 2)
                    } else {
                        table.query(seed)
                    };
                    let case = table.case(query.clone(), table.table.scales(), filter.clone());
                    let unit = table.case(query, &table.inverse_norms, filter);
                    for k in [1, 20, rows] {
                        check(&table, &table.rows(), &case, k);
                        check(&table, &table.unit_rows(), &unit, k);
                    }
                }
            }
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_query_of_almost_nothing_and_one_of_the_largest_values_meet_no_wrong_threshold() {
    let table = Table::new(11, 500, 32, Width::Int8, Shape::Uneven);
    for value in [0.0, 1e-44, 1e-38, 1e-30, 1e30, f32::MAX] {
        let values: Vec<f32> = (0..32u8).map(|at| if at % 3 == 0 { -value } else { value }).collect();
        let query = Query::new(&values, 32).unwrap();
        let case = table.case(query, table.table.scales(), Filter::all(500));
        check(&table, &table.rows(), &case, 20);
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn rows_whose_signs_say_no_are_not_read() {
    let table = Table::new(5, 2_000, 64, Width::Int8, Shape::Clustered);
    let (query, filter) = (table.query_near(0), Filter::all(2_000));
    let honest = search(Backend::detect(), &table.rows(), &query, &filter, 5, None).found;
    let all: Vec<ItemIndex> = filter.iter().collect();
    let scores = score_rows(&table.rows(), &query, &all);
    // Rows of other clusters become the best of all, which neither their signs nor their bounds know.
    let scales: Vec<f16> = table.table.scales().to_vec();
    let lying: Vec<f16> = scales
        .iter()
        .zip(scores)
        .map(|(scale, score)| {
            if score < 0.2 * honest[4].score {
                f16::MAX
            } else {
                *scale
            }
        })
        .collect();
    let codes = Codes::int8(bytemuck::cast_slice(table.table.codes()));
    let rows = Rows::new(codes, table.table.stride(), &lying).unwrap();
    let rows = rows.with_bounds(&table.bounds).unwrap();
    assert_ne!(
        bits(&top_k(&rows, &query, &filter, 5)),
        bits(&honest),
        "bounds alone do not hide them"
    );
    let rows = rows.with_signs(table.signs()).unwrap();
    for backend in Backend::available() {
        // The first block is read before anything is known.
        let filter = Filter::from_predicate(2_000, |item| {
            item.get() >= 64 || lying[item.get()] == scales[item.get()]
        });
        let found = search(backend, &rows, &query, &filter, 5, None).found;
        assert_eq!(bits(&found), bits(&honest), "{}", backend.name());
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn four_deviations_keep_99_of_100_rows_even_without_any_structure() {
    let table = Table::new(21, 20_000, 64, Width::Int8, Shape::Random);
    let filter = Filter::all(20_000);
    let (mut kept, mut wanted) = (0, 0);
    for seed in 0..40 {
        let query = table.query(seed);
        let exact = items(&top_k(&table.rows(), &query, &filter, 10));
        let found = items(&top_k_in_two_stages(&table.rows(), &query, &filter, 10, 4.0).found);
        kept += exact.iter().filter(|item| found.contains(item)).count();
        wanted += exact.len();
    }
    assert!(kept * 100 >= wanted * 99, "{kept} of {wanted}");
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn signs_of_other_rows_and_parts_that_do_not_fit_are_refused() {
    let table = Table::new(3, 200, 32, Width::Int8, Shape::Uneven);
    let other = Table::new(3, 300, 32, Width::Int8, Shape::Uneven);
    let bounded = table.table.rows().unwrap().with_bounds(&table.bounds).unwrap();
    assert!(matches!(
        bounded.with_signs(other.signs()),
        Err(RowsError::Signs { blocks: 4, found: 5 })
    ));
    let plain = table.table.rows().unwrap();
    assert!(plain.with_signs(table.signs()).is_err(), "without bounds");
    assert!(plain.with_signs_of_unit_rows(other.signs()).is_err());
    let signs = &table.signs;
    assert!(Signs::new(32, &signs.rotation()[1..], signs.cosines(), signs.signs()).is_err());
    assert!(Signs::new(32, signs.rotation(), signs.cosines(), &signs.signs()[1..]).is_err());
    assert!(Signs::new(64, signs.rotation(), signs.cosines(), signs.signs()).is_err());
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    #[test]
    fn any_rows_with_signs_any_filter_any_k(seed in proptest::prelude::any::<u64>(), rows in 1usize..900, dims in 1usize..140, shape in 0usize..4, int4 in proptest::prelude::any::<bool>(), k in 0usize..100, every in 1u32..20) {
        let width = if int4 { Width::Int4 } else { Width::Int8 };
        let table = Table::new(seed, rows, dims, width, SHAPES[shape]);
        let filter = Filter::from_predicate(rows, |item| item.0.wrapping_mul(2_654_435_761) >> 16 & 0xff < 256 / every);
        let query = if seed % 2 == 0 { table.query(seed) } else { table.query_near(rows / 3) };
        let case = table.case(query.clone(), table.table.scales(), filter.clone());
        check(&table, &table.rows(), &case, k);
        let case = table.case(query, &table.inverse_norms, filter);
        check(&table, &table.unit_rows(), &case, k);
    }
}
