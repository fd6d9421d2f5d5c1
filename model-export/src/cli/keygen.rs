//! `selvedge keygen`.

use std::path::PathBuf;

use crate::context::Invocation;
use crate::pack::{KeyPair, generate};
use crate::report::Report;
use selvedge_lake::explain::Error;

/// Arguments of `selvedge keygen`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Where the private key goes; the public one goes beside it, with .pub after the name
    #[arg(default_value = ".selvedge/signing.key")]
    pub path: PathBuf,
}

impl Report for KeyPair {
    const STAGE: &'static str = "keygen";

    fn render(&self) -> String {
        format!(
            "private key  {} (keep it secret, back it up)\npublic key   {} ({})\n",
            self.signing_key.display(),
            self.public_key,
            self.public_key_file.display()
        )
    }
}

/// Makes a key pair.
///
/// # Errors
/// There is a key already, or it cannot be written.
pub fn run(args: Args, context: &Invocation) -> Result<(), Error> {
    let pair = generate(&args.path)?;
    context.print(&pair)
}
