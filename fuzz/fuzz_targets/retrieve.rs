//! For any codes, scales, filter and query, the search with bounds finds the same rows as scoring every row and sorting.
#![no_main]

use half::f16;
use libfuzzer_sys::fuzz_target;
use selvedge::event::ItemIndex;
use selvedge::quantize::{Query, Width, norm_bound};
use selvedge::retrieve::{Codes, Filter, Rows, Scored, score_rows, top_k};

/// Three blocks; more blocks would take no other path through the search.
const MAX_ROWS: usize = 160;

fuzz_target!(|bytes: &[u8]| {
    let Some((head, rest)) = bytes.split_first_chunk::<8>() else {
        return;
    };
    let [width, chunks, k, allowed, query_seed, scale_bits, ..] = *head;
    let width = if width % 2 == 0 { Width::Int8 } else { Width::Int4 };
    let per_row = 16 * (1 + usize::from(chunks % 5));
    let stride = match width {
        Width::Int8 => per_row,
        Width::Int4 => per_row * 2,
    };
    let count = (rest.len() / (per_row + 2)).min(MAX_ROWS);
    let (codes, scales) = rest.split_at(count * per_row);
    let scales: Vec<f16> = scales
        .chunks_exact(2)
        .take(count)
        // Finite and not negative, as in a snapshot that was opened; other scales are refused at opening.
        .map(|pair| f16::from_bits(u16::from_le_bytes([pair[0], pair[1]]) % 0x7c00))
        .collect();

    // Longest first, like the rows of a snapshot.
    let plain = Rows::new(Codes::new(width, codes), stride, &scales).expect("lengths fit");
    let norms: Vec<f32> = (0..count)
        .map(|row| norm_bound(&plain.row_codes(row).unwrap_or_default(), scales[row]))
        .collect();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| norms[*b].total_cmp(&norms[*a]));
    let codes: Vec<u8> = order
        .iter()
        .flat_map(|row| &codes[row * per_row..(row + 1) * per_row])
        .copied()
        .collect();
    let sorted: Vec<f16> = order.iter().map(|row| scales[*row]).collect();
    let bounds: Vec<f32> = order.iter().step_by(64).map(|row| norms[*row]).collect();
    let rows = Rows::new(Codes::new(width, &codes), stride, &sorted).expect("lengths fit");
    let bounded = rows.with_bounds(&bounds).expect("bounds fall");

    let unit = f32::from(i8::from_le_bytes([scale_bits])).exp2();
    let values: Vec<f32> = (0..stride)
        .map(|at| f32::from(query_seed.wrapping_mul(31).wrapping_add(at as u8).wrapping_mul(97) as i8) * unit)
        .collect();
    let Ok(query) = Query::new(&values, stride) else { return };
    let filter = Filter::from_predicate(count, |item| allowed == 0 || (item.0 as u8).wrapping_mul(73) >= allowed);
    let k = usize::from(k);

    let items: Vec<ItemIndex> = filter.iter().collect();
    let mut expected: Vec<Scored> = score_rows(&rows, &query, &items)
        .into_iter()
        .zip(items)
        .map(|(score, item)| Scored { item, score })
        .filter(|scored| scored.score.is_finite())
        .collect();
    expected.sort_by(Scored::rank);
    expected.truncate(k);
    assert_eq!(top_k(&bounded, &query, &filter, k), expected);
    assert_eq!(top_k(&rows, &query, &filter, k), expected);
});
