//! Byte streams: from the runtime, into a page, and through the runtime's own gzip.

use js_sys::futures::JsFuture;
use js_sys::{Function, Promise, Uint8Array};
use selvedge_edge::host::{ByteSink, ByteSource, HostError};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    ReadableStream, ReadableStreamByobReader, ReadableStreamReadResult, Response, WritableStreamDefaultWriter,
};

use crate::runtime::failed;
use crate::shortcuts::{CompressionStream, FillingReader, IdentityTransformStream, guard};

/// The reading end of a stream.
pub struct Body {
    stream: ReadableStream,
    /// From the first read on. Until then the runtime itself can still read the stream.
    reader: Option<FillingReader>,
    /// The buffer for the next piece; a reader takes it away and gives it back.
    piece: Option<Uint8Array>,
    has_ended: bool,
}

impl Body {
    /// Of a stream that nobody reads yet.
    pub const fn of(stream: ReadableStream) -> Self {
        Self {
            stream,
            reader: None,
            piece: None,
            has_ended: false,
        }
    }

    /// The stream, for the runtime to read. It refuses one that was begun to be read here.
    pub fn into_stream(mut self) -> ReadableStream {
        self.has_ended = true;
        self.stream.clone()
    }

    fn reader(&mut self) -> Result<&FillingReader, JsValue> {
        if self.reader.is_none() {
            self.reader = Some(ReadableStreamByobReader::new(&self.stream)?.unchecked_into());
        }
        self.reader.as_ref().ok_or(JsValue::NULL)
    }

    /// Waits for the next bytes. The piece's buffer is reused; it cannot be our own memory, because a reader takes the buffer away from its
    /// owner.
    async fn read(&mut self, at_least: u32, at_most: u32) -> Result<Option<Vec<u8>>, JsValue> {
        if self.has_ended {
            return Ok(None);
        }
        let kept = self.piece.take().filter(|piece| piece.length() == at_most);
        let piece = kept.unwrap_or_else(|| Uint8Array::new_with_length(at_most));
        let promise = self.reader()?.read_at_least(at_least.max(1), &piece)?;
        let chunk: ReadableStreamReadResult = JsFuture::from(promise).await?.unchecked_into();
        self.has_ended = chunk.get_done() == Some(true);
        let Some(value) = bytes_of(&chunk).filter(|value| value.length() > 0) else {
            self.has_ended = true;
            return Ok(None);
        };
        let bytes = value.to_vec();
        self.piece = Some(Uint8Array::new(&value.buffer()));
        Ok(Some(bytes))
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        // A stream that was begun to be read and is given up, such as that of a load that took too long.
        if !self.has_ended && self.reader.is_some() {
            self.cancel(&HostError::new("not read to its end"));
        }
    }
}

/// What a read filled; nothing where the stream was cancelled.
fn bytes_of(chunk: &ReadableStreamReadResult) -> Option<Uint8Array> {
    let value: JsValue = chunk.get_value();
    (!value.is_undefined()).then(|| value.unchecked_into())
}

fn clamped(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

impl ByteSource for Body {
    async fn next_of(&mut self, at_least: usize, at_most: usize) -> Result<Option<Vec<u8>>, HostError> {
        let read = self.read(clamped(at_least), clamped(at_most)).await;
        if read.is_err() {
            self.has_ended = true;
        }
        read.map_err(failed)
    }

    fn cancel(&mut self, reason: &HostError) {
        self.has_ended = true;
        // It fails where the stream broke before, and then there is nothing to cancel.
        let reason = as_error(reason);
        let _ = match &self.reader {
            Some(reader) => reader.cancel_with_reason(&reason),
            None => self.stream.cancel_with_reason(&reason),
        };
    }
}

fn as_error(reason: &HostError) -> JsValue {
    js_sys::Error::new(&reason.to_string()).into()
}

/// The writing end of a stream whose reading end somebody else has.
pub struct Pipe {
    writer: WritableStreamDefaultWriter,
    release: Function,
}

impl Drop for Pipe {
    fn drop(&mut self) {
        // It only takes an entry out of a set, and does not throw.
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}

impl Pipe {
    /// A stream: what is written here is read there.
    ///
    /// # Errors
    /// What the runtime throws.
    pub fn new() -> Result<(Self, Body), JsValue> {
        let stream = IdentityTransformStream::new()?;
        let writer = stream.writable().get_writer()?;
        let release = guard(&writer);
        Ok((Self { writer, release }, Body::of(stream.readable())))
    }
}

impl ByteSink for Pipe {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        if bytes.is_empty() {
            return Ok(());
        }
        settled(self.writer.write_with_chunk(&Uint8Array::new_from_slice(bytes))).await
    }

    async fn close(self) -> Result<(), HostError> {
        settled(self.writer.close()).await
    }

    fn abort(self, reason: &HostError) {
        // It fails where the reader has gone, and then nobody is left to tell.
        let _ = self.writer.abort_with_reason(&as_error(reason));
    }
}

async fn settled(promise: Promise) -> Result<(), HostError> {
    JsFuture::from(promise).await.map(drop).map_err(failed)
}

/// Text, gzipped by the runtime.
///
/// # Errors
/// What the runtime throws.
pub async fn gzip(text: &str) -> Result<Uint8Array, JsValue> {
    let bytes = Uint8Array::new_from_slice(text.as_bytes());
    let plain = Response::new_with_opt_buffer_source(Some(&bytes))?
        .body()
        .ok_or_else(|| JsValue::from_str("a response without a stream"))?;
    let compression = CompressionStream::new("gzip")?;
    let zipped = plain.pipe_through(&compression);
    let whole = JsFuture::from(Response::new_with_opt_readable_stream(Some(&zipped))?.array_buffer()?).await?;
    Ok(Uint8Array::new(&whole))
}
