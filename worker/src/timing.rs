//! `Server-Timing`: where the milliseconds of one request went.
//!
//! In production the runtime's clock stands still between two inputs or outputs, as a defence against timing attacks:
//! pure computation reads as 0 there. Locally the clock runs.

use std::fmt::Write;

use crate::runtime;

/// Marks of one request, in milliseconds of the runtime's monotonic clock.
pub struct Timing {
    started: f64,
    last: f64,
    header: String,
}

impl Timing {
    /// Starts the clock.
    pub fn start() -> Self {
        let now = runtime::monotonic_ms();
        Self {
            started: now,
            last: now,
            header: String::new(),
        }
    }

    /// Ends the stage that began at the last mark.
    pub fn mark(&mut self, stage: &str) {
        let now = runtime::monotonic_ms();
        self.push(stage, now - self.last);
        self.last = now;
    }

    /// The header's value, with the total.
    pub fn header(mut self) -> String {
        let total = runtime::monotonic_ms() - self.started;
        self.push("total", total);
        self.header
    }

    fn push(&mut self, stage: &str, ms: f64) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float-to-int cast saturates, and a duration is small and not negative"
        )]
        let us = (ms * 1000.0) as u64;
        if !self.header.is_empty() {
            self.header.push_str(", ");
        }
        // Whole microseconds by integer arithmetic: float formatting alone would weigh several KB of Wasm.
        let _ = write!(self.header, "{stage};dur={}.{:03}", us / 1000, us % 1000);
    }
}
