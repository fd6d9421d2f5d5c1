//! Tells the entry shim that the instance broke; it then begins a new one.

use std::panic;

use wasm_bindgen::handler;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    // The entry shim's: lets go of every request under way, and logs the reason.
    #[wasm_bindgen(js_name = __selvedge_broke)]
    fn broke(reason: Option<&str>);
}

/// Runs in every instance, those after a reset included, before anything else of it.
#[wasm_bindgen(start, private)]
fn watch() {
    // Instead of the standard library's hook: it writes to a standard error that Wasm does not have.
    panic::set_hook(Box::new(|info| broke(Some(&info.to_string()))));
    // Called after every trap, and for an exception of JS that nothing of ours catches. A panic has told its reason by then; of
    // the others, whoever the error gets to tells it.
    handler::set_on_abort(|| broke(None));
}
