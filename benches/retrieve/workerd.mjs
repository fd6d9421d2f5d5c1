// Times the core's search inside a bare workerd and prints one line of JSON.
//
//   node benches/retrieve/workerd.mjs MODULE.wasm DIR int8|int4 [ROUNDS]

import { copyFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, cpuNs, start } from "../edge/workerd.mjs";

const [module, dir, variant = "int8", rounds = "30"] = process.argv.slice(2);
const home = mkdtempSync(join(tmpdir(), "selvedge-retrieve-"));
copyFileSync(`${ROOT}benches/retrieve/worker.js`, join(home, "worker.js"));
copyFileSync(`${ROOT}benches/retrieve/searcher.mjs`, join(home, "searcher.js"));
copyFileSync(module, join(home, "scan.wasm"));
const worker = await start({ dir: home, entry: "worker.js", assets: dir });
try {
  const empty = rssBytes();
  const before = cpuNs(worker.pid);
  const { rows, wasm_bytes } = await (await ask(`load?variant=${variant}`)).json();
  const load_cpu_ms = (cpuNs(worker.pid) - before) / 1e6;
  const loaded = rssBytes();
  await ask("search?runs=200");
  console.log(
    JSON.stringify({
      bench: "retrieve-workerd", set: JSON.parse(readFileSync(`${dir}/meta.json`, "utf8")).name, variant, rows, wasm_bytes,
      rss_growth_bytes: loaded - empty, load_cpu_ms: Number(load_cpu_ms.toFixed(1)),
      search: await perSearch(200, "exact"), full_scan: await perSearch(40, "full"),
    }),
  );
} finally {
  await worker.close();
  rmSync(home, { recursive: true });
}

/** Wall and CPU time of one search: those of a request with many searches, minus those of a request without any. */
async function perSearch(runs, mode) {
  const one = async (count) => {
    const [cpu, begin] = [cpuNs(worker.pid), performance.now()];
    await ask(`search?runs=${count}&mode=${mode}`);
    return { wall: performance.now() - begin, cpu: (cpuNs(worker.pid) - cpu) / 1e6 };
  };
  const many = [];
  const none = [];
  for (let round = 0; round < Number(rounds); round++) {
    none.push(await one(0));
    many.push(await one(runs));
  }
  const median = (list, name) => list.map((entry) => entry[name]).sort((a, b) => a - b)[list.length >> 1];
  const each = (name) => Number(((median(many, name) - median(none, name)) / runs).toFixed(4));
  return { runs: runs * Number(rounds), mean_ms: each("wall"), cpu_ms: each("cpu") };
}

async function ask(path) {
  const response = await fetch(`${worker.origin}/${path}`);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}

/** Resident memory of the process, as counted by the kernel. */
function rssBytes() {
  const [, pages] = readFileSync(`/proc/${worker.pid}/statm`, "utf8").split(" ");
  return Number(pages) * 4096;
}
