// The Worker's entry. It passes each event to the current Wasm instance, and answers the event itself if that breaks (instances.js).

import wasmModule from "./index_bg.wasm";

// The glue of wasm-bindgen, made a function by `cargo xtask build worker`: each call makes an instance with glue of its own, so that
// requests of the instance before go on in that one.
import { instantiate } from "./core.js";
import { fallback } from "./fallback.js";
import * as http from "./http.js";
import { BROKEN, createInstances } from "./instances.js";

const instances = createInstances({
  make: (own) => instantiate({ "./index_bg.wasm": wasmModule, "./http.js": http, "./own.js": own }),
});

// A trap is noticed in several ways. A panic first runs our panic hook, which calls `broke` with message and location. Then every trap
// runs our abort handler, which calls it without a reason. If the continuation of a promise trapped (nearly all of our code runs in
// one), the error also arrives as an uncaught one below; if a direct call trapped, `call` catches it.
addEventListener("error", (event) => {
  if (event.error instanceof WebAssembly.RuntimeError) instances.trapped(event.error);
});
addEventListener("unhandledrejection", (event) => {
  if (event.reason instanceof WebAssembly.RuntimeError) instances.trapped(event.reason);
});

// Debug builds of wasm-bindgen call this function, which workerd lacks.
console.createTask ??= () => ({ run: (task) => task() });

export default {
  fetch(request, env, context) {
    const answered = (response) => (response === BROKEN ? fallback(request, env) : response);
    const response = instances.call((core) => core.fetch(request, env, context));
    if (!(response instanceof Promise)) return answered(response);
    const answer = response.then(answered);
    // If the client hangs up, the runtime would stop the request, and what it holds in Wasm memory would never be given back. As work
    // behind the answer it goes on until its own time limits end it.
    context.waitUntil(answer.catch(() => {}));
    return answer;
  },

  async queue(batch, env, context) {
    const outcome = await instances.call((core) => core.queue(batch, env, context));
    // Nothing was acknowledged, so the queue delivers the batch again, to the next instance.
    if (outcome === BROKEN) batch.retryAll();
  },
};
