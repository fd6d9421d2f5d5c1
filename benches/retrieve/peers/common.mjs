// What the peers share: the size of a question, the settings of graphs, and views of rows.
//
// A peer is an object: `name`, `package` (null for none), `exact`, `metric`, `settings`, `knob` and `efforts` where a search takes an effort,
// `memoryOf` (what its memory is measured by), `shipped` (files of its package that a page would load), and `build`.
//
// `build` takes the data and a file that it may write. It returns `memory`, `queries` as the peer takes them, and
// `at(effort)`, which gives the search that is timed and `rowsOf`, the row numbers out of what that search returns.

import { join } from 'node:path';

export const K = 20;
export const M = 16;
export const EF_CONSTRUCTION = 128;
export const EFFORTS = [20, 50, 100, 200, 400, 800];
// Rows that are added at once.
export const CHUNK = 1000;
export const MODULES = join(import.meta.dirname, '../node_modules');
export const WASM_MEMORY = 'wasm memory, whole';
export const TO_L2 = 'l2, inner product reduced to it by one more dimension, sqrt(maxnorm² - norm²)';

export function view(array, width, at) {
  return array.subarray(at * width, (at + 1) * width);
}

// On these the nearest row in L2 is the one of the greatest inner product. `width` is above `dims`, the rest is zero.
export function reducedToL2({ rows, count, dims, queries }, width) {
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
