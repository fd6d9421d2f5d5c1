/**
 * The part of the core's `wasm-bindgen` module (feature `js`) that `src/` uses. The build replaces this file with the generated one;
 * until then, the type check reads this.
 */

export type InitInput = RequestInfo | URL | Response | BufferSource | WebAssembly.Module;

export default function init(input: { module_or_path: InitInput | Promise<InitInput> }): Promise<unknown>;

export class Profile {
  constructor(visitor: Uint8Array);
  static fromBytes(bytes: Uint8Array): Profile;
  toBytes(): Uint8Array;
  readonly events: number;
  free(): void;
}

export class Engine {
  constructor(snapshot: Uint8Array, public_keys: string[]);
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
