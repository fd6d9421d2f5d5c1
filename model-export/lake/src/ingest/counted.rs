//! A file that tells how much of it is read.

use std::fs::File;
use std::io::Read;

/// Tells how many bytes are read.
pub struct Counted<P> {
    inner: File,
    progress: P,
}

impl<P: Fn(u64)> Counted<P> {
    /// Reads `inner`.
    pub const fn new(inner: File, progress: P) -> Self {
        Self { inner, progress }
    }
}

impl<P: Fn(u64)> Read for Counted<P> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        (self.progress)(read as u64);
        Ok(read)
    }
}
