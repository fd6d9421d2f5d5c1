// Pages from an origin: the time that filling a slot adds to the first byte and to the whole page, and its CPU, beside a Worker that
// passes pages through and beside the runtime's HTMLRewriter. Prints one line of JSON.
//
//   node benches/edge/pages.mjs SITE PUBLIC_KEY [REQUESTS]

import { once } from "node:events";
import { createServer, Agent, request } from "node:http";

import { page } from "./page.mjs";
import { ROOT, cpuNs, selvedge, start } from "./workerd.mjs";

const [site, publicKey, count = "600"] = process.argv.slice(2);
const requests = Number(count);

const html = Buffer.from(page());
const server = createServer((_, response) => {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
  // In pieces, like a server that streams.
  for (let at = 0; at < html.length; at += 32_768) response.write(html.subarray(at, at + 32_768));
  response.end();
}).listen(0, "127.0.0.1");
await once(server, "listening");
const vars = { SELVEDGE_ORIGIN: `http://127.0.0.1:${server.address().port}` };

const own = selvedge(site, publicKey);
const workers = [
  ["handed on", await start({ dir: `${ROOT}benches/edge/passthrough`, entry: "worker.js", vars })],
  ["HTMLRewriter, fixed text", await start({ dir: `${ROOT}benches/edge/rewriter`, entry: "worker.js", vars })],
  ["Selvedge, ranked", await start({ ...own, vars: { ...own.vars, ...vars } })],
];
try {
  const filled = (text) => (text.split("</template>").at(-1).match(/<a href="\/item\//g) ?? []).length;
  for (const [name, { origin }] of workers.slice(1)) {
    const deadline = performance.now() + 30_000;
    for (let text = ""; filled(text) !== 8; text = await (await fetch(`${origin}/shop`)).text()) {
      if (performance.now() > deadline) throw new Error(`${name}: expected 8 items in the slot, found ${filled(text)}`);
    }
  }
  const results = workers.map(([name]) => ({ name, first: [], whole: [], cpu: 0 }));
  for (const [at, [, { origin }]] of workers.entries()) await visit(origin, 50, results[at], true);
  // In turns, so that a busy moment of the machine affects all of them.
  for (let turn = 0; turn < 10; turn += 1) {
    for (const [at, [, { origin, pid }]] of workers.entries()) {
      const before = cpuNs(pid);
      await visit(origin, requests / 10, results[at], false);
      results[at].cpu += cpuNs(pid) - before;
    }
  }
  const at = (sorted, share) => Number(sorted[Math.floor(share * (sorted.length - 1))].toFixed(3));
  console.log(JSON.stringify({
    bench: "edge-pages",
    page_bytes: html.length,
    requests,
    results: results.map(({ name, first, whole, cpu }) => {
      first.sort((a, b) => a - b);
      whole.sort((a, b) => a - b);
      return { name, first_ms_p50: at(first, 0.5), first_ms_p99: at(first, 0.99), whole_ms_p50: at(whole, 0.5), whole_ms_p99: at(whole, 0.99), cpu_us: Math.round(cpu / 1000 / requests) };
    }),
  }));
} finally {
  for (const [, worker] of workers) await worker.close();
  server.closeAllConnections();
  server.close();
}

/** Requests the page repeatedly, one request at a time; keeps the milliseconds to the first and to the last byte of the body. */
async function visit(origin, times, result, warm) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const { hostname, port } = new URL(origin);
  for (let turn = 0; turn < times; turn += 1) {
    const begin = performance.now();
    const [first, whole] = await new Promise((resolve, reject) => {
      request({ hostname, port, path: "/shop", agent }, (response) => {
        let first;
        response.on("data", () => (first ??= performance.now() - begin));
        response.on("end", () => (response.statusCode === 200 ? resolve([first, performance.now() - begin]) : reject(new Error(`status ${response.statusCode}`))));
        response.on("error", reject);
      }).on("error", reject).end();
    });
    if (!warm) {
      result.first.push(first);
      result.whole.push(whole);
    }
  }
  agent.destroy();
}
