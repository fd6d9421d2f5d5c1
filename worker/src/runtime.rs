//! Functions that every Worker has: timer, log, global scope; and errors of the runtime in the application's terms.

use std::fmt;

use js_sys::Function;
use selvedge_edge::host::HostError;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::WorkerGlobalScope;
use worker::console_error;

/// What the runtime or workers-rs failed with, in the application's terms: the only place where that is turned.
pub fn failed(error: impl Into<worker::Error>) -> HostError {
    HostError::new(error.into().to_string())
}

/// The functions that every Worker has.
pub fn scope() -> WorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Writes a line into the log: one function, so that its callers stay small.
#[inline(never)]
pub fn log(text: fmt::Arguments<'_>) {
    console_error!("{text}");
}

/// Calls `callback` after `delay_ms`; returns what `clearTimeout` takes.
///
/// # Errors
/// What the runtime throws; it does outside of an event.
pub fn after(delay_ms: u32, callback: &Function) -> Result<i32, JsValue> {
    let delay_ms = i32::try_from(delay_ms).unwrap_or(i32::MAX);
    scope().set_timeout_with_callback_and_timeout_and_arguments_0(callback, delay_ms)
}
