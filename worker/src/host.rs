//! What the runtime lends the application, by the bindings of `wrangler.toml`.
//!
//! Bindings are those of workers-rs (the `worker` crate). Some of its wrappers unwrap what the runtime throws; where a client, a
//! server behind or a missing binding can make it throw, the raw call below the wrapper is used (`worker_sys`, `web_sys`), which
//! returns the error. Raw calls that return a promise cannot throw: at compatibility dates from 2022-10-31 workerd rejects the
//! promise instead, also for arguments that it refuses.

use std::cell::OnceCell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;

use js_sys::futures::{JsFuture, future_to_promise};
use js_sys::{Date, Function, Promise, Reflect, Uint8Array};
use selvedge_edge::Headers;
use selvedge_edge::host::{HostError, InstanceMemory, Renewal, Runtime, StoredBytes, Wake};
use wasm_bindgen::{JsCast, JsValue};
use worker::{Context, Env, EnvBinding};

use crate::header_lines;
use crate::request::Incoming;
use crate::runtime::{after, failed, log, scope};
use crate::shortcuts::{self, Prepared};
use crate::streams::{Body, Pipe};

/// One event's hold on the runtime: the bindings, and what its work is bound to.
pub struct Cloudflare {
    /// The bindings.
    pub env: Env,
    context: Context,
    /// Scheme, host and port of the request: the host name of keys in the Cache API.
    site: Rc<str>,
    /// The time that a test has set.
    #[cfg(feature = "test-clock")]
    now_ms: Option<u64>,
}

impl Cloudflare {
    /// For one event. `site`: scheme, host and port of its request.
    pub fn new(env: Env, context: Context, site: &str) -> Self {
        Self {
            site: site.into(),
            #[cfg(feature = "test-clock")]
            now_ms: crate::test_clock::start_ms(&env),
            env,
            context,
        }
    }

    /// With the time that a test has set for this request.
    #[cfg(feature = "test-clock")]
    pub fn at_time_of(mut self, request: &Incoming) -> Self {
        self.now_ms = crate::test_clock::advanced_ms(self.now_ms, request);
        self
    }

    /// Scheme, host and port of the request.
    pub fn site(&self) -> &str {
        &self.site
    }

    /// A binding by its name; `None` where `wrangler.toml` binds nothing to it, or a plain variable.
    ///
    /// `Env::get_binding` does the same, but reads the constructor of whatever is there and traps where that has none.
    ///
    /// # Errors
    /// The name is bound to another kind of object.
    pub fn binding<T: EnvBinding>(&self, name: &str) -> Result<Option<T>, HostError> {
        let binding = Reflect::get(&self.env, &name.into()).map_err(failed)?;
        if !binding.is_object() {
            return Ok(None);
        }
        let class = Reflect::get(&binding, &"constructor".into())
            .and_then(|class| Reflect::get(&class, &"name".into()))
            .ok()
            .and_then(|name| name.as_string());
        if class.as_deref() == Some(T::TYPE_NAME) {
            return Ok(Some(binding.unchecked_into()));
        }
        let found = class.as_deref().unwrap_or("an object without a class");
        let expected = T::TYPE_NAME;
        Err(HostError::new(format!("{name}: expected {expected}, found {found}")))
    }
}

impl Clone for Cloudflare {
    fn clone(&self) -> Self {
        // workers-rs's context has no `Clone`; this is another reference to the same object.
        let context: &JsValue = self.context.as_ref().as_ref();
        Self {
            env: self.env.clone(),
            context: Context::new(context.clone().unchecked_into()),
            site: Rc::clone(&self.site),
            #[cfg(feature = "test-clock")]
            now_ms: self.now_ms,
        }
    }
}

thread_local! {
    static FRESH: OnceCell<usize> = const { OnceCell::new() };
}

/// Notes how much memory this instance has before it loads anything.
pub fn note_fresh() {
    FRESH.with(|fresh| {
        fresh.get_or_init(own_bytes);
    });
}

