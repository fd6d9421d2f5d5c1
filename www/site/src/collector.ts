/**
 * Sends the visitor's events to the edge.
 *
 * The profile is a cookie that every accepted batch rewrites. Two batches at once would each extend the same old cookie,
 * and the later answer would overwrite the events of the earlier one. So batches are sent one after the other, across all
 * tabs (Web Locks), and requests that read the profile wait for them. An event waits in the outbox until it is answered.
 */

import { ApiError, forget, sendEvents, type VisitorEvent } from "./api.ts";
import { Outbox, type Waiting } from "./outbox.ts";

const IMPRESSION_DELAY_MS = 2_500;
const BATCH = 50;
const LOCK = "selvedge-profile";
/** Pauses between two attempts while the edge cannot be reached. */
const FIRST_PAUSE_MS = 5_000;
const LONGEST_PAUSE_MS = 300_000;

/** What became of an event. */
export interface Sent {
  /** Why the edge refused it; null if it did not. */
  readonly rejected: string | null;
  /** Whether it waits on this device, because the edge could not be reached. */
  readonly waits: boolean;
}

export class Collector {
  readonly #outbox = new Outbox();
  #impressions: VisitorEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #retry: ReturnType<typeof setTimeout> | null = null;
  #pauseMs = FIRST_PAUSE_MS;
  #tail: Promise<unknown> = Promise.resolve();
  #onError: (error: unknown) => void;
  #onLate: () => void;

  /** `onLate` is called after events that had waited were sent. */
  constructor(onError: (error: unknown) => void, onLate: () => void) {
    this.#onError = onError;
    this.#onLate = onLate;
    addEventListener("pagehide", () => this.#flushNow());
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.#flushNow());
    addEventListener("online", () => this.#later());
    this.#later();
  }

  /** Sends an event at once, after the impressions that are waiting, so that the order is kept. */
  async send(event: VisitorEvent): Promise<Sent> {
    const batch = [...this.#take(), event].map(withId);
    this.#outbox.add(batch);
    const own = batch.at(-1)?.id ?? "";
    try {
      const rejected = await this.#inOrder(() => this.#drain());
      return { rejected: rejected.get(own) ?? null, waits: false };
    } catch (error) {
      if (!isTemporary(error)) throw error;
      this.#tryAgain();
      return { rejected: null, waits: true };
    }
  }

  /** Keeps impressions for a moment and sends them together. */
  impression(event: VisitorEvent): void {
    this.#impressions.push(event);
    if (this.#impressions.length >= BATCH) this.#flushNow();
    else this.#timer ??= setTimeout(() => this.#flushNow(), IMPRESSION_DELAY_MS);
  }

  /** Drops unsent events and asks the edge to delete the profile. */
  forget(): Promise<void> {
    this.#take();
    this.#outbox.clear();
    return this.#inOrder(forget);
  }

  /** Resolves when every batch sent so far has been answered. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  /** Sends everything in the outbox; returns why the edge refused events, by their ids. */
  async #drain(): Promise<ReadonlyMap<string, string>> {
    const refused = new Map<string, string>();
    for (let batch = this.#outbox.next(BATCH, Date.now()); batch.length > 0; batch = this.#outbox.next(BATCH, Date.now())) {
      try {
        const { rejected } = await sendEvents(batch);
        for (const { index, reason } of rejected) refused.set(batch[index]?.id ?? "", reason);
      } catch (error) {
        // What the edge will never take must not hold up the rest.
        if (!isTemporary(error)) this.#outbox.remove(batch);
        throw error;
      }
      this.#outbox.remove(batch);
    }
    this.#pauseMs = FIRST_PAUSE_MS;
    return refused;
  }

  /** Sends what waited, if anything did. */
  #later(): void {
    if (this.#outbox.next(1, Date.now()).length === 0) return;
    this.#inOrder(() => this.#drain()).then(this.#onLate, (error: unknown) => (isTemporary(error) ? this.#tryAgain() : this.#onError(error)));
  }

  #tryAgain(): void {
    if (this.#retry !== null) return;
    this.#retry = setTimeout(() => {
      this.#retry = null;
      this.#later();
    }, this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
  }

  #take(): VisitorEvent[] {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    return this.#impressions.splice(0);
  }

  #flushNow(): void {
    const batch = this.#take().map(withId);
    if (batch.length === 0) return;
    // Not through the outbox: a page that is being closed could not take answered ones out of it again.
    this.#inOrder(() => sendEvents(batch)).catch((error: unknown) => {
      if (!isTemporary(error)) return this.#onError(error);
      this.#outbox.add(batch);
      this.#tryAgain();
    });
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#tail.then(() => (navigator.locks ? navigator.locks.request(LOCK, work) : work())) as Promise<T>;
    this.#tail = next.catch(() => undefined);
    return next;
  }
}

const withId = (event: VisitorEvent): Waiting => ({ ...event, id: crypto.randomUUID() });

/** Whether the same request may succeed later: no network, a server that is down, or one that asks for patience. */
function isTemporary(error: unknown): boolean {
  return error instanceof ApiError ? error.status >= 500 || error.status === 429 || error.status === 408 : error instanceof TypeError;
}
