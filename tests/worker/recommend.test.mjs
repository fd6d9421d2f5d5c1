// Answers from a model through the real bindings: each resource once, with the headers that a client sees. Who gets which answer is
// tested natively, in edge/tests/application.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { NOON_MS, fallbacks, json, planted, profileCookie, publish, start } from "./harness.mjs";

const model = planted();
let server;
before(async () => {
  server = await start({ vars: { SELVEDGE_PUBLIC_KEYS: model.publicKey, SELVEDGE_REFRESH_S: "3600" }, nowMs: NOON_MS });
  await publish(server.env, model.snapshot);
});
after(() => server.close());

const ids = (decision) => decision.items.map((item) => item.id);
const status = (response) => response.headers.get("cache-status");

/** The cookie of a visitor who clicked these items, each sent in its own request. */
async function visitorOf(...items) {
  const cookies = {};
  for (const item of items) {
    const response = await server.fetch("/v1/events", { ...json({ events: [{ type: "click", item }] }), cookies });
    cookies.selvedge = profileCookie(response);
  }
  return cookies;
}

async function decision(path, options) {
  const response = await server.fetch(path, options);
  assert.equal(response.status, 200);
  assert.deepEqual(fallbacks(response), []);
  return { response, decision: await response.json() };
}

test("a decision has exactly the fields of the API page", async () => {
  const { decision: home } = await decision("/v1/recommend/home", { cookies: await visitorOf("tea-00", "tea-02") });
  assert.deepEqual(Object.keys(home), ["id", "slot", "model", "scope", "segment", "context", "items", "unknown", "explanation"]);
  assert.deepEqual(Object.keys(home.items[0]), ["id", "title", "categories", "image", "attributes", "score", "reason"]);
  assert.deepEqual(Object.keys(home.explanation), [
    "history",
    "segment_members",
    "segment_cosine",
    "kept_segment",
    "exact",
    "candidates",
    "excluded",
  ]);
  assert.deepEqual(Object.keys(home.explanation.history[0]), ["item", "title", "kind", "weight"]);
  assert.deepEqual(Object.keys(home.items[0].reason), ["kind", "item", "title", "share"]);
});

test("every resource answers", async () => {
  const cookies = await visitorOf("book-00", "book-02");
  const { response: home, decision: personal } = await decision("/v1/recommend/home", { cookies });
  assert.equal(personal.scope, "visitor");
  assert.ok(ids(personal).every((id) => id.startsWith("book-")));
  assert.equal(home.headers.get("cache-control"), "private, no-store");
  assert.equal(home.headers.get("content-type"), "application/json");

  const key = await server.fetch("/v1/key/shelf", { cookies });
  assert.equal(key.status, 204);
  const { response: shelf } = await decision("/v1/recommend/shelf", { cookies });
  const [inner] = key.headers.get("selvedge-key").split(/\/b[0-9a-f]{16}$/);
  assert.equal(status(shelf), `selvedge; fwd=miss; stored; key="${inner}"`);

  const { response: miss, decision: similar } = await decision("/v1/similar/tea-03?n=4");
  assert.equal(ids(similar).length, 4);
  assert.match(miss.headers.get("cache-control"), /^public, max-age=\d+, stale-while-revalidate=\d+, stale-if-error=\d+$/);
  const { response: hit } = await decision("/v1/similar/tea-03?n=4");
  assert.match(status(hit), /^selvedge; hit;/);

  const { decision: ranked } = await decision("/v1/rank", { ...json({ candidates: ["x", "tea-04", "book-07"] }), cookies });
  assert.deepEqual([ids(ranked), ranked.unknown], [["book-07", "tea-04"], ["x"]]);

  const deleted = await server.fetch("/v1/profile", { method: "DELETE", cookies });
  assert.equal(deleted.status, 204);
  assert.match(deleted.headers.getSetCookie()[0], /^selvedge=; Path=\/; Max-Age=0;/);
  assert.deepEqual(await (await server.fetch("/healthz")).json(), { status: "ok" });
});

test("a visitor who objects by Sec-GPC gets the list of the daypart", async () => {
  const cookies = await visitorOf("tea-00", "tea-02");
  const { decision: home } = await decision("/v1/recommend/home", { cookies, headers: { "sec-gpc": "1" } });
  assert.deepEqual([home.scope, home.segment], ["context", null]);
});

test("a prepared answer has its current age", async () => {
  const path = "/v1/recommend/shelf?n=9";
  const ask = (advanceMs) => server.fetch(path, { headers: { "selvedge-test-advance-ms": String(advanceMs) } });
  const body = await (await ask(0)).text();
  const lifetimes = new Set();
  // The second hit is the first that is sent from what was prepared.
  for (const ageS of [0, 0, 1, 2, 60, 60]) {
    const response = await ask(1000 * ageS + 999);
    assert.equal(response.headers.get("age"), String(ageS));
    lifetimes.add(ageS + Number(status(response).match(/ttl=(\d+)/)[1]));
    assert.equal(await response.text(), body);
  }
  const [lifetime, ...others] = lifetimes;
  assert.ok(lifetime >= 270 && lifetime <= 300 && others.length === 0, [...lifetimes].join());
});

test("a client that already has a shared answer gets a 304", async () => {
  const cookies = await visitorOf("tea-00", "tea-02");
  for (const path of ["/v1/recommend/shelf?n=7", "/v1/similar/tea-00?n=7", "/v1/recommend/shelf?n=7&exclude=tea-00"]) {
    const first = await server.fetch(path, { cookies });
    const etag = first.headers.get("etag");
    assert.match(etag, /^"[0-9a-f]{16}"$/);
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
      const again = await server.fetch(path, { cookies, headers: { "if-none-match": tag } });
      assert.equal(again.status, 304, tag);
      assert.equal(await again.text(), "");
      assert.equal(again.headers.get("etag"), etag);
    }
    const changed = await server.fetch(path, { cookies, headers: { "if-none-match": '"other"' } });
    assert.equal(changed.status, 200);
  }
});

test("Server-Timing names the stages, in milliseconds", async () => {
  const response = await server.fetch("/v1/recommend/shelf");
  assert.match(
    response.headers.get("server-timing"),
    /^model;dur=[\d.]+, plan;dur=[\d.]+, cache;dur=[\d.]+, (decide;dur=[\d.]+, )?total;dur=[\d.]+$/,
  );
});

test("the readiness probe names the model", async () => {
  const response = await server.fetch("/readyz");
  assert.equal(response.status, 200);
  const readiness = await response.json();
  assert.equal(readiness.ready, true);
  assert.match(readiness.model, /^20260101T000000Z-[0-9a-f]{8}$/);
  assert.equal(readiness.loaded_at_ms, NOON_MS);
});
