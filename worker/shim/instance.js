// Watches the Wasm instance: notices when it breaks, ends the calls that wait for it, and has it replaced before the next use.
//
// A Rust panic ends as a WebAssembly trap, which leaves the instance's memory in an inconsistent state. The promises of the
// instance are then never settled. Without this file, the request, and every other request that the isolate serves at that
// moment, would hang until the runtime cancels it.

/**
 * @param {{ reset: () => void, log?: (message: string) => void }} options `reset` makes a fresh instance.
 */
export function createInstance({ reset, log = console.error }) {
  let broken = false;
  let logged = false;
  let panics = 0;
  /** @type {Set<(outcome: typeof BROKEN) => void>} */
  const waiting = new Set();

  /** Marks the instance as broken and ends every call in progress with BROKEN. Logs the first known reason. */
  function markBroken(reason) {
    if (reason !== undefined && !logged) {
      logged = true;
      log(`wasm instance broken, to be reset before the next request: ${reason}`);
    }
    if (broken) return;
    broken = true;
    panics += 1;
    for (const release of waiting) release(BROKEN);
    waiting.clear();
  }

  /**
   * Calls into the instance. Returns the call's result or a promise of it, or BROKEN if the instance breaks meanwhile. Throws
   * every other error of the call.
   */
  function call(enter) {
    if (broken) {
      // Has an effect only if no reason was logged yet.
      markBroken("by an error that was not reported");
      reset();
      broken = logged = false;
    }
    let entered;
    try {
      entered = enter();
    } catch (error) {
      return failed(error);
    }
    return entered instanceof Promise ? promised(entered) : entered;
  }

  function failed(error) {
    if (error instanceof WebAssembly.RuntimeError || broken) {
      markBroken(error);
      return BROKEN;
    }
    throw error;
  }

  async function promised(entered) {
    let release;
    // Each call has a promise made in its own request context. A promise shared between requests would run one request's
    // continuation in the other's context.
    const breakage = new Promise((resolve) => {
      release = resolve;
      waiting.add(resolve);
    });
    try {
      return await Promise.race([entered, breakage]);
    } catch (error) {
      return failed(error);
    } finally {
      waiting.delete(release);
    }
  }

  /** Aborts a stream if the instance, which writes it, breaks. Returns a function that ends the guard. */
  function guard(writer) {
    let release;
    const breakage = new Promise((resolve) => {
      release = resolve;
      waiting.add(resolve);
    });
    // `abort` fails if the reader is gone; then nobody needs to know.
    breakage.then(() => writer.abort(new Error("the Wasm instance broke"))).catch(() => {});
    return () => waiting.delete(release);
  }

  return { call, guard, markBroken, panics: () => panics };
}

/** The result of a call during which the instance broke. */
export const BROKEN = Symbol("wasm instance broken");
