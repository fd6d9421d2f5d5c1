// Many slots and many segments in one workerd beside an empty Worker: hits, misses, a cold key asked for by 500 at once, and
// minutes of mixed load while snapshots are replaced. One line of JSON.
//
//   node benches/edge/slots.mjs SITE NEXT PUBLIC_KEY MINUTES
//
// SITE and NEXT hold the same model packed twice (models/current.json and the snapshot); SITE's pointer is moved between them.

import { Agent, request } from "node:http";
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { open } from "./connection.mjs";
import { ROOT, cpuNs, residentBytes, selvedge, start } from "./workerd.mjs";

const [site, next, publicKey, minutes = "10"] = process.argv.slice(2);
const CONNECTIONS = 8;
const TURNS = 48;
const REQUESTS_A_TURN = 2400;

const home = mkdtempSync(join(tmpdir(), "selvedge-slots-"));
cpSync(site, home, { recursive: true });
cpSync(join(next, "models"), join(home, "models"), { recursive: true, filter: (path) => !path.endsWith("current.json") });
const pointers = [site, next].map((dir) => readFileSync(join(dir, "models/current.json")));
/** Moves the pointer as publishing does: whole or not at all. */
function publish(turn) {
  writeFileSync(join(home, "models/new.json"), pointers[turn % 2]);
  renameSync(join(home, "models/new.json"), join(home, "models/current.json"));
}

const own = selvedge(home, publicKey);
const empty = await start({ dir: `${ROOT}benches/edge/empty`, entry: "worker.js" });
const worker = await start({ ...own, vars: { ...own.vars, SELVEDGE_REFRESH_S: "5" } });
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
try {
  publish(0);
  const deadline = performance.now() + 30_000;
  while (!(await json("/readyz")).ready) if (performance.now() > deadline) throw new Error("expected a model within 30 s, found none");
  const visitors = await visitorsOf(256);
  const slots = Array.from({ length: 100 }, (_, slot) => `/v1/recommend/slot-${slot}`);
  const cases = slots.flatMap((path) => visitors.map(({ cookie }) => ({ path, headers: { cookie } })));
  shuffle(cases);

  const one = { path: slots[0], headers: { cookie: visitors[0].cookie } };
  const byHeart = await oneAnswer(one);
  // As traffic is: the k-th of the pairs of slot and segment is asked for 1/k as often as the first.
  const popular = zipf(cases.length);
  let at = 0;
  let known = 0;
  let asker = 0;
  const ofVisitors = (slot) => () => ({ path: `/v1/recommend/${slot}?n=12`, headers: { cookie: visitors[asker++ % visitors.length].cookie } });
  const kinds = [
    ["empty Worker (JavaScript)", empty, () => ({ path: "/" })],
    ["one answer by heart (JavaScript)", byHeart, () => one],
    ["hit: one key", worker, () => one],
    ["hit: 500 keys in turn", worker, () => cases[known++ % 500], 500],
    ["hits and misses: all keys, by Zipf's law", worker, () => cases[popular()]],
    // Each key once, with a count that nothing else asks for.
    ["miss: each key once", worker, () => ({ ...cases[at % cases.length], path: `${cases[at % cases.length].path}?n=${3 + Math.floor(at++ / cases.length)}` })],
    ["a visitor's own list", worker, ofVisitors("home")],
    ["a shared list, re-ranked for a visitor", worker, ofVisitors("reranked")],
  ];
  for (const [, server, next] of kinds) await load(server, next, 15_000);
  const results = kinds.map(([name]) => ({ name, turns: [], latencies: [], hits: 0, misses: 0 }));
  // In turns, so that a busy moment of the machine is nobody's alone, and each turn in an order of its own, so that none always comes
  // after the same one.
  const order = [...kinds.keys()];
  const random = generator(13);
  for (let turn = 0; turn < TURNS; turn += 1) {
    shuffle(order, random);
    for (const place of order) {
      const [, server, next, warming = 0] = kinds[place];
      // What the kinds before pushed out of the cache comes back, uncounted.
      await load(server, next, warming);
      await counted(results[place], server, next, REQUESTS_A_TURN);
    }
  }
  const measured = results.map(({ name, turns, latencies, hits, misses }) => {
    latencies.sort((a, b) => a - b);
    const latency = (of) => round(latencies[Math.floor(of * (latencies.length - 1))], 2);
    // Each turn beside the empty Worker's of the same moment.
    const shares = turns.map(({ per_second }, turn) => per_second / results[0].turns[turn].per_second).sort((a, b) => a - b);
    const quartiles = [0.25, 0.75].map((of) => round(shares[Math.floor(of * (shares.length - 1))], 3));
    return {
      name,
      cpu_us: round(median(turns.map(({ cpu_us }) => cpu_us)), 0),
      per_second: round(median(turns.map(({ per_second }) => per_second)), 0),
      share: round(median(shares), 3),
      share_quartiles: quartiles,
      latency_ms_p50: latency(0.5),
      latency_ms_p99: latency(0.99),
      ...(hits + misses > 0 && { hit_ratio: round(hits / (hits + misses), 4) }),
    };
  });

  await byHeart.close();
  const cold = await coldKey(`${slots[1]}?n=5`, visitors[1].cookie);
  const mixed = await mix(Number(minutes), cases, popular);
  console.log(JSON.stringify({ bench: "edge-slots", node: process.version, slots: slots.length, segments: visitors.length, results: measured, cold, mixed }));
} finally {
  agent.destroy();
  await empty.close();
  await worker.close();
  rmSync(home, { recursive: true });
}

