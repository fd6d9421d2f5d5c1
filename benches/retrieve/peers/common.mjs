// Shared by the peers: the number of results, settings of graph indexes, and views of rows.
//
// A peer is an object: `name`, `package` (null for none), `exact`, `metric`, `settings`, `knob` and `efforts` if a search takes an effort,
// `memoryOf` (how its memory is measured), `shipped` (files of its package that a page would load), and `build`.
//
// `build` takes the data and the path of a file that it may write. It returns `memory`, `queries` in the peer's format, and
// `at(effort)`, which returns the search to time and `rowsOf`, which turns the search's result into row numbers.

import { join } from 'node:path';

export const K = 20;
export const M = 16;
export const EF_CONSTRUCTION = 128;
export const EFFORTS = [20, 50, 100, 200, 400, 800];
// How many rows are added at once.
export const CHUNK = 1000;
export const MODULES = join(import.meta.dirname, '../node_modules');
export const WASM_MEMORY = 'wasm memory, whole';
export const TO_L2 = 'l2, inner product reduced to it by one more dimension, sqrt(maxnorm² - norm²)';

export function view(array, width, at) {
  return array.subarray(at * width, (at + 1) * width);
}

// Extends rows and queries so that the nearest row in L2 is the one with the greatest inner product. `width` must be greater than `dims`; the
// remaining values are zero.
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
