//! Top-k on every backend against sorting all scores.

use half::f16;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
#[cfg(not(target_arch = "wasm32"))]
use crate::quantize::{CodeTable, Width, int4};
use crate::quantize::{inverse_norm, norm_bound, quantize_row};

/// A small generator of test data: the same on every target, unlike a property test's.
pub(crate) struct Xorshift(u64);

impl Xorshift {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn code(&mut self) -> i8 {
        (self.next() >> 32) as i8
    }

    pub(crate) fn query_code(&mut self) -> i16 {
        ((self.next() >> 32) % 16383) as i16 - 8191
    }

    /// Any f16, hostile ones included.
    pub(crate) fn scale(&mut self) -> f16 {
        f16::from_bits((self.next() >> 32) as u16)
    }

    pub(crate) fn chunks<T: Copy + Default>(&mut self, count: usize, one: fn(&mut Self) -> T) -> Vec<[T; 16]> {
        (0..count).map(|_| core::array::from_fn(|_| one(self))).collect()
    }

    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

struct Case {
    codes: Vec<i8>,
    scales: Vec<f16>,
    stride: usize,
    query: Query,
    filter: Filter,
}

impl Case {
    /// Codes nearer to 0 than `limit`: a small one makes many ties.
    fn new(seed: u64, rows: usize, stride: usize, limit: i8, hostile_scales: bool) -> Self {
        let mut random = Xorshift::new(seed);
        let codes = (0..rows * stride)
            .map(|_| (random.next() >> 32) as i8 % limit)
            .collect();
        let scales = (0..rows)
            .map(|_| if hostile_scales { random.scale() } else { f16::ONE })
            .collect();
        let values: Vec<f32> = (0..stride).map(|_| random.unit()).collect();
        let filter = Filter::from_predicate(rows, |_| random.next() >> 33 & 1 == 0);
        Self {
            codes,
            scales,
            stride,
            query: Query::new(&values, stride).unwrap(),
            filter,
        }
    }

    fn rows(&self) -> Rows<'_> {
        Rows::new(Codes::int8(&self.codes), self.stride, &self.scales).unwrap()
    }

    /// Scores everything with wide integers and `half`'s conversion, sorts everything.
    fn oracle(&self, filter: &Filter, k: usize) -> Vec<Scored> {
        let mut all: Vec<Scored> = (0u32..)
            .map(ItemIndex)
            .zip(self.codes.chunks(self.stride).zip(&self.scales))
            .filter(|(item, _)| filter.allows(*item))
            .map(|(item, (row, scale))| {
                let products = row
                    .iter()
                    .zip(self.query.codes())
                    .map(|(a, b)| i64::from(*a) * i64::from(*b));
                let dot = i32::try_from(products.sum::<i64>()).unwrap();
                Scored {
                    item,
                    score: dot as f32 * scale.to_f32() * self.query.scale() + 0.0,
                }
            })
            // A product with an infinite scale is never finite: ±∞, or NaN for a dot product of 0.
            .filter(|scored| scored.score.is_finite())
            .collect();
        all.sort_by(|a, b| b.score.partial_cmp(&a.score).unwrap().then(a.item.0.cmp(&b.item.0)));
        all.truncate(k);
        all
    }

    fn check(&self, filter: &Filter, k: usize) {
        let expected = self.oracle(filter, k);
        for backend in Backend::available() {
            let found = top_k_on(backend, &self.rows(), &self.query, filter, k);
            assert_eq!(
                bits(&found),
                bits(&expected),
                "{}, {} rows, k {k}",
                backend.name(),
                self.rows().len()
            );
            let items: Vec<ItemIndex> = found.iter().map(|scored| scored.item).collect();
            let scores = score_rows_on(backend, &self.rows(), &self.query, &items);
            let expected = expected.iter().map(|scored| scored.score.to_bits());
            assert!(
                scores.iter().map(|score| score.to_bits()).eq(expected),
                "{}: rank differs",
                backend.name()
            );
        }
    }
}

fn bits(scored: &[Scored]) -> Vec<(u32, u32)> {
    scored
        .iter()
        .map(|scored| (scored.item.0, scored.score.to_bits()))
        .collect()
}

