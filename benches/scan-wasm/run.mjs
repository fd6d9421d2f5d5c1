// Times the core's exact top-k in WebAssembly beside a plain JavaScript loop over the same memory, and prints one line
// of JSON. Fails if the two do not find the same rows.
//
//   RUSTFLAGS="-C target-feature=+simd128" cargo build --release --target wasm32-unknown-unknown -p selvedge-scan-wasm
//   node benches/scan-wasm/run.mjs target/wasm32-unknown-unknown/release/selvedge_scan_wasm.wasm [rows] [dims] [k] [runs]

import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';

const WARM_UP = 200;
const JS_RUNS = 60;

const [file, ...numbers] = process.argv.slice(2);
if (!file) {
  console.error('error: no module given\n\nhint: build it and name it, as the head of this file shows');
  process.exit(2);
}
const [rows = 100_000, dims = 64, k = 20, runs = 500] = numbers.map(Number);

const module = await WebAssembly.compile(await readFile(file));
// wasm-bindgen's placeholder imports are used only by its command line tool and never called here.
const imports = {};
for (const { module: from, name } of WebAssembly.Module.imports(module)) {
  (imports[from] ??= {})[name] = () => {
    throw new Error(`unexpected call of ${from}.${name}`);
  };
}
const instance = await WebAssembly.instantiate(module, imports);
// In cargo's output, names end in a hash of the crate.
const named = Object.entries(instance.exports).map(([name, value]) => [name.replace(/_[0-9a-f]{16}$/, ''), value]);
const wasm = Object.fromEntries(named);

const stride = wasm.setup(rows, dims, 7);
if (stride === 0) {
  console.error(`error: the core refused ${rows} rows of ${dims} dimensions`);
  process.exit(1);
}
const inWasm = time(() => wasm.scan(k), WARM_UP, runs);
const found = Array.from({ length: k }, (_, rank) => wasm.item(rank) >>> 0);
// Made after the scans, because memory that grows detaches its views.
const memory = wasm.memory.buffer;
const codes = new Int8Array(memory, wasm.codes_at(), rows * stride);
const query = new Int16Array(memory, wasm.query_at(), stride);
const scales = Float32Array.from(new Uint16Array(memory, wasm.scales_at(), rows), widen);
const queryScale = wasm.query_scale();
let expected = [];
const inJs = time(() => (expected = topK()), 10, JS_RUNS);
if (found.join() !== expected.join()) {
  console.error(`error: WebAssembly found rows ${found}\n  but plain JavaScript found ${expected}`);
  process.exit(1);
}
const backend = wasm.uses_simd() ? 'simd128' : 'scalar';
console.log(JSON.stringify({ bench: 'scan-wasm', node: process.version, backend, rows, dims, k, wasm: inWasm, js: inJs }));

function time(run, warmUp, times) {
  for (let at = 0; at < warmUp; at++) run();
  const took = Array.from({ length: times }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  }).sort((a, b) => a - b);
  const at = (share) => Number(took[Math.min(times - 1, Math.floor(share * times))].toFixed(4));
  return { runs: times, median_ms: at(0.5), p99_ms: at(0.99), min_ms: at(0) };
}

// A plain search without the core: one pass, a sorted list of the k best.
function topK() {
  const items = [];
  const best = [];
  for (let row = 0, at = 0; row < rows; row++) {
    let dot = 0;
    for (let dim = 0; dim < stride; dim++, at++) dot += codes[at] * query[dim];
    const score = Math.fround(Math.fround(Math.fround(dot) * scales[row]) * queryScale);
    if (best.length === k && !(score > best[k - 1])) continue;
    let place = best.length;
    while (place > 0 && score > best[place - 1]) place--;
    best.splice(place, 0, score);
    items.splice(place, 0, row);
    if (best.length > k) {
      best.pop();
      items.pop();
    }
  }
  return items;
}

// Converts a finite f16 to a number.
function widen(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
