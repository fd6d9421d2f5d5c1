//! Searches that end early, and searches over int4 codes, against the naive oracle.

use half::f16;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test;

use super::tests::{Case, Xorshift, bits, items};
use super::*;
use crate::quantize::norm_bound;
#[cfg(not(target_arch = "wasm32"))]
use crate::quantize::{CodeTable, Width, int4};

impl Case {
    /// Rows of falling length, in the order of a snapshot. Lengths are as uneven as those of trained factors, or all
    /// alike.
    fn longest_first(seed: u64, rows: usize, stride: usize, uneven: bool) -> Self {
        let mut case = Self::new(seed, rows, stride, 100, false);
        let mut random = Xorshift::new(seed ^ 77);
        for scale in &mut case.scales {
            let exponent = if uneven { -8.0 * random.unit().abs() } else { 0.0 };
            *scale = f16::from_f32(exponent.exp2() * 0.01);
        }
        let mut order: Vec<usize> = (0..rows).collect();
        let norm = |row: usize| norm_bound(&case.codes[row * stride..(row + 1) * stride], case.scales[row]);
        order.sort_by(|a, b| norm(*b).total_cmp(&norm(*a)));
        let codes = order
            .iter()
            .flat_map(|row| case.codes[row * stride..(row + 1) * stride].to_vec());
        let (codes, scales) = (codes.collect(), order.iter().map(|row| case.scales[*row]).collect());
        Self { codes, scales, ..case }
    }

