// The segment-keyed cache over HTTP, rule by rule of RFC 9111 (caching), RFC 5861 (stale windows), RFC 9110 (conditional
// requests), RFC 9211 (Cache-Status), and what is our own: one computation for each key, versioned keys.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { json, planted, profileCookie, publish, start, until } from "./harness.mjs";

const model = planted();
let server;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serving(refreshS = "3600", vars = {}) {
  server = await start({ vars: { SELVEDGE_PUBLIC_KEYS: model.publicKey, SELVEDGE_REFRESH_S: refreshS, ...vars } });
  await publish(server.env, model.snapshot, "models/1.selvedge");
  assert.equal((await server.fetch("/readyz")).status, 200);
}

const counts = async () => (await (await server.fetch("/readyz")).json()).cache;
const status = (response) => response.headers.get("cache-status");
const ttl = (response) => Number(status(response).match(/; ttl=(-?\d+)/)[1]);

async function visitorOf(...items) {
  const events = items.map((item) => ({ type: "click", item }));
  return { selvedge: profileCookie(await server.fetch("/v1/events", json({ events }))) };
}

test("500 requests at once for a cold key are one computation, and all get its answer", async () => {
  await serving();
  for (const path of ["/v1/recommend/shelf", "/v1/recommend/home?category=tea", "/v1/similar/tea-00"]) {
    const before = await counts();
    // Each is read as soon as it is there: undici gives up bodies that wait while memory is tidied.
    const bodies = new Set(await Promise.all(Array.from({ length: 500 }, async () => (await server.fetch(path)).text())));
    const after = await counts();
    assert.equal(bodies.size, 1, path);
    assert.equal(after.misses - before.misses, 1, path);
    assert.equal(after.hits - before.hits, 499, path);
  }
});

test("500 requests at once for a stale key are one renewal, and all are answered meanwhile", async () => {
  await serving();
  const cookies = await visitorOf("tea-00", "tea-02");
  await server.fetch("/v1/recommend/stale", { cookies });
  const before = await counts();
  const responses = await Promise.all(Array.from({ length: 500 }, () => server.fetch("/v1/recommend/stale", { cookies })));
  for (const response of responses) assert.match(status(response), /^selvedge; hit; ttl=(0|-\d+);/);
  const after = await counts();
  assert.equal(after.misses, before.misses);
  assert.equal(after.stale - before.stale, 500);
  // The slot is stale from its first second, so a renewal that has ended lets the next request begin another.
  assert.ok(after.renewals - before.renewals < 100, `${after.renewals - before.renewals} renewals`);
});

test("a hit tells its age, and age and time to live add up (RFC 9111, section 5.1)", async () => {
  await serving();
  for (const path of ["/v1/recommend/shelf", "/v1/similar/tea-00"]) {
    const miss = await server.fetch(path);
    assert.equal(miss.headers.get("age"), null, "what was just computed has no age");
    const hit = await server.fetch(path);
    const age = Number(hit.headers.get("age"));
    assert.ok(Number.isInteger(age) && age >= 0);
    // 300 seconds, shorter by up to a tenth.
    assert.ok(ttl(hit) + age >= 270 && ttl(hit) + age <= 300, status(hit));
  }
});

test("times to live differ from key to key, and not from isolate to isolate", async () => {
  const lives = [];
  for (let isolate = 0; isolate < 2; isolate += 1) {
    await serving();
    const of = {};
    for (let n = 1; n <= 12; n += 1) {
      await server.fetch(`/v1/recommend/shelf?n=${n}`);
      const hit = await server.fetch(`/v1/recommend/shelf?n=${n}`);
      of[n] = ttl(hit) + Number(hit.headers.get("age"));
    }
    lives.push(of);
    await server.close();
  }
  server = undefined;
  assert.deepEqual(lives[0], lives[1]);
  assert.ok(new Set(Object.values(lives[0])).size > 3, JSON.stringify(lives[0]));
});

