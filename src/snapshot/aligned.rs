//! Memory for a snapshot. It starts at a multiple of 64 bytes, so that sections can be read in place.

use alloc::vec;
use alloc::vec::Vec;
use bytemuck::{Pod, Zeroable};

const BLOCK_BYTES: usize = 64;

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Block([u8; BLOCK_BYTES]);

/// A byte buffer aligned to 64 bytes. Fill it from a file, a stream or other memory, and pass it to
/// [`Snapshot::open`](super::Snapshot::open), which keeps it and reads it in place.
///
/// ```
/// use selvedge::snapshot::AlignedBytes;
///
/// let mut buffer = AlignedBytes::try_with_capacity(1000).ok_or("no memory")?;
/// assert!(buffer.append(b"first ") && buffer.append(b"second"));
/// assert_eq!(buffer.as_ref(), b"first second");
/// // It never moves, so it takes no more than it has room for.
/// assert!(!buffer.append(&[0; 1013]));
/// # Ok::<(), &str>(())
/// ```
#[derive(Default)]
pub struct AlignedBytes {
    blocks: Vec<Block>,
    len: usize,
}

impl AlignedBytes {
    /// Allocates `len` zero bytes.
    #[must_use]
    pub fn zeroed(len: usize) -> Self {
        Self {
            blocks: vec![Block([0; BLOCK_BYTES]); len.div_ceil(BLOCK_BYTES)],
            len,
        }
    }

    /// An empty buffer with room for at least `bytes`; [`None`] if there is no memory for it.
    #[must_use]
    pub fn try_with_capacity(bytes: usize) -> Option<Self> {
        let mut blocks = Vec::new();
        blocks.try_reserve_exact(bytes.div_ceil(BLOCK_BYTES)).ok()?;
        Some(Self { blocks, len: 0 })
    }

    /// Copies `bytes`.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Self {
        let mut aligned = Self::zeroed(bytes.len());
        aligned.as_mut_slice().copy_from_slice(bytes);
        aligned
    }

    /// How many bytes the buffer has room for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.blocks.capacity().saturating_mul(BLOCK_BYTES)
    }

    /// Removes the content. The memory stays, to be filled again.
    pub fn clear(&mut self) {
        self.blocks.clear();
        self.len = 0;
    }

    /// Appends bytes. Returns false, and appends nothing, if there is no room for all of them.
    #[must_use]
    pub fn append(&mut self, bytes: &[u8]) -> bool {
        let end = self.len.saturating_add(bytes.len());
        if end > self.capacity() {
            return false;
        }
        // Zeroed block by block just before they are filled, so that memory that nothing came for is not touched.
        self.blocks.resize(end.div_ceil(BLOCK_BYTES), Block([0; BLOCK_BYTES]));
        let begin = core::mem::replace(&mut self.len, end);
        self.as_mut_slice()[begin..].copy_from_slice(bytes);
        true
    }

    /// Borrows the bytes to fill them.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        let len = self.len;
        &mut bytemuck::cast_slice_mut(&mut self.blocks)[..len]
    }
}

impl AsRef<[u8]> for AlignedBytes {
    fn as_ref(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.blocks)[..self.len]
    }
}
