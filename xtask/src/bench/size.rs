//! Sizes after gzip of the Worker and of the browser's Wasm.

use super::report::Report;
use crate::artefact;
use crate::failure::Failure;
use crate::{browser, worker};

pub fn run() -> Result<(), Failure> {
    worker::build(false)?;
    browser::build(false)?;
    let mut report = Report::new("size", "Sizes");
    let mut rows = Vec::new();
    for (name, files, limit) in [
        ("Worker (Wasm and script)", worker::FILES, worker::SIZE_LIMIT),
        ("browser Wasm", browser::FILES, browser::SIZE_LIMIT),
    ] {
        let mut compressed = 0;
        for file in files {
            compressed += artefact::gzip_size(file)?;
        }
        rows.push(vec![name.to_owned(), compressed.to_string(), limit.to_string()]);
    }
    report.table(&["artefact", "bytes after gzip -9", "limit"], &rows);
    report.finish()
}
