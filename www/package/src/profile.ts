import { Profile as WasmProfile } from "../wasm/selvedge.js";
import { guarded } from "./errors.js";
import { requireLoaded } from "./load.js";

const wrapped = new WeakMap<Profile, WasmProfile>();

/**
 * The profile of one visitor: a bounded history with times, and the remembered segment. It is in this page's memory only,
 * unless you store `toBytes()`.
 */
export class Profile {
  /** An empty profile. The id is 16 random bytes that never leave the device; by default one is drawn. */
  constructor(visitorId: Uint8Array = crypto.getRandomValues(new Uint8Array(16))) {
    requireLoaded("new Profile");
    wrapped.set(this, guarded("new Profile", () => new WasmProfile(visitorId)));
  }

  /** @throws {SelvedgeError} if the bytes are not a profile. */
  static fromBytes(bytes: Uint8Array): Profile {
    requireLoaded("Profile.fromBytes");
    const inner = guarded("Profile.fromBytes", () => WasmProfile.fromBytes(bytes));
    const profile = Object.create(Profile.prototype) as Profile;
    wrapped.set(profile, inner);
    return profile;
  }

  /** The profile as versioned bytes, for `fromBytes`. */
  toBytes(): Uint8Array {
    return wasmOf(this).toBytes();
  }

  /** The number of events in the history. */
  get events(): number {
    return wasmOf(this).events;
  }

  /** Releases the memory at once; otherwise the garbage collector does it later. */
  free(): void {
    wasmOf(this).free();
    wrapped.delete(this);
  }
}

/** The profile in Wasm memory. */
export function wasmOf(profile: Profile): WasmProfile {
  const inner = wrapped.get(profile);
  if (inner === undefined) throw new TypeError("profile: expected a Profile that was not freed");
  return inner;
}
