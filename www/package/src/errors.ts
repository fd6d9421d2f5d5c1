/** An error of the engine; the message says what was read, what was expected and what was found. */
export class SelvedgeError extends Error {
  override readonly name = "SelvedgeError";
}

/** Runs a call into the Wasm and turns what it throws into a `SelvedgeError` with the original as its cause. */
export function guarded<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    if (cause instanceof SelvedgeError) throw cause;
    throw new SelvedgeError(`${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
