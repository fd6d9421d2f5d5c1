import { Engine as WasmEngine, Opening, Profile as WasmProfile } from "../wasm/selvedge.js";
import { abortable } from "./abort.js";
import { bytes, fields, flag, list, number, text, texts, time, whole } from "./check.js";
import { SelvedgeError, faultOf, guarded, wrong } from "./errors.js";
import { requireLoaded } from "./load.js";
import { platform, type AbortSignalLike } from "./platform.js";
import { wasmOf, type Profile } from "./profile.js";
import type { Category, Decision, EventKind } from "./types.js";

/** The time of a request, and whether the profile may be used. The engine has no clock. */
export interface When {
  /** Unix milliseconds; by default the device's clock. */
  readonly nowMs?: number | undefined;
  /** The visitor's local time in the same form, as if it were UTC, which gives the daypart; by default in the device's time zone. */
  readonly localMs?: number | undefined;
  /** If `false`, the profile is not read. */
  readonly consent?: boolean | undefined;
}

/** A request for the items of a slot. */
export interface RecommendRequest extends When {
  /** The name of a slot of the model's policy. */
  readonly slot: string;
  /** 1 to the slot's maximum; by default the slot's `n`. */
  readonly n?: number | undefined;
  /** A category name of any level, case-insensitive. */
  readonly category?: string | undefined;
  /** Ids of items to exclude, at most 100. */
  readonly exclude?: readonly string[] | undefined;
}

/** Something the visitor did. */
export interface VisitorEvent {
  readonly type: EventKind;
  readonly item: string;
  /** Unix milliseconds; by default now. At most 5 minutes ahead and 24 hours old. */
  readonly timestampMs?: number | undefined;
  readonly value?: number | undefined;
}

/** An engine that was freed is null here. */
const wrapped = new WeakMap<object, WasmEngine | null>();

/** The engine over one snapshot: the same code as at the network's edge, with the same answers. */
export class Engine {
  /**
   * Opens a snapshot after checking its structure, every digest, and its signature. Blocks the page for some 10 ms a megabyte;
   * `Engine.open` does not.
   *
   * @param snapshot the file's bytes; they are copied once into the engine's memory
   * @param publicKeys trusted Ed25519 public keys, 64 hexadecimal digits each; the snapshot must be signed with one of them
   * @throws {SelvedgeError} `bad-snapshot` if the snapshot is refused
   */
  constructor(snapshot: Uint8Array | ArrayBuffer, publicKeys: readonly string[]) {
    const opening = open("new Engine", snapshot, publicKeys);
    wrapped.set(this, finish("new Engine", opening, () => {
      for (const { index } of sections(opening)) opening.confirm(index);
    }));
  }

  /**
   * Opens a snapshot as `new Engine` does, and leaves the page free meanwhile: the digests are computed by WebCrypto, in threads of
   * its own. Where a page has none (plain http), they are computed here, one section a turn of the event loop.
   *
   * @throws {SelvedgeError} `bad-snapshot` if the snapshot is refused, `aborted` if the signal says so
   */
  static async open(snapshot: Uint8Array | ArrayBuffer, publicKeys: readonly string[], options: { readonly signal?: AbortSignalLike | undefined } = {}): Promise<Engine> {
    const { signal } = fields("Engine.open", "options", options, ["signal"]);
    const file = bytes("Engine.open", "snapshot", snapshot);
    return abortable("Engine.open", signal, async (isAborted) => {
      const opening = open("Engine.open", file, publicKeys);
      try {
        for (const { index, begin, end } of sections(opening)) {
          const digest = await digestOf(file, begin, end);
          if (isAborted()) break;
          opening.confirm(index, digest);
        }
      } catch (cause) {
        opening.free();
        throw faultOf("Engine.open", cause);
      }
      const engine = Object.create(Engine.prototype) as Engine;
      wrapped.set(engine, finish("Engine.open", opening, () => undefined));
      return engine;
    });
  }

  /** The snapshot's version. */
  get version(): string {
    return guarded("version", () => inner("version", this).version);
  }

  /** The number of items in the snapshot. */
  get itemCount(): number {
    return guarded("itemCount", () => inner("itemCount", this).itemCount);
  }

  /** The items of a slot for this profile. @throws {SelvedgeError} if the request is refused. */
  recommend(request: RecommendRequest, profile: Profile): Decision {
    return guarded("recommend", () => {
      const engine = inner("recommend", this);
      const given = fields("recommend", "request", request, ["slot", "n", "category", "exclude", ...WHEN]);
      const { slot, n, category, exclude } = given;
      const copy = {
        ...when("recommend", given),
        slot: text("recommend", "slot", slot),
        exclude: exclude === undefined ? [] : texts("recommend", "exclude", exclude),
        ...(n !== undefined && { n: whole("recommend", "n", n, 1) }),
        ...(category !== undefined && { category: text("recommend", "category", category) }),
      };
      return engine.recommend(copy, wasmOf("recommend", profile)) as Decision;
    });
  }

  /** Items near an item. @throws {SelvedgeError} `not-found` if the model does not know it. */
  similar(item: string, n: number, nowMs?: number): Decision {
    return guarded("similar", () => inner("similar", this).similar(text("similar", "item", item), whole("similar", "n", n, 1), clock("similar", nowMs)) as Decision);
  }

  /** Your own candidates, ranked for this profile. @throws {SelvedgeError} for none or more than 1,000. */
  rank(candidates: readonly string[], n: number, profile: Profile, at: When = {}): Decision {
    return guarded("rank", () => {
      const engine = inner("rank", this);
      const ids = texts("rank", "candidates", candidates);
      const moment = when("rank", fields("rank", "at", at, WHEN));
      return engine.rank(ids, whole("rank", "n", n, 1), moment, wasmOf("rank", profile)) as Decision;
    });
  }

