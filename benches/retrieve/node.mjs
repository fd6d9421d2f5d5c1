// Times the core's search over a snapshot in Node.js and prints one line of JSON. Fails if a list differs from the
// expected one.
//
//   node benches/retrieve/node.mjs MODULE.wasm DIR int8|int4 [SECONDS]

import { open as openFile, readFile, stat } from "node:fs/promises";
import { MODES, found, instantiate, open, search } from "./searcher.mjs";

const CHUNK = 1 << 20;

const [file, dir, variant = "int8", seconds = "2"] = process.argv.slice(2);
if (!dir) {
  console.error("error: expected a module and a folder\n\nhint: see the head of this file");
  process.exit(2);
}
const meta = JSON.parse(await readFile(`${dir}/meta.json`, "utf8"));
const suffix = variant === "int8" ? "" : "-int4";
const floats = new Float32Array((await readFile(`${dir}/queries${suffix}.f32`)).buffer.slice(0));
const queries = Array.from({ length: meta.queries }, (_, at) => floats.subarray(at * meta.dims, (at + 1) * meta.dims));
const expected = new Uint32Array((await readFile(`${dir}/expected${suffix}.u32`)).buffer.slice(0));
const wasm = await instantiate(await WebAssembly.compile(await readFile(file)));
const before = process.memoryUsage().rss;

const path = `${dir}/${variant}.selvedge`;
const { size } = await stat(path);
const cpu = process.cpuUsage();
const opened = await open(wasm, size, async (memory) => {
  const handle = await openFile(path);
  for (let at = 0; at < size; at += CHUNK) await handle.read(memory(), at, Math.min(CHUNK, size - at), at);
  await handle.close();
});
const first = performance.now();
search(wasm, queries[0], meta.k, MODES.exact);
const firstQueryMs = performance.now() - first;
const { user, system } = process.cpuUsage(cpu);

for (const [at, query] of queries.entries()) {
  search(wasm, query, meta.k, MODES.exact);
  const list = found(wasm, meta.k).join();
  const wanted = expected.subarray(at * meta.k, (at + 1) * meta.k).join();
  search(wasm, query, meta.k, MODES.full);
  const all = found(wasm, meta.k).join();
  if (list !== wanted || all !== wanted) {
    console.error(`error: query ${at}: expected rows ${wanted}\n  found ${list}\n  without bounds ${all}`);
    process.exit(1);
  }
}

/** Which rows are allowed: all, all but the seen ones, a category, a tiny category. */
const FILTERS = { none: [0, true], seen: [50, false], category: [10, true], rare: [1000, true] };
const times = {};
for (const [name, [every, allowed]] of Object.entries(FILTERS)) {
  wasm.snapshot_filter(every, allowed);
  times[name] = time((query) => search(wasm, query, meta.k, MODES.exact), Number(seconds) * 1000);
}
wasm.snapshot_filter(0, true);
const scan = time((query) => search(wasm, query, meta.k, MODES.full), Number(seconds) * 1000);
// Rows at even distances, so that vectors of all lengths occur; a cosine does not depend on the length.
let at = 0;
const near = time(() => wasm.snapshot_near(Math.floor((at++ % 100) * (opened.rows / 100)), meta.k, MODES.exact), Number(seconds) * 1000);
console.log(
  JSON.stringify({
    bench: "retrieve-node", node: process.version, set: meta.name, kind: meta.kind, variant,
    rows: opened.rows, dims: meta.dims, k: meta.k, bytes: size,
    wasm_bytes: wasm.memory.buffer.byteLength, rss_bytes: process.memoryUsage().rss - before,
    open_ms: Number(opened.open_ms.toFixed(3)), first_query_ms: Number(firstQueryMs.toFixed(3)),
    load_cpu_ms: Number(((user + system) / 1000).toFixed(1)),
    search: times, full_scan: scan, near,
    read_gb_per_s: bandwidth(opened.rows * meta.dims),
  }),
);

function time(run, limitMs) {
  for (const query of queries) run(query);
  const took = [];
  const end = performance.now() + limitMs;
  for (let at = 0; performance.now() < end || took.length < 50; at++) {
    const start = performance.now();
    run(queries[at % queries.length]);
    took.push(performance.now() - start);
  }
  took.sort((a, b) => a - b);
  const share = (part) => Number(took[Math.min(took.length - 1, Math.floor(part * took.length))].toFixed(4));
  return { runs: took.length, median_ms: share(0.5), p99_ms: share(0.99), min_ms: share(0) };
}

/** The highest rate at which one thread can read: a module of 100 bytes reads as many bytes as the rows have, 64 per step. */
function bandwidth(bytes) {
  const pages = Math.ceil(bytes / 65_536);
  const memory = new WebAssembly.Memory({ initial: pages });
  new Uint8Array(memory.buffer).fill(1);
  const { read } = new WebAssembly.Instance(readModule(), { m: { m: memory } }).exports;
  const whole = Math.floor(bytes / 64) * 64;
  const took = Array.from({ length: 200 }, () => {
    const start = performance.now();
    read(whole);
    return performance.now() - start;
  }).sort((a, b) => a - b);
  return Number((whole / took[100] / 1e6).toFixed(1));
}

/** `(func (param $n i32) (result i32))`: four 128-bit loads and ors a step, from 0 to $n. */
function readModule() {
  const at = 5;
  const step = (local, offset) => [0x20, local, 0x20, at, 0xfd, 0x00, 0x00, offset, 0xfd, 0x50, 0x21, local];
  const code = [
    0x02, 0x04, 0x7b, 0x01, 0x7f, // four v128 locals, 1 to 4, and one i32 local, 5
    0x03, 0x40, // loop
    ...step(1, 0), ...step(2, 16), ...step(3, 32), ...step(4, 48),
    0x20, at, 0x41, 0xc0, 0x00, 0x6a, 0x22, at, 0x20, 0x00, 0x49, 0x0d, 0x00, // at += 64; again while at < n
    0x0b,
    0x20, 0x01, 0x20, 0x02, 0xfd, 0x50, 0x20, 0x03, 0xfd, 0x50, 0x20, 0x04, 0xfd, 0x50, 0xfd, 0x1b, 0x00, // a lane of all
    0x0b,
  ];
  const section = (id, bytes) => [id, ...leb(bytes.length), ...bytes];
  return new WebAssembly.Module(
    new Uint8Array([
      0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00,
      ...section(1, [0x01, 0x60, 0x01, 0x7f, 0x01, 0x7f]),
      ...section(2, [0x01, 0x01, 0x6d, 0x01, 0x6d, 0x02, 0x00, 0x00]),
      ...section(3, [0x01, 0x00]),
      ...section(7, [0x01, 0x04, 0x72, 0x65, 0x61, 0x64, 0x00, 0x00]),
      ...section(10, [0x01, ...leb(code.length), ...code]),
    ]),
  );
}

function leb(value) {
  const bytes = [];
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>>= 7;
  } while (value > 0);
  return bytes;
}
