// Many slots and segments in one workerd beside an empty Worker: hits, misses, 500 requests at once for a cold key, and minutes of
// mixed load while snapshots are replaced. Prints one line of JSON.
//
//   node benches/edge/slots.mjs SITE NEXT BACK PUBLIC_KEY MINUTES
//
// SITE and NEXT hold the same model packed twice (models/current.json and the snapshot); the pointer is switched between them. BACK is the pointer
// that takes NEXT back to SITE's snapshot, written by `selvedge publish --rollback`: without it the edge refuses the older one.
//
// To compare two builds in one run, set SELVEDGE_BENCH_BEFORE to JSON that names an earlier one: {"worker": folder of the built Worker,
// "site": its SITE, "publicKey": of that site}. It gets the same kinds of requests in the same turns.

import { Agent, request } from "node:http";
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { generator, inTurns, round, shuffle } from "./turns.mjs";
import { ROOT, residentBytes, selvedge, start } from "./workerd.mjs";

const [site, next, back, publicKey, minutes = "10"] = process.argv.slice(2);
const CONNECTIONS = 8;
const TURNS = 48;
const REQUESTS_A_TURN = 2400;

const home = mkdtempSync(join(tmpdir(), "selvedge-slots-"));
cpSync(site, home, { recursive: true });
cpSync(join(next, "models"), join(home, "models"), { recursive: true, filter: (path) => !path.endsWith("current.json") });
const [first, forward] = [site, next].map((dir) => readFileSync(join(dir, "models/current.json")));
const backward = readFileSync(back);
/** Replaces the pointer as publishing does, by a rename. */
function publish(turn) {
  writeFileSync(join(home, "models/new.json"), turn === 0 ? first : turn % 2 ? forward : backward);
  renameSync(join(home, "models/new.json"), join(home, "models/current.json"));
}

const own = selvedge(home, publicKey);
const empty = await start({ dir: `${ROOT}benches/edge/empty`, entry: "worker.js" });
const worker = await start({ ...own, vars: { ...own.vars, SELVEDGE_REFRESH_S: "5" } });
const before = await earlierBuild();
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
try {
  publish(0);
  const { visitors, slots, cases, popular, one, kinds: ownKinds } = await subject(worker);
  const byHeart = await oneAnswer(one);
  const kinds = [
    ["empty Worker (JavaScript)", empty, () => ({ path: "/" })],
    ["one answer by heart (JavaScript)", byHeart, () => one],
    ...ownKinds,
    ...(before ? (await subject(before)).kinds.map(([name, ...rest]) => [`${name} (earlier build)`, ...rest]) : []),
  ];
  const counters = async () => (await json("/readyz")).cache;
  const results = (await inTurns(kinds, { turns: TURNS, requests: REQUESTS_A_TURN, counters })).map(({ grown, ...result }) => {
    const [hits, asked] = [grown.hits + grown.stale, grown.hits + grown.stale + grown.misses];
    return { ...result, ...(asked > 0 && { hit_ratio: round(hits / asked, 4) }) };
  });

  await byHeart.close();
  const cold = await coldKey(`${slots[1]}?n=5`, visitors[1].cookie);
  const mixed = await mix(Number(minutes), cases, popular);
  console.log(JSON.stringify({ bench: "edge-slots", node: process.version, slots: slots.length, segments: visitors.length, results, cold, mixed }));
} finally {
  agent.destroy();
  await empty.close();
  await worker.close();
  await before?.close();
  rmSync(home, { recursive: true });
}

/** The build that SELVEDGE_BENCH_BEFORE names. */
async function earlierBuild() {
  const named = process.env.SELVEDGE_BENCH_BEFORE;
  if (!named) return undefined;
  const { worker: dir, site, publicKey } = JSON.parse(named);
  const earlier = selvedge(site, publicKey);
  return start({ ...earlier, dir, vars: { ...earlier.vars, SELVEDGE_REFRESH_S: "5" } });
}

/** The visitors, cache keys and kinds of requests for one build. */
async function subject(worker) {
  const visitors = await visitorsOf(worker, 256);
  const slots = Array.from({ length: 100 }, (_, slot) => `/v1/recommend/slot-${slot}`);
  const cases = slots.flatMap((path) => visitors.map(({ cookie }) => ({ path, headers: { cookie } })));
  shuffle(cases);
  const one = { path: slots[0], headers: { cookie: visitors[0].cookie } };
  // Like real traffic: the k-th pair of slot and segment is requested 1/k as often as the first.
  const popular = zipf(cases.length);
  let at = 0;
  let known = 0;
  let asker = 0;
  const ofVisitors = (slot) => () => ({ path: `/v1/recommend/${slot}?n=12`, headers: { cookie: visitors[asker++ % visitors.length].cookie } });
  const kinds = [
    ["hit: one key", worker, () => one],
    ["hit: 500 keys in turn", worker, () => cases[known++ % 500], 500],
    ["hits and misses: all keys, by Zipf's law", worker, () => cases[popular()]],
    // Each key once: no other request has this `n`.
    ["miss: each key once", worker, () => ({ ...cases[at % cases.length], path: `${cases[at % cases.length].path}?n=${3 + Math.floor(at++ / cases.length)}` })],
    ["a visitor's own list", worker, ofVisitors("home")],
    ["a shared list, re-ranked for a visitor", worker, ofVisitors("reranked")],
  ];
  return { visitors, slots, cases, popular, one, kinds };
}

/** A Worker that always sends the answer that this request gets as a hit. */
async function oneAnswer({ path, headers }) {
  await fetch(worker.origin + path, { headers });
  const hit = await fetch(worker.origin + path, { headers });
  if (hit.headers.get("age") === null) throw new Error(`${path}: expected a hit, which tells its age; found ${JSON.stringify([...hit.headers])}`);
  const { "content-length": length, connection, "keep-alive": alive, date, "transfer-encoding": coding, ...own } = Object.fromEntries(hit.headers);
  const vars = { BODY: await hit.text(), HEADERS: JSON.stringify(own) };
  return start({ dir: `${ROOT}benches/edge/one-answer`, entry: "worker.js", vars });
}

/** 500 requests at once for a key that was not requested before. */
async function coldKey(path, cookie) {
  const many = new Agent({ keepAlive: true, maxSockets: 500 });
  const before = (await json("/readyz")).cache;
  await Promise.all(Array.from({ length: 500 }, () => once(worker.origin, { path, headers: { cookie }, agent: many })));
  const after = (await json("/readyz")).cache;
  many.destroy();
  return { requests: 500, computed: after.misses - before.misses + after.renewals - before.renewals };
}

/** Hits, misses and personal lists together, with a new snapshot every 20 seconds. */
async function mix(minutes, cases, popular) {
  const end = performance.now() + minutes * 60_000;
  const versions = new Set();
  let [requests, errors, swaps] = [0, 0, 0];
  const memory = [];
  const latencies = [];
  const watch = setInterval(() => {
    publish(++swaps);
    memory.push(residentBytes(worker.pid));
    json("/readyz").then(({ model }) => versions.add(model), () => (errors += 1));
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
async function visitorsOf(worker, segments) {
  const json = async (path) => (await fetch(worker.origin + path)).json();
  const deadline = performance.now() + 30_000;
  while (!(await json("/readyz")).ready) if (performance.now() > deadline) throw new Error("expected a model within 30 s, found none");
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

/** Draws indices from 0 on, the k-th with a weight of 1/k; seeded, so that two runs send the same requests. */
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
