//! Numbers and records out of bytes, without panics and without copies where the bytes are aligned.

use bytemuck::{AnyBitPattern, Pod};

/// `u32` to `usize`, lossless on every target that this crate supports (32 bits and more).
pub const fn to_usize(value: u32) -> usize {
    value as usize
}

/// A copy of the record at `offset`, or `None` where the bytes end before it does.
pub fn read<T: AnyBitPattern>(bytes: &[u8], offset: usize) -> Option<T> {
    let end = offset.checked_add(size_of::<T>())?;
    bytes.get(offset..end).map(bytemuck::pod_read_unaligned)
}

/// Bytes as a slice of records; empty where length or alignment do not fit. For an opened snapshot they do.
pub fn cast<T: Pod>(bytes: &[u8]) -> &[T] {
    bytemuck::try_cast_slice(bytes).unwrap_or(&[])
}
