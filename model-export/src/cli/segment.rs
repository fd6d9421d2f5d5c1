//! `selvedge segment`.

use super::Context;
use crate::report::Report;
use crate::report::{Table, count};
use crate::segment::{self, Summary};
use selvedge_lake::explain::Error;

/// `selvedge segment` takes everything from the configuration.
#[derive(Debug, clap::Args)]
pub struct Args {}

/// Groups users and says how.
///
/// # Errors
/// Configuration, or a model that is not there.
pub fn run(_: Args, context: &Context) -> Result<(), Error> {
    context.print(&segment::run(&context.config()?)?)
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
