//! Tells the entry shim that the instance broke; it then begins a new one.

use std::panic;

use wasm_bindgen::handler;

use crate::shortcuts::broke;

/// Takes the place of the handlers that workers-rs sets when an instance starts.
///
/// Called by the first event of each instance, before anything else that could panic. A start function would do the same, but
/// which of two start functions runs last is the linker's choice; workers-rs's handlers would begin a new instance without
/// answering the requests of the broken one.
pub fn watch() {
    // Instead of the standard library's hook: it writes to a standard error that Wasm does not have.
    panic::set_hook(Box::new(|info| broke(Some(&info.to_string()))));
    // Called after every trap, and for an exception of JS that nothing of ours catches. A panic has told its reason by then; of
    // the others, whoever the error gets to tells it.
    handler::set_on_abort(|| broke(None));
}
