//! The stage `segment`: users grouped by the direction of their factors.

use selvedge_models::segments::{Search, cluster};
use serde::Serialize;

use crate::config::Config;
use crate::model::{ModelDir, ModelError, Segments, UserSegments};

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
pub fn run(config: &Config) -> Result<Summary, ModelError> {
    let model = ModelDir::new(&config.model.dir);
    let seed = model.read_description()?.seed;
    let users = model.read_users()?;
    let search = Search {
        count: usize::try_from(config.segment.count).unwrap_or(usize::MAX),
        min_members: config.segment.min_members,
        seed,
    };
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
