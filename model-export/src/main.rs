//! The `selvedge` command; everything it does is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    selvedge_export::cli::main()
}
