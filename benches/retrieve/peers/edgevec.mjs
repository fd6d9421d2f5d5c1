// edgevec: a graph (HNSW) by inner product, in L2 and by sign bits; and its flat index, which is exact.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { CHUNK, EF_CONSTRUCTION, EFFORTS, K, M, MODULES, TO_L2, WASM_MEMORY, reducedToL2, view } from './common.mjs';

// As a float it is not a number, so no row contains it.
const MARK = 0x7fc0beef;
const EDGEVEC = ['edgevec.js', 'edgevec_bg.wasm', 'snippets/edgevec-d2ba0e32c31531f9/src/js/storage.js'];

export default [
  {
    name: 'edgevec',
    package: 'edgevec',
    exact: false,
    // 0.9.0 ranks the smallest inner product first, both when it builds and when it searches.
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
];

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
  // Sign bits must fill whole bytes.
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

// EdgeVec fixes the breadth of its searches when an index is built, and building one for each breadth would take six times as long.
// So the index is built with a mark as its breadth, and the breadth is then written over the mark in the Wasm memory. The answers are
// those of an index built with that breadth.
function breadthSetter(memory) {
  const words = new Uint32Array(memory.buffer);
  let places = Array.from(words.keys()).filter((at) => words[at] === MARK);
  let current = MARK;
  return (breadth) => {
    // The memory may have grown, which detaches the old view.
    const words = new Uint32Array(memory.buffer);
    // Some of the places were on the stack, or have been freed.
    places = places.filter((at) => words[at] === current);
    if (places.length === 0) throw new Error('the breadth of the search is not where it was');
    for (const at of places) words[at] = breadth;
    current = breadth;
  };
}
