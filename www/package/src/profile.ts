import { Profile as WasmProfile } from "../wasm/selvedge.js";
import { guarded } from "./errors.js";
import { requireLoaded } from "./load.js";

const wrapped = new WeakMap<Profile, WasmProfile>();

/**
 * What is known of one visitor: a bounded history with times, and the remembered segment. It lives in this page's memory;
 * keep `toBytes()` where you like, and nowhere if you like.
 */
export class Profile {
  /** An empty profile. The id is 16 random bytes that never leave the device; one is drawn where none is given. */
  constructor(visitorId: Uint8Array = crypto.getRandomValues(new Uint8Array(16))) {
    requireLoaded("new Profile");
    wrapped.set(this, guarded("new Profile", () => new WasmProfile(visitorId)));
  }

  /** @throws {SelvedgeError} where the bytes are no profile. */
  static fromBytes(bytes: Uint8Array): Profile {
    requireLoaded("Profile.fromBytes");
    const inner = guarded("Profile.fromBytes", () => WasmProfile.fromBytes(bytes));
    const profile = Object.create(Profile.prototype) as Profile;
    wrapped.set(profile, inner);
    return profile;
  }

  /** The profile as bytes, versioned: what `fromBytes` reads. */
  toBytes(): Uint8Array {
    return wasmOf(this).toBytes();
  }

  /** How many events it remembers. */
  get events(): number {
    return wasmOf(this).events;
  }

  /** Gives the memory back at once; without it the garbage collector does, later. */
  free(): void {
    wasmOf(this).free();
    wrapped.delete(this);
  }
}

/** The Wasm's half of a profile. */
export function wasmOf(profile: Profile): WasmProfile {
  const inner = wrapped.get(profile);
  if (inner === undefined) throw new TypeError("profile: expected a Profile that was not freed");
  return inner;
}
