/** Faults: what they are called, and how what the Wasm throws becomes one. */

/**
 * What went wrong, for code that decides what to do about it.
 *
 * | code | meaning |
 * | --- | --- |
 * | `not-loaded` | `await init()` has not ended yet |
 * | `load-failed` | the Wasm could not be fetched or compiled |
 * | `freed` | the engine or profile was freed before |
 * | `missing` | an argument or a field is not there |
 * | `wrong-type` | it has another type |
 * | `out-of-range` | a number, a time or a length that is not allowed |
 * | `bad-value` | a text or number that is not allowed |
 * | `unknown-field` | an object has a field that nobody reads |
 * | `not-found` | the model has no such slot, category or item |
 * | `bad-snapshot`, `bad-profile`, `bad-manifest` | bytes that are damaged, unsigned or something else |
 * | `fetch-failed` | a file could not be fetched, or not whole |
 * | `aborted` | the caller's signal ended the work; `cause` is the signal's reason |
 * | `internal` | a fault of this package: please report it |
 */
export type SelvedgeErrorCode =
  | "not-loaded"
  | "load-failed"
  | "freed"
  | "missing"
  | "wrong-type"
  | "out-of-range"
  | "bad-value"
  | "unknown-field"
  | "not-found"
  | "bad-snapshot"
  | "bad-profile"
  | "bad-manifest"
  | "fetch-failed"
  | "aborted"
  | "internal";

/** An error of the package; the message says what was read, what was expected and what was found. */
export class SelvedgeError extends Error {
  override readonly name = "SelvedgeError";
  readonly code: SelvedgeErrorCode;
  /** The argument or field at fault, such as `n` or `events[2].item`; null if it is none. */
  readonly field: string | null;

  constructor(message: string, code: SelvedgeErrorCode, field: string | null = null, options: { readonly cause?: unknown } = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.field = field;
  }
}

/** How the core's messages begin, and which fault that is. */
const CORE: readonly (readonly [begin: string, code: SelvedgeErrorCode, field: string | null])[] = [
  ["slot:", "not-found", "slot"],
  ["category:", "not-found", "category"],
  ["item:", "not-found", "item"],
  ["n:", "out-of-range", "n"],
  ["exclude:", "out-of-range", "exclude"],
  ["candidates:", "out-of-range", "candidates"],
  ["event type:", "bad-value", "type"],
  ["item id:", "bad-value", "item"],
  ["timestamp:", "out-of-range", "timestampMs"],
  ["value:", "bad-value", "value"],
  ["visitor id:", "out-of-range", "visitorId"],
  ["public key:", "bad-value", "publicKeys"],
  ["profile ", "bad-profile", "bytes"],
  ["snapshot ", "bad-snapshot", "snapshot"],
];

/** Runs `call`; whatever it throws leaves as a `SelvedgeError` that names the function, with the original as its cause. */
export function guarded<T>(what: string, call: () => T): T {
  try {
    return call();
  } catch (cause) {
    throw faultOf(what, cause);
  }
}

/** The `SelvedgeError` for something that was thrown in `what`. */
export function faultOf(what: string, cause: unknown): SelvedgeError {
  if (cause instanceof SelvedgeError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const [, code, field] = CORE.find(([begin]) => text.startsWith(begin)) ?? ["", "internal" as const, null];
  return new SelvedgeError(`${what}: ${text}`, code, field, { cause });
}

/** The error of a wrong argument or field. */
export function wrong(what: string, field: string, code: SelvedgeErrorCode, expected: string, found: unknown): SelvedgeError {
  return new SelvedgeError(`${what}: ${field}: expected ${expected}, found ${shown(found)}`, code, field);
}

/** A value for a message, cut to a readable length. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return JSON.stringify(value.length > 64 ? `${value.slice(0, 64)}…` : value);
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object") return Object.prototype.toString.call(value).slice(1, -1);
  return `a ${typeof value}`;
}
