// The Worker's entry. It hands each event to the Wasm instance and answers itself where that breaks; see instance.js.

import * as core from "./index.js";
import { BROKEN, createInstance } from "./instance.js";
import { fallback } from "./fallback.js";

const instance = createInstance({ reset: () => core.__wbg_reset_state() });

// The readiness probe shows how often this happened.
Object.defineProperty(globalThis, "__selvedge_panics", { get: instance.panics });

// Pages outlive the call that began them.
globalThis.__selvedge_guard = instance.guard;

// A trap shows in one of three ways. A panic first runs the `worker` crate's hook, which sets this flag; a trap in a
// promise's continuation (nearly all of our code) ends as an uncaught error; a trap in a call from here is caught there.
Object.defineProperty(globalThis.__worker_init_state, "criticalError", {
  get: () => false,
  set: (critical) => {
    if (critical) instance.markBroken("Rust panic");
  },
});
addEventListener("error", (event) => {
  if (event.error instanceof WebAssembly.RuntimeError) instance.markBroken(event.error);
});
addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof WebAssembly.RuntimeError) instance.markBroken(event.reason);
});

// Debug builds of wasm-bindgen name their tasks by a function that workerd lacks.
console.createTask ??= () => ({ run: (task) => task() });

export default {
  fetch(request, env, context) {
    const answered = (response) => (response === BROKEN ? fallback(request) : response);
    const response = instance.call(() => core.fetch(request, env, context));
    return response instanceof Promise ? response.then(answered) : answered(response);
  },

  async queue(batch, env, context) {
    const outcome = await instance.call(() => core.queue(batch, env, context));
    // Nothing was acknowledged: the queue delivers the batch again, to the next instance.
    if (outcome === BROKEN) batch.retryAll();
  },
};
