//! Search in two stages: the signs of all rows, then the codes of those rows that can still be among the best.
//!
//! A row x and a query q, both turned by the same orthogonal matrix. With the row's signs s, its cosine c with them, and e for
//! what they miss of it, x = c‖x‖·s/√d + e, where e is orthogonal to s and as long as √(1 − c²)‖x‖. So
//!
//! ⟨q, x⟩ = c‖x‖·⟨q, s⟩/√d + ⟨q, e⟩, and |⟨q, e⟩| ≤ √(1 − c²)‖x‖‖q‖.
//!
//! With that bound no row is left out that could enter, and the search is exact. For directions that have nothing to do with
//! each other, ⟨q, e⟩ is far smaller: about normal, with the bound divided by √(d − 1) as its deviation. A search that allows
//! for `deviations` of these reads fewer rows, may miss one, and says afterwards whether the bound proves that it did not.

use crate::event::ItemIndex;
use crate::kernel::{BLOCK_ROWS, Backend, MAX_ENTRY, PLANES, Plane, SignBlock, SignScan, TABLES, Table};
use crate::quantize::{Query, sign_bytes, turned};

use super::rows::{Rows, RowsError};
use super::top::Best;
use super::{Filter, Scored, codes_of};

/// What two stages found.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoStage {
    /// The best rows, best first.
    pub found: Vec<Scored>,
    /// Whether `found` is proven to be what [`top_k`](super::top_k) gives.
    pub certified: bool,
}

/// Borrowed signs of rows: see [`SignTable`](crate::quantize::SignTable).
#[derive(Clone, Copy, Debug)]
pub struct Signs<'a> {
    dims: usize,
    rotation: &'a [f32],
    cosines: &'a [[f32; 2]],
    planes: &'a [Plane],
}

impl<'a> Signs<'a> {
    /// The parts of a [`SignTable`](crate::quantize::SignTable) for rows of `dims` values.
    ///
    /// Bounds that are wrong hide rows; only lengths are checked.
    ///
    /// # Errors
    /// [`RowsError::SignParts`].
    pub fn new(dims: usize, rotation: &'a [f32], cosines: &'a [[f32; 2]], signs: &'a [u8]) -> Result<Self, RowsError> {
        let expected = cosines.len() * sign_bytes(dims);
        if rotation.len() == dims * dims && signs.len() == expected {
            Ok(Self {
                dims,
                rotation,
                cosines,
                planes: signs.as_chunks().0,
            })
        } else {
            Err(RowsError::SignParts {
                dims,
                blocks: cosines.len(),
                rotation: rotation.len(),
                expected,
                signs: signs.len(),
            })
        }
    }

    /// Number of blocks of 64 rows.
    pub(super) const fn blocks(&self) -> usize {
        self.cosines.len()
    }
}

/// As [`top_k_on`](super::top_k_on), for rows with signs. Without `deviations` the whole bound is used.
pub(super) fn two_stage_on(
    backend: Backend,
    rows: &Rows<'_>,
    signs: Signs<'_>,
    (query, filter, k): (&Query, &Filter, usize),
    deviations: Option<f64>,
) -> TwoStage {
    let turned = TurnedQuery::new(query, &signs, deviations);
    let per_block = (sign_bytes(signs.dims) / BLOCK_ROWS).max(1);
    let blocks = rows
        .scales()
        .chunks(BLOCK_ROWS)
        .zip(filter.words())
        .zip(signs.cosines.iter().zip(signs.planes.chunks(per_block)));
    let mut scan = SignTopScan {
        blocks,
        bounds: rows.bounds(),
        query,
        turned: &turned,
        best: Best::new(k.min(rows.len())),
        next_row: 0,
        block: BlockBounds::default(),
        left_out: f64::NEG_INFINITY,
    };
    backend.screen(codes_of(query), rows.codes().chunks, &turned.tables, &mut scan);
    let certified = scan.left_out <= f64::from(scan.best.floor());
    TwoStage {
        found: scan.best.into_sorted(),
        certified,
    }
}

/// A query in the turned space, as tables: `Σ qᵢ sᵢ ≈ sum × step + offset`, off by at most `error`.
struct TurnedQuery {
    tables: Vec<[Table; TABLES]>,
    step: f64,
    offset: f64,
    error: f64,
    /// ‖q‖.
    norm: f64,
    root_dims: f64,
    /// Part of the bound on ⟨q, e⟩ that is allowed for: 1 for all of it.
    share: f64,
}

