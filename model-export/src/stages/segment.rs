//! The stage `segment`: users grouped by the direction of their factors.

use selvedge_lake::explain::Error;
use selvedge_models::segments::cluster;
use serde::Serialize;

use crate::config::Config;
use crate::model::{ModelDir, ModelError, Segments, UserSegments};
use crate::report::{Report, Table, count};
use crate::stage::{Input, Stage, Work};

/// The stage.
pub struct Segment;

impl Stage for Segment {
    fn name(&self) -> &'static str {
        "segment"
    }

    fn about(&self) -> &'static str {
        "Group users into segments"
    }

    fn inputs(&self) -> &'static [Input] {
        &[Input::Stage("train")]
    }

    fn outputs(&self) -> &'static [&'static str] {
        &["segments.parquet", "user_segments.parquet"]
    }

    fn sections(&self) -> &'static [&'static str] {
        &["segment"]
    }

    fn run(&self, work: &Work<'_>) -> Result<(), Error> {
        let summary = work.busy(|| segment(work.config, work.model))?;
        work.context.print(&summary)
    }
}

/// What the stage has to say.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// Users with factors.
    pub users: usize,
    /// Segments asked for.
    pub asked: u32,
    /// Smallest allowed number of members.
    pub min_members: u32,
    /// Members of each segment, the largest first.
    pub members: Vec<u32>,
}

/// Groups the users of the trained model and writes segments and their members.
///
/// # Errors
/// [`ModelError`] when training has not run or files cannot be written.
pub fn segment(config: &Config, model: &ModelDir) -> Result<Summary, ModelError> {
    let seed = model.read_description()?.seed;
    let users = model.read_users()?;
    let search = config.segment.search(seed);
    let clusters = cluster(&users.factors, &search);
    let assigned: Vec<(String, u32)> = users
        .ids
        .into_iter()
        .zip(&clusters.assignment)
        .filter_map(|(id, segment)| Some((id, (*segment)?)))
        .collect();
    let summary = Summary {
        users: clusters.assignment.len(),
        asked: config.segment.count,
        min_members: config.segment.min_members,
        members: clusters.members.clone(),
    };
    model.write_segments(&Segments {
        members: clusters.members,
        centroids: clusters.centroids,
    })?;
    let (ids, segments) = assigned.into_iter().unzip();
    model.write_user_segments(&UserSegments { ids, segments })?;
    Ok(summary)
}

impl Report for Summary {
    const STAGE: &'static str = "segment";

    fn render(&self) -> String {
        let mut table = Table::new(&["segment", "members"]);
        for (segment, &members) in self.members.iter().enumerate() {
            table.row([segment.to_string(), count(u64::from(members))]);
        }
        format!(
            "{} users in {} segments of at least {} members ({} asked for)\n\n{}",
            count(self.users as u64),
            self.members.len(),
            self.min_members,
            self.asked,
            table.render()
        )
    }
}
