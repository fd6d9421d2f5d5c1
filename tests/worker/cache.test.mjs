// The cache in the runtime: requests that really arrive at once, a snapshot that changes in the bucket, and prepared answers. The rules
// themselves are tested natively, in edge/tests/application/cache.rs.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { NOON_MS, json, planted, profileCookie, publish, start, until } from "./harness.mjs";

const model = planted();
let server;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serving(refreshS = "3600", vars = {}) {
  // A refresh after 0 seconds is for tests in which time goes on.
  const nowMs = refreshS === "0" ? undefined : NOON_MS;
  server = await start({ vars: { SELVEDGE_PUBLIC_KEYS: model.publicKey, SELVEDGE_REFRESH_S: refreshS, ...vars }, nowMs });
  await publish(server.env, model.snapshot, "models/1.selvedge");
  assert.equal((await server.fetch("/readyz")).status, 200);
}

const counts = async () => (await (await server.fetch("/readyz")).json()).cache;
const status = (response) => response.headers.get("cache-status");

async function visitorOf(...items) {
  const events = items.map((item) => ({ type: "click", item }));
  return { selvedge: profileCookie(await server.fetch("/v1/events", json({ events }))) };
}

test("500 requests at once for a cold key cause one computation, and all get its answer", async () => {
  await serving();
  for (const path of ["/v1/recommend/shelf", "/v1/recommend/home?category=tea", "/v1/similar/tea-00"]) {
    const before = await counts();
    // Each body is read as soon as it arrives, because undici drops waiting bodies during garbage collection.
    const bodies = new Set(await Promise.all(Array.from({ length: 500 }, async () => (await server.fetch(path)).text())));
    const after = await counts();
    assert.equal(bodies.size, 1, path);
    assert.equal(after.misses - before.misses, 1, path);
    assert.equal(after.hits - before.hits, 499, path);
  }
});

test("a new snapshot has its own keys, and stale answers of the previous one are served until these are filled", async () => {
  await serving("0");
  const cookies = await visitorOf("tea-00", "tea-02");
  const first = await server.fetch("/v1/recommend/shelf", { cookies });
  const key = status(first).match(/key="([^"]*)"/)[1];
  const body = await first.text();
  const version = JSON.parse(body).model;

  await publish(server.env, model.next, "models/2.selvedge");
  await until(async () => (await (await server.fetch("/readyz")).json()).model !== version);
  const before = await counts();
  const stale = await server.fetch("/v1/recommend/shelf", { cookies });
  assert.equal(status(stale).match(/key="([^"]*)"/)[1], key, "under the old key");
  assert.match(status(stale), /; detail=previous-model$/);
  assert.equal(await stale.text(), body);

  const fresh = await until(async () => {
    const response = await server.fetch("/v1/recommend/shelf", { cookies });
    return status(response).includes("previous-model") ? undefined : response;
  });
  assert.match(status(fresh), /^selvedge; hit;/, "it was filled behind the stale answer");
  const decision = await fresh.json();
  assert.notEqual(decision.model, version);
  assert.ok(decision.items.every((item) => item.title.endsWith("(next)")));
  const after = await counts();
  assert.deepEqual([after.misses - before.misses, after.renewals - before.renewals], [0, 1]);

  const cold = await server.fetch("/v1/recommend/shelf?n=3", { cookies });
  assert.match(status(cold), /^selvedge; fwd=miss;/, "what the one before had no answer for is computed");
  assert.equal((await cold.json()).model, decision.model);
});

test("HEAD has the headers of GET, including its entity tag, and shares its cache key", async () => {
  await serving();
  const get = await server.fetch("/v1/recommend/shelf");
  const head = await server.fetch("/v1/recommend/shelf", { method: "HEAD" });
  assert.equal(await head.text(), "");
  assert.match(status(head), /^selvedge; hit;/);
  for (const name of ["etag", "cache-control", "content-type", "vary"]) {
    assert.equal(head.headers.get(name), get.headers.get(name), name);
  }
});

test("while diagnostics are off, only a request that asks for them gets them", async () => {
  await serving("3600", { SELVEDGE_DIAGNOSTICS: "" });
  const told = (response) => ["cache-status", "server-timing"].map((name) => response.headers.get(name));
  const cookies = await visitorOf("tea-00", "tea-02");
  for (const path of ["/v1/recommend/shelf", "/v1/recommend/home", "/v1/similar/tea-00"]) {
    const before = await counts();
    const plain = [];
    // A miss and two hits; the second hit is sent from what the first one prepared.
    for (let turn = 0; turn < 3; turn += 1) plain.push(await server.fetch(path, { cookies }));
    const asked = await server.fetch(`${path}?diagnostics=1`, { cookies });
    const after = await server.fetch(path, { cookies });
    const bodies = await Promise.all([...plain, asked, after].map((response) => response.text()));
    for (const response of [...plain, after]) assert.deepEqual(told(response), [null, null], path);
    const [status, timing] = told(asked);
    assert.match(status, path.endsWith("home") ? /^selvedge; fwd=bypass; detail=visitor$/ : /^selvedge; hit; ttl=\d+; key="[^"]+"$/, path);
    assert.match(timing, /total;dur=[\d.]+$/, path);
    if (!path.endsWith("home")) {
      // The weights in a personal answer decay from second to second.
      assert.deepEqual(bodies, Array(5).fill(bodies[0]), `${path}: the same answer under the same key`);
      assert.match(asked.headers.get("age"), /^\d+$/);
      assert.equal(asked.headers.get("etag"), plain[1].headers.get("etag"));
      assert.equal((await counts()).hits - before.hits, 4, path);
    }
  }
  for (const other of ["diagnostics", "diagnostics=0", "xdiagnostics=1"]) {
    assert.deepEqual(told(await server.fetch(`/v1/recommend/shelf?${other}`)), [null, null], other);
  }
});

test("headers for one request are not sent to the next one of the same cache key", async () => {
  await serving();
  const path = "/v1/recommend/shelf?n=7";
  // Headers that differ in every answer or each second.
  const steady = (response) => [...response.headers].filter(([name]) => !["date", "age", "cache-status", "server-timing"].includes(name));
  const ask = async (options) => {
    const response = await server.fetch(path, options);
    return { response, body: await response.text() };
  };
  await ask();
  const plain = [await ask(), await ask()];
  const [headers, body] = [steady(plain[1].response), plain[1].body];
  assert.deepEqual(steady(plain[0].response), headers, "the first hit, and one that was prepared by it");
  const key = (await server.fetch(path.replace("/recommend/", "/key/"))).headers.get("selvedge-key");
  const tag = plain[0].response.headers.get("etag");

  const requests = {
    "selvedge-fallback": { cookies: { selvedge: "forged" } },
    "surrogate-control": { headers: { "selvedge-key": key } },
    etag: { headers: { "if-none-match": tag } },
    "content-type": { method: "HEAD" },
  };
  for (const [own, options] of Object.entries(requests)) {
    const { response } = await ask(options);
    assert.match(status(response), /^selvedge; hit;/, own);
    assert.ok(response.headers.get(own), own);
    assert.equal(response.status, own === "etag" ? 304 : 200);
    const next = await ask();
    assert.match(status(next.response), /^selvedge; hit; ttl=\d+; key="[^"]*"$/);
    assert.deepEqual(steady(next.response), headers, `after ${own}`);
    assert.equal(next.body, body);
  }
});
