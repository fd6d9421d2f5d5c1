/** What went wrong in the engine, in its own words: what was read, what was expected, what was found. */
export class SelvedgeError extends Error {
  override readonly name = "SelvedgeError";
}

/** Runs a call into the Wasm; whatever it throws becomes a `SelvedgeError`, with the original as its cause. */
export function guarded<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (cause instanceof SelvedgeError) throw cause;
    throw new SelvedgeError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
