//! Segments and dayparts: directions, members, the segment tree, served lists.

use crate::event::ItemIndex;
use crate::snapshot::bytes::{cast, to_usize};
use crate::snapshot::layout::NONE;
use crate::snapshot::open::Snapshot;
use crate::snapshot::section::SectionKind;

impl<B: AsRef<[u8]>> Snapshot<B> {
    fn segment_parents(&self) -> &[u32] {
        cast(self.section(SectionKind::SegmentParents))
    }

    /// Number of segments that visitors are assigned to. They come first; all other segments are unions of them.
    #[must_use]
    pub fn leaf_segments(&self) -> usize {
        let parents = self.segment_parents().iter().filter(|parent| **parent != NONE);
        parents.min().map_or(self.segments(), |first| to_usize(*first))
    }

    /// Returns the serving segment: the segment whose list visitors of `segment` get in this slot, by the slot's index
    /// in the policy. It is `segment` itself unless the file says otherwise; `None` if the slot has too little traffic
    /// for any segment.
    #[must_use]
    pub fn rung(&self, slot: usize, segment: u16) -> Option<u16> {
        let rungs: &[u32] = cast(self.section(SectionKind::Rungs));
        let at = slot
            .saturating_mul(self.segments())
            .saturating_add(usize::from(segment));
        match rungs.get(at) {
            Some(rung) => u16::try_from(*rung).ok().filter(|_| *rung != NONE),
            None => Some(segment),
        }
    }

    /// Returns the unit-length directions of the segments that visitors are assigned to, leaves × dims.
    pub(crate) fn leaf_centroids(&self) -> &[f32] {
        let values: &[f32] = cast(self.section(SectionKind::SegmentCentroids));
        values.get(..self.leaf_segments() * self.dims()).unwrap_or(&[])
    }

    /// Returns a segment's unit-length direction, `dims` values.
    #[must_use]
    pub fn centroid(&self, segment: usize) -> &[f32] {
        let values: &[f32] = cast(self.section(SectionKind::SegmentCentroids));
        values
            .get(segment * self.dims()..(segment + 1) * self.dims())
            .unwrap_or(&[])
    }

    /// Returns how many users the segment had in training.
    #[must_use]
    pub fn segment_members(&self, segment: usize) -> u32 {
        let values: &[u32] = cast(self.section(SectionKind::SegmentMembers));
        values.get(segment).copied().unwrap_or(0)
    }

    /// Returns the prior user vector of a daypart, `dims` values.
    #[must_use]
    pub fn context_prior(&self, context: usize) -> &[f32] {
        let values: &[f32] = cast(self.section(SectionKind::Contexts));
        values
            .get(context * self.dims()..(context + 1) * self.dims())
            .unwrap_or(&[])
    }

    /// Iterates over a served list, best item first. List 0 is everyone's, followed by those of the segments and of the
    /// dayparts.
    pub fn slate(&self, list: usize) -> impl Iterator<Item = ItemIndex> {
        let values: &[u32] = cast(self.section(SectionKind::Slates));
        let places = values.get(list * self.slate_len..(list + 1) * self.slate_len);
        places
            .unwrap_or(&[])
            .iter()
            .filter(|row| **row != NONE)
            .map(|row| ItemIndex(*row))
    }

    /// Number of items per served list.
    #[must_use]
    pub fn slate_len(&self) -> usize {
        self.slate_len
    }
}
