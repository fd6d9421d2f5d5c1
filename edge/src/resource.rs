//! One file for each resource of the API.

pub mod events;
pub mod health;
pub mod key;
pub mod page;
pub mod profile;
pub mod rank;
pub mod recommend;
pub mod shared;
pub mod similar;
