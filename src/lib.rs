//! Personalization at the network's edge, as pure functions over bytes and values.
//!
//! The core of Selvedge opens a signed model snapshot without copying it, encodes a visitor from a short history,
//! assigns the visitor to a segment, computes the cache key under which an answer may be shared, and ranks items
//! exactly over quantized factors. It uses no clock, file, socket or random source: the caller passes time, seeds and
//! bytes in and gets decisions back, so every decision can be replayed anywhere, bit for bit.

#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap
    )
)]

extern crate alloc;

#[cfg(target_endian = "big")]
compile_error!("snapshots are little-endian and opened without copying: big-endian targets are not supported");

pub mod cache;
pub mod encode;
pub mod engine;
pub mod event;
pub mod experiment;
pub mod html;
pub mod item;
#[cfg(feature = "js")]
mod js;
mod kernel;
pub mod overlay;
pub mod place;
pub mod policy;
pub mod profile;
pub mod quantize;
pub mod rank;
pub mod retrieve;
pub mod segment;
pub mod snapshot;
pub mod time;
