// Reads the folder of rows, queries and expected answers.

import { closeSync, existsSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { endianness } from 'node:os';
import { join } from 'node:path';

import { K } from './common.mjs';

export function readMeta(dir) {
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

export function readData(dir) {
  const { rows: count, dims, queries } = readMeta(dir);
  const rows = new Float32Array(count * dims);
  const flat = new Float32Array(queries * dims);
  const expected = new Uint32Array(queries * K);
  readInto(join(dir, 'rows.f32'), rows);
  readInto(join(dir, 'queries.f32'), flat);
  readInto(join(dir, 'expected.u32'), expected);
  // Copies, because usearch's exact search ignores a view's offset and reads from the start of the buffer.
  return { rows, count, dims, queries: Array.from({ length: queries }, (_, at) => slice(flat, dims, at)), expected };
}

// One read call, and therefore `readFile`, reads at most 2 GiB.
function readInto(file, array) {
  const bytes = new Uint8Array(array.buffer);
  const handle = openSync(file);
  for (let at = 0; at < bytes.length; ) at += readSync(handle, bytes, at, Math.min(bytes.length - at, 2 ** 30), null);
  closeSync(handle);
}

function slice(array, width, at) {
  return array.slice(at * width, (at + 1) * width);
}

export function fail(message, hint) {
  console.error(`error: ${message}\n\nhint: ${hint}`);
  process.exit(2);
}
