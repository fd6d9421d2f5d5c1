/**
 * Keeps one profile on the device, the same in every tab.
 *
 * Each tab has the whole profile in memory. What one tab records it stores, and sends to the others, which record it too. The stored
 * text also names the latest batches in it, so a tab that reads it knows whether it holds everything that the tab itself has. If two
 * tabs store at once, the later one overwrites the earlier; but each then gets the other's batch, records it and stores again. So in
 * the end the store holds every batch once, whoever wrote last. Forgetting has a time: every tab drops what was recorded before it.
 */

import { fields, text } from "./check.js";
import { isOpen, type Engine, type VisitorEvent } from "./engine.js";
import { SelvedgeError, wrong } from "./errors.js";
import { fromBase64, platform, toBase64, type Channel, type StorageLike } from "./platform.js";
import { Profile } from "./profile.js";

/** Settings of a store. */
export interface ProfileStoreOptions {
  /** Name of the entry in the storage and of the channel between tabs; by default `selvedge-profile`. */
  readonly name?: string | undefined;
  /** By default `localStorage`; with `null` the profile lasts as long as the page. */
  readonly storage?: StorageLike | null | undefined;
}

/** How many batches the stored text names: more than tabs can send before they hear of each other. */
const REMEMBERED = 64;
const NAME = "selvedge-profile";
/** How long tabs that store at once may take to agree: so long, a tab that opens is told what it did not find in the store. */
const AGREEMENT_MS = 10_000;

/** Events that were recorded together, at a moment of the device's clock. */
interface Batch {
  readonly id: string;
  readonly atMs: number;
  readonly events: readonly VisitorEvent[];
  readonly nowMs: number;
}

interface Stored {
  readonly profile: Profile;
  readonly sinceMs: number;
  readonly batches: readonly string[];
}

type Message = ({ readonly kind: "recorded" } & Batch) | { readonly kind: "forgotten"; readonly atMs: number } | { readonly kind: "opened"; readonly batches: readonly string[] };

export class ProfileStore {
  /** Records what other tabs send; set it anew after a refresh of the model. */
  engine: Engine;
  readonly #name: string;
  readonly #storage: StorageLike | null;
  readonly #channel: Channel | null;
  readonly #listeners = new Set<(profile: Profile) => void>();
  readonly #onStorage = (event: { readonly key?: string | null; readonly newValue?: string | null }): void => this.#stored(event);
  readonly #onShow = (): void => {
    if (this.#adopt()) this.#changed();
  };
  #profile = new Profile();
  /** Everything in the profile was recorded after this moment. */
  #sinceMs = Date.now();
  /** The last forgetting that this tab knows of. */
  #forgottenMs = 0;
  /** Ids of the latest batches in the profile. */
  #batches: readonly string[] = [];
  /** Those that passed through this tab, for a forgetting that comes late. */
  #recent: readonly Batch[] = [];
  #persists = true;

