// Keeps the Wasm instances: the current one, which gets every new call, and those before it until their calls have ended.
//
// An instance is replaced for two reasons. A Rust panic ends as a WebAssembly trap, which leaves the memory in an inconsistent state: the
// promises of the instance are then never settled, so without this file its requests would hang until the runtime cancels them. And Wasm
// memory never shrinks: where a new model has no room in it, a new instance loads that model and then takes over.
//
// Nothing here refers to a replaced instance but the calls that it still serves, so its memory is collected after the last of them.

/**
 * @param {{ make: (own: object) => object, log?: (message: string) => void }} options `make` makes a Wasm instance. It gives that the
 *   functions `own`, which concern this instance alone, and returns its exports.
 */
export function createInstances({ make, log = console.error }) {
  let current;
  /** The instance that loads a model before it takes over. */
  let next;
  /**
   * Marks the instance that broke last: the runtime reports the error of some traps only later, and to nobody in particular. Only the function, so
   * that the instance's memory can be collected.
   */
  let explainLast;
  let panics = 0;
  let renewals = 0;
  /** @type {WeakRef<WebAssembly.Memory>[]} the memories of all instances that were not collected yet */
  let memories = [];

  function begin() {
    const instance = watched({ broke, log });
    // Of everything below, the instance's Wasm sees these functions only.
    const own = {
      broke: instance.markBroken,
      guard: instance.guard,
      panics: () => panics,
      renewals: () => renewals,
      otherBytes: () => bytesBeside(instance.memory),
      renew,
    };
    instance.core = make(own);
    instance.memory = instance.core.ownMemory();
    memories.push(new WeakRef(instance.memory));
    return instance;
  }

  function broke(instance) {
    panics += 1;
    explainLast = instance.markBroken;
    // A function that marks it is all that its late error needs.
    instance.core = instance.memory = undefined;
  }

  function bytesBeside(own) {
    memories = memories.filter((memory) => memory.deref() !== undefined);
    return memories.reduce((sum, weak) => {
      const memory = weak.deref();
      return memory === undefined || memory === own ? sum : sum + memory.buffer.byteLength;
    }, 0);
  }

  /**
   * Makes a new instance and waits until it has loaded the model; then it takes over. Returns what `load` returned: 0 if it has the model.
   * An earlier one that still loads is given up.
   */
  async function renew(env, context, site, newestMs) {
    const begun = (next = begin());
    const outcome = await begun.call((core) => core.load(env, context, site, newestMs));
    if (next !== begun) return FAILED;
    next = undefined;
    if (outcome === BROKEN) return FAILED;
    if (outcome === LOADED) {
      current = begun;
      renewals += 1;
      log("a new Wasm instance has loaded the model and answers from now on; the one before it ends with its last request");
    }
    return outcome;
  }

  /** Calls into the current instance, like `call` of `watched`. */
  function call(enter) {
    if (current === undefined || current.isBroken()) {
      current?.explain();
      current = begin();
    }
    return current.call(enter);
  }

  /** Takes a trap that the runtime reports without saying which instance it was. */
  function trapped(error) {
    // Every trap runs the abort handler first, so it is the instance that broke last, also if several events report the same trap.
    const explain = explainLast ?? current?.markBroken;
    explain?.(error);
  }

  return { call, trapped, panics: () => panics };
}

/** Watches one instance: notices when it breaks, and ends the calls that wait for it. */
function watched({ broke, log }) {
  let broken = false;
  let logged = false;
  /** @type {Set<(outcome: typeof BROKEN) => void>} */
  const waiting = new Set();
  const instance = { core: undefined, memory: undefined, call, guard, markBroken, explain, isBroken: () => broken };

  /** Marks the instance as broken and ends every call in progress with BROKEN. Logs the first known reason. */
  function markBroken(reason) {
    if (reason !== undefined && !logged) {
      logged = true;
      log(`wasm instance broken, to be replaced before the next request: ${reason}`);
    }
    if (broken) return;
    broken = true;
    broke(instance);
    for (const release of waiting) release(BROKEN);
    waiting.clear();
  }

  /** Logs that the instance broke, if no reason was logged yet. */
  function explain() {
    markBroken("by an error that was not reported");
  }

  /**
   * Calls into the instance. Returns the call's result or a promise of it, or BROKEN if the instance breaks meanwhile. Throws
   * every other error of the call.
   */
  function call(enter) {
    let entered;
    try {
      entered = enter(instance.core);
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

  return instance;
}

/** The result of a call during which the instance broke. */
export const BROKEN = Symbol("wasm instance broken");

// What `load` (worker/src/lib.rs) returns. 2, refused for good, is only passed on to the instance that asked.
const LOADED = 0;
const FAILED = 1;
