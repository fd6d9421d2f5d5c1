//! What a stage is, and what is known of every stage: the runner, the help text and the freshness of `selvedge run` take
//! everything from here.

mod digest;
mod freshness;
mod gate;
mod interface;

pub use digest::{DigestError, digest_files, origin};
pub use freshness::{Freshness, inputs};
pub use gate::{Asked, Cleared, Gate, GateError, Gates, Reason, Verdict, VerdictInputs, verdict_file};
pub use interface::{Input, Stage, Work};
