// The core's search over a snapshot in WebAssembly, for Node.js, workerd and browsers: it uses only numbers and memory. The module is
// `benches/scan-wasm` as cargo builds it.

/** An instance of the module; cuts the hash of the crate off the names of its exports. */
export async function instantiate(module) {
  // wasm-bindgen's placeholder imports are used only by its command line tool and never called here.
  const imports = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    (imports[from] ??= {})[name] = () => {
      throw new Error(`unexpected call of ${from}.${name}`);
    };
  }
  const { exports } = await WebAssembly.instantiate(module, imports);
  return Object.fromEntries(Object.entries(exports).map(([name, value]) => [name.replace(/_[0-9a-f]{16}$/, ""), value]));
}

/** Opens a snapshot whose bytes `fill` writes directly into the module's memory. */
export async function open(wasm, bytes, fill) {
  const start = wasm.snapshot_reserve(bytes);
  await fill(() => new Uint8Array(wasm.memory.buffer, start, bytes));
  const begin = performance.now();
  const rows = wasm.snapshot_open();
  if (rows === 0) throw new Error("the core refused the snapshot");
  return { rows, open_ms: performance.now() - begin };
}

/** Modes of a search: read all rows, or only those that the bounds do not rule out. */
export const MODES = { full: 0, exact: 1 };

/** Searches the k best rows for one query. */
export function search(wasm, query, k, mode) {
  new Float32Array(wasm.memory.buffer, wasm.snapshot_query(), query.length).set(query);
  return wasm.snapshot_search(k, mode);
}

/** The rows that the last search found. */
export function found(wasm, k) {
  return Array.from({ length: k }, (_, rank) => wasm.snapshot_item(rank) >>> 0);
}
