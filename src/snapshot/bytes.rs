//! Reads numbers and records from bytes without panics, and without copies if the bytes are aligned.

use bytemuck::{AnyBitPattern, Pod};

/// Converts `u32` to `usize`, lossless on every target that this crate supports (32 bits and more).
pub const fn to_usize(value: u32) -> usize {
    value as usize
}

/// Copies the record at `offset`; `None` if the bytes end before the record does.
pub fn read<T: AnyBitPattern>(bytes: &[u8], offset: usize) -> Option<T> {
    let end = offset.checked_add(size_of::<T>())?;
    bytes.get(offset..end).map(bytemuck::pod_read_unaligned)
}

/// Borrows bytes as a slice of records; empty if length or alignment do not fit, which an opened snapshot rules out.
pub fn cast<T: Pod>(bytes: &[u8]) -> &[T] {
    bytemuck::try_cast_slice(bytes).unwrap_or(&[])
}
