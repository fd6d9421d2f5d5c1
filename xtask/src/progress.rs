//! Progress messages.

use std::sync::OnceLock;
use std::time::Instant;

/// Prints on stderr the step that begins now, with the seconds since the task began.
pub fn step(what: &str) {
    static BEGIN: OnceLock<Instant> = OnceLock::new();
    let elapsed = BEGIN.get_or_init(Instant::now).elapsed().as_secs_f32();
    eprintln!("[{elapsed:6.1} s] {what}");
}
