//! What smaller codes of the items keep of the lists.

use super::error::EvaluationError;
use crate::compress::{Coding, Measured, Rotation};
use crate::metrics::count;
use crate::recommender::Export;
use crate::served::{ServedItems, ServedUser};

/// Serves the same users from every coding. `full` are the lists of the first one; `ndcg` judges lists.
pub fn measure(
    export: &Export,
    users: &[ServedUser],
    full: &[Vec<u32>],
    clock_us: &dyn Fn() -> f64,
    ndcg: impl Fn(Vec<Vec<u32>>) -> f64,
) -> Result<Vec<Measured>, EvaluationError> {
    const TOP: usize = 10;
    let first = ndcg(full.to_vec());
    let items = &export.items;
    let mut measured = Vec::new();
    for coding in Coding::candidates(items.dims()) {
        let turned = Rotation::new(items, coding).apply_all(items);
        let served = ServedItems::new(&turned, coding.width, export.fold_in)?;
        let lists = served.top_k(users, full.first().map_or(0, Vec::len))?;
        let shares: Vec<f64> = lists
            .iter()
            .zip(full)
            .map(|(list, full)| {
                let top = full.iter().take(TOP);
                let both = top
                    .clone()
                    .filter(|item| list.iter().take(TOP).any(|other| other == *item));
                count(both.count()) / count(top.count().max(1))
            })
            .collect();
        let ndcg = ndcg(lists);
        measured.push(Measured {
            width: coding.width.name().to_owned(),
            dims: coding.dims,
            bytes_per_item: coding.bytes_per_item(),
            ndcg,
            kept: if first > 0.0 { ndcg / first } else { 1.0 },
            overlap: shares.iter().sum::<f64>() / count(shares.len().max(1)),
            search_us: served.search_us(users, TOP * 2, clock_us)?,
        });
    }
    Ok(measured)
}
