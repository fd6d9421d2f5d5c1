/** Loads the model that `models/current.json` names, and the next one when there is one. */

import { abortable } from "./abort.js";
import { fields, list, number, text } from "./check.js";
import { Engine } from "./engine.js";
import { SelvedgeError, faultOf, wrong } from "./errors.js";
import { init, type WasmSource } from "./load.js";
import { platform, type AbortSignalLike, type FetchLike, type ResponseLike, type UrlLike } from "./platform.js";
import { indexedDbCache, type CachedSnapshot, type SnapshotCache } from "./snapshot-cache.js";

/** What a loader needs to know. */
export interface ModelLoaderOptions {
  /** Trusted Ed25519 public keys, 64 hexadecimal digits each. They belong into the page's own code, not beside the model. */
  readonly publicKeys: readonly string[];
  /** Address of the manifest; by default `/models/current.json` of the page's site. */
  readonly manifest?: string | UrlLike | undefined;
  /** Where snapshots are kept between visits; by default IndexedDB where there is one, with `null` nowhere. */
  readonly cache?: SnapshotCache | null | undefined;
  /** By default the platform's. */
  readonly fetch?: FetchLike | undefined;
  /** For `init`; by default the package's own Wasm. */
  readonly wasm?: WasmSource | undefined;
}

/** Options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignalLike | undefined;
}

/** A model that is open. */
export interface Model {
  readonly engine: Engine;
  /** The object key that the manifest named. */
  readonly key: string;
  /** Size of the snapshot. */
  readonly bytes: number;
  readonly from: "network" | "cache";
  /** Milliseconds until its bytes and the Wasm were here. */
  readonly fetchMs: number;
  /** Milliseconds of every check of the snapshot and of opening it, beside the page's own work. */
  readonly openMs: number;
}

/** The part of the manifest that is read. */
interface Manifest {
  readonly key: string;
  readonly bytes: number;
}

const MANIFEST = "/models/current.json";
/** As at the edge by default: a manifest must not make a phone allocate more. */
const MAX_SNAPSHOT_BYTES = 99 * 2 ** 20;
const OPTIONS = ["publicKeys", "manifest", "cache", "fetch", "wasm"] as const;

/** One load that is under way, and how many calls wait for it. */
interface Load {
  readonly promise: Promise<Model | null>;
  readonly abort: () => void;
  waiting: number;
}

export class ModelLoader {
  readonly #publicKeys: readonly string[];
  readonly #manifest: string;
  readonly #cache: SnapshotCache | null;
  readonly #fetch: FetchLike;
  readonly #wasm: WasmSource | undefined;
  #model: Model | null = null;
  #load: Load | null = null;

  /** Loads nothing yet. @throws {SelvedgeError} if an option is wrong. */
  constructor(options: ModelLoaderOptions) {
    const given = fields("new ModelLoader", "options", options, OPTIONS) as Partial<ModelLoaderOptions>;
    this.#publicKeys = list("new ModelLoader", "publicKeys", given.publicKeys, (place, key) => text("new ModelLoader", place, key));
    this.#manifest = addressOf(given.manifest);
    this.#cache = given.cache === undefined ? indexedDbCache() : given.cache;
    if (given.fetch !== undefined && typeof given.fetch !== "function") throw wrong("new ModelLoader", "fetch", "wrong-type", "a function", given.fetch);
    this.#fetch = given.fetch ?? ((url, init) => platform.fetch(url, init));
    this.#wasm = given.wasm;
  }

  /** The model that was loaded last. */
  get model(): Model | null {
    return this.#model;
  }

  /**
   * The model: the one at hand, else the one that the manifest names. If the manifest cannot be read, the one of the last visit.
   *
   * @throws {SelvedgeError} `fetch-failed`, `bad-manifest`, `bad-snapshot`, or `aborted` if the signal says so
   */
  async load(options: CallOptions = {}): Promise<Model> {
    return this.#model ?? (await this.#shared("load", options)) ?? this.#model ?? this.load(options);
  }

  /**
   * Reads the manifest again. Returns the new model, or null if it is the same. The engine before stays usable; free it where it is no
   * longer used.
   *
   * @throws {SelvedgeError} as `load`; the model at hand stays
   */
  refresh(options: CallOptions = {}): Promise<Model | null> {
    return this.#shared("refresh", options);
  }

  /**
   * Refreshes every `everyMs` while the page is visible, and calls `changed` with each new model. A failure only waits for the next turn,
   * and is given to `failed`. Returns a function that ends it.
   */
  watch(everyMs: number, changed: (model: Model, before: Model | null) => void, failed: (error: SelvedgeError) => void = () => undefined): () => void {
    if (!(number("watch", "everyMs", everyMs) >= 1_000)) throw wrong("watch", "everyMs", "out-of-range", "1,000 milliseconds or more", everyMs);
    let ended = false;
    let timer: unknown;
    const turn = async (): Promise<void> => {
      if (platform.document?.visibilityState !== "hidden") {
        const before = this.#model;
        const model = await this.refresh().catch((error: unknown) => failed(faultOf("watch", error)));
        if (model && !ended) changed(model, before);
      }
      if (!ended) timer = platform.setTimeout(() => void turn(), everyMs);
    };
    timer = platform.setTimeout(() => void turn(), everyMs);
    return () => {
      ended = true;
      platform.clearTimeout(timer);
    };
  }

