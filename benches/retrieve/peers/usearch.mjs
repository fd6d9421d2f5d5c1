// usearch, a native addon: a graph (HNSW) by inner product, and its exact search.

import { availableParallelism } from 'node:os';

import { EF_CONSTRUCTION, EFFORTS, K, M } from './common.mjs';

const USEARCH = [`prebuilds/${process.platform}-${process.arch}/usearch.node`];

export default [
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
];

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
    // The breadth is set when an index is created, so the built index is loaded again for each breadth.
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
