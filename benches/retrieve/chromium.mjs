// Times the core's search in headless Chromium and prints one line of JSON. SELVEDGE_CHROMIUM names the browser.
//
//   node benches/retrieve/chromium.mjs MODULE.wasm DIR int8|int4 [ROUNDS]

import { createReadStream, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const [module, dir, variant = "int8", rounds = "30"] = process.argv.slice(2);
const FILES = {
  "/": [null, "text/html"],
  "/searcher.mjs": [fileURLToPath(new URL("searcher.mjs", import.meta.url)), "text/javascript"],
  "/scan.wasm": [module, "application/wasm"],
};
const server = createServer((request, response) => {
  const [file, type] = FILES[request.url] ?? [`${dir}${request.url}`, "application/octet-stream"];
  // A cross-origin isolated page gets a clock with a resolution of five microseconds.
  response.setHeader("cross-origin-opener-policy", "same-origin").setHeader("cross-origin-embedder-policy", "require-corp");
  response.setHeader("content-type", type);
  if (file === null) response.end("<!doctype html><title>search</title>");
  else createReadStream(file).on("error", () => response.writeHead(404).end()).pipe(response);
});
await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
const browser = await chromium.launch({ executablePath: process.env.SELVEDGE_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
try {
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${server.address().port}/`);
  const meta = JSON.parse(readFileSync(`${dir}/meta.json`, "utf8"));
  const measured = await page.evaluate(measure, { meta, variant, rounds: Number(rounds) });
  console.log(JSON.stringify({ bench: "retrieve-chromium", chromium: browser.version(), set: meta.name, variant, ...measured }));
} finally {
  await browser.close();
  server.close();
}

async function measure({ meta, variant, rounds }) {
  const { MODES, instantiate, open, search } = await import("/searcher.mjs");
  const file = async (name) => (await fetch(`/${name}`)).arrayBuffer();
  const floats = new Float32Array(await file(`queries${variant === "int8" ? "" : "-int4"}.f32`));
  const queries = Array.from({ length: meta.queries }, (_, at) => floats.subarray(at * meta.dims, (at + 1) * meta.dims));
  const wasm = await instantiate(await WebAssembly.compileStreaming(fetch("/scan.wasm")));
  const opened = await open(wasm, meta.bytes[variant], async (memory) => {
    const reader = (await fetch(`/${variant}.selvedge`)).body.getReader();
    for (let at = 0; ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      memory().set(value, at);
      at += value.length;
    }
  });
  const perSearch = (runs, mode) => {
    const took = Array.from({ length: rounds + 5 }, () => {
      const begin = performance.now();
      for (let at = 0; at < runs; at++) search(wasm, queries[at % queries.length], meta.k, mode);
      return (performance.now() - begin) / runs;
    });
    const sorted = took.slice(5).sort((a, b) => a - b);
    return { runs: runs * rounds, mean_ms: Number(sorted[sorted.length >> 1].toFixed(4)) };
  };
  return {
    rows: opened.rows, open_ms: Number(opened.open_ms.toFixed(2)), wasm_bytes: wasm.memory.buffer.byteLength,
    search: perSearch(200, MODES.exact), full_scan: perSearch(20, MODES.full),
  };
}