  /** One load for all calls at once. It ends before its time only if every one of them was aborted. */
  async #shared(what: string, options: CallOptions): Promise<Model | null> {
    const { signal } = fields(what, "options", options, ["signal"]);
    if (!this.#load) {
      const controller = new platform.AbortController();
      const promise = this.#run(controller.signal).finally(() => (this.#load = null));
      // Its callers are told; if all of them went away, nobody is.
      promise.catch(() => undefined);
      this.#load = { promise, abort: () => controller.abort(), waiting: 0 };
    }
    const load = this.#load;
    load.waiting += 1;
    try {
      return await abortable(what, signal, () => load.promise);
    } finally {
      load.waiting -= 1;
      if (load.waiting === 0) load.abort();
    }
  }

  async #run(signal: AbortSignalLike): Promise<Model | null> {
    const started = platform.performance.now();
    const wasm = init(this.#wasm);
    // Awaited below; without this, a failure before that would count as not handled.
    wasm.catch(() => undefined);
    const cached = this.#model ? null : await this.#cached();
    let manifest: Manifest;
    try {
      manifest = await this.#readManifest(signal);
    } catch (error) {
      if (signal.aborted || !cached) throw error;
      manifest = { key: cached.key, bytes: cached.bytes.length };
    }
    if (this.#model?.key === manifest.key) return null;
    if (cached?.key === manifest.key && cached.bytes.length === manifest.bytes) {
      await wasm;
      try {
        return await this.#open(cached, "cache", started, signal);
      } catch (error) {
        if (signal.aborted) throw error;
        // Damaged on the device: it is fetched again.
        await this.#cache?.delete(this.#manifest).catch(() => undefined);
      }
    }
    const [bytes] = await Promise.all([this.#download(manifest, signal), wasm]);
    const model = await this.#open({ key: manifest.key, bytes }, "network", started, signal);
    // Behind the answer; a full disk is no fault of the model's.
    this.#cache?.put(this.#manifest, { key: manifest.key, bytes }).catch(() => undefined);
    return model;
  }

  async #open({ key, bytes }: CachedSnapshot, from: Model["from"], started: number, signal: AbortSignalLike): Promise<Model> {
    const fetched = platform.performance.now();
    const engine = await Engine.open(bytes, this.#publicKeys, { signal });
    this.#model = { engine, key, bytes: bytes.length, from, fetchMs: fetched - started, openMs: platform.performance.now() - fetched };
    return this.#model;
  }

  async #cached(): Promise<CachedSnapshot | null> {
    try {
      const found = (await this.#cache?.get(this.#manifest)) ?? null;
      return found !== null && typeof found.key === "string" && found.bytes instanceof Uint8Array ? found : null;
    } catch {
      return null;
    }
  }

  async #readManifest(signal: AbortSignalLike): Promise<Manifest> {
    const response = await this.#get(this.#manifest, "no-cache", signal);
    const read = (await response.json().catch(() => null)) as Partial<Manifest> | null;
    // Only a name below `models/`, so that a manifest can name no other site and no other kind of file.
    if (typeof read?.key !== "string" || !/^models\/[\w.+-]+\.selvedge$/.test(read.key)) throw bad(this.#manifest, "key", '"models/….selvedge"', read?.key);
    if (!Number.isInteger(read.bytes) || (read.bytes as number) < 1 || (read.bytes as number) > MAX_SNAPSHOT_BYTES) throw bad(this.#manifest, "bytes", `a number from 1 to ${MAX_SNAPSHOT_BYTES}`, read.bytes);
    return { key: read.key, bytes: read.bytes as number };
  }

  /** The snapshot's bytes; never more than the manifest says, whatever the server sends. */
  async #download({ key, bytes: expected }: Manifest, signal: AbortSignalLike): Promise<Uint8Array> {
    const address = new platform.URL(`../${key}`, this.#manifest).href;
    const response = await this.#get(address, "default", signal);
    const size = (found: string | number): SelvedgeError =>
      new SelvedgeError(`${address}: expected ${expected} bytes as ${this.#manifest} says, found ${found}; load it again`, "fetch-failed", "manifest");
    try {
      const reader = response.body?.getReader();
      if (!reader) {
        const whole = new Uint8Array(await response.arrayBuffer());
        if (whole.length !== expected) throw size(whole.length);
        return whole;
      }
      const bytes = new Uint8Array(expected);
      let length = 0;
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const chunk = part.value ?? new Uint8Array();
        if (length + chunk.length > expected) {
          reader.cancel().catch(() => undefined);
          throw size("more");
        }
        bytes.set(chunk, length);
        length += chunk.length;
      }
      if (length !== expected) throw size(length);
      return bytes;
    } catch (cause) {
      throw cause instanceof SelvedgeError ? cause : failed(address, cause);
    }
  }

  async #get(address: string, cache: "no-cache" | "default", signal: AbortSignalLike): Promise<ResponseLike> {
    let response: ResponseLike;
    try {
      // Without cookies, because the model is the same for everyone.
      response = await this.#fetch(address, { cache, credentials: "omit", signal });
    } catch (cause) {
      throw failed(address, cause);
    }
    if (!response.ok) throw new SelvedgeError(`${address}: expected status 200, found ${response.status}`, "fetch-failed", "manifest");
    return response;
  }
}

function failed(address: string, cause: unknown): SelvedgeError {
  return new SelvedgeError(`${address}: could not be fetched: ${cause instanceof Error ? cause.message : String(cause)}`, "fetch-failed", "manifest", { cause });
}

function bad(manifest: string, field: string, expected: string, found: unknown): SelvedgeError {
  return wrong(manifest, field, "bad-manifest", expected, found);
}

function addressOf(given: string | UrlLike | undefined): string {
  const address = text("new ModelLoader", "manifest", typeof given === "object" && given !== null ? given.href : (given ?? MANIFEST));
  try {
    return new platform.URL(address, platform.location?.href).href;
  } catch {
    throw wrong("new ModelLoader", "manifest", "bad-value", "an address, absolute where there is no page", address);
  }
}
