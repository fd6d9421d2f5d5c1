// CPU per request in workerd and requests per second, beside an empty Worker, as one line of JSON.
//
//   node benches/edge/requests.mjs SITE PUBLIC_KEY
//
// SITE holds models/current.json and the snapshot that it names (`selvedge pack --publish SITE`).

import { inTurns } from "./turns.mjs";
import { ROOT, selvedge, start } from "./workerd.mjs";

const [site, publicKey] = process.argv.slice(2);

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

  const path = "/v1/recommend/home?n=12";
  const kinds = [
    ["empty Worker (JavaScript)", empty, () => ({ path: "/" })],
    ["/healthz", worker, () => ({ path: "/healthz" })],
    ["hit: shared answer from the cache", worker, () => ({ path })],
    ["miss: ranked for this visitor", worker, () => ({ path, headers: { cookie } })],
  ];
  const results = await inTurns(kinds, { turns: 24, requests: 2400 });
  const { model } = await (await fetch(`${worker.origin}/readyz`)).json();
  console.log(JSON.stringify({ bench: "edge-requests", node: process.version, model, results }));
} finally {
  await empty.close();
  await worker.close();
}

/** Repeats the request until the answer is the one to be measured, for example a hit, so that nothing else is measured. */
async function answers(url, headers, holds, expected) {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const response = await fetch(url, { headers });
    await response.arrayBuffer();
    if (response.status === 200 && holds(response)) return;
    if (performance.now() > deadline) throw new Error(`${url}: expected ${expected}, found status ${response.status}, ${JSON.stringify([...response.headers])}`);
  }
}
