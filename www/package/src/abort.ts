/** Work that a caller can end. */

import { SelvedgeError, faultOf, wrong } from "./errors.js";
import type { AbortSignalLike } from "./platform.js";

/**
 * Runs `work`, and rejects with `aborted` as soon as the signal says so. The work itself ends where it asks `isAborted`; what it still
 * finds out is dropped.
 */
export function abortable<T>(what: string, given: unknown, work: (isAborted: () => boolean) => Promise<T>): Promise<T> {
  if (given === undefined) return work(() => false);
  if (!isSignal(given)) return Promise.reject(wrong(what, "signal", "wrong-type", "an AbortSignal", given));
  const signal = given;
  const aborted = (): SelvedgeError => new SelvedgeError(`${what}: aborted by its caller`, "aborted", null, { cause: signal.reason });
  if (signal.aborted) return Promise.reject(aborted());
  return new Promise((resolve, reject) => {
    const end = (): void => reject(aborted());
    signal.addEventListener("abort", end);
    work(() => signal.aborted)
      .then(resolve, (cause: unknown) => reject(faultOf(what, cause)))
      .finally(() => signal.removeEventListener("abort", end));
  });
}

const isSignal = (value: unknown): value is AbortSignalLike =>
  typeof value === "object" && value !== null && typeof (value as Partial<AbortSignalLike>).aborted === "boolean" && typeof (value as Partial<AbortSignalLike>).addEventListener === "function";
