/**
 * What the visitor did, on its way to the edge.
 *
 * The profile is a cookie that every accepted batch rewrites. Two batches in flight would each extend the same old
 * cookie, and the later answer would erase what the earlier one learned; so batches go one after the other, over all
 * tabs (Web Locks), and whatever reads the profile waits for them.
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

  /** Sends at once, with the impressions that came before, so that their order stays true. */
  send(event: VisitorEvent): Promise<EventsAnswer> {
    const batch = [...this.#take(), event];
    return this.#inOrder(() => sendEvents(batch));
  }

  /** Kept for a moment and sent together. */
  impression(event: VisitorEvent): void {
    this.#impressions.push(event);
    if (this.#impressions.length >= BATCH) this.#flushNow();
    else this.#timer ??= setTimeout(() => this.#flushNow(), IMPRESSION_DELAY_MS);
  }

  /** Drops what was not sent and asks the edge to forget. */
  forget(): Promise<void> {
    this.#take();
    return this.#inOrder(forget);
  }

  /** Settles when everything sent so far has been answered. */
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
