import { Engine as WasmEngine } from "../wasm/selvedge.js";
import { guarded } from "./errors.js";
import { requireLoaded } from "./load.js";
import { wasmOf, type Profile } from "./profile.js";
import type { Category, Decision, EventKind } from "./types.js";

/** The time of a request, and whether the profile may be used. The engine has no clock. */
export interface When {
  /** Unix milliseconds; by default the device's clock. */
  readonly nowMs?: number;
  /** The visitor's local time in the same form, as if it were UTC, which gives the daypart; by default in the device's time zone. */
  readonly localMs?: number;
  /** If `false`, the profile is not read. */
  readonly consent?: boolean;
}

/** A request for the items of a slot. */
export interface RecommendRequest extends When {
  /** The name of a slot of the model's policy. */
  readonly slot: string;
  /** 1 to the slot's maximum; by default the slot's `n`. */
  readonly n?: number;
  /** A category name of any level, case-insensitive. */
  readonly category?: string;
  /** Ids of items to exclude, at most 100. */
  readonly exclude?: readonly string[];
}

/** Something the visitor did. */
export interface VisitorEvent {
  readonly type: EventKind;
  readonly item: string;
  /** Unix milliseconds; by default now. At most 5 minutes ahead and 24 hours old. */
  readonly timestampMs?: number;
  readonly value?: number;
}

/** The engine over one snapshot: the same code as at the network's edge, with the same answers. */
export class Engine {
  readonly #inner: WasmEngine;

  /**
   * Opens a snapshot after checking its structure, every digest, and its signature.
   *
   * @param snapshot the file's bytes; they are copied once into the engine's memory
   * @param publicKeys trusted Ed25519 public keys, 64 hexadecimal digits each; the snapshot must be signed with one of them
   * @throws {SelvedgeError} if the snapshot or a key is refused
   */
  constructor(snapshot: Uint8Array | ArrayBuffer, publicKeys: readonly string[]) {
    requireLoaded("new Engine");
    const bytes = snapshot instanceof Uint8Array ? snapshot : new Uint8Array(snapshot);
    this.#inner = guarded("new Engine", () => new WasmEngine(bytes, [...publicKeys]));
  }

  /** The snapshot's version. */
  get version(): string {
    return this.#inner.version;
  }

  /** The number of items in the snapshot. */
  get itemCount(): number {
    return this.#inner.itemCount;
  }

  /** The items of a slot for this profile. @throws {SelvedgeError} if the request is refused. */
  recommend(request: RecommendRequest, profile: Profile): Decision {
    const { slot, n, category, exclude } = request;
    const whole = { ...when(request), slot, exclude: exclude ?? [], ...(n !== undefined && { n }), ...(category !== undefined && { category }) };
    return guarded("recommend", () => this.#inner.recommend(whole, wasmOf(profile)) as Decision);
  }

  /** Items near an item. @throws {SelvedgeError} if the model does not know it. */
  similar(item: string, n: number, nowMs: number = Date.now()): Decision {
    return guarded("similar", () => this.#inner.similar(item, n, nowMs) as Decision);
  }

  /** Your own candidates, ranked for this profile. @throws {SelvedgeError} for none or more than 1,000. */
  rank(candidates: readonly string[], n: number, profile: Profile, at: When = {}): Decision {
    return guarded("rank", () => this.#inner.rank([...candidates], n, when(at), wasmOf(profile)) as Decision);
  }

  /**
   * Adds one or several events to the profile, all or none; returns the visitor's segment. Several events assign the
   * segment only once, like a batch posted to the edge.
   * @throws {SelvedgeError} if an event is refused.
   */
  record(profile: Profile, events: VisitorEvent | readonly VisitorEvent[], nowMs: number = Date.now()): number | null {
    const batch = (isBatch(events) ? events : [events]).map((event) => ({ ...event }));
    return guarded("record", () => this.#inner.record(wasmOf(profile), batch, nowMs) ?? null);
  }

  /** `count` items of the catalogue from `offset` on, most popular first. */
  items(offset: number, count: number): Decision {
    return guarded("items", () => this.#inner.items(offset, count) as Decision);
  }

  /** The category tree; `parent` is an index into the same list. */
  categories(): readonly Category[] {
    return guarded("categories", () => this.#inner.categories() as readonly Category[]);
  }

  /** Releases the snapshot's memory at once. */
  free(): void {
    this.#inner.free();
  }
}

// `Array.isArray` alone does not narrow a readonly array.
function isBatch(events: VisitorEvent | readonly VisitorEvent[]): events is readonly VisitorEvent[] {
  return Array.isArray(events);
}

const MS_PER_MINUTE = 60_000;

function when({ nowMs = Date.now(), localMs, consent = true }: When): Record<string, unknown> {
  return { nowMs, localMs: localMs ?? nowMs - new Date(nowMs).getTimezoneOffset() * MS_PER_MINUTE, consent };
}
