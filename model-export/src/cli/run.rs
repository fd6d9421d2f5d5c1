//! `selvedge run`.

use serde::Serialize;

use super::{Context, evaluate, ingest, pack, segment, train};
use crate::freshness::{self, Freshness, Stage};
use crate::pack::read_key;
use crate::report::Report;
use selvedge_lake::explain::Error;

/// Arguments of `selvedge run`.
#[derive(Debug, clap::Args)]
// Not `Args`, which is the group of `pack`'s.
#[group(id = "run")]
pub struct Args {
    /// Do every stage, those that are up to date as well
    #[arg(long)]
    pub fresh: bool,
    /// What to do with the snapshot.
    #[command(flatten)]
    pub pack: pack::Args,
}

/// A stage that was left out.
#[derive(Serialize)]
struct UpToDate {
    up_to_date: Stage,
}

impl Report for UpToDate {
    const STAGE: &'static str = "run";

    fn render(&self) -> String {
        format!("{}: up to date\n", self.up_to_date.verb())
    }
}

/// Does every stage, in order. One that is up to date is left out, which is said.
///
/// # Errors
/// Those of the first stage that fails; what the stages before it made stays.
pub fn run(args: Args, context: &Context) -> Result<(), Error> {
    let config = context.config()?;
    // Without a key the last stage would fail, minutes from now.
    read_key(&config.pack.signing_key)?;
    heading(context, "ingest");
    ingest::run(ingest::Args {}, context)?;
    let mut freshness = Freshness::load(&config);
    for stage in [Stage::Train, Stage::Segment, Stage::Evaluate, Stage::Pack] {
        heading(context, stage.verb());
        let mut outputs = freshness::outputs(stage, &config);
        let mut more = String::new();
        if stage == Stage::Pack {
            more = format!("{:?}", args.pack);
            outputs.extend(args.pack.publish.as_ref().map(|dir| dir.join("models/current.json")));
            outputs.extend(args.pack.catalogue_json.clone());
        }
        let inputs = freshness::inputs(stage, &config, &more)?;
        if !args.fresh && freshness.is_done(stage, &inputs, &outputs) {
            context.print(&UpToDate { up_to_date: stage })?;
            continue;
        }
        match stage {
            Stage::Train => train::run(train::Args {}, context)?,
            Stage::Segment => segment::run(segment::Args {}, context)?,
            Stage::Evaluate => {
                let args = evaluate::Args {
                    given: None,
                    part: "test".to_owned(),
                };
                evaluate::run(args, context)?;
            }
            Stage::Pack => context.print(&pack::execute(&args.pack, &config, context.now_ms())?)?,
        }
        freshness.set_done(stage, inputs, &outputs)?;
    }
    Ok(())
}

/// Tables follow one another; people want to know which is which.
fn heading(context: &Context, stage: &str) {
    if !context.json() {
        context.note(&format!("\n── {stage} ──"));
    }
}
