/** Opens the model on the device, from the same manifest and signed snapshot that the Worker uses. */

import { Engine, init } from "@selvedge/edge";
import wasm from "@selvedge/edge/wasm";

export interface Model {
  readonly engine: Engine;
  readonly snapshotBytes: number;
  /** Milliseconds for the download of Wasm and snapshot. */
  readonly fetchMs: number;
  /** Milliseconds for every check of the snapshot and for opening it. */
  readonly openMs: number;
}

interface Pointer {
  readonly key: string;
  readonly bytes: number;
}

export async function loadModel(): Promise<Model> {
  const started = performance.now();
  const [snapshot] = await Promise.all([fetchSnapshot(), init(wasm)]);
  const fetched = performance.now();
  const engine = new Engine(snapshot, SELVEDGE_PUBLIC_KEYS);
  return { engine, snapshotBytes: snapshot.byteLength, fetchMs: fetched - started, openMs: performance.now() - fetched };
}

async function fetchSnapshot(): Promise<ArrayBuffer> {
  const pointer = (await (await get("/models/current.json")).json()) as Pointer;
  const snapshot = await (await get(`/${pointer.key}`)).arrayBuffer();
  if (snapshot.byteLength !== pointer.bytes) {
    throw new Error(`/${pointer.key}: expected ${pointer.bytes} bytes as /models/current.json says, found ${snapshot.byteLength}; load the page again`);
  }
  return snapshot;
}

async function get(address: string): Promise<Response> {
  // Without cookies, because the model is the same for everyone.
  const response = await fetch(address, { credentials: "omit" });
  if (!response.ok) throw new Error(`${address} answered ${response.status}`);
  return response;
}
