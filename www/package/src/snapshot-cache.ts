/** Keeps the last snapshot of each manifest on the device, so that a visit without a network, or with the same model, fetches nothing. */

import { platform } from "./platform.js";

/** A snapshot as it was fetched. It is checked again whenever it is opened. */
export interface CachedSnapshot {
  /** The object key that the manifest named, such as `models/<version>.selvedge`. */
  readonly key: string;
  readonly bytes: Uint8Array;
}

/** Where a loader keeps snapshots. Nothing in it is trusted, and a failure counts as "not there". */
export interface SnapshotCache {
  get(manifest: string): Promise<CachedSnapshot | null>;
  put(manifest: string, snapshot: CachedSnapshot): Promise<void>;
  delete(manifest: string): Promise<void>;
}

const DATABASE = "selvedge";
const STORE = "snapshots";
/** How long to wait for a database that does not answer, as Safari's sometimes does not after a start. */
const PATIENCE_MS = 3_000;

/** The browser's IndexedDB; null where there is none. */
export function indexedDbCache(): SnapshotCache | null {
  const factory = platform.indexedDB as Factory | undefined;
  if (!factory) return null;
  const run = async <T>(mode: "readonly" | "readwrite", work: (store: ObjectStore) => Request<T>): Promise<T> => {
    const database = await within(PATIENCE_MS, open(factory));
    try {
      const transaction = database.transaction(STORE, mode);
      const request = work(transaction.objectStore(STORE));
      return await within(PATIENCE_MS * 10, new Promise<T>((resolve, reject) => {
        // A write counts once its transaction is complete: before that, a full disk may still take it back.
        transaction.oncomplete = () => resolve(request.result);
        transaction.onabort = transaction.onerror = () => reject(transaction.error ?? request.error);
      }));
    } finally {
      database.close();
    }
  };
  return {
    get: async (manifest) => (await run<CachedSnapshot | undefined>("readonly", (store) => store.get(manifest))) ?? null,
    put: async (manifest, snapshot) => void (await run("readwrite", (store) => store.put(snapshot, manifest))),
    delete: async (manifest) => void (await run("readwrite", (store) => store.delete(manifest))),
  };
}

async function open(factory: Factory): Promise<Database> {
  return new Promise((resolve, reject) => {
    const request = factory.open(DATABASE, 1);
    request.onupgradeneeded = () => void request.result.createObjectStore(STORE);
    request.onsuccess = () => {
      // Another tab with a later version of this package may change the database.
      request.result.onversionchange = () => request.result.close();
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("the database is in use by an older page"));
  });
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: unknown;
  const late = new Promise<never>((_, reject) => {
    timer = platform.setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  return Promise.race([work, late]).finally(() => platform.clearTimeout(timer));
}

interface Request<T> {
  readonly result: T;
  readonly error: unknown;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface Factory {
  open(name: string, version: number): Request<Database> & { onupgradeneeded: (() => void) | null; onblocked: (() => void) | null };
}
interface Database {
  createObjectStore(name: string): unknown;
  transaction(name: string, mode: string): Transaction;
  close(): void;
  onversionchange: (() => void) | null;
}
interface Transaction {
  objectStore(name: string): ObjectStore;
  readonly error: unknown;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
  onerror: (() => void) | null;
}
interface ObjectStore {
  get(key: string): Request<CachedSnapshot | undefined>;
  put(value: unknown, key: string): Request<unknown>;
  delete(key: string): Request<unknown>;
}
