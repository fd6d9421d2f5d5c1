// A plain search without a library: int8 rows, one pass, a sorted list of the best.

import { K, view } from './common.mjs';

export default [
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

function buildInt8({ rows, count, dims, queries }) {
  const codes = new Int8Array(count * dims);
  const scales = new Float32Array(count);
  for (let row = 0; row < count; row++) scales[row] = quantize(view(rows, dims, row), 127, view(codes, dims, row));
  const query16 = new Int16Array(dims);
  // Limits the codes so that the sum of one row fits into 32 bits.
  const limit = Math.min(32767, Math.floor((2 ** 31 - 1) / (127 * dims)));
  const search = (query) => {
    quantize(query, limit, query16);
    const found = [];
    const best = [];
    for (let row = 0, at = 0; row < count; row++) {
      let dot = 0;
      for (let dim = 0; dim < dims; dim++, at++) dot += codes[at] * query16[dim];
      // The query's own scale does not change the order.
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