impl TurnedQuery {
    fn new(query: &Query, signs: &Signs<'_>, deviations: Option<f64>) -> Self {
        let values: Vec<f32> = query
            .codes()
            .iter()
            .take(signs.dims)
            .map(|code| f32::from(*code) * query.scale())
            .collect();
        let turned = turned(signs.rotation, &values);
        let spread = |four: &[f64]| four.iter().map(|value| value.abs()).sum::<f64>();
        let widest = turned.chunks(4).map(spread).fold(0.0, f64::max);
        // A query of zeros has a step of zero, and a floor that no bound falls short of: every row is then read.
        let step = 2.0 * widest / f64::from(MAX_ENTRY);
        let mut tables = vec![[[0u8; 16]; TABLES]; signs.dims.div_ceil(4 * TABLES)];
        let groups = turned.chunks(4).zip(tables.as_flattened_mut());
        let mut used = 0.0;
        for (four, table) in groups {
            for (pattern, entry) in table.iter_mut().enumerate() {
                let signed = four
                    .iter()
                    .enumerate()
                    .map(|(at, value)| if pattern >> at & 1 == 1 { *value } else { -*value });
                let above_least = signed.sum::<f64>() + spread(four);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "from 0 to 63; a NaN of no step becomes 0"
                )]
                let rounded = (above_least / step).round() as u8;
                *entry = rounded.min(MAX_ENTRY);
            }
            used += 1.0;
        }
        let norm = values.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
        #[expect(clippy::cast_precision_loss, reason = "at most 1024")]
        let dims = signs.dims as f64;
        let share = deviations.map_or(1.0, |deviations| deviations / (dims - 1.0).max(1.0).sqrt());
        Self {
            tables,
            step,
            offset: -spread(&turned),
            error: used * step * 0.501,
            norm,
            root_dims: dims.sqrt(),
            share: share.clamp(0.0, 1.0),
        }
    }

    /// What is known of a block whose rows are no longer than `length`.
    fn block(&self, [least, most]: [f32; 2], length: f32) -> BlockBounds {
        // The matrix is orthogonal to 32 bits, scores are rounded to 32 bits: both are far below this.
        const ROOM: f64 = 1e-5;
        let reach = f64::from(length) * self.norm;
        BlockBounds {
            slope: f64::from(most) * f64::from(length) / self.root_dims,
            missed: reach * (1.0 - f64::from(least).powi(2)).max(0.0).sqrt(),
            room: reach * ROOM + f64::from(f32::MIN_POSITIVE),
        }
    }

    /// The smallest sum with which a row of the block may score above the floor.
    fn threshold(&self, block: &BlockBounds, floor: f32) -> u16 {
        let needed = f64::from(floor) - block.missed * self.share - block.room;
        if needed <= 0.0 || block.slope <= 0.0 {
            // Short rows may score higher than long ones then: no sum tells.
            return 0;
        }
        let sum = (needed / block.slope - self.offset - self.error) / self.step;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float becomes the nearest u16 there is; sums stay below 2¹⁵"
        )]
        let sum = sum.ceil().min(f64::from(i16::MAX)) as u16;
        sum
    }

    /// No row of the block with this sum or a smaller one scores higher.
    fn bound(&self, block: &BlockBounds, sum: u16) -> f64 {
        let product = f64::from(sum) * self.step + self.offset + self.error;
        (product * block.slope).max(0.0) + block.missed + block.room
    }
}

/// Of the block in work.
#[derive(Clone, Copy, Default)]
struct BlockBounds {
    /// Largest c‖x‖/√d.
    slope: f64,
    /// Largest possible ⟨q, e⟩.
    missed: f64,
    /// Room for rounding.
    room: f64,
}

/// Every block of which the filter wants a row, in ascending order.
struct SignTopScan<'q, I> {
    blocks: I,
    /// Those of the blocks that were not handed out yet; empty where all rows have length one.
    bounds: &'q [f32],
    query: &'q Query,
    turned: &'q TurnedQuery,
    best: Best,
    /// The row after the block that was handed out last.
    next_row: u32,
    block: BlockBounds,
    /// No row that was left out by its signs scores higher.
    left_out: f64,
}

/// The f16 inverse norms make rows of length one longer by at most 2⁻¹¹.
const UNIT_LENGTH: f32 = 1.001;

impl<'a, 'f, I> SignScan<'a> for SignTopScan<'_, I>
where
    I: Iterator<Item = ((&'a [half::f16], &'f u64), (&'a [f32; 2], &'a [Plane]))>,
{
    #[inline(always)]
    fn next_block(&mut self) -> Option<SignBlock<'a>> {
        loop {
            let ((scales, &wanted), (cosines, planes)) = self.blocks.next()?;
            let length = match self.bounds.split_first() {
                Some((bound, rest)) => {
                    // As without signs: no later block can do what this one cannot.
                    if self.query.score_bound(*bound) <= self.best.floor() {
                        return None;
                    }
                    self.bounds = rest;
                    *bound
                }
                None => UNIT_LENGTH,
            };
            self.next_row = self.next_row.saturating_add(64);
            let wanted = wanted & (u64::MAX >> (BLOCK_ROWS - scales.len().clamp(1, BLOCK_ROWS)));
            if wanted != 0 && planes.len().is_multiple_of(PLANES) {
                self.block = self.turned.block(*cosines, length);
                return Some(SignBlock {
                    first_row: self.next_row.saturating_sub(64) as usize,
                    scales,
                    wanted,
                    planes,
                    threshold: self.turned.threshold(&self.block, self.best.floor()),
                });
            }
        }
    }

    #[inline(always)]
    fn left_out(&mut self, largest: u16) {
        // With the whole bound nothing is left out that could enter; what follows would only confirm it.
        if self.turned.share < 1.0 {
            self.left_out = self.left_out.max(self.turned.bound(&self.block, largest));
        }
    }

    #[inline(always)]
    fn take(&mut self, row: u32, score: f32) {
        if score > self.best.floor() && score.is_finite() {
            self.best.insert(Scored {
                item: ItemIndex(self.next_row.saturating_sub(64).saturating_add(row)),
                score,
            });
        }
    }
}
