/**
 * The part of the core's `wasm-bindgen` module (feature `js`) that `src/` uses. The build replaces this file with the generated one;
 * until then, the type check reads this.
 */

export default function init(input: { module_or_path: unknown }): Promise<unknown>;

export class Profile {
  constructor(visitor: Uint8Array);
  static fromBytes(bytes: Uint8Array): Profile;
  toBytes(): Uint8Array;
  readonly events: number;
  free(): void;
}

export class Opening {
  constructor(snapshot: Uint8Array, public_keys: string[]);
  pending(): Uint32Array;
  confirm(index: number, sha256?: Uint8Array): void;
  free(): void;
}

export class Engine {
  constructor(opening: Opening);
  readonly version: string;
  readonly itemCount: number;
  recommend(request: unknown, profile: Profile): unknown;
  similar(item: string, n: number, now_ms: number): unknown;
  rank(candidates: string[], n: number, when: unknown, profile: Profile): unknown;
  record(profile: Profile, event: unknown, now_ms: number): number | undefined;
  items(offset: number, count: number): unknown;
  categories(): unknown;
  free(): void;
}
