//! The table of stages, in the order in which `selvedge run` does them.
//!
//! This is the only list of stages there is: `selvedge run`, what it may leave out, the help text, progress, headings and
//! the gates that packing asks for are all made from it. A new stage is a file here, and a line in the table.

mod evaluate;
mod gate;
mod ingest;
mod pack;
mod segment;
mod train;

pub use evaluate::{EvaluateError, read_given};
pub use segment::segment;
pub use train::train;

use crate::stage::Stage;

/// Every stage, in order.
pub const ALL: &[&dyn Stage] = &[
    &ingest::Ingest,
    &train::Train,
    &segment::Segment,
    &evaluate::Evaluate,
    &gate::EvaluationGate,
    &pack::Pack,
];

/// The files of a model's unit that are packed: a verdict has to name them.
pub const PACKED_FILES: &[&str] = &[
    "model.json",
    "item_factors.parquet",
    "user_factors.parquet",
    "contexts.parquet",
    "segments.parquet",
    "user_segments.parquet",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::config::Config;
    use crate::stage::{Input, verdict_file};

    #[test]
    fn stages_read_what_stages_before_them_write_and_sections_that_there_are() {
        for (at, stage) in ALL.iter().enumerate() {
            assert!(ALL[..at].iter().all(|other| other.name() != stage.name()));
            for input in stage.inputs() {
                if let Input::Stage(name) = input {
                    assert!(
                        ALL[..at].iter().any(|other| other.name() == *name),
                        "{} reads {name}",
                        stage.name()
                    );
                }
            }
            for section in stage.sections() {
                assert!(Config::default().section(section).is_ok(), "{section}");
            }
            let others = ALL[..at].iter().flat_map(|other| other.outputs());
            for output in others {
                assert!(!stage.outputs().contains(output), "{output} is written twice");
            }
        }
    }

    #[test]
    fn a_gate_writes_the_verdict_of_its_name_and_judges_a_stage_before_it() {
        for (at, stage) in ALL.iter().enumerate() {
            if let Some(gate) = stage.gate() {
                assert!(stage.outputs().contains(&verdict_file(gate.name).as_str()));
                assert!(ALL[..at].iter().any(|other| other.name() == gate.judges));
            }
        }
    }

    #[test]
    fn packed_files_are_what_the_stages_before_evaluation_write() {
        let written: Vec<&str> = ALL
            .iter()
            .filter(|stage| ["train", "segment"].contains(&stage.name()))
            .flat_map(|stage| stage.outputs().to_vec())
            .collect();
        assert_eq!(written, PACKED_FILES);
    }
}
