// The memory of one isolate while snapshots are published one after the other and requests go on: after each swap the Wasm memory of all
// instances that live, the instances that were made anew, and the answers that were less than they should be. Then the memory of an isolate
// to which bodies are announced that never come. Prints one line of JSON.
//
//   node benches/edge/memory.mjs SIZED PUBLIC_KEY [COUNT]
//
// SIZED is the program that `examples/sized.rs` is compiled to.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { generator, round } from "./turns.mjs";
import { residentBytes, selvedge, start } from "./workerd.mjs";

const [sized, publicKey, count = "50"] = process.argv.slice(2);
const MIB = 1024 * 1024;
const LARGEST_MIB = 45;
const PATIENCE_MS = 120_000;

/** The sizes, in MiB, that once took the memory of an isolate to 162 MiB. */
const FOUR = [38.5, 38.9, 41.6, 42];
/** Sizes that grow in the first half and are drawn at random in the second. */
function many(count) {
  const random = generator(15);
  const half = count >> 1;
  return Array.from({ length: count }, (_, at) => (at < half ? 1 + ((LARGEST_MIB - 1) * at) / (half - 1) : 1 + (LARGEST_MIB - 1) * random()));
}

const results = [];
for (const [name, sizes] of [["four of 38 to 42 MiB", FOUR], [`${count}, growing and then random, of 1 to ${LARGEST_MIB} MiB`, many(Number(count))]]) {
  results.push({ name, ...(await published(sizes)) });
}
const bodies = await announced(400);
console.log(JSON.stringify({ bench: "edge-memory", node: process.version, results, bodies }));

async function published(sizes) {
  const home = mkdtempSync(join(tmpdir(), "selvedge-memory-"));
  mkdirSync(join(home, "models"));
  const own = selvedge(home, publicKey);
  let worker;
  const state = { requests: 0, errors: 0, wrong: [], most: 0, mostResident: 0, over: false };
  try {
    const swaps = [];
    let lanes;
    let previous;
    for (const [at, mib] of sizes.entries()) {
      const name = `models/${at}.selvedge`;
      const bytes = Math.round((mib * MIB) / 64) * 64;
      await promisify(execFile)(sized, [join(home, name), String(bytes), String(at)]);
      writeFileSync(join(home, "models/new.json"), JSON.stringify({ key: name, bytes }));
      renameSync(join(home, "models/new.json"), join(home, "models/current.json"));
      const begin = performance.now();
      worker ??= await start({ ...own, vars: { ...own.vars, SELVEDGE_REFRESH_S: "1" } });
      const readiness = await until(worker, (found) => found.ready && found.model !== previous, state);
      previous = readiness.model;
      lanes ??= ["/v1/recommend/home", "/v1/recommend/shelf", "events"].map((path) => lane(worker, path, state));
      const wasm = wasmBytes(readiness.memory);
      swaps.push({
        mib: round(mib, 1),
        wasm_mib: round(wasm / MIB, 1),
        of_it_replaced_mib: round(readiness.memory.other_instances_bytes / MIB, 1),
        renewals: readiness.memory.renewals,
        seconds: round((performance.now() - begin) / 1000, 1),
      });
      rmSync(join(home, `models/${at - 1}.selvedge`), { force: true });
    }
    state.over = true;
    await Promise.all(lanes);
    return {
      swaps,
      most_wasm_mib: round(state.most / MIB, 1),
      most_resident_mb: round(state.mostResident / 1e6, 1),
      renewals: swaps.at(-1).renewals,
      requests: state.requests,
      errors: state.errors,
      wrong: state.wrong,
    };
  } finally {
    await worker?.close();
    rmSync(home, { recursive: true });
  }
}

/** Announces so many bodies of 320,000 bytes, sends nothing of them, and waits until all are answered. */
async function announced(count) {
  const home = mkdtempSync(join(tmpdir(), "selvedge-memory-"));
  mkdirSync(join(home, "models"));
  await promisify(execFile)(sized, [join(home, "models/1.selvedge"), String(MIB), "1"]);
  writeFileSync(join(home, "models/current.json"), JSON.stringify({ key: "models/1.selvedge", bytes: MIB }));
  const worker = await start(selvedge(home, publicKey));
  const sockets = [];
  const state = { most: 0, mostResident: 0 };
  try {
    const before = (await until(worker, (found) => found.ready, state)).memory;
    const resident = residentBytes(worker.pid);
    const { hostname, port } = new URL(worker.origin);
    const statuses = {};
    const begin = performance.now();
    const answers = Array.from({ length: count }, () => new Promise((answered) => {
      const socket = connect(Number(port), hostname);
      sockets.push(socket);
      socket.once("data", (bytes) => {
        const [, status] = /^HTTP\/1\.1 (\d+)/.exec(bytes) ?? [];
        statuses[status] = (statuses[status] ?? 0) + 1;
        answered();
      });
      socket.on("error", answered);
      socket.write(`POST /v1/rank HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: 320000\r\n\r\n`);
    }));
    await until(worker, ({ memory }) => memory.held_bytes >= count * 4096, state);
    await Promise.all(answers);
    const seconds = (performance.now() - begin) / 1000;
    const after = (await until(worker, ({ memory }) => memory.held_bytes === 0, state)).memory;
    return {
      count,
      before_mib: round(wasmBytes(before) / MIB, 1),
      most_mib: round(Math.max(state.most, wasmBytes(after)) / MIB, 1),
      most_held_mib: round(after.most_held_bytes / MIB, 1),
      resident_growth_mb: round((state.mostResident - resident) / 1e6, 1),
      answers: Object.entries(statuses).map(([status, times]) => `${times} × ${status}`).join(", "),
      seconds: round(seconds, 1),
    };
  } finally {
    for (const socket of sockets) socket.destroy();
    await worker.close();
    rmSync(home, { recursive: true });
  }
}

function wasmBytes(memory) {
  return memory.instance_bytes + memory.other_instances_bytes;
}

/** Asks the readiness probe until it says so, and keeps the most memory that it ever saw. */
async function until(worker, isSo, state) {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const readiness = await (await fetch(`${worker.origin}/readyz`)).json();
    state.most = Math.max(state.most, wasmBytes(readiness.memory));
    state.mostResident = Math.max(state.mostResident, residentBytes(worker.pid));
    if (isSo(readiness)) return readiness;
    if (performance.now() > deadline) throw new Error(`expected the next model within ${PATIENCE_MS} ms, found ${JSON.stringify(readiness)}`);
    await new Promise((tick) => setTimeout(tick, 20));
  }
}

/** Sends one request after the other; an answer that is no 2xx or names a fall-back is an error. */
async function lane(worker, path, state) {
  const clicks = [1, 2, 3].map((item) => ({ type: "click", item: `item-000000${item}` }));
  const body = JSON.stringify({ events: clicks });
  for (let turn = 0; !state.over; turn += 1) {
    state.requests += 1;
    try {
      const response = path === "events"
        ? await fetch(`${worker.origin}/v1/events`, { method: "POST", headers: { "content-type": "application/json" }, body })
        : await fetch(`${worker.origin}${path}?n=${1 + (turn % 24)}`);
      await response.arrayBuffer();
      // A bare workerd has neither a queue nor a bucket.
      const fallback = response.headers.get("selvedge-fallback")?.replace("no-queue", "") ?? "";
      if (!response.ok || fallback !== "") throw new Error(`status ${response.status}, fall-back ${fallback}`);
    } catch (error) {
      state.errors += 1;
      if (state.wrong.length < 10) state.wrong.push(`${path}: ${error.message}`);
    }
    await new Promise((tick) => setTimeout(tick, 5));
  }
}
