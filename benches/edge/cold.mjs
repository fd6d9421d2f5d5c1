// Time and CPU from a cold isolate to the first answer with a model, as one line of JSON.
//
//   node benches/edge/cold.mjs SITE PUBLIC_KEY [ROUNDS]
//
// Each round starts a new workerd and sends the first request as soon as it listens. Answers without a model, which the Worker may
// give while it loads one, are counted separately.

import { readFileSync, statSync } from "node:fs";
import { cpuNs, selvedge, start } from "./workerd.mjs";

const [site, publicKey, rounds = "7"] = process.argv.slice(2);
const pointer = JSON.parse(readFileSync(`${site}/models/current.json`, "utf8"));
const results = [];

for (let round = 0; round < Number(rounds); round++) {
  const worker = await start(selvedge(site, publicKey));
  try {
    const before = cpuNs(worker.pid);
    const begin = performance.now();
    let first = null;
    for (;;) {
      const response = await fetch(`${worker.origin}/v1/recommend/home?n=12`);
      await response.arrayBuffer();
      first ??= performance.now() - begin;
      const fallback = response.headers.get("selvedge-fallback");
      if (fallback === null) break;
      if (performance.now() - begin > 30_000) throw new Error(`no answer with a model in 30 s: ${fallback}`);
    }
    results.push({ first_answer_ms: first, first_with_model_ms: performance.now() - begin, cpu_ms: (cpuNs(worker.pid) - before) / 1e6 });
  } finally {
    await worker.close();
  }
}
const median = (name) => Number(results.map((result) => result[name]).sort((a, b) => a - b)[results.length >> 1].toFixed(1));
console.log(
  JSON.stringify({
    bench: "edge-cold",
    node: process.version,
    snapshot_bytes: statSync(`${site}/${pointer.key}`).size,
    rounds: results.length,
    first_answer_ms: median("first_answer_ms"),
    first_with_model_ms: median("first_with_model_ms"),
    cpu_ms: median("cpu_ms"),
  }),
);
