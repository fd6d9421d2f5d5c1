//! `Server-Timing`: the duration of each stage of one request.
//!
//! It is off unless diagnostics are on, because reading the clock and sending one more header would slow down an answer out of memory.
//! In production, workerd's clock stands still between two inputs or outputs, as a defence against timing attacks, so pure computation
//! shows as 0 there. Locally the clock runs.

use std::fmt::Write;

use crate::host::Host;

/// The stages of one request, measured with the host's monotonic clock; [`None`] while diagnostics are off.
pub struct Timing(Option<Marks>);

struct Marks {
    started: f64,
    last: f64,
    header: String,
}

impl Timing {
    /// Starts the clock if `on`.
    pub fn start(on: bool, host: &impl Host) -> Self {
        Self(on.then(|| {
            let now = host.monotonic_ms();
            Marks {
                started: now,
                last: now,
                header: String::new(),
            }
        }))
    }

    /// Ends the stage that began at the last mark.
    pub fn mark(&mut self, stage: &str, host: &impl Host) {
        if let Some(marks) = &mut self.0 {
            let now = host.monotonic_ms();
            marks.push(stage, now - marks.last);
            marks.last = now;
        }
    }

    /// The header's value, with the total at its end; [`None`] if it is off.
    pub fn header(self, host: &impl Host) -> Option<String> {
        let mut marks = self.0?;
        let total = host.monotonic_ms() - marks.started;
        marks.push("total", total);
        Some(marks.header)
    }
}

impl Marks {
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
        // Formatted as whole microseconds with integers, because the code to format floats takes several KB of Wasm.
        let _ = write!(self.header, "{stage};dur={}.{:03}", us / 1000, us % 1000);
    }
}