/// Bytes of this instance's memory.
fn own_bytes() -> usize {
    const PAGE_BYTES: usize = 64 * 1024;
    core::arch::wasm32::memory_size(0) * PAGE_BYTES
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

/// A timer that ends when nobody waits for it any more: the runtime would else keep it, and through it this instance's memory.
struct Timer(i32);

impl Drop for Timer {
    fn drop(&mut self) {
        scope().clear_timeout_with_handle(self.0);
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
        #[cfg(feature = "test-clock")]
        if let Some(now_ms) = self.now_ms {
            return now_ms;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole milliseconds since 1970, far below 2^53"
        )]
        let ms = Date::now() as u64;
        ms
    }

    fn monotonic_ms(&self) -> f64 {
        scope().performance().map_or(0.0, |performance| performance.now())
    }

    /// The promise is this request's own. Awaiting one that another request made would run this request's code in the other's
    /// context, where the runtime refuses its input and output. (`worker::Delay` cannot be ended by another request, and unwraps.)
    fn pause(&self, at_most_ms: u32) -> (Resolver, impl Future<Output = ()> + 'static) {
        let mut resolver = None;
        let mut timer = None;
        let promise = Promise::new(&mut |resolve, _| {
            match after(at_most_ms, &resolve) {
                Ok(id) => timer = Some(Timer(id)),
                Err(_) => drop(resolve.call0(&JsValue::UNDEFINED)),
            }
            resolver = Some(resolve);
        });
        let pause = async move {
            let _timer = timer;
            // It is never rejected.
            let _ = JsFuture::from(promise).await;
        };
        (Resolver(resolver), pause)
    }

    fn random(&self, bytes: &mut [u8]) -> Result<(), HostError> {
        getrandom::fill(bytes).map_err(|error| HostError::new(error.to_string()))
    }

    /// By the runtime's native code, an order of magnitude faster than any hash in Wasm. The bytes are given as a view of our own
    /// memory: the digest is taken before the call returns, so nothing is copied (`worker::crypto::DigestStream` copies).
    async fn sha256(&self, bytes: &[u8]) -> Result<[u8; 32], HostError> {
        let subtle = scope().crypto().map_err(failed)?.subtle();
        let promise = subtle.digest_with_str_and_u8_array("SHA-256", bytes).map_err(failed)?;
        let digest = Uint8Array::new(&JsFuture::from(promise).await.map_err(failed)?);
        let found = digest.to_vec();
        <[u8; 32]>::try_from(found)
            .map_err(|found| HostError::new(format!("SHA-256 digest: expected 32 bytes, found {}", found.len())))
    }

    fn wait_until(&self, work: Pin<Box<dyn Future<Output = ()>>>) {
        let promise = future_to_promise(async move {
            work.await;
            Ok(JsValue::UNDEFINED)
        });
        // It throws where the event is over, and `Context::wait_until` unwraps that; this is the call that it wraps. The work is
        // done all the same, for as long as the runtime lets it.
        let _ = self.context.as_ref().wait_until(&promise);
    }

    fn log(&self, text: fmt::Arguments<'_>) {
        log(text);
    }

    fn pipe(&self) -> Result<(Pipe, Body), HostError> {
        Pipe::new().map_err(failed)
    }

    fn prepare(&self, headers: &Headers, body: &Buffer) -> Result<Prepared, HostError> {
        let (lasting, own) = header_lines::lasting_and_own(headers);
        shortcuts::prepare(&lasting, &own, &body.0).map_err(failed)
    }

    fn refresh(&self, prepared: &Prepared, headers: &Headers) -> Result<(), HostError> {
        shortcuts::refresh(prepared, &header_lines::lines(headers)).map_err(failed)
    }

    fn pass_through_on_exception(&self) {
        self.context.pass_through_on_exception();
    }

    fn panics(&self) -> u32 {
        shortcuts::panics()
    }

    fn memory(&self) -> Option<InstanceMemory> {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole bytes; more than Wasm can address count as all that it can"
        )]
        let others = shortcuts::other_bytes() as usize;
        Some(InstanceMemory {
            own: own_bytes(),
            fresh: FRESH.with(|fresh| *fresh.get_or_init(own_bytes)),
            others,
        })
    }

    async fn renew(&self, newest_ms: u64) -> Result<Renewal, HostError> {
        let context: &JsValue = self.context.as_ref().as_ref();
        let promise = shortcuts::renew(&self.env, context, &self.site, newest_ms as f64).map_err(failed)?;
        let outcome = JsFuture::from(promise).await.map_err(failed)?;
        Ok(match outcome.as_f64() {
            Some(0.0) => Renewal::Done,
            Some(2.0) => Renewal::Refused,
            _ => Renewal::Failed,
        })
    }

    fn renewals(&self) -> u32 {
        shortcuts::renewals()
    }
}
