//! Byte streams: into a buffer that is there already, and through the runtime's own gzip.

use js_sys::futures::JsFuture;
use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ReadableStream, Response};

#[wasm_bindgen]
extern "C" {
    type ByteStream;
    #[wasm_bindgen(method, js_name = getReader, catch)]
    fn get_reader(this: &ByteStream, options: &Object) -> Result<ByteReader, JsValue>;
    #[wasm_bindgen(method, js_name = pipeThrough, catch)]
    fn pipe_through(this: &ByteStream, transform: &CompressionStream) -> Result<ReadableStream, JsValue>;

    type ByteReader;
    // workerd's own: like `read`, but waits for so many bytes.
    #[wasm_bindgen(method, js_name = readAtLeast, catch)]
    fn read_at_least(this: &ByteReader, min_bytes: u32, into: Uint8Array) -> Result<Promise, JsValue>;

    type Chunk;
    #[wasm_bindgen(method, getter)]
    fn done(this: &Chunk) -> bool;
    #[wasm_bindgen(method, getter)]
    fn value(this: &Chunk) -> Option<Uint8Array>;

    #[wasm_bindgen(method, catch)]
    fn cancel(this: &ByteReader, reason: &JsValue) -> Result<Promise, JsValue>;

    // workerd's own: bytes pass it without a copy in JS, and a write waits until they are taken.
    type IdentityTransformStream;
    #[wasm_bindgen(constructor, catch)]
    fn new() -> Result<IdentityTransformStream, JsValue>;
    #[wasm_bindgen(method, getter)]
    fn readable(this: &IdentityTransformStream) -> ReadableStream;
    #[wasm_bindgen(method, getter)]
    fn writable(this: &IdentityTransformStream) -> Writable;

    type Writable;
    #[wasm_bindgen(method, js_name = getWriter, catch)]
    fn get_writer(this: &Writable) -> Result<ByteWriter, JsValue>;

    type ByteWriter;
    #[wasm_bindgen(method, catch)]
    fn write(this: &ByteWriter, bytes: &Uint8Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &ByteWriter) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn abort(this: &ByteWriter, reason: &JsValue) -> Result<Promise, JsValue>;

    // The entry shim's: aborts the stream when the instance breaks that writes it. Calling what it returns ends that.
    #[wasm_bindgen(js_name = __selvedge_guard)]
    fn guard(writer: &ByteWriter) -> Function;

    type CompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;
}

/// How a stream ended that was read into a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// How many bytes of the buffer were filled.
    pub bytes: usize,
    /// Whether the stream held more than the buffer.
    pub overflow: bool,
}

/// Reads a stream piece by piece, as its bytes come.
pub struct Pieces {
    reader: ByteReader,
    /// The buffer for the next piece; a reader takes it away and gives it back.
    piece: Option<Uint8Array>,
}

impl Pieces {
    /// The longest piece.
    pub const BYTES: u32 = 32 * 1024;

    /// Of a stream that nobody reads yet.
    ///
    /// # Errors
    /// What the runtime throws.
    pub fn of(stream: &ReadableStream) -> Result<Self, JsValue> {
        Ok(Self {
            reader: byte_reader(stream)?,
            piece: None,
        })
    }

    /// The next bytes; nothing at the end.
    ///
    /// # Errors
    /// What the runtime throws when the stream breaks.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, JsValue> {
        let piece = self
            .piece
            .take()
            .unwrap_or_else(|| Uint8Array::new_with_length(Self::BYTES));
        let chunk: Chunk = JsFuture::from(self.reader.read_at_least(1, piece)?)
            .await?
            .unchecked_into();
        let Some(value) = chunk.value().filter(|value| value.length() > 0) else {
            return Ok(None);
        };
        let bytes = value.to_vec();
        self.piece = Some(Uint8Array::new(&value.buffer()));
        Ok(Some(bytes))
    }

    /// Says that nothing more will be read.
    pub fn cancel(&self, reason: &JsValue) {
        // It fails where the stream broke before, and then there is nothing to cancel.
        let _ = self.reader.cancel(reason);
    }
}

/// The writing end of a stream whose reading end somebody else has.
pub struct Pipe {
    writer: ByteWriter,
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
    pub fn new() -> Result<(Self, ReadableStream), JsValue> {
        let stream = IdentityTransformStream::new()?;
        let writer = stream.writable().get_writer()?;
        let release = guard(&writer);
        Ok((Self { writer, release }, stream.readable()))
    }

    /// Writes bytes, and waits until they are taken.
    ///
    /// # Errors
    /// What the runtime throws when the reader has gone.
    pub async fn write(&self, bytes: &[u8]) -> Result<(), JsValue> {
        if !bytes.is_empty() {
            JsFuture::from(self.writer.write(&Uint8Array::new_from_slice(bytes))?).await?;
        }
        Ok(())
    }

    /// Ends the stream.
    ///
    /// # Errors
    /// What the runtime throws when the reader has gone.
    pub async fn close(self) -> Result<(), JsValue> {
        JsFuture::from(self.writer.close()?).await?;
        Ok(())
    }

    /// Breaks the stream off, so that nobody takes what was written for the whole.
    pub fn abort(self, reason: &JsValue) {
        // It fails where the reader has gone, and then nobody is left to tell.
        let _ = self.writer.abort(reason);
    }
}

fn byte_reader(stream: &ReadableStream) -> Result<ByteReader, JsValue> {
    let options = Object::new();
    Reflect::set(&options, &"mode".into(), &"byob".into())?;
    stream.unchecked_ref::<ByteStream>().get_reader(&options)
}

/// Reads a stream into `target`, in pieces of at most `PIECE_BYTES`, and looks whether more would come.
///
/// `readAtLeast` waits for a full piece: with `read()` a 10 MB body comes in thousands of small chunks, each of which
/// costs a turn of the event loop and a call into Wasm. The piece's buffer is reused; it cannot be our own memory,
/// because a reader takes the buffer away from its owner.
///
/// # Errors
/// What the runtime throws when the stream breaks.
pub async fn read_into(stream: &ReadableStream, target: &mut [u8]) -> Result<Filled, JsValue> {
    const PIECE_BYTES: usize = 512 * 1024;
    let reader = byte_reader(stream)?;
    // One byte more than fits, so that an overlong stream shows itself.
    let piece_bytes = PIECE_BYTES.min(target.len().saturating_add(1));
    let piece_length = u32::try_from(piece_bytes).unwrap_or(u32::MAX);
    let mut piece = Uint8Array::new_with_length(piece_length);
    let mut filled = 0usize;
    loop {
        let chunk: Chunk = JsFuture::from(reader.read_at_least(piece_length, piece)?)
            .await?
            .unchecked_into();
        let Some(value) = chunk.value() else {
            return Ok(Filled {
                bytes: filled,
                overflow: false,
            });
        };
        let length = usize::try_from(value.length()).unwrap_or(usize::MAX);
        let Some(place) = target.get_mut(filled..).and_then(|rest| rest.get_mut(..length)) else {
            return Ok(Filled {
                bytes: filled,
                overflow: true,
            });
        };
        value.copy_to(place);
        filled += length;
        if chunk.done() {
            return Ok(Filled {
                bytes: filled,
                overflow: false,
            });
        }
        piece = Uint8Array::new(&value.buffer());
    }
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
    let zipped = plain
        .unchecked_ref::<ByteStream>()
        .pipe_through(&CompressionStream::new("gzip")?)?;
    let whole = JsFuture::from(Response::new_with_opt_readable_stream(Some(&zipped))?.array_buffer()?).await?;
    Ok(Uint8Array::new(&whole))
}
