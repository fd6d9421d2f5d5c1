//! Byte streams: into a buffer that is there already, and through the runtime's own gzip.

use js_sys::futures::JsFuture;
use js_sys::{Function, Object, Promise, Reflect, Uint8Array};
use selvedge_edge::host::{ByteSink, ByteSource, Filled, HostError, PIECE_BYTES};
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ReadableStream, Response};

use crate::host::failed;

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

/// The reading end of a stream.
pub struct Body {
    stream: ReadableStream,
    /// From the first read on. Until then the runtime itself can still read the stream.
    reader: Option<ByteReader>,
    /// The buffer for the next piece; a reader takes it away and gives it back.
    piece: Option<Uint8Array>,
}

impl Body {
    /// Of a stream that nobody reads yet.
    pub const fn of(stream: ReadableStream) -> Self {
        Self {
            stream,
            reader: None,
            piece: None,
        }
    }

    /// The stream, for the runtime to read. It refuses one that was begun to be read here.
    pub fn into_stream(self) -> ReadableStream {
        self.stream
    }

    fn reader(&mut self) -> Result<&ByteReader, JsValue> {
        if self.reader.is_none() {
            let options = Object::new();
            Reflect::set(&options, &"mode".into(), &"byob".into())?;
            self.reader = Some(self.stream.unchecked_ref::<ByteStream>().get_reader(&options)?);
        }
        self.reader.as_ref().ok_or(JsValue::NULL)
    }

    async fn next_piece(&mut self) -> Result<Option<Vec<u8>>, JsValue> {
        let piece = self.piece.take().unwrap_or_else(|| buffer(PIECE_BYTES));
        let promise = self.reader()?.read_at_least(1, piece)?;
        let chunk: Chunk = JsFuture::from(promise).await?.unchecked_into();
        let Some(value) = chunk.value().filter(|value| value.length() > 0) else {
            return Ok(None);
        };
        let bytes = value.to_vec();
        self.piece = Some(Uint8Array::new(&value.buffer()));
        Ok(Some(bytes))
    }

    /// Reads all of it into `target`, in pieces of at most `LARGE_BYTES`, and looks whether more would come.
    ///
    /// `readAtLeast` waits for a full piece: with `read()` a 10 MB body comes in thousands of small chunks, each of which
    /// costs a turn of the event loop and a call into Wasm. The piece's buffer is reused; it cannot be our own memory,
    /// because a reader takes the buffer away from its owner.
    async fn fill(mut self, target: &mut [u8]) -> Result<Filled, JsValue> {
        const LARGE_BYTES: usize = 512 * 1024;
        // One byte more than fits, so that an overlong stream shows itself.
        let mut piece = buffer(LARGE_BYTES.min(target.len().saturating_add(1)));
        let length = piece.length();
        let mut bytes = 0usize;
        loop {
            let promise = self.reader()?.read_at_least(length, piece)?;
            let chunk: Chunk = JsFuture::from(promise).await?.unchecked_into();
            let Some(value) = chunk.value() else {
                return Ok(Filled { bytes, overflow: false });
            };
            let found = usize::try_from(value.length()).unwrap_or(usize::MAX);
            let Some(place) = target.get_mut(bytes..).and_then(|rest| rest.get_mut(..found)) else {
                return Ok(Filled { bytes, overflow: true });
            };
            value.copy_to(place);
            bytes += found;
            if chunk.done() {
                return Ok(Filled { bytes, overflow: false });
            }
            piece = Uint8Array::new(&value.buffer());
        }
    }
}

fn buffer(bytes: usize) -> Uint8Array {
    Uint8Array::new_with_length(u32::try_from(bytes).unwrap_or(u32::MAX))
}

impl ByteSource for Body {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, HostError> {
        self.next_piece().await.map_err(failed)
    }

    fn cancel(&mut self, reason: &HostError) {
        if let Some(reader) = &self.reader {
            // It fails where the stream broke before, and then there is nothing to cancel.
            let _ = reader.cancel(&as_error(reason));
        }
    }

    async fn read_into(self, target: &mut [u8]) -> Result<Filled, HostError> {
        self.fill(target).await.map_err(failed)
    }
}

fn as_error(reason: &HostError) -> JsValue {
    js_sys::Error::new(&reason.to_string()).into()
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
    pub fn new() -> Result<(Self, Body), JsValue> {
        let stream = IdentityTransformStream::new()?;
        let writer = stream.writable().get_writer()?;
        let release = guard(&writer);
        Ok((Self { writer, release }, Body::of(stream.readable())))
    }

    async fn write_bytes(&self, bytes: &[u8]) -> Result<(), JsValue> {
        if !bytes.is_empty() {
            JsFuture::from(self.writer.write(&Uint8Array::new_from_slice(bytes))?).await?;
        }
        Ok(())
    }

    async fn end(&self) -> Result<(), JsValue> {
        JsFuture::from(self.writer.close()?).await?;
        Ok(())
    }
}

impl ByteSink for Pipe {
    async fn write(&mut self, bytes: &[u8]) -> Result<(), HostError> {
        self.write_bytes(bytes).await.map_err(failed)
    }

    async fn close(self) -> Result<(), HostError> {
        self.end().await.map_err(failed)
    }

    fn abort(self, reason: &HostError) {
        // It fails where the reader has gone, and then nobody is left to tell.
        let _ = self.writer.abort(&as_error(reason));
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
