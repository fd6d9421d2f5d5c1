// Runs Workers in a bare workerd and measures their cost. `wrangler dev` adds a proxy, a router and a log line to each request, which
// cost several times as much as an empty Worker; a data centre has none of them.

import { spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const WORKERD = `${ROOT}node_modules/workerd/bin/workerd`;
// How long to wait for a workerd that hangs, also on a busy machine; one that exits is noticed at once.
const PATIENCE_MS = 300_000;

/**
 * Starts one Worker in its own process and waits until it listens, without sending a request.
 *
 * @param {{ dir: string, entry: string, vars?: Record<string, string>, assets?: string, assetsAt?: string }} worker
 *   `dir` holds the modules (`.js`, `.wasm`), `entry` names the first of them, `assets` becomes the binding ASSETS;
 *   or `assetsAt`, the host and port of a server.
 */
export async function start({ dir, entry, vars = {}, assets, assetsAt }) {
  const port = await freePort();
  const home = mkdtempSync(join(tmpdir(), "selvedge-bench-"));
  const file = join(home, "config.capnp");
  // Cap'n Proto embeds only files beside its own.
  const files = readdirSync(dir).filter((name) => /\.(js|wasm)$/.test(name));
  for (const name of files) copyFileSync(join(dir, name), join(home, name));
  copyFileSync(`${ROOT}benches/edge/cache-in-memory.js`, join(home, "cache-in-memory.mjs"));
  writeFileSync(file, config({ files, entry, vars, assets: assets && resolve(assets), assetsAt, port }));
  const begin = performance.now();
  // Not `node_modules/.bin/workerd`, a Node.js program that starts the process to be measured as its child.
  const child = spawn(binary(), ["serve", file], { stdio: ["ignore", "inherit", "inherit"] });
  const ended = new Promise((done) => child.once("exit", done));
  let alive = true;
  ended.then(() => (alive = false));
  while (!listens(child.pid, port)) {
    if (!alive || performance.now() - begin > PATIENCE_MS) throw new Error(`workerd does not listen on port ${port}; its own words are above`);
    await new Promise((tick) => setTimeout(tick, 5));
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    pid: child.pid,
    async close() {
      child.kill("SIGKILL");
      await ended;
      rmSync(home, { recursive: true });
    },
  };
}

/** CPU time of a process since its start, in nanoseconds: all threads, user and system. */
export function cpuNs(pid) {
  let total = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  }
  return total;
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid) {
  return 1024 * Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
}

/** The Worker as it is deployed, with secrets and a published site as its assets. */
export const selvedge = (site, publicKey) => ({
  dir: `${ROOT}build/worker`,
  entry: "index.js",
  assets: site,
  vars: { SELVEDGE_PUBLIC_KEYS: publicKey, SELVEDGE_COOKIE_KEYS: `1:${Buffer.alloc(32, 7).toString("base64")}` },
});

function config({ files, entry, vars, assets, assetsAt, port }) {
  const text = JSON.stringify;
  // workerd takes the first module as the entry.
  files.sort((a, b) => Number(b === entry) - Number(a === entry));
  const modules = files.map((name) => `(name = ${text(name)}, ${name.endsWith(".js") ? "esModule" : "wasm"} = embed ${text(name)})`);
  const bindings = Object.entries(vars).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
  const services = ["(name = \"main\", worker = .main)", "(name = \"cache\", worker = .cache)", "(name = \"internet\", network = (allow = [\"local\"]))"];
  if (assets || assetsAt) {
    services.push(`(name = "assets", ${assets ? `disk = (path = ${text(assets)})` : `external = (address = ${text(assetsAt)}, http = ())`})`);
    bindings.push("(name = \"ASSETS\", service = \"assets\")");
  }
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${services.join(", ")}],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const main :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = "2026-07-01",
  bindings = [${bindings.join(", ")}],
  cacheApiOutbound = "cache",
);
const cache :Workerd.Worker = (
  modules = [(name = "cache.js", esModule = embed "cache-in-memory.mjs")],
  compatibilityDate = "2026-07-01",
);
`;
}

function binary() {
  const [arch] = { x64: ["64"], arm64: ["arm64"] }[process.arch] ?? [process.arch];
  const packaged = `${ROOT}node_modules/@cloudflare/workerd-${process.platform}-${arch}/bin/workerd`;
  try {
    readdirSync(join(packaged, ".."));
    return packaged;
  } catch {
    return WORKERD;
  }
}

function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** Reads from the kernel whether it listens, because a connection would already cost it CPU. */
function listens(pid, port) {
  const address = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  try {
    return readFileSync(`/proc/${pid}/net/tcp`, "utf8")
      .split("\n")
      .some((line) => line.includes(` ${address} 00000000:0000 0A `));
  } catch {
    return false;
  }
}
