// The memory of an isolate, in a bare workerd: bodies that are announced and never come, a snapshot for which the memory has no room, and
// a load that does not end.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";

import { residentBytes, selvedge, start } from "../../benches/edge/workerd.mjs";
import { ROOT, planted, publishInto } from "./harness.mjs";

const MIB = 1024 * 1024;
const model = planted();
let home;
before(() => (home = mkdtempSync(join(tmpdir(), "selvedge-memory-"))));
after(() => rmSync(home, { recursive: true, force: true }));

/** An empty folder of a site. */
function folder(name) {
  const site = join(home, name);
  mkdirSync(join(site, "models"), { recursive: true });
  return site;
}

function publish(site, key, bytes) {
  writeFileSync(join(site, "models/new.json"), JSON.stringify({ key, bytes }));
  renameSync(join(site, "models/new.json"), join(site, "models/current.json"));
}

async function serving(site, vars = {}) {
  const own = selvedge(site, model.publicKey);
  return start({ ...own, vars: { ...own.vars, ...vars } });
}

const readiness = async ({ origin }) => (await fetch(`${origin}/readyz`)).json();

async function until(isSo) {
  const deadline = performance.now() + 60_000;
  for (;;) {
    const found = await isSo();
    if (found) return found;
    if (performance.now() > deadline) throw new Error("it did not come to that within a minute");
    await new Promise((tick) => setTimeout(tick, 20));
  }
}

/** A connection that announces a body and sends nothing of it; resolves to what is answered. */
function announces({ origin }) {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  let text = "";
  socket.on("data", (bytes) => (text += bytes));
  socket.on("error", () => {});
  socket.write(`POST /v1/rank HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\ncontent-length: 320000\r\n\r\n`);
  return {
    socket,
    answered: until(() => /^HTTP\/1\.1 \d+/.exec(text)?.[0]),
  };
}

test("four hundred announced bodies that never come take hardly any memory, and all are answered in time", async () => {
  const site = folder("bodies");
  publishInto(site, model.snapshot, "models/1.selvedge");
  const worker = await serving(site, { SELVEDGE_BODY_S: "5" });
  const sockets = [];
  try {
    const before = await readiness(worker);
    const resident = residentBytes(worker.pid);
    for (let turn = 0; turn < 400; turn += 1) sockets.push(announces(worker));
    const during = await until(async () => {
      const { memory } = await readiness(worker);
      return memory.held_bytes >= 400 * 4096 && memory;
    });
    assert.ok(during.held_bytes <= 400 * 8192, `${during.held_bytes}`);
    const grown = during.instance_bytes - before.memory.instance_bytes;
    assert.ok(grown <= 4 * MIB, `Wasm memory grew by ${grown} bytes`);
    // The connections themselves are workerd's own, outside of the isolate.
    assert.ok(residentBytes(worker.pid) - resident < 60 * MIB, `${residentBytes(worker.pid) - resident}`);
    for (const { answered } of sockets) assert.equal(await answered, "HTTP/1.1 408");
    await until(async () => (await readiness(worker)).memory.held_bytes === 0);
  } finally {
    for (const { socket } of sockets) socket.destroy();
    await worker.close();
  }
});

test("clients that announce a body and hang up give their part of the budget back", async () => {
  const site = folder("hang-up");
  publishInto(site, model.snapshot, "models/1.selvedge");
  const worker = await serving(site, { SELVEDGE_BODY_S: "3", SELVEDGE_BUDGET_MIB: "1" });
  try {
    for (let round = 0; round < 3; round += 1) {
      const sockets = Array.from({ length: 120 }, () => announces(worker));
      for (const { answered } of sockets) answered.catch(() => {});
      await until(async () => (await readiness(worker)).memory.held_bytes >= 100 * 8192);
      for (const { socket } of sockets) socket.destroy();
      await until(async () => (await readiness(worker)).memory.held_bytes === 0);
    }
  } finally {
    await worker.close();
  }
});

test("a snapshot for which the memory has no room is loaded by a new instance, while requests go on", async () => {
  const site = folder("swap");
  const cargo = promisify(execFile);
  // Not by a call that blocks: workerd closes connections on which nothing comes for some seconds.
  const sized = async (key, mib, number) => {
    const bytes = mib * MIB;
    const file = join(site, key);
    await cargo("cargo", ["run", "--quiet", "--package", "selvedge", "--profile", "native", "--example", "sized", "--", file, `${bytes}`, `${number}`], { cwd: ROOT });
    return bytes;
  };
  publish(site, "models/1.selvedge", await sized("models/1.selvedge", 20, 1));
  const worker = await serving(site, { SELVEDGE_REFRESH_S: "1" });
  const seen = { most: 0, wrong: [], over: false };
  try {
    const first = await until(async () => {
      const found = await readiness(worker);
      return found.ready && found;
    });
    const lane = async () => {
      while (!seen.over) {
        const response = await fetch(`${worker.origin}/v1/recommend/home`);
        await response.arrayBuffer();
        if (response.status !== 200 || response.headers.has("selvedge-fallback")) seen.wrong.push([response.status, response.headers.get("selvedge-fallback")]);
      }
    };
    const lanes = [lane(), lane()];
    let model = first.model;
    for (const [at, mib] of [21, 40, 42, 45, 44].entries()) {
      const key = `models/${at + 2}.selvedge`;
      publish(site, key, await sized(key, mib, at + 2));
      model = await until(async () => {
        const found = await readiness(worker);
        seen.most = Math.max(seen.most, found.memory.instance_bytes + found.memory.other_instances_bytes);
        return found.model !== model && found.model;
      });
    }
    seen.over = true;
    await Promise.all(lanes);
    assert.deepEqual(seen.wrong, []);
    assert.ok(seen.most <= 110 * MIB, `${seen.most}`);
    assert.ok((await readiness(worker)).memory.renewals >= 1);
  } finally {
    seen.over = true;
    await worker.close();
  }
});

test("a load that does not end is given up in time, runs beside no other, and the next one is taken", async () => {
  // In the place of the disk: a server whose second snapshot never ends.
  const asked = [];
  let current = { key: "models/1.selvedge", bytes: model.snapshot.length };
  let hangs = true;
  const server = createServer((request, response) => {
    asked.push(request.url);
    if (request.url.endsWith("current.json")) return response.end(JSON.stringify(current));
    if (request.url.endsWith("1.selvedge")) return response.end(model.snapshot);
    if (!hangs) return response.end(model.next);
    response.writeHead(200, { "content-length": model.next.length });
    response.write(model.next.subarray(0, 1000));
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  const own = selvedge(undefined, model.publicKey);
  const vars = { ...own.vars, SELVEDGE_REFRESH_S: "1", SELVEDGE_LOAD_S: "3" };
  const worker = await start({ ...own, vars, assetsAt: `127.0.0.1:${server.address().port}` });
  try {
    const first = await until(async () => {
      const found = await readiness(worker);
      return found.ready && found;
    });
    current = { key: "models/2.selvedge", bytes: model.next.length };
    const of = (key) => asked.filter((url) => url.endsWith(key)).length;
    await until(async () => (await readiness(worker)) && of("2.selvedge") === 1);
    const begun = performance.now();
    await until(async () => {
      const found = await readiness(worker);
      assert.equal(found.model, first.model);
      assert.ok(of("2.selvedge") === 1 || performance.now() - begun > 2500, "no load runs beside it");
      return found.counters["no-snapshot"] >= 1;
    });
    hangs = false;
    await until(async () => (await readiness(worker)).model !== first.model);
  } finally {
    await worker.close();
    server.closeAllConnections();
    server.close();
  }
});
