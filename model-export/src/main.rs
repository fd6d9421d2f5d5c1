//! The native half.
fn main() {}
