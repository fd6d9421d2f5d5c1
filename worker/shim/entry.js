// The Worker's entry. It hands each event to the Wasm instance and answers itself where that breaks; see instance.js.

import * as core from "./index.js";
import { BROKEN, createInstance } from "./instance.js";
import { fallback } from "./fallback.js";

const instance = createInstance({ reset: () => core.__wbg_reset_state() });

// The readiness probe shows how often this happened.
Object.defineProperty(globalThis, "__selvedge_panics", { get: instance.panics });

// Pages outlive the call that began them.
globalThis.__selvedge_guard = instance.guard;

// A trap shows in several ways. A panic first runs our hook, which calls this with its message and place; then any trap runs our
// abort handler, which calls this without a reason. Its error, if a promise's continuation trapped (nearly all of our code), ends
// as an uncaught one; if a call from here did, it is caught there.
globalThis.__selvedge_broke = instance.markBroken;
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
