//! The resources of the API, one file each. Each has a function that takes a [`crate::call::Call`] and returns the answer or a problem.

pub mod events;
pub mod health;
pub mod key;
pub mod page;
pub mod profile;
pub mod rank;
pub mod recommend;
pub mod shared;
pub mod similar;
