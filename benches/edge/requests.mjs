// CPU per request in workerd and requests per second, beside an empty Worker, as one line of JSON.
//
//   node benches/edge/requests.mjs SITE PUBLIC_KEY [REQUESTS]
//
// SITE holds models/current.json and the snapshot that it names (`selvedge pack --publish SITE`).

import { load } from "./load.mjs";
import { ROOT, cpuNs, selvedge, start } from "./workerd.mjs";

const [site, publicKey, count = "8000"] = process.argv.slice(2);
const requests = Number(count);

const empty = await start({ dir: `${ROOT}benches/edge/empty`, entry: "worker.js" });
const worker = await start(selvedge(site, publicKey));
try {
  const home = `${worker.origin}/v1/recommend/home?n=12`;
  const told = `${home}&diagnostics=1`;
  await answers(home, {}, (response) => response.headers.get("selvedge-fallback") === null, "a model and no fall-back");
  const { items } = await (await fetch(home)).json();
  const posted = await fetch(`${worker.origin}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ events: items.slice(-3).map(({ id }) => ({ type: "click", item: id })) }),
  });
  const cookie = posted.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
  await answers(told, {}, (response) => /; hit/.test(response.headers.get("cache-status")), "a hit of the segment cache");
  await answers(told, { cookie }, (response) => /detail=visitor/.test(response.headers.get("cache-status")), "scope visitor");

  const cases = [
    ["empty Worker (JavaScript)", empty, "/", {}],
    ["/healthz", worker, "/healthz", {}],
    ["hit: shared answer from the cache", worker, "/v1/recommend/home?n=12", {}],
    ["miss: ranked for this visitor", worker, "/v1/recommend/home?n=12", { cookie }],
  ];
  const results = [];
  for (const [name, { origin, pid }, path, headers] of cases) {
    // V8 compiles what is used much once more, in threads that count as ours: before, and not while we measure.
    await load(origin + path, { requests: 1.5 * requests, headers });
    const before = cpuNs(pid);
    const { seconds, latencies } = await load(origin + path, { requests, headers });
    const cpu = (cpuNs(pid) - before) / 1000 / requests;
    const at = (share) => round(latencies[Math.floor(share * (latencies.length - 1))], 2);
    results.push({ name, requests, cpu_us: round(cpu, 0), per_second: round(requests / seconds, 0), latency_ms_p50: at(0.5), latency_ms_p99: at(0.99) });
  }
  for (const result of results) result.share = round(result.per_second / results[0].per_second, 3);
  const { model } = await (await fetch(`${worker.origin}/readyz`)).json();
  console.log(JSON.stringify({ bench: "edge-requests", node: process.version, model, results }));
} finally {
  await empty.close();
  await worker.close();
}

function round(value, digits) {
  return Number(value.toFixed(digits));
}

/** Asks until the answer is what is to be measured; a benchmark of something else would be worse than none. */
async function answers(url, headers, holds, expected) {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const response = await fetch(url, { headers });
    await response.arrayBuffer();
    if (response.status === 200 && holds(response)) return;
    if (performance.now() > deadline) throw new Error(`${url}: expected ${expected}, found status ${response.status}, ${JSON.stringify([...response.headers])}`);
  }
}
