/**
 * Sends the visitor's events to the edge.
 *
 * The profile is a cookie that every accepted batch rewrites. Two batches at once would each extend the same old cookie,
 * and the later answer would overwrite the events of the earlier one. So batches are sent one after the other, across all
 * tabs (Web Locks), and requests that read the profile wait for them.
 */

import { forget, sendEvents, type EventsAnswer, type VisitorEvent } from "./api.ts";

const IMPRESSION_DELAY_MS = 2_500;
const BATCH = 50;
const LOCK = "selvedge-profile";

export class Collector {
  #impressions: VisitorEvent[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #tail: Promise<unknown> = Promise.resolve();
  #onError: (error: unknown) => void;

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
    addEventListener("pagehide", () => this.#flushNow());
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.#flushNow());
  }

  /** Sends an event at once, after the impressions that are waiting, so that the order is kept. */
  send(event: VisitorEvent): Promise<EventsAnswer> {
    const batch = [...this.#take(), event];
    return this.#inOrder(() => sendEvents(batch));
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
    return this.#inOrder(forget);
  }

  /** Resolves when every batch sent so far has been answered. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  #take(): VisitorEvent[] {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    return this.#impressions.splice(0);
  }

  #flushNow(): void {
    const batch = this.#take();
    if (batch.length > 0) this.#inOrder(() => sendEvents(batch)).catch(this.#onError);
  }

  #inOrder<T>(work: () => Promise<T>): Promise<T> {
    const next = this.#tail.then(() => (navigator.locks ? navigator.locks.request(LOCK, work) : work())) as Promise<T>;
    this.#tail = next.catch(() => undefined);
    return next;
  }
}