  /** Reads the stored profile, or begins a new one. @throws {SelvedgeError} if an argument is wrong or the Wasm is not loaded. */
  constructor(engine: Engine, options: ProfileStoreOptions = {}) {
    if (!isOpen(engine)) throw wrong("new ProfileStore", "engine", engine === undefined ? "missing" : "wrong-type", "an Engine in use", engine);
    this.engine = engine;
    const { name, storage } = fields("new ProfileStore", "options", options, ["name", "storage"]);
    this.#name = name === undefined ? NAME : text("new ProfileStore", "name", name);
    this.#storage = storage === undefined ? ownStorage() : (storage as StorageLike | null);
    this.#channel = platform.BroadcastChannel ? new platform.BroadcastChannel(this.#name) : null;
    // The channel is open before the store is read: what another tab records in between arrives by one of the two, or by both.
    if (this.#channel) this.#channel.onmessage = ({ data }) => this.#received(data as Message);
    this.#adopt();
    this.#send({ kind: "opened", batches: this.#batches });
    platform.addEventListener?.("storage", this.#onStorage);
    // A page that comes back from the back-forward cache may have heard nothing meanwhile.
    platform.addEventListener?.("pageshow", this.#onShow);
  }

  /** The profile. After a change in another tab, or `forget`, it may be another object. */
  get profile(): Profile {
    return this.#profile;
  }

  /** Whether the profile outlives the page. False where storage is forbidden or full. */
  get persists(): boolean {
    return this.#storage !== null && this.#persists;
  }

  /** Records events here and in every other tab, and stores the profile; returns the segment. @throws {SelvedgeError} if an event is refused. */
  record(events: VisitorEvent | readonly VisitorEvent[], nowMs: number = Date.now()): number | null {
    this.#adopt();
    const segment = this.engine.record(this.#profile, events, nowMs);
    const list = Array.isArray(events) ? (events as readonly VisitorEvent[]) : [events as VisitorEvent];
    // With their times, because the others record them later.
    const batch = { id: random(), atMs: Math.max(Date.now(), this.#forgottenMs + 1), events: list.map((event) => ({ ...event, timestampMs: event.timestampMs ?? nowMs })), nowMs };
    this.#remember(batch);
    this.#store();
    this.#send({ kind: "recorded", ...batch });
    return segment;
  }

  /** Begins a new profile with another id, here and in every other tab, and deletes the stored one. */
  forget(): void {
    const atMs = Math.max(Date.now(), this.#forgottenMs + 1, ...this.#recent.map((batch) => batch.atMs));
    this.#forget(atMs);
    this.#send({ kind: "forgotten", atMs });
  }

  /** Calls `listener` whenever another tab changed the profile. Returns a function that ends it. */
  subscribe(listener: (profile: Profile) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Ends the exchange with other tabs. The profile stays. */
  close(): void {
    this.#channel?.close();
    this.#listeners.clear();
    platform.removeEventListener?.("storage", this.#onStorage);
    platform.removeEventListener?.("pageshow", this.#onShow);
  }

  #send(message: Message): void {
    this.#channel?.postMessage(message);
  }

  #received(message: Message): void {
    if (message.kind === "opened") {
      const missed = this.#recent.filter(({ id, atMs }) => atMs > Date.now() - AGREEMENT_MS && !message.batches.includes(id));
      for (const batch of missed) this.#send({ kind: "recorded", ...batch });
      return;
    }
    if (message.kind === "forgotten") {
      if (message.atMs > this.#forgottenMs) this.#forget(message.atMs);
      return this.#changed();
    }
    // What was recorded before a forgetting and comes after it stays forgotten.
    if (message.atMs <= this.#forgottenMs || this.#batches.includes(message.id)) return;
    if (!this.#recordAgain(message)) return;
    this.#store();
    this.#changed();
  }

  /** Records a batch that was recorded before, elsewhere or in a profile that was dropped. */
  #recordAgain({ id, atMs, events, nowMs }: Batch): boolean {
    try {
      this.engine.record(this.#profile, events, nowMs);
    } catch (error) {
      // An engine that was freed: the tab that sent it has it, and stores it.
      if (!(error instanceof SelvedgeError)) throw error;
      return false;
    }
    this.#remember({ id, atMs, events, nowMs });
    return true;
  }

  /** Drops everything that was recorded up to a moment. */
  #forget(atMs: number): void {
    this.#forgottenMs = atMs;
    if (this.#sinceMs <= atMs) {
      const later = this.#recent.filter((batch) => batch.atMs > atMs);
      this.#profile = new Profile();
      this.#sinceMs = atMs + 1;
      this.#batches = [];
      this.#recent = [];
      for (const batch of later) this.#recordAgain(batch);
    }
    this.#store();
  }

  /** Another tab changed the storage: it may hold more than the channel brought, or there is no channel. */
  #stored({ key, newValue }: { readonly key?: string | null; readonly newValue?: string | null }): void {
    if (key !== this.#name) return;
    if (typeof newValue === "string") {
      if (this.#adopt()) this.#changed();
    } else if (!this.#channel) {
      this.#forget(Date.now());
      this.#changed();
    }
  }

  /** Takes the stored profile if it holds everything that this one does, and more, and nothing that was forgotten. */
  #adopt(): boolean {
    const stored = this.#read();
    if (stored === null) return false;
    // Only the newer half of ours: the oldest that are named here may have left the stored list since.
    const hasMore = stored.batches.some((batch) => !this.#batches.includes(batch)) && this.#batches.slice(-REMEMBERED / 2).every((batch) => stored.batches.includes(batch));
    if (!hasMore || stored.sinceMs <= this.#forgottenMs) {
      stored.profile.free();
      return false;
    }
    this.#profile = stored.profile;
    this.#sinceMs = stored.sinceMs;
    this.#batches = stored.batches;
    return true;
  }

  #remember(batch: Batch): void {
    this.#batches = [...this.#batches, batch.id].slice(-REMEMBERED);
    this.#recent = [...this.#recent, batch].slice(-REMEMBERED);
  }

  #store(): void {
    try {
      if (this.#batches.length === 0) this.#storage?.removeItem(this.#name);
      else this.#storage?.setItem(this.#name, JSON.stringify({ version: 1, sinceMs: this.#sinceMs, batches: this.#batches, profile: toBase64(this.#profile.toBytes()) }));
      this.#persists = true;
    } catch {
      // Forbidden or full: the profile lasts as long as the page.
      this.#persists = false;
    }
  }

  #changed(): void {
    for (const listener of this.#listeners) listener(this.#profile);
  }

  #read(): Stored | null {
    try {
      const found = JSON.parse(this.#storage?.getItem(this.#name) ?? "null") as { version?: unknown; sinceMs?: unknown; batches?: unknown; profile?: unknown } | null;
      if (found?.version !== 1 || typeof found.sinceMs !== "number" || typeof found.profile !== "string" || !Array.isArray(found.batches)) return null;
      const batches = (found.batches as unknown[]).filter((batch): batch is string => typeof batch === "string");
      return { profile: Profile.fromBytes(fromBase64(found.profile)), sinceMs: found.sinceMs, batches };
    } catch {
      // Without storage, or with bytes of a version that this engine does not read, there is none.
      return null;
    }
  }
}

/** The page's storage; null where reading its name alone is forbidden. */
function ownStorage(): StorageLike | null {
  try {
    return platform.localStorage ?? null;
  } catch {
    return null;
  }
}

const random = (): string => toBase64(platform.crypto.getRandomValues(new Uint8Array(9)));
