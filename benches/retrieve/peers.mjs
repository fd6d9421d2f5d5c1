// Times vector searches that other packages offer to JavaScript, on the rows, queries and answers of a folder, and
// prints one line of JSON: an entry for each peer and each setting of its search effort, to be compared at equal
// recall. A peer that cannot hold the rows, or takes too long, gets an entry that says so.
//
//   npm ci --ignore-scripts --prefix benches/retrieve
//   node benches/retrieve/peers.mjs DIR [--only NAME,NAME] [--seconds S] [--build S]
//
//   --only     names of peers or of their packages; all of them by default
//   --seconds  how long to time each setting, 2 by default
//   --build    how long a peer may take to build its index, 120 by default; beyond the timing, each setting may too
//
// DIR holds, little-endian:
//   meta.json     {"name", "rows": N, "dims": D, "queries": Q, "k": 20, "kind": "trained" or "random"}
//   rows.f32      N x D float32
//   queries.f32   Q x D float32
//   expected.u32  Q x 20 uint32, the rows of the greatest inner products, best first
//
// `memory_bytes` is what `memory_of` says. `shipped_bytes` is the JavaScript and Wasm (of usearch, the native addon) as
// published, each file after gzip at its best level. `recall_queries` is how many queries the recall was taken over.

import { fork } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, endianness, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

const K = 20;
const M = 16;
const EF_CONSTRUCTION = 128;
const EFFORTS = [20, 50, 100, 200, 400, 800];
const RECALL_SECONDS = 30;
const CHUNK = 1000;
// As a float it is no number, so no row holds it.
const MARK = 0x7fc0beef;
const MODULES = join(import.meta.dirname, 'node_modules');
const WASM_MEMORY = 'wasm memory, whole';
const TO_L2 = 'l2, inner product reduced to it by one more dimension, sqrt(maxnorm² - norm²)';
const EDGEVEC = ['edgevec.js', 'edgevec_bg.wasm', 'snippets/edgevec-d2ba0e32c31531f9/src/js/storage.js'];
const USEARCH = [`prebuilds/${process.platform}-${process.arch}/usearch.node`];

// `build` takes the data and a file that it may write. It returns `memory`, `queries` as the peer takes them, and
// `at(effort)`, which gives the search that is timed and `rowsOf`, the row numbers out of what that search returns.
const PEERS = [
  {
    name: 'hnswlib-wasm',
    package: 'hnswlib-wasm',
    exact: false,
    metric: 'inner product',
    settings: { index: 'hnsw', quantization: 'f32', M, efConstruction: EF_CONSTRUCTION },
    knob: 'efSearch',
    efforts: EFFORTS,
    memoryOf: WASM_MEMORY,
    shipped: ['dist/hnswlib.js', 'dist/hnswlib-317962d7.js'],
    build: buildHnswlib,
  },
  {
    name: 'voy-search',
    package: 'voy-search',
    exact: true,
    metric: TO_L2,
    settings: { index: 'k-d tree', quantization: 'f32', paddedTo: 768 },
    memoryOf: WASM_MEMORY,
    shipped: ['voy_search.js', 'voy_search_bg.js', 'voy_search_bg.wasm'],
    build: buildVoy,
  },
  {
    name: 'edgevec',
    package: 'edgevec',
    exact: false,
    // 0.9.0 puts the smallest first, when it builds as when it searches.
    metric: 'inner product, of the negated query',
    settings: { index: 'hnsw', quantization: 'f32', M, M0: 2 * M, efConstruction: EF_CONSTRUCTION },
    knob: 'efSearch',
    efforts: EFFORTS,
    memoryOf: WASM_MEMORY,
    shipped: EDGEVEC,
    build: buildEdgeVec,
  },
  {
    name: 'edgevec-l2',
    package: 'edgevec',
    exact: false,
    metric: TO_L2,
    settings: { index: 'hnsw', quantization: 'f32', M, M0: 2 * M, efConstruction: EF_CONSTRUCTION },
    knob: 'efSearch',
    efforts: EFFORTS,
    memoryOf: WASM_MEMORY,
    shipped: EDGEVEC,
    build: buildEdgeVecL2,
  },
  {
    name: 'edgevec-binary',
    package: 'edgevec',
    exact: false,
    metric: TO_L2,
    settings: {
      index: 'hnsw',
      quantization: 'sign bits, rescored in f32',
      M,
      M0: 2 * M,
      efConstruction: EF_CONSTRUCTION,
      efSearch: K,
    },
    knob: 'rescoreFactor',
    efforts: [1, 3, 5, 10, 20, 40],
    memoryOf: WASM_MEMORY,
    shipped: EDGEVEC,
    build: buildEdgeVecBinary,
  },
  {
    name: 'edgevec-flat',
    package: 'edgevec',
    exact: true,
    metric: 'inner product',
    settings: { index: 'flat', quantization: 'f32' },
    memoryOf: WASM_MEMORY,
    shipped: EDGEVEC,
    build: buildEdgeVecFlat,
  },
  {
    name: 'usearch',
    package: 'usearch',
    exact: false,
    metric: 'inner product',
    settings: {
      index: 'hnsw',
      quantization: 'f32',
      connectivity: M,
      expansion_add: EF_CONSTRUCTION,
      build_threads: availableParallelism(),
      search_threads: 1,
    },
    knob: 'expansion_search',
    efforts: EFFORTS,
    memoryOf: 'growth of process RSS',
    shipped: USEARCH,
    build: buildUsearch,
  },
  {
    name: 'usearch-exact',
    package: 'usearch',
    exact: true,
    metric: 'inner product',
    settings: { index: 'none', quantization: 'f32', search_threads: 1 },
    memoryOf: 'typed arrays',
    shipped: USEARCH,
    build: buildUsearchExact,
  },
  {
    name: 'js-int8',
    package: null,
    exact: true,
    metric: 'inner product',
    settings: { index: 'none', quantization: 'int8 rows with a scale each, int16 query' },
    memoryOf: 'typed arrays',
    shipped: [],
    build: buildInt8,
  },
];

