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
    async fn next(&mut self) -> Result<Option<Vec<u8>>, HostError>;

    /// Tells the writing end that nothing more will be read.
    fn cancel(&mut self, reason: &HostError);

    /// Reads the whole stream into `target`. A host that can read large pieces at once should replace this default, which copies pieces
    /// of [`PIECE_BYTES`].
    ///
    /// # Errors
    /// The stream broke.
    async fn read_into(mut self, target: &mut [u8]) -> Result<Filled, HostError>
    where
        Self: Sized,
    {
        let mut bytes = 0;
        while let Some(piece) = self.next().await? {
            let Some(place) = target.get_mut(bytes..).and_then(|rest| rest.get_mut(..piece.len())) else {
                return Ok(Filled { bytes, overflow: true });
            };
            place.copy_from_slice(&piece);
            bytes += piece.len();
        }
        Ok(Filled { bytes, overflow: false })
    }
}

/// What [`ByteSource::read_into`] read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// How many bytes of the buffer were filled.
    pub bytes: usize,
    /// Whether the stream held more than the buffer has room for.
    pub overflow: bool,
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
