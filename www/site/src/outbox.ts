/** Events that the edge has not answered yet, kept on this device and shared by all tabs: without a network they are sent later. */

import type { SentEvent } from "../../package/src/types.ts";

/** An event with an id: if it arrives twice, it counts once. */
export type Waiting = SentEvent & { readonly id: string; readonly timestamp_ms: number };

const KEY = "selvedge-outbox";
/** The edge refuses older ones (docs/http-api.md); some minutes less, because clocks differ. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000 - 10 * 60 * 1000;
/** About 100 KB of storage. Impressions give way first: they say least. */
const MAX_EVENTS = 400;

export class Outbox {
  /** Where storage is forbidden, they wait as long as the page lasts. */
  #memory: readonly Waiting[] = [];

  add(events: readonly Waiting[]): void {
    const all = [...this.#read(), ...events];
    const surplus = Math.max(0, all.length - MAX_EVENTS);
    const given = new Set([...all.filter(({ type }) => type === "impression"), ...all.filter(({ type }) => type !== "impression")].slice(0, surplus));
    this.#write(all.filter((event) => !given.has(event)));
  }

  /** The oldest ones that can still be sent. */
  next(count: number, nowMs: number): readonly Waiting[] {
    const all = this.#read();
    const young = all.filter(({ timestamp_ms }) => nowMs - timestamp_ms < MAX_AGE_MS);
    if (young.length < all.length) this.#write(young);
    return young.slice(0, count);
  }

  /** Those that the edge has answered. Read anew, because other tabs add meanwhile. */
  remove(answered: readonly Waiting[]): void {
    const ids = new Set(answered.map(({ id }) => id));
    this.#write(this.#read().filter(({ id }) => !ids.has(id)));
  }

  clear(): void {
    this.#write([]);
  }

  #read(): readonly Waiting[] {
    try {
      const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
      const stored = Array.isArray(found) ? (found as Waiting[]).filter((event) => typeof event?.id === "string" && typeof event.item === "string" && Number.isFinite(event.timestamp_ms)) : [];
      return [...stored, ...this.#memory];
    } catch {
      return this.#memory;
    }
  }

  #write(events: readonly Waiting[]): void {
    try {
      if (events.length === 0) localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, JSON.stringify(events));
      this.#memory = [];
    } catch {
      this.#memory = events;
    }
  }
}