if (process.send) await measureHere();
else await main();

async function main() {
  const { dir, only, seconds, buildSeconds } = readArguments();
  const meta = readMeta(dir);
  if (!existsSync(MODULES)) fail('the peers are not installed', 'npm ci --ignore-scripts --prefix benches/retrieve');
  const scratch = await mkdtemp(join(tmpdir(), 'retrieve-peers-'));
  const entries = [];
  try {
    for (const peer of only) {
      console.error(`${peer.name} ...`);
      entries.push(...(await measureInChild(peer, { dir, meta, seconds, buildSeconds, scratch })));
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  console.log(JSON.stringify({ bench: 'retrieve-peers', node: process.version, data: meta, seconds, k: K, entries }));
}

function readArguments() {
  const options = { only: { type: 'string' }, seconds: { type: 'string' }, build: { type: 'string' } };
  let given;
  try {
    given = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    fail(error.message, 'the head of this file shows the usage');
  }
  const { values, positionals } = given;
  if (positionals.length !== 1) fail('one folder of data is needed', 'the head of this file shows what it holds');
  const names = values.only?.split(',');
  const unknown = names?.find((name) => !PEERS.some((peer) => isNamed(peer, name)));
  if (unknown !== undefined) fail(`no peer is named "${unknown}"`, PEERS.map((peer) => peer.name).join(', '));
  return {
    dir: positionals[0],
    only: PEERS.filter((peer) => !names || names.some((name) => isNamed(peer, name))),
    seconds: positive('--seconds', values.seconds ?? '2'),
    buildSeconds: positive('--build', values.build ?? '120'),
  };
}

function isNamed(peer, name) {
  return peer.name === name || peer.package === name;
}

function positive(option, text) {
  const number = Number(text);
  if (!(number > 0 && number < 1e5)) fail(`${option} ${text} is no number of seconds`, 'give one above 0');
  return number;
}

function readMeta(dir) {
  const file = join(dir, 'meta.json');
  if (!existsSync(file)) fail(`${file} does not exist`, 'the head of this file shows what the folder holds');
  const meta = JSON.parse(readFileSync(file, 'utf8'));
  if (meta.k !== K) fail(`${file} says k is ${meta.k}`, `this benchmark needs ${K}`);
  if (endianness() !== 'LE') fail('this machine is big-endian', 'the data is little-endian');
  const { rows, dims, queries } = meta;
  const numbersIn = { 'rows.f32': rows * dims, 'queries.f32': queries * dims, 'expected.u32': queries * K };
  for (const [name, numbers] of Object.entries(numbersIn)) {
    const size = statSync(join(dir, name), { throwIfNoEntry: false })?.size;
    if (size !== numbers * 4) fail(`${name} has ${size ?? 'no'} bytes, not ${numbers * 4}`, `${file} says how many`);
  }
  return meta;
}

function fail(message, hint) {
  console.error(`error: ${message}\n\nhint: ${hint}`);
  process.exit(2);
}

// A process to each peer: one that runs out of memory or time takes nothing else with it.
function measureInChild(peer, { dir, meta, seconds, buildSeconds, scratch }) {
  const child = fork(import.meta.filename, [], {
    execArgv: ['--max-old-space-size=8192', '--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const entries = [];
  let built = {};
  let phase = 'loading the data';
  let reason = null;
  let spoken = '';
  let timer;

  const enter = (next, limit) => {
    phase = next;
    clearTimeout(timer);
    timer = setTimeout(() => {
      reason = `${phase} was not done within ${limit} s`;
      child.kill('SIGKILL');
    }, limit * 1000);
  };
  const add = (setting, measured) => entries.push(describe(peer, meta, built, setting, measured));

  enter(phase, buildSeconds);
  child.stderr.setEncoding('utf8').on('data', (text) => (spoken = (spoken + text).slice(-10_000)));
  child.on('message', (message) => {
    if (message.building) enter('building the index', buildSeconds);
    if (message.built) built = message.built;
    if (message.searching) enter(`searching at ${JSON.stringify(message.searching)}`, buildSeconds + 2 * seconds);
    if (message.measured) add(message.setting, message.measured);
    if (message.failed) reason = `${phase}: ${message.failed}`;
    if (message.done) phase = null;
  });
  child.send({ name: peer.name, dir, seconds, file: join(scratch, peer.name) });

  return new Promise((resolve) => {
    // `close` comes after the last message and the last word on stderr.
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (phase !== null) {
        const ended = reason ?? `${phase}: the process ended with ${signal ?? `status ${code}`}`;
        add({}, { skipped: [ended, ...complaint(spoken)].join(': ') });
      }
      resolve(entries);
    });
  });
}

// What a panic or an allocator that gave up left on stderr.
function complaint(spoken) {
  const lines = spoken.split('\n').map((line) => line.trim());
  const found = lines.find((line) => /panicked at|cannot enlarge|out of memory|allocation failed/i.test(line));
  return found ? [found.slice(0, 200)] : [];
}

function describe(peer, meta, built, setting, measured) {
  return {
    name: peer.name,
    version: peer.package ? packageJson(peer.package).version : null,
    exact: peer.exact,
    metric: peer.metric,
    settings: { ...peer.settings, ...setting },
    rows: meta.rows,
    dims: meta.dims,
    build_s: built.seconds ?? null,
    memory_bytes: built.memory ?? null,
    memory_of: peer.memoryOf,
    shipped_bytes: shippedBytes(peer),
    recall_at_10: null,
    recall_at_20: null,
    recall_queries: null,
    median_ms: null,
    p99_ms: null,
    runs: null,
    skipped: null,
    ...measured,
  };
}

function packageJson(name) {
  return JSON.parse(readFileSync(join(MODULES, name, 'package.json'), 'utf8'));
}

function shippedBytes({ package: name, shipped }) {
  const files = shipped.map((file) => join(MODULES, name, file));
  if (files.length === 0 || !files.every((file) => existsSync(file))) return null;
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);
}

// In the child.

async function measureHere() {
  const { name, dir, seconds, file } = await new Promise((resolve) => process.once('message', resolve));
  const peer = PEERS.find((peer) => peer.name === name);
  try {
    const data = readData(dir);
    await report({ building: true });
    const begin = performance.now();
    const index = await peer.build(data, file);
    await report({ built: { seconds: rounded((performance.now() - begin) / 1000, 3), memory: index.memory } });
    for (const effort of peer.efforts ?? [null]) {
      const setting = peer.knob ? { [peer.knob]: effort } : {};
      await report({ searching: setting });
      const { search, rowsOf } = await index.at(effort);
      const recall = takeRecall(search, rowsOf, index.queries, data);
      await report({ setting, measured: { ...recall, ...takeTime(search, index.queries, seconds) } });
    }
    await report({ done: true });
  } catch (error) {
    await report({ failed: error?.message ?? String(error) });
  }
  process.disconnect();
}

// Sent before the next step blocks this process.
function report(message) {
  return new Promise((resolve) => process.send(message, resolve));
}

function readData(dir) {
  const { rows: count, dims, queries } = readMeta(dir);
  const rows = new Float32Array(count * dims);
  const flat = new Float32Array(queries * dims);
  const expected = new Uint32Array(queries * K);
  readInto(join(dir, 'rows.f32'), rows);
  readInto(join(dir, 'queries.f32'), flat);
  readInto(join(dir, 'expected.u32'), expected);
  // Copies: usearch's exact search looks at the start of the buffer, whatever the view.
  return { rows, count, dims, queries: Array.from({ length: queries }, (_, at) => slice(flat, dims, at)), expected };
}

// One read call, and `readFile` with it, stops at 2 GiB.
function readInto(file, array) {
  const bytes = new Uint8Array(array.buffer);
  const handle = openSync(file);
  for (let at = 0; at < bytes.length; ) at += readSync(handle, bytes, at, Math.min(bytes.length - at, 2 ** 30), null);
  closeSync(handle);
}

function slice(array, width, at) {
  return array.slice(at * width, (at + 1) * width);
}

function view(array, width, at) {
  return array.subarray(at * width, (at + 1) * width);
}

function takeRecall(search, rowsOf, queries, { expected }) {
  const end = performance.now() + RECALL_SECONDS * 1000;
  let [at10, at20, taken] = [0, 0, 0];
  do {
    const found = rowsOf(search(queries[taken]));
    const wanted = view(expected, K, taken);
    at10 += shared(found, wanted, 10);
    at20 += shared(found, wanted, 20);
    taken++;
  } while (taken < queries.length && performance.now() < end);
  return {
    recall_at_10: rounded(at10 / taken / 10, 4),
    recall_at_20: rounded(at20 / taken / 20, 4),
    recall_queries: taken,
  };
}

function shared(found, wanted, k) {
  const among = new Set(wanted.subarray(0, k));
  return found.slice(0, k).filter((row) => among.has(row)).length;
}

function takeTime(search, queries, seconds) {
  let next = 0;
  const lap = (end, each) => {
    do each(queries[next++ % queries.length]);
    while (performance.now() < end);
  };
  lap(performance.now() + seconds * 250, search);
  const took = [];
  lap(performance.now() + seconds * 1000, (query) => {
    const start = performance.now();
    search(query);
    took.push(performance.now() - start);
  });
  took.sort((a, b) => a - b);
  const at = (share) => rounded(took[Math.min(took.length - 1, Math.floor(share * took.length))], 4);
  return { median_ms: at(0.5), p99_ms: at(0.99), runs: took.length };
}

function rounded(number, digits) {
  return Number(number.toFixed(digits));
}

// On these the nearest row in L2 is the one of the greatest inner product. `width` is above `dims`, the rest is zero.
function reducedToL2({ rows, count, dims, queries }, width) {
  const norms = Float64Array.from({ length: count }, (_, row) => squares(view(rows, dims, row)));
  const most = norms.reduce((a, b) => Math.max(a, b), 0);
  const wider = new Float32Array(count * width);
  for (let row = 0; row < count; row++) {
    wider.set(view(rows, dims, row), row * width);
    wider[row * width + dims] = Math.sqrt(most - norms[row]);
  }
  const widen = (query) => {
    const wide = new Float32Array(width);
    wide.set(query);
    return wide;
  };
  return { rows: wider, width, queries: queries.map(widen) };
}

function squares(vector) {
  let sum = 0;
  for (let dim = 0; dim < vector.length; dim++) sum += vector[dim] * vector[dim];
  return sum;
}

async function buildHnswlib({ rows, count, dims, queries }) {
  // The package looks for a browser. Its own loader also mounts IndexedDB, which Node has not; the factory does not.
  globalThis.window = globalThis;
  const { default: factory } = await import('hnswlib-wasm/dist/hnswlib-317962d7.js');
  const library = await factory();
  const index = new library.HierarchicalNSW('ip', dims, '');
  index.initIndex(count, M, EF_CONSTRUCTION, 100);
  for (let row = 0; row < count; row++) index.addPoint(view(rows, dims, row), row, false);
  return {
    memory: library.asm.memory.buffer.byteLength,
    queries,
    at(effort) {
      index.setEfSearch(effort);
      return { search: (query) => index.searchKnn(query, K, undefined), rowsOf: ({ neighbors }) => neighbors };
    },
  };
}

async function buildVoy(data) {
  const { rows, width, queries } = reducedToL2(data, data.dims + 1);
  // The package's entry imports its Wasm as bundlers allow; this is what that comes to.
  const bindings = await import('voy-search/voy_search_bg.js');
  const wasm = readFileSync(join(MODULES, 'voy-search/voy_search_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(wasm, { './voy_search_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  const index = new bindings.Voy();
  const document = (row) => ({ id: String(row), title: '', url: '', embeddings: Array.from(view(rows, width, row)) });
  for (let from = 0; from < data.count; from += CHUNK) {
    const length = Math.min(CHUNK, data.count - from);
    index.add({ embeddings: Array.from({ length }, (_, at) => document(from + at)) });
  }
  return {
    memory: instance.exports.memory.buffer.byteLength,
    queries,
    at: () => ({
      search: (query) => index.search(query, K),
      rowsOf: ({ neighbors }) => neighbors.map(({ id }) => Number(id)),
    }),
  };
}

async function loadEdgeVec() {
  const library = await import('edgevec');
  const wasm = readFileSync(join(MODULES, 'edgevec/edgevec_bg.wasm'));
  const { memory } = await library.default({ module_or_path: wasm });
  return { ...library, memory };
}

async function buildEdgeVec(data) {
  const { index, rowsOf, memory, setBreadth } = await edgeVecGraph(data.rows, data.dims, 'Dot');
  return {
    memory,
    queries: data.queries.map((query) => query.map((value) => -value)),
    at(effort) {
      setBreadth(effort);
      return { search: (query) => index.search(query, K), rowsOf };
    },
  };
}

async function buildEdgeVecL2(data) {
  const { rows, width, queries } = reducedToL2(data, data.dims + 1);
  const { index, rowsOf, memory, setBreadth } = await edgeVecGraph(rows, width, 'L2');
  return {
    memory,
    queries,
    at(effort) {
      setBreadth(effort);
      return { search: (query) => index.search(query, K), rowsOf };
    },
  };
}

async function buildEdgeVecBinary(data) {
  // Sign bits fill whole bytes.
  const { rows, width, queries } = reducedToL2(data, Math.ceil((data.dims + 1) / 8) * 8);
  const { index, rowsOf, memory, setBreadth } = await edgeVecGraph(rows, width, 'L2', (index) => index.enableBQ());
  setBreadth(K);
  return { memory, queries, at: (effort) => ({ search: (query) => index.searchBQRescored(query, K, effort), rowsOf }) };
}

async function buildEdgeVecFlat({ rows, count, dims, queries }) {
  const { EdgeVec, EdgeVecConfig, JsIndexType, MetricType, memory } = await loadEdgeVec();
  const config = new EdgeVecConfig(dims);
  config.setMetricType(MetricType.Dot);
  config.indexType = JsIndexType.Flat;
  const index = new EdgeVec(config);
  const rowOf = new Map();
  for (let row = 0; row < count; row++) rowOf.set(index.insert(view(rows, dims, row)), row);
  return {
    memory: memory.buffer.byteLength,
    queries,
    at: () => ({
      search: (query) => index.search(query, K),
      rowsOf: (results) => results.map(({ id }) => rowOf.get(id)),
    }),
  };
}

async function edgeVecGraph(rows, width, metric, prepare = () => {}) {
  const { EdgeVec, EdgeVecConfig, JsIndexType, MetricType, memory } = await loadEdgeVec();
  const config = new EdgeVecConfig(width);
  config.setMetricType(MetricType[metric]);
  config.indexType = JsIndexType.Hnsw;
  config.m = M;
  config.m0 = 2 * M;
  config.ef_construction = EF_CONSTRUCTION;
  config.ef_search = MARK;
  const index = new EdgeVec(config);
  config.free();
  const setBreadth = breadthSetter(memory);
  prepare(index);
  const ids = [];
  for (let at = 0; at < rows.length; at += CHUNK * width) {
    const chunk = rows.subarray(at, at + CHUNK * width);
    ids.push(...index.insertBatchFlat(chunk, chunk.length / width));
  }
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const rowsOf = (results) => results.map(({ id }) => rowOf.get(id));
  return { index, rowsOf, memory: memory.buffer.byteLength, setBreadth };
}

// EdgeVec fixes the breadth of its searches as an index is made, and one built for each would take six times as long.
// So it is made with a mark, which is then replaced where the memory holds it; the answers are those of an index made
// with the number itself.
function breadthSetter(memory) {
  const words = new Uint32Array(memory.buffer);
  let places = Array.from(words.keys()).filter((at) => words[at] === MARK);
  let current = MARK;
  return (breadth) => {
    // Growing the memory has detached the view.
    const words = new Uint32Array(memory.buffer);
    // Some were on the stack, or freed.
    places = places.filter((at) => words[at] === current);
    if (places.length === 0) throw new Error('the breadth of the search is not where it was');
    for (const at of places) words[at] = breadth;
    current = breadth;
  };
}

async function buildUsearch({ rows, count, dims, queries }, file) {
  const { Index } = await import('usearch');
  const make = (expansion) => new Index(dims, 'ip', 'f32', M, EF_CONSTRUCTION, expansion, false);
  const keys = BigUint64Array.from({ length: count }, (_, row) => BigInt(row));
  globalThis.gc();
  const before = process.memoryUsage.rss();
  let index = make(K);
  index.add(keys, rows, 0);
  const memory = process.memoryUsage.rss() - before;
  index.save(file);
  return {
    memory,
    queries,
    // The breadth is set as an index is made; the one built is loaded again for each.
    async at(effort) {
      index = null;
      globalThis.gc();
      await new Promise(setImmediate);
      index = make(effort);
      index.load(file);
      return { search: (query) => index.search(query, K, 1), rowsOf: ({ keys }) => Array.from(keys, Number) };
    },
  };
}

async function buildUsearchExact({ rows, dims, queries }) {
  const { exactSearch } = await import('usearch');
  return {
    memory: rows.byteLength,
    queries,
    at: () => ({
      search: (query) => exactSearch(rows, query, dims, K, 'ip', 1),
      rowsOf: ({ keys }) => Array.from(keys, Number),
    }),
  };
}

// What one would write without a library: one pass, a sorted list of the best.
function buildInt8({ rows, count, dims, queries }) {
  const codes = new Int8Array(count * dims);
  const scales = new Float32Array(count);
  for (let row = 0; row < count; row++) scales[row] = quantize(view(rows, dims, row), 127, view(codes, dims, row));
  const query16 = new Int16Array(dims);
  // So that the sum of one row fits 32 bits.
  const limit = Math.min(32767, Math.floor((2 ** 31 - 1) / (127 * dims)));
  const search = (query) => {
    quantize(query, limit, query16);
    const found = [];
    const best = [];
    for (let row = 0, at = 0; row < count; row++) {
      let dot = 0;
      for (let dim = 0; dim < dims; dim++, at++) dot += codes[at] * query16[dim];
      // The query's own scale changes no order.
      const score = dot * scales[row];
      if (best.length === K && !(score > best[K - 1])) continue;
      let place = best.length;
      while (place > 0 && score > best[place - 1]) place--;
      best.splice(place, 0, score);
      found.splice(place, 0, row);
      if (best.length > K) {
        best.pop();
        found.pop();
      }
    }
    return found;
  };
  return { memory: codes.byteLength + scales.byteLength, queries, at: () => ({ search, rowsOf: (found) => found }) };
}

// Writes the codes and returns their scale.
function quantize(vector, limit, codes) {
  let most = 0;
  for (let dim = 0; dim < vector.length; dim++) most = Math.max(most, Math.abs(vector[dim]));
  const scale = most / limit;
  for (let dim = 0; dim < vector.length; dim++) codes[dim] = scale > 0 ? Math.round(vector[dim] / scale) : 0;
  return scale;
}
