//! The data half of Selvedge's native tools: reads people's files into the lake, and reads the lake back.
//!
//! No model is known here. [`ingest`] reads CSV, JSON lines and Parquet files as the [`source`] sections of the
//! configuration describe them, and writes accepted rows into the lake and refused rows into its quarantine. [`storage`] is
//! the lake itself and the files that appear whole or not at all. [`row_filter`] is the language of `where`. [`explain`] is how every error of the native tools
//! reaches the person at the terminal.

pub mod explain;
pub mod ingest;
pub mod row_filter;
pub mod source;
pub mod storage;