test("a new snapshot answers under its own keys, and the one before serves stale while they fill", async () => {
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

test("a validator answers 304 with what a cache needs to keep its copy (RFC 9110, section 15.4.5)", async () => {
  await serving();
  for (const path of ["/v1/similar/tea-00", "/v1/recommend/shelf"]) {
    const etag = (await server.fetch(path)).headers.get("etag");
    const unchanged = await server.fetch(path, { headers: { "if-none-match": etag } });
    assert.equal(unchanged.status, 304);
    for (const name of ["etag", "cache-control"]) assert.ok(unchanged.headers.get(name), name);
    // A date says nothing where an entity tag does (section 13.1.3), and we send none.
    const dated = await server.fetch(path, { headers: { "if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT" } });
    assert.equal(dated.status, 200);
    // A part of an answer is never asked for (section 14.2 lets a server ignore it).
    assert.equal((await server.fetch(path, { headers: { range: "bytes=0-3" } })).status, 200);
  }
});

test("HEAD has the headers of GET, its entity tag included, and shares its key", async () => {
  await serving();
  const get = await server.fetch("/v1/recommend/shelf");
  const head = await server.fetch("/v1/recommend/shelf", { method: "HEAD" });
  assert.equal(await head.text(), "");
  assert.match(status(head), /^selvedge; hit;/);
  for (const name of ["etag", "cache-control", "content-type", "vary"]) {
    assert.equal(head.headers.get(name), get.headers.get(name), name);
  }
});

test("where diagnostics are off, only an answer that is asked for them tells how it came about", async () => {
  await serving("3600", { SELVEDGE_DIAGNOSTICS: "" });
  const told = (response) => ["cache-status", "server-timing"].map((name) => response.headers.get(name));
  const cookies = await visitorOf("tea-00", "tea-02");
  for (const path of ["/v1/recommend/shelf", "/v1/recommend/home", "/v1/similar/tea-00"]) {
    const before = await counts();
    const plain = [];
    // A miss, and two hits: the second one is sent from what the first one prepared.
    for (let turn = 0; turn < 3; turn += 1) plain.push(await server.fetch(path, { cookies }));
    const asked = await server.fetch(`${path}?diagnostics=1`, { cookies });
    const after = await server.fetch(path, { cookies });
    const bodies = await Promise.all([...plain, asked, after].map((response) => response.text()));
    for (const response of [...plain, after]) assert.deepEqual(told(response), [null, null], path);
    const [status, timing] = told(asked);
    assert.match(status, path.endsWith("home") ? /^selvedge; fwd=bypass; detail=visitor$/ : /^selvedge; hit; ttl=\d+; key="[^"]+"$/, path);
    assert.match(timing, /total;dur=[\d.]+$/, path);
    assert.deepEqual(bodies, Array(5).fill(bodies[0]), `${path}: the same answer under the same key`);
    if (!path.endsWith("home")) {
      assert.match(asked.headers.get("age"), /^\d+$/);
      assert.equal(asked.headers.get("etag"), plain[1].headers.get("etag"));
      assert.equal((await counts()).hits - before.hits, 4, path);
    }
  }
  for (const other of ["diagnostics", "diagnostics=0", "xdiagnostics=1"]) {
    assert.deepEqual(told(await server.fetch(`/v1/recommend/shelf?${other}`)), [null, null], other);
  }
});

test("what one request is told besides is not told to the next one of the same key", async () => {
  await serving();
  const path = "/v1/recommend/shelf?n=7";
  // In every answer anew, or another one each second.
  const steady = (response) => [...response.headers].filter(([name]) => !["date", "age", "cache-status", "server-timing"].includes(name));
  const ask = async (options) => {
    const response = await server.fetch(path, options);
    return { response, body: await response.text() };
  };
  await ask();
  const plain = [await ask(), await ask()];
  const [headers, body] = [steady(plain[1].response), plain[1].body];
  assert.deepEqual(steady(plain[0].response), headers, "the first hit, and one that was prepared by it");
  const key = status(plain[0].response).match(/key="([^"]*)"/)[1];
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

test("what depends on more than the URL says so, and no shared cache may keep it (RFC 9111, section 4.1)", async () => {
  await serving();
  const shared = await server.fetch("/v1/recommend/shelf");
  assert.equal(shared.headers.get("cache-control"), "private, no-cache");
  assert.equal(shared.headers.get("vary"), "Cookie, Sec-GPC");
  const similar = await server.fetch("/v1/similar/tea-00");
  assert.equal(similar.headers.get("vary"), null, "the URL alone decides it");
  const cookies = await visitorOf("tea-00", "tea-02");
  assert.equal((await server.fetch("/v1/recommend/home", { cookies })).headers.get("cache-control"), "private, no-store");
});

test("a client's own cache directives neither empty the cache nor pass it by", async () => {
  await serving();
  await server.fetch("/v1/similar/tea-00");
  for (const headers of [{ "cache-control": "no-cache" }, { "cache-control": "no-store, max-age=0" }, { pragma: "no-cache" }]) {
    assert.match(status(await server.fetch("/v1/similar/tea-00", { headers })), /^selvedge; hit;/, JSON.stringify(headers));
  }
});

test("errors are kept by nobody", async () => {
  await serving();
  for (const path of ["/v1/recommend/nowhere", "/v1/similar/nothing", "/v1/recommend/shelf?n=0", "/v1/nothing"]) {
    const response = await server.fetch(path);
    assert.ok(response.status >= 400);
    assert.equal(response.headers.get("cache-control"), "no-store", path);
    assert.equal(response.headers.get("etag"), null, path);
  }
});
