import load, { type InitInput } from "../wasm/selvedge.js";
import { SelvedgeError } from "./errors.js";

/** The Wasm as an address, a response, bytes, or a compiled module. */
export type WasmSource = InitInput;

let loading: Promise<void> | null = null;
let loaded = false;

/**
 * Loads the engine's Wasm once for the page; later calls wait for the first. After a failure, the next call tries again.
 *
 * @throws {SelvedgeError} if the Wasm cannot be fetched or compiled.
 */
export function init(source: WasmSource | Promise<WasmSource>): Promise<void> {
  loading ??= load({ module_or_path: source }).then(
    () => {
      loaded = true;
    },
    (cause: unknown) => {
      loading = null;
      throw new SelvedgeError(`init: the Wasm could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    },
  );
  return loading;
}

/** Throws a `SelvedgeError` if the Wasm is not loaded yet, instead of failing inside the generated code. */
export function requireLoaded(what: string): void {
  if (!loaded) throw new SelvedgeError(`${what}: the Wasm is not loaded; call \`await init(wasm)\` first`);
}