  /**
   * Adds one or several events to the profile, all or none; returns the visitor's segment. Several events assign the
   * segment only once, like a batch posted to the edge.
   * @throws {SelvedgeError} if an event is refused.
   */
  record(profile: Profile, events: VisitorEvent | readonly VisitorEvent[], nowMs?: number): number | null {
    return guarded("record", () => {
      const engine = inner("record", this);
      const into = wasmOf("record", profile);
      const now = clock("record", nowMs);
      const batch = Array.isArray(events) ? list("record", "events", events, (place, event) => checked(place, event)) : [checked("event", events)];
      try {
        return engine.record(into, batch, now) ?? null;
      } catch (cause) {
        throw Array.isArray(events) ? placed(engine, batch, now, cause) : cause;
      }
    });
  }

  /** `count` items of the catalogue from `offset` on, most popular first. */
  items(offset: number, count: number): Decision {
    return guarded("items", () => inner("items", this).items(whole("items", "offset", offset, 0), whole("items", "count", count, 0)) as Decision);
  }

  /** The category tree; `parent` is an index into the same list. */
  categories(): readonly Category[] {
    return guarded("categories", () => inner("categories", this).categories() as readonly Category[]);
  }

  /** Releases the snapshot's memory at once. @throws {SelvedgeError} `freed` the second time. */
  free(): void {
    guarded("free", () => inner("free", this).free());
    wrapped.set(this, null);
  }
}

function inner(what: string, engine: unknown): WasmEngine {
  const found = typeof engine === "object" && engine !== null ? wrapped.get(engine) : undefined;
  if (found === undefined) throw wrong(what, "engine", "wrong-type", "a call on an Engine", engine);
  if (found === null) throw new SelvedgeError(`${what}: engine: expected one in use, found one that was freed`, "freed", "engine");
  return found;
}

/** Whether this value is an engine that can be used. */
export const isOpen = (engine: unknown): engine is Engine => typeof engine === "object" && engine !== null && Boolean(wrapped.get(engine));

function open(what: string, snapshot: unknown, publicKeys: unknown): Opening {
  requireLoaded(what);
  return guarded(what, () => new Opening(bytes(what, "snapshot", snapshot), texts(what, "publicKeys", publicKeys)));
}

/** The engine over an opening whose sections `confirm` confirms; a refused one releases its memory. */
function finish(what: string, opening: Opening, confirm: () => void): WasmEngine {
  try {
    confirm();
  } catch (cause) {
    opening.free();
    throw faultOf(what, cause);
  }
  // Takes the opening's memory over, or releases it.
  return guarded(what, () => new WasmEngine(opening));
}

function* sections(opening: Opening): Generator<{ index: number; begin: number; end: number }> {
  const numbers = opening.pending();
  for (let at = 0; at + 2 < numbers.length; at += 3) yield { index: numbers[at] ?? 0, begin: numbers[at + 1] ?? 0, end: numbers[at + 2] ?? 0 };
}

/** The digest of a section; undefined, in another turn of the event loop, if the Wasm must compute it. */
async function digestOf(file: Uint8Array, begin: number, end: number): Promise<Uint8Array | undefined> {
  const { subtle } = platform.crypto;
  if (subtle) {
    try {
      return new Uint8Array(await subtle.digest("SHA-256", file.subarray(begin, end)));
    } catch {
      // It takes no shared memory.
    }
  }
  await new Promise<void>((resolve) => platform.setTimeout(resolve));
  return undefined;
}

const EVENT = ["type", "item", "timestampMs", "value"] as const;

function checked(place: string, event: unknown): Record<string, unknown> {
  const prefix = place === "event" ? "" : `${place}.`;
  const { type, item, timestampMs, value } = fields("record", place === "event" ? "events" : place, event, EVENT, prefix);
  return {
    type: text("record", `${prefix}type`, type),
    item: text("record", `${prefix}item`, item),
    ...(timestampMs !== undefined && { timestampMs: time("record", `${prefix}timestampMs`, timestampMs) }),
    ...(value !== undefined && { value: number("record", `${prefix}value`, value) }),
  };
}

/** The error of a refused batch, with the place of the first event that is refused alone. */
function placed(engine: WasmEngine, batch: readonly unknown[], now: number, cause: unknown): SelvedgeError {
  const fault = faultOf("record", cause);
  const scratch = new WasmProfile(new Uint8Array(16));
  try {
    const at = batch.findIndex((event) => {
      try {
        engine.record(scratch, [event], now);
        return false;
      } catch {
        return true;
      }
    });
    return at < 0 || fault.field === null ? fault : new SelvedgeError(fault.message.replace("record:", `record: events[${at}]:`), fault.code, `events[${at}].${fault.field}`, { cause });
  } finally {
    scratch.free();
  }
}

const MS_PER_MINUTE = 60_000;
const WHEN = ["nowMs", "localMs", "consent"] as const;

const clock = (what: string, nowMs: unknown): number => (nowMs === undefined ? Date.now() : time(what, "nowMs", nowMs));

function when(what: string, { nowMs, localMs, consent }: { readonly nowMs?: unknown; readonly localMs?: unknown; readonly consent?: unknown }): Record<string, unknown> {
  const now = clock(what, nowMs);
  return {
    nowMs: now,
    localMs: localMs === undefined ? now - new Date(now).getTimezoneOffset() * MS_PER_MINUTE : time(what, "localMs", localMs),
    consent: consent === undefined ? true : flag(what, "consent", consent),
  };
}
