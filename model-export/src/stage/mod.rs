//! What a stage is, and what is known of every stage. The runner, the help text and the decision which stages `selvedge run` may leave
//! out take everything from here.

mod digest;
mod done;
mod gate;
mod interface;

pub use digest::{DigestError, digest_files, origin};
pub use done::{DoneStages, inputs};
pub use gate::{Asked, Cleared, Gate, GateError, Gates, Reason, Verdict, VerdictInputs, verdict_file};
pub use interface::{Input, Stage, Work};