fn items(scored: &[Scored]) -> Vec<u32> {
    scored.iter().map(|scored| scored.item.0).collect()
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_backend_finds_the_same_best_rows_as_sorting_all_of_them() {
    for (seed, stride) in (1u64..).zip([16, 32, 64, 80, 128, 1024]) {
        for rows in [0, 1, 3, 4, 63, 64, 65, 129, 300] {
            let case = Case::new(seed, rows, stride, 127, false);
            for k in [0, 1, 20, rows, rows + 7] {
                case.check(&case.filter, k);
                case.check(&Filter::all(rows), k);
                case.check(&Filter::none(rows), k);
            }
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn rows_with_hostile_scales_are_never_returned_and_disturb_no_other_row() {
    for seed in 0..20 {
        let case = Case::new(seed, 200, 64, 127, true);
        case.check(&Filter::all(200), 10);
        case.check(&Filter::all(200), 200);
    }
    let mut case = Case::new(7, 3, 16, 127, false);
    for hostile in [f16::NAN, f16::INFINITY, f16::NEG_INFINITY] {
        case.scales = vec![hostile; 3];
        assert_eq!(top_k(&case.rows(), &case.query, &Filter::all(3), 3), []);
        assert_eq!(
            score_rows(&case.rows(), &case.query, &[ItemIndex(1)]),
            [f32::NEG_INFINITY]
        );
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_score_that_overflows_is_not_returned() {
    let query = Query::new(&[f32::MAX; 16], 16).unwrap();
    let scales = [f16::MAX, f16::ZERO, f16::MAX];
    let codes: Vec<i8> = [100i8, 100, -100].iter().flat_map(|code| [*code; 16]).collect();
    let rows = Rows::new(Codes::int8(&codes), 16, &scales).unwrap();
    assert_eq!(items(&top_k(&rows, &query, &Filter::all(3), 3)), [1]);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn ties_are_broken_by_the_smaller_row_whatever_block_they_are_in() {
    for seed in 0..10 {
        let case = Case::new(seed, 400, 16, 2, false);
        let mut same = Case::new(seed, 400, 16, 2, false);
        same.query = Query::new(&[1.0; 16], 16).unwrap();
        for k in [1, 5, 64, 399] {
            case.check(&case.filter, k);
            same.check(&same.filter, k);
        }
    }
    let zeros = vec![0i8; 200 * 16];
    let scales = [f16::ZERO; 200];
    let query = Query::new(&[-1.0; 16], 16).unwrap();
    let rows = Rows::new(Codes::int8(&zeros), 16, &scales).unwrap();
    assert_eq!(items(&top_k(&rows, &query, &Filter::all(200), 5)), [0, 1, 2, 3, 4]);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_score_of_minus_zero_ranks_as_zero() {
    let codes: Vec<i8> = [-1i8, 0, 1].iter().flat_map(|code| [*code; 16]).collect();
    let scales = [f16::from_bits(1); 3];
    // So small that the products underflow: −0, 0 and 0 before the last addition.
    let query = Query::new(&[1e-41; 16], 16).unwrap();
    assert!(query.scale() > 0.0, "else nothing underflows");
    let found = top_k(
        &Rows::new(Codes::int8(&codes), 16, &scales).unwrap(),
        &query,
        &Filter::all(3),
        3,
    );
    assert_eq!(bits(&found), [(0, 0), (1, 0), (2, 0)]);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn rows_that_improve_all_the_way_are_all_taken_in() {
    let codes: Vec<i8> = (0..127i8).flat_map(|code| [code; 16]).collect();
    let scales = [f16::ONE; 127];
    let rows = Rows::new(Codes::int8(&codes), 16, &scales).unwrap();
    let query = Query::new(&[1.0; 16], 16).unwrap();
    assert_eq!(items(&top_k(&rows, &query, &Filter::all(127), 3)), [126, 125, 124]);
    let query = Query::new(&[-1.0; 16], 16).unwrap();
    assert_eq!(items(&top_k(&rows, &query, &Filter::all(127), 3)), [0, 1, 2]);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_filter_shorter_than_the_rows_forbids_the_rest_and_a_longer_one_adds_none() {
    let case = Case::new(3, 130, 32, 127, false);
    let found = top_k(&case.rows(), &case.query, &Filter::all(70), 130);
    assert_eq!(bits(&found), bits(&case.oracle(&Filter::all(70), 130)));
    assert_eq!(top_k(&case.rows(), &case.query, &Filter::all(1000), 1000).len(), 130);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_query_for_another_stride_matches_no_row() {
    let case = Case::new(3, 10, 32, 127, false);
    let query = Query::new(&[1.0; 16], 16).unwrap();
    assert_eq!(top_k(&case.rows(), &query, &Filter::all(10), 3), []);
    assert_eq!(score_rows(&case.rows(), &query, &[ItemIndex(0)]), [f32::NEG_INFINITY]);
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_row_past_the_end_scores_minus_infinity() {
    let case = Case::new(3, 10, 32, 127, false);
    let scores = score_rows(
        &case.rows(),
        &case.query,
        &[ItemIndex(9), ItemIndex(10), ItemIndex(u32::MAX)],
    );
    assert!(scores[0].is_finite());
    assert_eq!(scores[1..], [f32::NEG_INFINITY; 2]);
    assert!(case.rows().row_codes(9).is_some());
    assert!(case.rows().row_codes(10).is_none());
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn inverse_norms_as_scales_make_scores_cosines() {
    let mut random = Xorshift::new(11);
    let values: Vec<Vec<f32>> = (0..40).map(|_| (0..24).map(|_| random.unit()).collect()).collect();
    let mut codes = vec![0i8; 40 * 32];
    let scales: Vec<f16> = values
        .iter()
        .zip(codes.chunks_mut(32))
        .map(|(row, codes)| quantize_row(row, codes).unwrap())
        .collect();
    let inverse_norms: Vec<f16> = codes.chunks(32).map(inverse_norm).collect();
    let rows = Rows::new(Codes::int8(&codes), 32, &scales)
        .unwrap()
        .with_scales(&inverse_norms)
        .unwrap();
    for (item, row) in (0..40).map(ItemIndex).zip(&values) {
        let query = Query::unit(&rows.row_codes(item.get()).unwrap()).unwrap();
        let found = top_k(&rows, &query, &Filter::all(40), 40);
        assert_eq!(found[0].item, item, "a row is nearest to itself");
        for scored in found {
            let other = &values[scored.item.get()];
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let cosine = dot(row, other) / (dot(row, row) * dot(other, other)).sqrt();
            assert!(
                (f64::from(scored.score) - cosine).abs() < 0.01,
                "{} is not {cosine}",
                scored.score
            );
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn rows_whose_lengths_do_not_fit_together_are_refused() {
    let scales = [f16::ONE; 2];
    for stride in [0, 8, 24, 1040] {
        assert_eq!(
            Rows::new(Codes::int8(&[0; 96]), stride, &scales).unwrap_err(),
            RowsError::Stride { stride, lanes: 16 }
        );
    }
    for codes in [0, 31, 33, 48, 64] {
        let error = Rows::new(Codes::int8(&vec![0; codes]), 16, &scales).unwrap_err();
        assert_eq!(
            error,
            RowsError::Length {
                codes,
                stride: 16,
                scales: 2
            }
        );
    }
    let rows = Rows::new(Codes::int8(&[0; 32]), 16, &scales).unwrap();
    assert!(rows.with_scales(&scales[..1]).is_err());
    assert!(Rows::new(Codes::int8(&[]), 16, &[]).unwrap().is_empty());
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_filter_counts_allows_forbids_and_intersects() {
    for rows in [0, 1, 63, 64, 65, 128, 130] {
        assert_eq!(Filter::all(rows).count(), rows);
        assert_eq!(Filter::all(rows).iter().count(), rows);
        assert!(!Filter::all(rows).allows(ItemIndex(rows as u32)));
    }
    let mut filter = Filter::from_predicate(130, |item| item.0 % 3 == 0);
    assert_eq!(filter.count(), 44);
    filter.forbid(ItemIndex(129));
    filter.forbid(ItemIndex(129));
    filter.forbid(ItemIndex(4000));
    filter.allow(ItemIndex(1));
    filter.allow(ItemIndex(130));
    assert_eq!(filter.count(), 44);
    filter.intersect(&Filter::only(130, [1, 3, 4, 129, 500].map(ItemIndex)));
    assert_eq!(filter.iter().collect::<Vec<_>>(), [ItemIndex(1), ItemIndex(3)]);
    filter.intersect(&Filter::all(3));
    assert_eq!(filter.iter().collect::<Vec<_>>(), [ItemIndex(1)]);
    assert_eq!(filter.rows(), 130);
}

#[cfg(not(target_arch = "wasm32"))]
proptest::proptest! {
    #[test]
    fn any_rows_filter_and_k_give_the_oracles_answer(
        seed: u64,
        rows in 0usize..400,
        chunks in 1usize..10,
        limit in 1i8..=127,
        hostile_scales: bool,
        k in 0usize..450,
    ) {
        let case = Case::new(seed, rows, chunks * 16, limit, hostile_scales);
        case.check(&case.filter, k);
        case.check(&Filter::all(rows), k);
    }
}

impl Case {
    /// Rows of falling length, as a snapshot lays them out: lengths as uneven as those of trained factors, or all alike.
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
fn with_bounds_the_answer_is_that_of_the_naive_oracle_for_every_filter_and_k() {
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
    // Every row lies in the query's own direction: each score is its bound but for rounding, and all of a block tie.
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
fn a_query_of_almost_nothing_and_one_of_the_largest_values_meet_no_wrong_bound() {
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
    // What lies behind the first blocks is made better than everything: a scan that came by would return it.
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
fn bounds_in_no_order_or_of_another_number_are_refused() {
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
        let mut order: Vec<usize> = (0..rows).collect();
        let norms: Vec<f32> = table.norms().collect();
        order.sort_by(|a, b| norms[*b].total_cmp(&norms[*a]));
        let table = table.reordered(&order);
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