    fn bounds(&self) -> Vec<f32> {
        let norms = self.codes.chunks(self.stride).zip(&self.scales);
        norms
            .map(|(codes, scale)| norm_bound(codes, *scale))
            .step_by(BLOCK_ROWS)
            .collect()
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn with_bounds_the_result_equals_the_naive_oracle_for_every_filter_and_k() {
    for (seed, rows) in [(1, 1), (2, 63), (3, 64), (4, 65), (5, 700), (6, 2_000), (7, 2_001)] {
        for (stride, uneven) in [(16, true), (64, true), (64, false), (144, true)] {
            let case = Case::longest_first(seed, rows, stride, uneven);
            let bounds = case.bounds();
            let bounded = case.rows().with_bounds(&bounds).unwrap();
            let filters = [
                Filter::all(rows),
                Filter::none(rows),
                case.filter.clone(),
                Filter::from_predicate(rows, |item| item.0 % 97 == 3),
                Filter::from_predicate(rows, |item| item.get() * 10 > rows * 9),
            ];
            for filter in &filters {
                for k in [1, 20, 100, rows] {
                    let expected = bits(&case.oracle(filter, k));
                    for backend in Backend::available() {
                        let found = top_k_on(backend, &bounded, &case.query, filter, k);
                        assert_eq!(bits(&found), expected, "{}, {rows} × {stride}, k {k}", backend.name());
                    }
                }
            }
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn rows_that_tie_with_their_bound_are_found_in_order() {
    // Every row has the query's own direction, so each score equals its bound except for rounding, and all rows of a
    // block tie.
    let (rows, stride) = (256, 32);
    let codes = vec![100i8; rows * stride];
    let scales: Vec<f16> = (0..rows)
        .map(|row| f16::from_f32(if row < 128 { 0.02 } else { 0.01 }))
        .collect();
    let case = Case {
        codes,
        scales,
        stride,
        query: Query::new(&[0.7; 32], stride).unwrap(),
        filter: Filter::all(rows),
    };
    let bounds = case.bounds();
    let bounded = case.rows().with_bounds(&bounds).unwrap();
    for k in [1, 64, 127, 128, 129, 200] {
        let expected: Vec<u32> = (0..k).collect();
        for backend in Backend::available() {
            assert_eq!(
                items(&top_k_on(backend, &bounded, &case.query, &case.filter, k as usize)),
                expected
            );
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn bounds_hold_for_tiny_and_for_the_largest_queries() {
    let case = Case::longest_first(9, 900, 32, true);
    let bounds = case.bounds();
    for value in [0.0, 1e-44, 1e-38, 1e-30, 1e30, f32::MAX] {
        let values: Vec<f32> = (0..32u8).map(|at| if at % 3 == 0 { -value } else { value }).collect();
        let case = Case {
            query: Query::new(&values, 32).unwrap(),
            codes: case.codes.clone(),
            scales: case.scales.clone(),
            filter: case.filter.clone(),
            stride: 32,
        };
        let bounded = case.rows().with_bounds(&bounds).unwrap();
        for backend in Backend::available() {
            let found = top_k_on(backend, &bounded, &case.query, &case.filter, 20);
            assert_eq!(bits(&found), bits(&case.oracle(&case.filter, 20)), "{value}");
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_scan_with_bounds_ends_early() {
    let mut case = Case::longest_first(5, 2_000, 64, true);
    let bounds = case.bounds();
    let expected = bits(&case.oracle(&case.filter, 5));
    // Rows behind the first blocks get scores above all others: a scan that does not stop would return them.
    for (row, scale) in case.scales.iter_mut().enumerate() {
        if row >= 1_500 {
            *scale = f16::MAX;
        }
    }
    let bounded = case.rows().with_bounds(&bounds).unwrap();
    for backend in Backend::available() {
        assert_eq!(
            bits(&top_k_on(backend, &bounded, &case.query, &case.filter, 5)),
            expected
        );
    }
    assert_ne!(bits(&top_k(&case.rows(), &case.query, &case.filter, 5)), expected);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn unordered_bounds_and_a_wrong_number_of_bounds_are_refused() {
    let case = Case::longest_first(5, 200, 16, true);
    let refused = |bounds: &[f32]| case.rows().with_bounds(bounds).is_err();
    assert!(!refused(&[4.0, 3.0, 3.0, 1.0]));
    assert!(refused(&[4.0, 3.0, 3.0]));
    assert!(refused(&[4.0, 3.0, 3.5, 1.0]));
    assert!(refused(&[f32::NAN, 3.0, 2.0, 1.0]));
    assert!(refused(&[4.0, 3.0, 2.0, f32::NAN]));
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    #[test]
    fn any_rows_any_bounds_any_filter_any_k(seed in proptest::prelude::any::<u64>(), rows in 1usize..1_500, chunks in 1usize..10, uneven in proptest::prelude::any::<bool>(), k in 0usize..200, every in 1u32..40) {
        let case = Case::longest_first(seed, rows, chunks * 16, uneven);
        let filter = Filter::from_predicate(rows, |item| item.0.wrapping_mul(2_654_435_761) >> 16 & 0xff < 256 / every);
        let bounds = case.bounds();
        let bounded = case.rows().with_bounds(&bounds).unwrap();
        let expected = bits(&case.oracle(&filter, k));
        for backend in Backend::available() {
            let found = top_k_on(backend, &bounded, &case.query, &filter, k);
            proptest::prop_assert_eq!(bits(&found), expected.clone());
        }
    }

    #[test]
    fn int4_rows_give_what_their_codes_give_as_int8(seed in proptest::prelude::any::<u64>(), rows in 1usize..700, chunks in 1usize..6, k in 1usize..100) {
        let mut random = Xorshift::new(seed);
        let dims = chunks * 32;
        let values: Vec<Vec<f32>> = (0..rows)
            .map(|_| {
                let length = (-6.0 * random.unit().abs()).exp2();
                (0..dims).map(|_| random.unit() * length).collect()
            })
            .collect();
        let table = CodeTable::quantize(values.iter().map(Vec::as_slice), dims, Width::Int4).unwrap();
        let (table, _) = table.longest_first();
        let bounds = table.block_bounds();
        let packed = table.rows().unwrap().with_bounds(&bounds).unwrap();
        let case = Case {
            codes: int4::codes(table.codes()).collect(),
            scales: table.scales().to_vec(),
            stride: table.stride(),
            query: Query::new(&(0..dims).map(|_| random.unit()).collect::<Vec<f32>>(), table.stride()).unwrap(),
            filter: Filter::from_predicate(rows, |_| random.next() >> 33 & 3 != 0),
        };
        let expected = case.oracle(&case.filter, k);
        for backend in Backend::available() {
            let found = top_k_on(backend, &packed, &case.query, &case.filter, k);
            proptest::prop_assert_eq!(bits(&found), bits(&expected));
            let items: Vec<ItemIndex> = found.iter().map(|scored| scored.item).collect();
            let scores = score_rows_on(backend, &packed, &case.query, &items);
            proptest::prop_assert_eq!(scores, expected.iter().map(|scored| scored.score).collect::<Vec<f32>>());
        }
    }
}
