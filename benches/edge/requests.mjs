// CPU per request in workerd and requests per second, beside an empty Worker, as one line of JSON.
//
//   node benches/edge/requests.mjs SITE PUBLIC_KEY [REQUESTS]
//
// SITE holds models/current.json and the snapshot that it names (`selvedge pack --publish SITE`).

import { readFileSync } from "node:fs";
import { load } from "./load.mjs";
import { ROOT, cpuNs, start } from "./workerd.mjs";

const [site, publicKey, count = "4000"] = process.argv.slice(2);
const requests = Number(count);

const empty = await start({ config: { name: "empty", main: `${ROOT}benches/edge/empty-worker.js`, compatibility_date: "2026-07-01", no_bundle: true } }, "/");
const selvedge = await start(
  {
    configPath: `${ROOT}wrangler.toml`,
    vars: { SELVEDGE_PUBLIC_KEYS: publicKey },
    secrets: { SELVEDGE_COOKIE_KEYS: `1:${Buffer.alloc(32, 7).toString("base64")}` },
  },
  "/healthz",
);
try {
  const { MODELS } = await selvedge.server.getWorker().getEnv();
  const pointer = JSON.parse(readFileSync(`${site}/models/current.json`, "utf8"));
  await MODELS.put(pointer.key, readFileSync(`${site}/${pointer.key}`));
  await MODELS.put("models/current.json", JSON.stringify(pointer));

  const worker = await selvedge.direct();
  const home = `${worker.origin}/v1/recommend/home?n=12`;
  await answers(home, {}, (response) => response.headers.get("selvedge-fallback") === null, "a model");
  const { items } = await (await fetch(home)).json();
  const posted = await fetch(`${worker.origin}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ events: items.slice(-3).map(({ id }) => ({ type: "click", item: id })) }),
  });
  const cookie = posted.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
  await answers(home, {}, (response) => /; hit/.test(response.headers.get("cache-status")), "a hit of the segment cache");
  await answers(home, { cookie }, (response) => response.headers.get("selvedge-scope") === "visitor", "scope visitor");

  const first = await empty.direct();
  const cases = [
    ["empty Worker", `${first.origin}/`, {}, first.pid],
    ["/healthz", `${worker.origin}/healthz`, {}, worker.pid],
    ["hit: shared answer from the cache", home, {}, worker.pid],
    ["miss: ranked for this visitor", home, { cookie }, worker.pid],
  ];
  const results = [];
  for (const [name, url, headers, pid] of cases) {
    await load(url, { requests: requests / 4, headers });
    const before = cpuNs([pid]);
    const { seconds, latencies } = await load(url, { requests, headers });
    const cpu = (cpuNs([pid]) - before) / 1000 / requests;
    const at = (share) => round(latencies[Math.floor(share * (latencies.length - 1))], 2);
    results.push({ name, requests, cpu_us: round(cpu, 0), per_second: round(requests / seconds, 0), latency_ms_p50: at(0.5), latency_ms_p99: at(0.99) });
  }
  for (const result of results) result.share = round(result.per_second / results[0].per_second, 3);
  console.log(JSON.stringify({ bench: "edge-requests", node: process.version, model: pointer, results }));
} finally {
  await empty.close();
  await selvedge.close();
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
