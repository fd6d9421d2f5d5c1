/** Loads the Wasm, from the package itself or from where the caller says. */

import load from "../wasm/selvedge.js";
import { bytesOf } from "./check.js";
import { SelvedgeError, wrong } from "./errors.js";
import { fromBase64, platform, type CompiledModule, type ResponseLike, type UrlLike } from "./platform.js";

/** The Wasm as an address, a response, bytes, or a compiled module. */
export type WasmSource = string | UrlLike | ResponseLike | ArrayBuffer | Uint8Array | CompiledModule;

let loading: Promise<void> | null = null;
let loaded = false;

/**
 * Loads the engine's Wasm once; later calls wait for the first. After a failure, the next call tries again.
 *
 * Without a source, the Wasm comes from the package itself, as a JavaScript module that is imported only then. So it needs no
 * bundler's setting, no server's path and no further request than the bundler makes of `import()`. With a source, the file
 * `@selvedge/edge/wasm` can be served and cached by itself.
 *
 * @throws {SelvedgeError} `load-failed` if the Wasm cannot be fetched or compiled; `wrong-type` if the source is none.
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  loading ??= start(source).catch((cause: unknown) => {
    loading = null;
    if (cause instanceof SelvedgeError) throw cause;
    throw new SelvedgeError(`init: the Wasm could not be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, "load-failed", source === undefined ? null : "source", { cause });
  });
  return loading;
}

/** Throws a `SelvedgeError` if the Wasm is not loaded yet, instead of failing inside the generated code. */
export function requireLoaded(what: string): void {
  if (!loaded) throw new SelvedgeError(`${what}: the Wasm is not loaded; call \`await init()\` first`, "not-loaded");
}

async function start(given: WasmSource | Promise<WasmSource> | undefined): Promise<void> {
  const source: unknown = given === undefined ? await embedded() : await given;
  await load({ module_or_path: await moduleOf(source) });
  loaded = true;
}

/** What the generated loader takes: a response, bytes or a module. */
async function moduleOf(source: unknown): Promise<unknown> {
  const address = typeof source === "string" ? source : ((source as Partial<UrlLike> | null)?.href ?? null);
  if (address !== null) {
    // Node's fetch reads no files. `getBuiltinModule` instead of an import, because bundlers for browsers refuse `node:` imports.
    const files = address.startsWith("file:") ? platform.process?.getBuiltinModule?.("node:fs/promises") : undefined;
    return files ? files.readFile(new platform.URL(address)) : complete(await platform.fetch(address, {}), address);
  }
  const bytes = bytesOf(source);
  if (bytes !== null) return bytes;
  if (typeof (source as Partial<ResponseLike> | null)?.arrayBuffer === "function") return complete(source as ResponseLike, "the response");
  if (Object.prototype.toString.call(source) === "[object WebAssembly.Module]") return source;
  throw wrong("init", "source", "wrong-type", "an address, a response, bytes or a WebAssembly.Module", source);
}

function complete(response: ResponseLike, name: string): ResponseLike {
  if (!response.ok) throw new Error(`${name}: expected status 200, found ${response.status}`);
  return response;
}

async function embedded(): Promise<ArrayBuffer> {
  const { default: gzip } = await import("./embedded.js");
  const packed = new platform.Response(fromBase64(gzip));
  return new platform.Response(packed.body.pipeThrough(new platform.DecompressionStream("gzip"))).arrayBuffer();
}
