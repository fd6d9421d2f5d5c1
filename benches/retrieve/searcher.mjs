// The core's search over a snapshot in WebAssembly, for Node.js, workerd and browsers alike: nothing here but numbers and
// memory. The module is `benches/scan-wasm` as cargo builds it.

/** An instance of the module; names end in a hash of the crate, which is cut off. */
export async function instantiate(module) {
  // wasm-bindgen's placeholders are called by its own command line tool only: nothing here reaches them.
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = () => {
      throw new Error(`unexpected call of ${from}.${name}`);
    };
  }
  const { exports } = await WebAssembly.instantiate(module, imports);
  return Object.fromEntries(Object.entries(exports).map(([name, value]) => [name.replace(/_[0-9a-f]{16}$/, ""), value]));
}

/** Opens a snapshot whose bytes `fill` writes into the module's memory; nothing is held twice. */
export async function open(wasm, bytes, fill) {
  const start = wasm.snapshot_reserve(bytes);
  await fill(() => new Uint8Array(wasm.memory.buffer, start, bytes));
  const begin = performance.now();
  const rows = wasm.snapshot_open();
  if (rows === 0) throw new Error("the core refused the snapshot");
  return { rows, open_ms: performance.now() - begin };
}

/** How rows are searched: all of them read, or only those that the bounds leave. */
export const MODES = { full: 0, exact: 1 };

/** A search of the k best for one query's values. */
export function search(wasm, query, k, mode) {
  new Float32Array(wasm.memory.buffer, wasm.snapshot_query(), query.length).set(query);
  return wasm.snapshot_search(k, mode);
}

/** The rows that the last search found. */
export function found(wasm, k) {
  return Array.from({ length: k }, (_, rank) => wasm.snapshot_item(rank) >>> 0);
}
