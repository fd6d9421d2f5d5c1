// hnswlib-wasm: a graph (HNSW) by inner product.

import { EF_CONSTRUCTION, EFFORTS, K, M, WASM_MEMORY, view } from './common.mjs';

export default [
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
];

async function buildHnswlib({ rows, count, dims, queries }) {
  // The package expects a browser. Its loader mounts IndexedDB, which Node lacks; the factory does not.
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
