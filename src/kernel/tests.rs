//! The suite that all backends share, against the plainest arithmetic.

use half::f16;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::retrieve::tests::Xorshift;

const STRIDES: [usize; 8] = [16, 32, 48, 64, 128, 144, 256, MAX_STRIDE];

fn naive_dot(row: &[[i8; LANES]], query: &[[i16; LANES]]) -> i64 {
    row.as_flattened()
        .iter()
        .zip(query.as_flattened())
        .map(|(row, query)| i64::from(*row) * i64::from(*query))
        .sum()
}

/// Computes scores with `half`'s own conversion and wide integers.
fn naive_scores(block: Block<'_, Int8>, query: QueryCodes<'_>) -> Vec<f32> {
    let rows = block.codes.chunks(query.codes.len());
    rows.zip(block.scales)
        .map(|(row, scale)| {
            let scale = if scale.is_finite() { scale.to_f32() } else { f32::NAN };
            let dot = i32::try_from(naive_dot(row, query.codes)).expect("a dot product fits i32");
            dot as f32 * scale * query.scale + 0.0
        })
        .collect()
}

/// A scan of one block: its scores, and whether the block was passed to `take`.
struct One<'a, C> {
    block: Option<Block<'a, C>>,
    floor: f32,
    scores: Option<[f32; BLOCK_ROWS]>,
}

impl<'a, C: Chunk> Scan<'a, C> for One<'a, C> {
    fn next_block(&mut self) -> Option<Block<'a, C>> {
        self.block.take()
    }

    fn floor(&self) -> f32 {
        self.floor
    }

    fn take(&mut self, scores: &[f32; BLOCK_ROWS]) {
        self.scores = Some(*scores);
    }
}

fn score_block<C: Chunk>(
    backend: Backend,
    block: Block<'_, C>,
    query: QueryCodes<'_>,
    floor: f32,
) -> Option<[f32; BLOCK_ROWS]> {
    let mut one = One {
        block: Some(block),
        floor,
        scores: None,
    };
    backend.run(query, &mut one);
    one.scores
}

fn check(backend: Backend, block: Block<'_, Int8>, query: QueryCodes<'_>, floor: f32) {
    check_scores(backend, block, query, floor, &naive_scores(block, query));
}

fn check_scores<C: Chunk>(backend: Backend, block: Block<'_, C>, query: QueryCodes<'_>, floor: f32, expected: &[f32]) {
    let scores = score_block(backend, block, query, floor);
    for (row, expected) in expected
        .iter()
        .enumerate()
        .filter(|(row, _)| block.wanted >> row & 1 == 1)
    {
        let Some(scores) = scores else {
            assert!(
                expected.is_nan() || *expected <= floor,
                "{}: row {row} was missed",
                backend.name()
            );
            continue;
        };
        assert!(
            scores[row].to_bits() == expected.to_bits() || scores[row].is_nan() && expected.is_nan(),
            "{}: row {row} of {} scored {}, expected {expected}",
            backend.name(),
            block.scales.len(),
            scores[row],
        );
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_backend_scores_blocks_of_every_length_and_stride_like_the_naive_oracle() {
    let mut random = Xorshift::new(1);
    for stride in STRIDES {
        for rows in [1, 2, 3, 4, 5, 7, 8, 61, 63, 64] {
            let codes = random.chunks(rows * stride / LANES, Xorshift::code);
            let query = random.chunks(stride / LANES, Xorshift::query_code);
            let scales: Vec<f16> = (0..rows).map(|_| random.scale()).collect();
            let query = QueryCodes {
                codes: &query,
                scale: 0.001,
            };
            for wanted in [u64::MAX, 1, 0b1_0000, 1 << 63, random.next()] {
                let block = Block {
                    codes: &codes,
                    scales: &scales,
                    wanted,
                };
                for backend in Backend::available() {
                    check(backend, block, query, 0.0);
                    check(backend, block, query, f32::NEG_INFINITY);
                }
            }
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_backend_scores_int4_blocks_like_the_naive_oracle_over_the_unpacked_codes() {
    let mut random = Xorshift::new(4);
    for stride in STRIDES.into_iter().filter(|stride| stride % INT4_LANES == 0) {
        for rows in [1, 3, 4, 61, 64] {
            // Any bytes: writers never use the code −8, but it must be scored all the same.
            let packed: Vec<Int4> = random
                .chunks(rows * stride / INT4_LANES, |random| random.code().cast_unsigned())
                .into_iter()
                .map(Int4)
                .collect();
            let codes: Vec<Int8> = packed.iter().flat_map(|chunk| unpack(&chunk.0)).collect();
            let query = random.chunks(stride / LANES, Xorshift::query_code);
            let scales: Vec<f16> = (0..rows).map(|_| random.scale()).collect();
            let query = QueryCodes {
                codes: &query,
                scale: 0.001,
            };
            for wanted in [u64::MAX, 1, 1 << 63, random.next()] {
                let unpacked = Block {
                    codes: &codes,
                    scales: &scales,
                    wanted,
                };
                let expected = naive_scores(unpacked, query);
                let block = Block {
                    codes: &packed,
                    scales: &scales,
                    wanted,
                };
                for backend in Backend::available() {
                    for floor in [0.0, f32::NEG_INFINITY] {
                        check_scores(backend, block, query, floor, &expected);
                    }
                }
            }
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn the_most_extreme_codes_at_the_largest_stride_do_not_overflow() {
    for code in [i8::MIN, i8::MAX] {
        for query in [MAX_QUERY_CODE, -MAX_QUERY_CODE] {
            let codes = vec![[code; LANES]; 5 * MAX_STRIDE / LANES];
            let query = vec![[query; LANES]; MAX_STRIDE / LANES];
            let block = Block {
                codes: &codes,
                scales: &[f16::ONE; 5],
                wanted: u64::MAX,
            };
            for backend in Backend::available() {
                check(
                    backend,
                    block,
                    QueryCodes {
                        codes: &query,
                        scale: 1.0,
                    },
                    0.0,
                );
            }
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn every_f16_widens_to_the_same_f32_as_by_half_and_infinities_to_nan() {
    for bits in 0..=u16::MAX {
        let value = f16::from_bits(bits);
        let widened = widen(value);
        if value.is_finite() {
            assert_eq!(widened.to_bits(), value.to_f32().to_bits(), "{bits:#06x}");
        } else {
            assert!(widened.is_nan(), "{bits:#06x} became {widened}");
        }
    }
}

#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test)]
#[cfg_attr(not(target_arch = "wasm32"), test)]
fn a_block_is_reported_only_when_a_score_is_above_the_floor() {
    let codes = [[1i8; LANES]; 6];
    let query = [[1i16; LANES]];
    let block = Block {
        codes: &codes,
        scales: &[f16::ONE; 6],
        wanted: u64::MAX,
    };
    let query = QueryCodes {
        codes: &query,
        scale: 1.0,
    };
    for backend in Backend::available() {
        assert!(score_block(backend, block, query, 15.9).is_some());
        let equal = score_block(backend, block, query, 16.0);
        assert!(equal.is_none(), "equal to the floor is not above it");
        let hostile = Block {
            scales: &[f16::NAN; 6],
            ..block
        };
        let never = score_block(backend, hostile, query, 0.0);
        assert!(never.is_none(), "NaN is never above");
    }
}

#[cfg(all(target_arch = "x86_64", not(miri)))]
#[test]
fn avx2_is_used_where_the_machine_has_it() {
    assert_eq!(
        Backend::detect().name() == "avx2",
        std::arch::is_x86_feature_detected!("avx2")
    );
}
