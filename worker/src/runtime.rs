//! The few runtime functions that no crate of ours wraps without an `unwrap`: clock, randomness, digests, the edge
//! cache, byte streams and compression. Each binding is as thin as the call that it stands for.

use worker::js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use worker::wasm_bindgen::prelude::*;
use worker::wasm_bindgen::{JsCast, JsValue};
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::{ReadableStream, Response};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    fn date_now() -> f64;
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues, catch)]
    fn get_random_values(bytes: &mut [u8]) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_namespace = crypto, js_name = randomUUID, catch)]
    fn random_uuid() -> Result<String, JsValue>;
    // `bytes` arrives as a view of our own memory. The digest is taken before the call returns, so nothing is copied.
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = digest, catch)]
    fn subtle_digest(algorithm: &str, bytes: &[u8]) -> Result<Promise, JsValue>;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, delay_ms: i32) -> JsValue;

    type EdgeCache;
    #[wasm_bindgen(thread_local_v2, js_namespace = caches, js_name = default)]
    static DEFAULT_CACHE: Option<EdgeCache>;
    #[wasm_bindgen(method, js_name = match, catch)]
    fn lookup(this: &EdgeCache, url: &str) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn put(this: &EdgeCache, url: &str, response: &Response) -> Result<Promise, JsValue>;

    type ByteReader;
    #[wasm_bindgen(method, js_name = readAtLeast, catch)]
    fn read_at_least(this: &ByteReader, min_bytes: u32, into: Uint8Array) -> Result<Promise, JsValue>;
    type Chunk;
    #[wasm_bindgen(method, getter)]
    fn done(this: &Chunk) -> bool;
    #[wasm_bindgen(method, getter)]
    fn value(this: &Chunk) -> Option<Uint8Array>;
    type ByteStream;
    #[wasm_bindgen(method, js_name = getReader, catch)]
    fn get_reader(this: &ByteStream, options: &Object) -> Result<ByteReader, JsValue>;
    #[wasm_bindgen(method, js_name = pipeThrough, catch)]
    fn pipe_through(this: &ByteStream, transform: &CompressionStream) -> Result<ReadableStream, JsValue>;

    type CompressionStream;
    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;
}

/// Milliseconds of a clock that never goes back.
pub fn monotonic_ms() -> f64 {
    performance_now()
}

/// Unix time in milliseconds.
pub fn unix_ms() -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole milliseconds since 1970, far below 2^53"
    )]
    let ms = date_now() as u64;
    ms
}

/// Bytes from the runtime's cryptographic random source.
///
/// # Errors
/// What the runtime throws; it does outside a request.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], JsValue> {
    let mut bytes = [0u8; N];
    get_random_values(&mut bytes)?;
    Ok(bytes)
}

/// A random (version 4) UUID.
///
/// # Errors
/// What the runtime throws; it does outside a request.
pub fn uuid() -> Result<String, JsValue> {
    random_uuid()
}

/// SHA-256 by the runtime's native code, an order of magnitude faster than any hash in Wasm.
///
/// # Errors
/// What the runtime throws, and a digest of another length than 32 bytes.
pub async fn sha256(bytes: &[u8]) -> Result<[u8; 32], JsValue> {
    let buffer = JsFuture::from(subtle_digest("SHA-256", bytes)?).await?;
    let view = Uint8Array::new(&buffer);
    let mut digest = [0u8; 32];
    if view.length() != 32 {
        return Err(JsValue::from_str("SHA-256 digest: expected 32 bytes"));
    }
    view.copy_to(&mut digest);
    Ok(digest)
}

/// Calls `callback` after `delay_ms`.
pub fn after(delay_ms: i32, callback: &Function) {
    set_timeout(callback, delay_ms);
}

/// Looks into the edge cache of this location.
///
/// # Errors
/// What the runtime throws.
pub async fn cache_match(url: &str) -> Result<Option<Response>, JsValue> {
    let Some(promise) = DEFAULT_CACHE.with(|cache| cache.as_ref().map(|cache| cache.lookup(url))) else {
        return Err(JsValue::from_str("caches.default: not there"));
    };
    let found = JsFuture::from(promise?).await?;
    Ok(found.dyn_into::<Response>().ok())
}

/// Puts a response into the edge cache of this location.
///
/// # Errors
/// What the runtime throws, for instance for a response that says it must not be stored.
pub async fn cache_put(url: &str, response: &Response) -> Result<(), JsValue> {
    let Some(promise) = DEFAULT_CACHE.with(|cache| cache.as_ref().map(|cache| cache.put(url, response))) else {
        return Err(JsValue::from_str("caches.default: not there"));
    };
    JsFuture::from(promise?).await?;
    Ok(())
}

/// How a stream ended that was read into a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filled {
    /// How many bytes of the buffer were filled.
    pub bytes: usize,
    /// Whether the stream held more than the buffer.
    pub overflow: bool,
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
    let options = Object::new();
    Reflect::set(&options, &"mode".into(), &"byob".into())?;
    let reader = stream.unchecked_ref::<ByteStream>().get_reader(&options)?;
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
pub async fn gzip(text: &str) -> Result<Vec<u8>, JsValue> {
    let bytes = Uint8Array::new_from_slice(text.as_bytes());
    let plain = Response::new_with_opt_buffer_source(Some(&bytes))?
        .body()
        .ok_or_else(|| JsValue::from_str("a response without a stream"))?;
    let zipped = plain
        .unchecked_ref::<ByteStream>()
        .pipe_through(&CompressionStream::new("gzip")?)?;
    let whole = JsFuture::from(Response::new_with_opt_readable_stream(Some(&zipped))?.array_buffer()?).await?;
    Ok(Uint8Array::new(&whole).to_vec())
}

/// A property of a JS object, as text.
pub fn text_property(object: &JsValue, name: &str) -> Option<String> {
    Reflect::get(object, &JsValue::from_str(name)).ok()?.as_string()
}

/// What a thrown JS value says, for the log.
pub fn thrown(value: &JsValue) -> String {
    value
        .dyn_ref::<worker::js_sys::Error>()
        .map(|error| String::from(error.message()))
        .or_else(|| value.as_string())
        .unwrap_or_else(|| "a JS value without a message".to_owned())
}

/// The values of a JS array.
pub fn values(array: &Array) -> impl Iterator<Item = JsValue> + '_ {
    (0..array.length()).map(|index| array.get(index))
}

/// How many Wasm panics this isolate has survived. The entry shim counts them: our own memory is gone after each.
pub fn panics() -> u32 {
    let count = Reflect::get(&worker::js_sys::global(), &"__selvedge_panics".into())
        .ok()
        .and_then(|count| count.as_f64())
        .unwrap_or(0.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small count; the cast saturates"
    )]
    let count = count as u32;
    count
}
