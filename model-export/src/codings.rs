//! The table of codings.

use selvedge_models::compress::Measured;

use crate::report::Table;

/// What smaller codes keep, as `selvedge evaluate` found it; nothing for none.
pub fn frontier(codings: &[Measured]) -> String {
    if codings.is_empty() {
        return String::new();
    }
    let mut table = Table::new(&[
        "codes",
        "factors",
        "bytes/item",
        "NDCG",
        "kept",
        "top-10 overlap",
        "search µs",
    ]);
    for measured in codings {
        table.row([
            measured.width.clone(),
            measured.dims.to_string(),
            measured.bytes_per_item.to_string(),
            format!("{:.4}", measured.ndcg),
            format!("{:.4}", measured.kept),
            format!("{:.3}", measured.overlap),
            format!("{:.1}", measured.search_us),
        ]);
    }
    format!("{}\n", table.render())
}
