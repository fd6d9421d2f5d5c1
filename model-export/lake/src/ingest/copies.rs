//! Which files of the lake have the same rows.

use super::sketch::{Overlap, Sketch};
use super::{CopyOf, Note};
use crate::storage::{IngestRecord, Lake, SourceKind};

/// Files that are compared with each other, the largest of the lake. 16 MB of sketches.
const FILES: usize = 256;

/// The smallest share of a file's rows that is told.
const SHARE: f64 = 0.01;

/// Rows that two files have in common by chance: the same visitor, item and second.
const CHANCE: usize = 2;

/// What is to be said of rows that count twice, at most once for each file.
pub fn told(lake: &Lake, records: &[IngestRecord]) -> Vec<Note> {
    let mut files: Vec<&IngestRecord> = records
        .iter()
        .filter(|record| record.kind == SourceKind::Events && !record.collected && record.accepted > 0)
        .collect();
    // The smaller of two files is said to lie in the larger one.
    files.sort_by(|a, b| (b.accepted, &a.file).cmp(&(a.accepted, &b.file)));
    files.truncate(FILES);
    let sketches: Vec<(&IngestRecord, Sketch)> = files
        .into_iter()
        .filter_map(|record| Some((record, Sketch::read(&lake.sketch_path(&record.source))?)))
        .collect();
    let mut notes = Vec::new();
    for (place, (small, sketch)) in sketches.iter().enumerate() {
        let larger = sketches.iter().take(place).filter(|(large, _)| meet(small, large));
        let found = larger.filter_map(|(large, other)| {
            let rows = worth_telling(&sketch.rows.overlap(&other.rows)).map(|share| (CopyOf::Rows, share));
            // Tables of one shop often name its orders alike, and their rows otherwise: cleaned, or summed up.
            let orders = worth_telling(&sketch.orders.overlap(&other.orders)).map(|share| (CopyOf::Orders, share));
            let ((what, (share, exact)), large) = (rows.or(orders)?, large);
            Some(Note::InOtherFile {
                file: small.file.clone(),
                other: large.file.clone(),
                what,
                share,
                exact,
                merged: sketch.ids && other.ids && small.declared == large.declared,
            })
        });
        let share = |note: &Note| match note {
            Note::InOtherFile { share, .. } => *share,
            _ => 0.0,
        };
        notes.extend(found.max_by(|a, b| share(a).total_cmp(&share(b))));
    }
    notes
}

/// Whether there is a time at which both have events.
fn meet(a: &IngestRecord, b: &IngestRecord) -> bool {
    match (a.first_ms, a.last_ms, b.first_ms, b.last_ms) {
        // A day of grace: one of them may tell days where the other tells seconds.
        (Some(first), Some(last), Some(other_first), Some(other_last)) => {
            let day = crate::storage::schema::DAY_MS;
            first <= other_last.saturating_add(day) && other_first <= last.saturating_add(day)
        }
        _ => false,
    }
}

/// The share, and whether it is exact.
#[expect(clippy::cast_precision_loss, reason = "a sketch has a few thousand digests")]
fn worth_telling(overlap: &Overlap) -> Option<(f64, bool)> {
    let share = overlap.common as f64 / overlap.of.max(1) as f64;
    let all = overlap.exact && overlap.of > 0 && overlap.common == overlap.of;
    (all || (overlap.common > CHANCE && share >= SHARE)).then_some((share, overlap.exact))
}
