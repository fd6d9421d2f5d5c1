// The Worker's entry. It passes each event to the Wasm instance, and answers the event itself if the instance breaks (instance.js).

import * as core from "./index.js";
import { BROKEN, createInstance } from "./instance.js";
import { fallback } from "./fallback.js";

const instance = createInstance({ reset: () => core.__wbg_reset_state() });

// The readiness probe reports the number of panics.
Object.defineProperty(globalThis, "__selvedge_panics", { get: instance.panics });

// A page streams on after the call that began it has returned, so its stream needs a guard of its own.
globalThis.__selvedge_guard = instance.guard;

// A trap is noticed in several ways. A panic first runs our panic hook, which calls this with message and location. Then every trap
// runs our abort handler, which calls this without a reason. If the continuation of a promise trapped (nearly all of our code runs in
// one), the error also arrives as an uncaught one below; if a direct call trapped, `instance.call` catches it.
globalThis.__selvedge_broke = instance.markBroken;
addEventListener("error", (event) => {
  if (event.error instanceof WebAssembly.RuntimeError) instance.markBroken(event.error);
});
addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof WebAssembly.RuntimeError) instance.markBroken(event.reason);
});

// Debug builds of wasm-bindgen call this function, which workerd lacks.
console.createTask ??= () => ({ run: (task) => task() });

export default {
  fetch(request, env, context) {
    const answered = (response) => (response === BROKEN ? fallback(request, env) : response);
    const response = instance.call(() => core.fetch(request, env, context));
    return response instanceof Promise ? response.then(answered) : answered(response);
  },

  async queue(batch, env, context) {
    const outcome = await instance.call(() => core.queue(batch, env, context));
    // Nothing was acknowledged, so the queue delivers the batch again, to the next instance.
    if (outcome === BROKEN) batch.retryAll();
  },
};
