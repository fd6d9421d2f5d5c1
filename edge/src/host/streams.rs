//! Byte streams, and bytes that stay on the host's side.

use super::HostError;

/// The longest piece that [`ByteSource::next`] returns, in bytes.
pub const PIECE_BYTES: usize = 32 * 1024;

/// The reading end of a byte stream.
pub trait ByteSource: 'static {
    /// Waits for the next bytes, at most [`PIECE_BYTES`]; [`None`] at the end.
    ///
    /// # Errors
    /// The stream broke.
    async fn next(&mut self) -> Result<Option<Vec<u8>>, HostError> {
        self.next_of(1, PIECE_BYTES).await
    }

    /// Waits for the next bytes, at most `at_most`; [`None`] at the end. A host may wait until `at_least` bytes are there, and must hold no
    /// more memory than `at_most` for them while it waits.
    ///
    /// # Errors
    /// The stream broke.
    async fn next_of(&mut self, at_least: usize, at_most: usize) -> Result<Option<Vec<u8>>, HostError>;

    /// Tells the writing end that nothing more will be read.
    fn cancel(&mut self, reason: &HostError);
}

/// The writing end of a stream whose reading end the client has.
pub trait ByteSink: 'static {
    /// Writes bytes, and waits until the reader took them.
    ///
    /// # Errors
    /// The reader has gone.
    async fn write(&mut self, bytes: &[u8]) -> Result<(), HostError>;

    /// Ends the stream.
    ///
    /// # Errors
    /// The reader has gone.
    async fn close(self) -> Result<(), HostError>;

    /// Breaks the stream off, so that the client sees an error instead of a page that seems whole.
    fn abort(self, reason: &HostError);
}

/// Bytes that lie where the host sends them from. workerd keeps them in its own memory, outside of the Wasm.
pub trait StoredBytes: Clone + 'static {
    /// Copies a text to the host's side.
    fn of(text: &str) -> Self;

    /// The length in bytes.
    fn len(&self) -> usize;

    /// Whether the length is 0.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
