import { Engine as WasmEngine } from "../wasm/selvedge.js";
import { guarded } from "./errors.js";
import { requireLoaded } from "./load.js";
import { wasmOf, type Profile } from "./profile.js";
import type { Category, Decision, EventKind } from "./types.js";

/** When a visitor asks, and whether the profile may be used. The engine has no clock: time is yours to give. */
export interface When {
  /** Unix milliseconds; the device's clock where left out. */
  readonly nowMs?: number;
  /** `nowMs` as if the visitor's local clock were UTC, for the time of day; the device's time zone where left out. */
  readonly localMs?: number;
  /** `false` leaves the profile unread. */
  readonly consent?: boolean;
}

/** A request for the items of a slot. */
export interface RecommendRequest extends When {
  /** A slot of the model's policy. */
  readonly slot: string;
  /** 1 to the slot's maximum; the slot's default where left out. */
  readonly n?: number;
  /** A category name of any level, case-insensitive. */
  readonly category?: string;
  /** Ids of items to leave out, at most 100. */
  readonly exclude?: readonly string[];
}

/** Something the visitor did. */
export interface VisitorEvent {
  readonly type: EventKind;
  readonly item: string;
  /** Unix milliseconds; now where left out. At most 5 minutes ahead and 24 hours old. */
  readonly timestampMs?: number;
  readonly value?: number;
}

/** The engine over one snapshot: the code that also runs at the network's edge, with the same answers. */
export class Engine {
  readonly #inner: WasmEngine;

  /**
   * Opens a snapshot after checking its structure, every digest, and its signature.
   *
   * @param snapshot the file's bytes; they are copied once into the engine's memory
   * @param publicKeys trusted Ed25519 keys, 64 hexadecimal digits each; one of them must have signed
   * @throws {SelvedgeError} where the snapshot or a key is refused
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

  /** How many items the snapshot holds. */
  get itemCount(): number {
    return this.#inner.itemCount;
  }

  /** The items of a slot for this profile. @throws {SelvedgeError} where the request is refused. */
  recommend(request: RecommendRequest, profile: Profile): Decision {
    const { slot, n, category, exclude } = request;
    const whole = { ...when(request), slot, exclude: exclude ?? [], ...(n !== undefined && { n }), ...(category !== undefined && { category }) };
    return guarded("recommend", () => this.#inner.recommend(whole, wasmOf(profile)) as Decision);
  }

  /** Items near an item. @throws {SelvedgeError} where the model does not know it. */
  similar(item: string, n: number, nowMs: number = Date.now()): Decision {
    return guarded("similar", () => this.#inner.similar(item, n, nowMs) as Decision);
  }

  /** Your own candidates, ranked for this profile. @throws {SelvedgeError} for none or more than 1,000. */
  rank(candidates: readonly string[], n: number, profile: Profile, at: When = {}): Decision {
    return guarded("rank", () => this.#inner.rank([...candidates], n, when(at), wasmOf(profile)) as Decision);
  }

  /**
   * Takes one event or several into the profile, all or none; returns the visitor's segment. Several at once are one
   * visit to the segment rule, as a batch posted to the edge is.
   * @throws {SelvedgeError} where an event is refused.
   */
  record(profile: Profile, events: VisitorEvent | readonly VisitorEvent[], nowMs: number = Date.now()): number | null {
    const batch = (isBatch(events) ? events : [events]).map((event) => ({ ...event }));
    return guarded("record", () => this.#inner.record(wasmOf(profile), batch, nowMs) ?? null);
  }

  /** Catalogue items from a place in the order of popularity on. */
  items(offset: number, count: number): Decision {
    return guarded("items", () => this.#inner.items(offset, count) as Decision);
  }

  /** The category tree; `parent` is an index into the same list. */
  categories(): readonly Category[] {
    return guarded("categories", () => this.#inner.categories() as readonly Category[]);
  }

  /** Gives the snapshot's memory back at once. */
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
