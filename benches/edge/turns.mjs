// Measures kinds of requests beside each other: in turns, so that a busy moment of the machine affects all of them, and each turn in a
// random order, so that none always follows the same other one.

import { open } from "./connection.mjs";
import { cpuNs } from "./workerd.mjs";

const CONNECTIONS = 8;

/**
 * A kind of request: its name; its Worker; a function that gives the next request; how many uncounted requests to send before each turn.
 *
 * @typedef {[name: string, server: { origin: string, pid: number }, next: () => { path: string, headers?: object }, warming?: number]} Kind
 */

/**
 * Measures each kind: medians over its turns, and shares of the first kind's rate in the same turn.
 *
 * @param {Kind[]} kinds
 * @param {{ turns: number, requests: number, counters?: () => Promise<Record<string, number>> }} options
 *   `requests` of each kind in each turn; `counters` are read before and after each turn, and their growth is summed up.
 */
export async function inTurns(kinds, { turns, requests, counters = async () => ({}) }) {
  // Let V8 optimise hot code before measuring, because the CPU of its compiler threads would count as the Worker's.
  for (const [, server, next] of kinds) await load(server, next, 15_000);
  const results = kinds.map(([name]) => ({ name, turns: [], latencies: [], grown: {} }));
  const order = [...kinds.keys()];
  const random = generator(13);
  for (let turn = 0; turn < turns; turn += 1) {
    shuffle(order, random);
    for (const place of order) {
      const [, server, next, warming = 0] = kinds[place];
      await load(server, next, warming);
      const before = await counters();
      const { latencies, ...cost } = await load(server, next, requests);
      const after = await counters();
      const result = results[place];
      result.turns.push(cost);
      result.latencies.push(...latencies);
      for (const [name, count] of Object.entries(after)) result.grown[name] = (result.grown[name] ?? 0) + count - before[name];
    }
  }
  return results.map(({ name, turns, latencies, grown }) => {
    latencies.sort((a, b) => a - b);
    const shares = turns.map(({ per_second }, turn) => per_second / results[0].turns[turn].per_second).sort((a, b) => a - b);
    const latency = (of) => round(at(latencies, of), 2);
    return {
      name,
      grown,
      cpu_us: round(median(turns.map(({ cpu_us }) => cpu_us)), 0),
      per_second: round(median(turns.map(({ per_second }) => per_second)), 0),
      share: round(at(shares, 0.5), 3),
      share_quartiles: [round(at(shares, 0.25), 3), round(at(shares, 0.75), 3)],
      latency_ms_p50: latency(0.5),
      latency_ms_p99: latency(0.99),
    };
  });
}

/** Sends requests one after the other on each connection; each must be answered with 200 and without a fall-back. */
async function load({ origin, pid }, next, requests) {
  const latencies = [];
  let left = requests;
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, () => open(origin)));
  const before = cpuNs(pid);
  const begin = performance.now();
  const lane = async (connection) => {
    while (left-- > 0) {
      const sent = performance.now();
      await connection.get(next());
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(connections.map(lane));
  const seconds = (performance.now() - begin) / 1000;
  const cpu_us = (cpuNs(pid) - before) / 1000 / requests;
  for (const connection of connections) connection.close();
  return { cpu_us, per_second: requests / seconds, latencies };
}

const at = (sorted, share) => sorted[Math.floor(share * (sorted.length - 1))];
const median = (values) => at(values.sort((a, b) => a - b), 0.5);

/** Shuffles in place; seeded, so that two runs have the same order. */
export function shuffle(list, random = generator(11)) {
  for (let place = list.length - 1; place > 0; place -= 1) {
    const other = Math.floor(random() * (place + 1));
    [list[place], list[other]] = [list[other], list[place]];
  }
}

/** Seeded pseudo-random numbers from 0 to 1. */
export function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function round(value, digits) {
  return Number(value.toFixed(digits));
}
