/**
 * What the package uses of a browser, a worker, Node, Deno or Bun, described here: neither its source nor its declarations need the
 * types of the DOM or of Node.
 */

/** A URL object. */
export interface UrlLike {
  readonly href: string;
}

/** An `AbortSignal`. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** The part of a `Response` that is read. */
export interface ResponseLike {
  readonly ok: boolean;
  readonly status: number;
  readonly body: { getReader(): ReaderLike } | null;
  arrayBuffer(): Promise<ArrayBuffer>;
  json(): Promise<unknown>;
}

interface ReaderLike {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(reason?: unknown): Promise<unknown>;
}

/** `fetch`, or a function like it. */
export type FetchLike = (url: string, init: { readonly cache?: "no-cache" | "default"; readonly credentials?: "omit"; readonly signal?: any }) => Promise<ResponseLike>;

/** A compiled `WebAssembly.Module`, where the types of the program know one. */
export type CompiledModule = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Module } } } ? Module : never;

/** The part of `localStorage` that is used. */
export interface StorageLike {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface Channel {
  postMessage(message: unknown): void;
  close(): void;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
}

/** Only what may be missing is optional. */
export interface Platform {
  readonly URL: new (url: string, base?: string) => UrlLike & { readonly origin: string; readonly protocol: string };
  readonly Response: new (body: unknown) => { readonly body: { pipeThrough(through: unknown): unknown }; arrayBuffer(): Promise<ArrayBuffer> };
  readonly DecompressionStream: new (format: "gzip") => unknown;
  readonly AbortController: new () => { readonly signal: AbortSignalLike; abort(reason?: unknown): void };
  readonly fetch: FetchLike;
  readonly crypto: {
    getRandomValues(bytes: Uint8Array): Uint8Array;
    /** Only on https and on localhost. */
    readonly subtle?: { digest(algorithm: "SHA-256", bytes: Uint8Array): Promise<ArrayBuffer> };
  };
  readonly performance: { now(): number };
  readonly location?: { readonly href: string };
  readonly document?: { readonly visibilityState: string };
  readonly process?: { getBuiltinModule?(name: "node:fs/promises"): { readFile(path: unknown): Promise<Uint8Array> } };
  readonly indexedDB?: unknown;
  readonly localStorage?: StorageLike;
  readonly BroadcastChannel?: new (name: string) => Channel;
  atob(text: string): string;
  btoa(text: string): string;
  setTimeout(work: () => void, ms?: number): unknown;
  clearTimeout(timer: unknown): void;
  addEventListener?(type: string, listener: (event: any) => void): void;
  removeEventListener?(type: string, listener: (event: any) => void): void;
}

export const platform = globalThis as unknown as Platform;

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return platform.btoa(binary);
}

/** Throws if the text is not base64. */
export function fromBase64(text: string): Uint8Array {
  const binary = platform.atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at += 1) bytes[at] = binary.charCodeAt(at);
  return bytes;
}
