// voy-search: a k-d tree, exact in L2.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { CHUNK, K, MODULES, TO_L2, WASM_MEMORY, reducedToL2, view } from './common.mjs';

export default [
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
];

async function buildVoy(data) {
  const { rows, width, queries } = reducedToL2(data, data.dims + 1);
  // The package's entry imports its Wasm in a way that only bundlers support; these lines do the same.
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
