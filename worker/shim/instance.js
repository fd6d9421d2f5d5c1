// The Wasm instance: notices when it breaks, tells whoever waits on it, and has it made anew before the next use.
//
// A Rust panic ends as a WebAssembly trap, which leaves the instance's memory as it was in the middle of whatever it did.
// A promise that the instance owed is then never settled: without this file, the request would hang until the runtime
// gives up on it, and so would every other request that the same isolate serves at that moment.

/**
 * @param {{ reset: () => void, log?: (message: string) => void }} options `reset` makes a fresh instance.
 */
export function createInstance({ reset, log = console.error }) {
  let broken = false;
  let told = false;
  let panics = 0;
  /** @type {Set<(outcome: typeof BROKEN) => void>} */
  const waiting = new Set();

  /** Marks the instance as broken and lets go of every call that is under way. The first reason that is known is logged. */
  function markBroken(reason) {
    if (reason !== undefined && !told) {
      told = true;
      log(`wasm instance broken, to be reset before the next request: ${reason}`);
    }
    if (broken) return;
    broken = true;
    panics += 1;
    for (const release of waiting) release(BROKEN);
    waiting.clear();
  }

  /**
   * Calls into the instance. Comes to what the call comes to, at once or by a promise, or to BROKEN if the instance breaks
   * meanwhile. Everything else that is thrown is passed on.
   */
  function call(enter) {
    if (broken) {
      // For the log, where nobody told a reason.
      markBroken("by an error that got to nobody");
      reset();
      broken = told = false;
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
    // One promise for each call, made in that call's own request context: a promise shared between requests would run the
    // one's continuation in the other's context.
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

  /** Aborts a stream that the instance writes if it breaks before. Returns what ends the guard. */
  function guard(writer) {
    let release;
    const breakage = new Promise((resolve) => {
      release = resolve;
      waiting.add(resolve);
    });
    // It fails where the reader has gone, and then nobody is left to tell.
    breakage.then(() => writer.abort(new Error("the Wasm instance broke"))).catch(() => {});
    return () => waiting.delete(release);
  }

  return { call, guard, markBroken, panics: () => panics };
}

/** What a call comes to when the instance broke under it. */
export const BROKEN = Symbol("wasm instance broken");