/** Requests one after the other on each connection; every one must be answered by 200 and from a model. */
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

/** One turn of a kind, added to what its turns before came to. */
async function counted(result, server, next, requests) {
  const before = (await json("/readyz")).cache;
  const { latencies, ...turn } = await load(server, next, requests);
  const after = (await json("/readyz")).cache;
  result.turns.push(turn);
  result.latencies.push(...latencies);
  result.hits += after.hits + after.stale - before.hits - before.stale;
  result.misses += after.misses - before.misses;
}

function median(values) {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** A Worker that always answers what a hit of this request was answered. */
async function oneAnswer({ path, headers }) {
  await fetch(worker.origin + path, { headers });
  const hit = await fetch(worker.origin + path, { headers });
  if (hit.headers.get("age") === null) throw new Error(`${path}: expected a hit, which tells its age; found ${JSON.stringify([...hit.headers])}`);
  const { "content-length": length, connection, "keep-alive": alive, date, "transfer-encoding": coding, ...own } = Object.fromEntries(hit.headers);
  const vars = { BODY: await hit.text(), HEADERS: JSON.stringify(own) };
  return start({ dir: `${ROOT}benches/edge/one-answer`, entry: "worker.js", vars });
}

/** 500 requests at once for a key that nobody has asked for. */
async function coldKey(path, cookie) {
  const many = new Agent({ keepAlive: true, maxSockets: 500 });
  const before = (await json("/readyz")).cache;
  await Promise.all(Array.from({ length: 500 }, () => once(worker.origin, { path, headers: { cookie }, agent: many })));
  const after = (await json("/readyz")).cache;
  many.destroy();
  return { requests: 500, computed: after.misses - before.misses + after.renewals - before.renewals };
}

/** Hits, misses, personal lists and events together, a new snapshot every 20 seconds. */
async function mix(minutes, cases, popular) {
  const end = performance.now() + minutes * 60_000;
  const versions = new Set();
  let [requests, errors, swaps] = [0, 0, 0];
  const memory = [];
  const latencies = [];
  const watch = setInterval(async () => {
    versions.add((await json("/readyz")).model);
    publish(++swaps);
    memory.push(residentBytes(worker.pid));
  }, 20_000);
  const lane = async (lane) => {
    for (let turn = lane; performance.now() < end; turn += 1) {
      const shown = cases[popular()];
      const kinds = [shown, shown, shown, { ...shown, path: "/v1/recommend/home" }, { ...shown, path: `${shown.path}?n=${1 + (turn % 12)}` }];
      const sent = performance.now();
      try {
        await once(worker.origin, kinds[turn % kinds.length]);
      } catch {
        errors += 1;
      }
      latencies.push(performance.now() - sent);
      requests += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, at) => lane(at)));
  clearInterval(watch);
  latencies.sort((a, b) => a - b);
  const { cache } = await json("/readyz");
  if (swaps > 1 && versions.size < 2) throw new Error(`expected answers from both models, found ${[...versions]} only`);
  const half = memory.slice(Math.floor(memory.length / 2));
  return {
    minutes, requests, errors, swaps, versions: versions.size, cache,
    latency_ms_p99: round(latencies[Math.floor(0.99 * (latencies.length - 1))], 2),
    memory_mb_first_half: round(Math.max(...memory.slice(0, memory.length - half.length)) / 1e6, 1),
    memory_mb_second_half: round(Math.max(...half) / 1e6, 1),
  };
}

/** Cookies of visitors, one for each segment that random histories lead to. */
async function visitorsOf(segments) {
  const items = (await json("/v1/recommend/home?n=48")).items.map(({ id }) => id);
  for (let round = 0; round < 6; round += 1) {
    const more = await Promise.all(items.slice(0, 400).map((id) => json(`/v1/similar/${encodeURIComponent(id)}?n=40`)));
    for (const { items: near } of more) for (const { id } of near) if (!items.includes(id)) items.push(id);
    shuffle(items);
  }
  const found = new Map();
  for (let turn = 0; turn < segments * 60 && found.size < segments; turn += 1) {
    const clicks = [0, 7, 19].map((step) => ({ type: "click", item: items[(turn * 31 + step * turn) % items.length] }));
    const posted = await fetch(`${worker.origin}/v1/events`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ events: clicks }) });
    const { segment } = await posted.json();
    const cookie = posted.headers.getSetCookie()[0]?.split(";")[0];
    if (segment !== null && cookie && !found.has(segment)) found.set(segment, { segment, cookie });
  }
  return [...found.values()];
}

async function json(path) {
  return (await fetch(worker.origin + path)).json();
}

function once(origin, { path, headers = {}, agent: own = agent }) {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    request({ hostname, port, path, headers, agent: own }, (response) => {
      response.resume();
      response.on("end", () => {
        const fallback = response.headers["selvedge-fallback"];
        if (response.statusCode === 200 && fallback === undefined) resolve();
        else reject(new Error(`${path}: status ${response.statusCode}, fall-back ${fallback}`));
      });
      response.on("error", reject);
    }).on("error", reject).end();
  });
}

/** Draws places from 0 on, the k-th with a weight of 1/k. From a seed, so that two runs ask for the same. */
function zipf(count) {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let place = 0; place < count; place += 1) sums[place] = sum += 1 / (place + 1);
  const random = generator(7);
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, count - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle] < wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

function shuffle(list, random = generator(11)) {
  for (let at = list.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [list[at], list[other]] = [list[other], list[at]];
  }
}

function generator(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}
