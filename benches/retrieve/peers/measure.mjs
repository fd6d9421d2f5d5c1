// The process of one peer: builds its index, measures recall and time of each setting, and reports to the process that started it.

import { performance } from 'node:perf_hooks';

import { K, view } from './common.mjs';
import { readData } from './data.mjs';
import { PEERS } from './list.mjs';

const RECALL_SECONDS = 30;

await measureHere();

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

// Waits until the message is sent, because the next step blocks this process.
function report(message) {
  return new Promise((resolve) => process.send(message, resolve));
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
