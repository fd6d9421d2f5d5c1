// From a cold isolate to the first answer with a model, by time and by CPU, as one line of JSON.
//
//   node benches/edge/cold.mjs SITE PUBLIC_KEY [ROUNDS]
//
// Each round starts workerd anew. The first request is sent as soon as it listens; an answer without a model (which the
// Worker may give while it loads one) is counted apart from the first with one.

import { readFileSync } from "node:fs";
import { ROOT, cpuNs, start } from "./workerd.mjs";

const [site, publicKey, rounds = "5"] = process.argv.slice(2);
const pointer = JSON.parse(readFileSync(`${site}/models/current.json`, "utf8"));
const snapshot = readFileSync(`${site}/${pointer.key}`);
const results = [];

for (let round = 0; round < Number(rounds); round++) {
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
    await MODELS.put(pointer.key, snapshot);
    await MODELS.put("models/current.json", JSON.stringify(pointer));
    const before = cpuNs(selvedge.pids);
    const begin = performance.now();
    const path = "/v1/recommend/home?n=12";
    let first = null;
    for (;;) {
      const response = await selvedge.server.fetch(path);
      await response.arrayBuffer();
      first ??= performance.now() - begin;
      if (response.headers.get("selvedge-fallback") === null) break;
      if (performance.now() - begin > 30_000) throw new Error(`no answer with a model in 30 s: ${response.headers.get("selvedge-fallback")}`);
    }
    const ms = performance.now() - begin;
    results.push({ first_answer_ms: first, first_with_model_ms: ms, cpu_ms: (cpuNs(selvedge.pids) - before) / 1e6 });
  } finally {
    await selvedge.close();
  }
}
const median = (name) => Number(results.map((result) => result[name]).sort((a, b) => a - b)[Math.floor(results.length / 2)].toFixed(1));
console.log(
  JSON.stringify({
    bench: "edge-cold",
    node: process.version,
    snapshot_bytes: snapshot.length,
    rounds: results.length,
    first_answer_ms: median("first_answer_ms"),
    first_with_model_ms: median("first_with_model_ms"),
    cpu_ms: median("cpu_ms"),
  }),
);
