//! What the runtime lends the application, by the bindings of `wrangler.toml`.

use std::fmt;
use std::pin::Pin;

use js_sys::futures::JsFuture;
use js_sys::{Function, Promise, Uint8Array};
use selvedge_edge::Headers;
use selvedge_edge::host::{HostError, Runtime, StoredBytes, Wake};
use wasm_bindgen::JsValue;

use crate::request::Incoming;
use crate::response;
use crate::runtime::bindings::{Context, Env};
use crate::runtime::streams::{Body, Pipe};
use crate::runtime::{self, Prepared};

/// One event's hold on the runtime: the bindings, and what its work is bound to.
#[derive(Clone)]
pub struct Cloudflare {
    /// The bindings.
    pub env: Env,
    /// The event.
    pub context: Context,
}

/// What a thrown JS value says.
#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
pub fn failed(thrown: JsValue) -> HostError {
    HostError::new(runtime::thrown(&thrown))
}

/// Bytes in the runtime's memory.
#[derive(Clone)]
pub struct Buffer(pub Uint8Array);

impl StoredBytes for Buffer {
    fn of(text: &str) -> Self {
        Self(Uint8Array::new_from_slice(text.as_bytes()))
    }

    fn len(&self) -> usize {
        self.0.length() as usize
    }
}

/// Resolves the promise that a pause waits for.
pub struct Resolver(Option<Function>);

impl Wake for Resolver {
    fn wake(self) {
        if let Some(resolve) = self.0 {
            // One whose request is over has nobody to resolve for.
            let _ = resolve.call0(&JsValue::UNDEFINED);
        }
    }
}

impl Runtime for Cloudflare {
    type Request = Incoming;
    type Body = Body;
    type Sink = Pipe;
    type Bytes = Buffer;
    type Prepared = Prepared;
    type Wake = Resolver;

    fn unix_ms(&self) -> u64 {
        runtime::unix_ms()
    }

    fn monotonic_ms(&self) -> f64 {
        runtime::monotonic_ms()
    }

    /// The promise is this request's own. Awaiting one that another request made would run this request's code in the other's
    /// context, where the runtime refuses its input and output.
    fn pause(&self, at_most_ms: u32) -> (Resolver, impl Future<Output = ()> + 'static) {
        let mut resolver = None;
        let promise = Promise::new(&mut |resolve, _| {
            runtime::after(at_most_ms, &resolve);
            resolver = Some(resolve);
        });
        let pause = async move {
            // It is never rejected.
            let _ = JsFuture::from(promise).await;
        };
        (Resolver(resolver), pause)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), HostError> {
        runtime::random_bytes(bytes).map_err(failed)
    }

    async fn sha256(&self, bytes: &[u8]) -> Result<[u8; 32], HostError> {
        runtime::sha256(bytes).await.map_err(failed)
    }

    fn wait_until(&self, work: Pin<Box<dyn Future<Output = ()>>>) {
        self.context.wait_until(work);
    }

    fn log(&self, text: fmt::Arguments<'_>) {
        runtime::log_error(text);
    }

    fn pipe(&self) -> Result<(Pipe, Body), HostError> {
        Pipe::new().map_err(failed)
    }

    fn prepare(&self, headers: &Headers, body: &Buffer) -> Result<Prepared, HostError> {
        let (lasting, own) = response::lasting_and_own(headers);
        runtime::prepare(&lasting, &own, &body.0).map_err(failed)
    }

    fn refresh(&self, prepared: &Prepared, headers: &Headers) -> Result<(), HostError> {
        runtime::refresh(prepared, &response::lines(headers)).map_err(failed)
    }

    fn panics(&self) -> u32 {
        runtime::panics()
    }
}
