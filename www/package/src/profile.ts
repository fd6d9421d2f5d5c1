import { Profile as WasmProfile } from "../wasm/selvedge.js";
import { bytes } from "./check.js";
import { SelvedgeError, guarded, wrong } from "./errors.js";
import { requireLoaded } from "./load.js";
import { platform } from "./platform.js";

/** A profile that was freed is null here. */
const wrapped = new WeakMap<object, WasmProfile | null>();

/**
 * The profile of one visitor: a bounded history with times, and the remembered segment. It is in this page's memory only,
 * unless you store `toBytes()`.
 */
export class Profile {
  /**
   * An empty profile. The id is 16 random bytes that never leave the device; by default one is drawn.
   * @throws {SelvedgeError} if the id is none.
   */
  constructor(visitorId?: Uint8Array) {
    requireLoaded("new Profile");
    const id = visitorId === undefined ? platform.crypto.getRandomValues(new Uint8Array(16)) : bytes("new Profile", "visitorId", visitorId);
    wrapped.set(this, guarded("new Profile", () => new WasmProfile(id)));
  }

  /** @throws {SelvedgeError} `bad-profile` if the bytes are not a profile. */
  static fromBytes(stored: Uint8Array | ArrayBuffer): Profile {
    requireLoaded("Profile.fromBytes");
    const inner = guarded("Profile.fromBytes", () => WasmProfile.fromBytes(bytes("Profile.fromBytes", "bytes", stored)));
    const profile = Object.create(Profile.prototype) as Profile;
    wrapped.set(profile, inner);
    return profile;
  }

  /** The profile as versioned bytes, for `fromBytes`. */
  toBytes(): Uint8Array {
    return guarded("toBytes", () => wasmOf("toBytes", this).toBytes());
  }

  /** The number of events in the history. */
  get events(): number {
    return guarded("events", () => wasmOf("events", this).events);
  }

  /** Releases the memory at once; otherwise the garbage collector does it later. @throws {SelvedgeError} `freed` the second time. */
  free(): void {
    guarded("free", () => wasmOf("free", this).free());
    wrapped.set(this, null);
  }
}

/** The profile in Wasm memory. @internal */
export function wasmOf(what: string, profile: unknown): WasmProfile {
  if (profile === undefined) throw wrong(what, "profile", "missing", "a Profile", profile);
  const inner = typeof profile === "object" && profile !== null ? wrapped.get(profile) : undefined;
  if (inner === undefined) throw wrong(what, "profile", "wrong-type", "a Profile", profile);
  if (inner === null) throw new SelvedgeError(`${what}: profile: expected one in use, found one that was freed`, "freed", "profile");
  return inner;
}
