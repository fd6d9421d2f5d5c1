//! Writes the golden file of the current version of the format: a small signed snapshot and the decisions made from it.
//!
//! `cargo run -p selvedge --features writer --example golden` writes `tests/vectors/golden-v1.MINOR.selvedge` and the JSON beside it.
//! A new version then gets its line in `tests/vectors/files.rs`. Files of older versions stay as they are.

#[path = "../tests/fixture/mod.rs"]
mod fixture;
#[path = "../tests/vectors/mod.rs"]
mod vectors;

fn main() -> std::io::Result<()> {
    let (name, bytes) = fixture::golden::written();
    let file = |extension| format!("{}/tests/vectors/{name}.{extension}", env!("CARGO_MANIFEST_DIR"));
    std::fs::write(file("selvedge"), bytes.as_ref())?;
    let decisions = vectors::write(bytes, &fixture::key(), fixture::NOW_MS);
    std::fs::write(file("json"), decisions)?;
    println!("wrote {}", file("selvedge"));
    Ok(())
}
