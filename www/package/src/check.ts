/**
 * Checks of what callers pass. JavaScript turns a wrong value into another one without a word (`1.5` into 1, a missing id into
 * "undefined"), so every argument is checked here before it goes into the Wasm. What a right value may be is the core's to say.
 */

import { wrong } from "./errors.js";

/** The largest number of things that the Wasm can count. */
const MAX_COUNT = 2 ** 32 - 1;
/** The last moment that a JavaScript `Date` knows. */
const MAX_TIME_MS = 8.64e15;

export function text(what: string, field: string, value: unknown): string {
  if (value === undefined) throw wrong(what, field, "missing", "text", value);
  if (typeof value !== "string") throw wrong(what, field, "wrong-type", "text", value);
  // The Wasm holds UTF-8, in which half a surrogate pair becomes another character: then two ids would be one.
  if (/\p{Surrogate}/u.test(value)) throw wrong(what, field, "bad-value", "well-formed Unicode", value);
  return value;
}

export function whole(what: string, field: string, value: unknown, least: number): number {
  number(what, field, value);
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > MAX_COUNT) {
    throw wrong(what, field, "out-of-range", `a whole number from ${least} on`, value);
  }
  return value as number;
}

/** Unix milliseconds. */
export function time(what: string, field: string, value: unknown): number {
  const ms = number(what, field, value);
  if (!(ms >= 0 && ms <= MAX_TIME_MS)) throw wrong(what, field, "out-of-range", "Unix milliseconds", value);
  return ms;
}

export function number(what: string, field: string, value: unknown): number {
  if (value === undefined) throw wrong(what, field, "missing", "a number", value);
  if (typeof value !== "number") throw wrong(what, field, "wrong-type", "a number", value);
  return value;
}

export function flag(what: string, field: string, value: unknown): boolean {
  if (typeof value !== "boolean") throw wrong(what, field, "wrong-type", "true or false", value);
  return value;
}

/** A copy of an array, each element checked. */
export function list<T>(what: string, field: string, value: unknown, each: (field: string, element: unknown) => T): T[] {
  if (value === undefined) throw wrong(what, field, "missing", "an array", value);
  if (!Array.isArray(value)) throw wrong(what, field, "wrong-type", "an array", value);
  // `Array.from` also visits the holes of a sparse array.
  return Array.from(value as unknown[], (element, index) => each(`${field}[${index}]`, element));
}

export const texts = (what: string, field: string, value: unknown): string[] => list(what, field, value, (place, element) => text(what, place, element));

/** An object's fields. A field that nobody reads is a mistake (`timestamp_ms` for `timestampMs`), so it is refused. */
export function fields<Name extends string>(what: string, field: string, value: unknown, names: readonly Name[], prefix = ""): Readonly<Partial<Record<Name, unknown>>> {
  if (value === undefined) throw wrong(what, field, "missing", "an object", value);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw wrong(what, field, "wrong-type", "an object", value);
  const strange = Object.keys(value).find((key) => !(names as readonly string[]).includes(key));
  if (strange !== undefined) throw wrong(what, prefix + strange, "unknown-field", `one of the fields ${names.join(", ")}`, (value as Record<string, unknown>)[strange]);
  return value as Partial<Record<Name, unknown>>;
}

/** Bytes, from this realm or another one. */
export function bytes(what: string, field: string, value: unknown): Uint8Array {
  if (value === undefined) throw wrong(what, field, "missing", "bytes", value);
  const found = bytesOf(value);
  if (found === null) throw wrong(what, field, "wrong-type", "a Uint8Array or an ArrayBuffer that was not transferred", value);
  return found;
}

/** The bytes of a typed array, a buffer or a Node buffer; null for anything else. */
export function bytesOf(value: unknown): Uint8Array | null {
  try {
    if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return /^\[object (Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value)) ? new Uint8Array(value as ArrayBuffer) : null;
  } catch {
    // A buffer that was transferred away.
    return null;
  }
}
