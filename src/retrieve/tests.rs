//! Top-k on every backend, against sorting all scores.

use half::f16;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::quantize::{inverse_norm, quantize_row};

/// Generator of test data. Unlike a property test's, it gives the same numbers on every target.
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

    /// Any f16, including NaN and infinities.
    pub(crate) fn scale(&mut self) -> f16 {
        f16::from_bits((self.next() >> 32) as u16)
    }

    pub(crate) fn chunks<T: Copy + Default>(&mut self, count: usize, one: fn(&mut Self) -> T) -> Vec<[T; 16]> {
        (0..count).map(|_| core::array::from_fn(|_| one(self))).collect()
    }

    pub(super) fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 8_388_608.0 - 1.0
    }
}

pub(super) struct Case {
    pub(super) codes: Vec<i8>,
    pub(super) scales: Vec<f16>,
    pub(super) stride: usize,
    pub(super) query: Query,
    pub(super) filter: Filter,
}

impl Case {
    /// Draws codes of magnitude below `limit`; a small limit makes many ties.
    pub(super) fn new(seed: u64, rows: usize, stride: usize, limit: i8, hostile_scales: bool) -> Self {
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

    pub(super) fn rows(&self) -> Rows<'_> {
        Rows::new(Codes::int8(&self.codes), self.stride, &self.scales).unwrap()
    }

    /// Scores all rows with wide integers and `half`'s conversion, and sorts them.
    pub(super) fn oracle(&self, filter: &Filter, k: usize) -> Vec<Scored> {
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
            // A product with an infinite scale is never finite: it is ±∞, or NaN if the dot product is 0.
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

pub(super) fn bits(scored: &[Scored]) -> Vec<(u32, u32)> {
    scored
        .iter()
        .map(|scored| (scored.item.0, scored.score.to_bits()))
        .collect()
}

pub(super) fn items(scored: &[Scored]) -> Vec<u32> {
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
    // So small that products underflow: they are −0, 0 and 0 before the last addition.
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
fn rows_that_keep_improving_are_all_considered() {
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

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_filter_of_more_rows_than_there_are_finds_none_of_the_others() {
    // The last block is short, and the block before it leaves high scores in the buffer.
    let case = Case::new(3, 70, 16, 100, false);
    for backend in Backend::available() {
        let found = top_k_on(backend, &case.rows(), &case.query, &Filter::all(128), 128);
        assert_eq!(bits(&found), bits(&case.oracle(&Filter::all(70), 128)));
    }
}

#[test]
fn the_first_k_are_the_beginning_of_the_whole_ranking() {
    let mut random = Xorshift::new(5);
    for length in [0, 1, 7, 64, 300] {
        // Few distinct scores, so that many rows tie, in any order of rows.
        let rows: Vec<Scored> = (0..length)
            .map(|_| Scored {
                item: ItemIndex((random.next() >> 48) as u32),
                score: (random.next() % 9) as f32,
            })
            .collect();
        let whole = ranked(rows.clone());
        for k in [0, 1, 12, 64, 500] {
            let first = ranked_first(rows.iter().copied(), k);
            assert_eq!(first, whole[..k.min(length)], "{k} of {length}");
        }
    }
}
