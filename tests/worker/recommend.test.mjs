// Answers from a model: who gets what, what is shared, and whether the headers tell the truth about it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { fallbacks, json, planted, profileCookie, publish, start } from "./harness.mjs";

const model = planted();
let server;
before(async () => {
  server = await start({ vars: { SELVEDGE_PUBLIC_KEYS: model.publicKey, SELVEDGE_REFRESH_S: "3600" } });
  await publish(server.env, model.snapshot);
});
after(() => server.close());

const ids = (decision) => decision.items.map((item) => item.id);
const departments = (decision) => new Set(ids(decision).map((id) => id.split("-")[0]));
const status = (response) => response.headers.get("cache-status");

/** The cookie of a visitor who clicked these items, one request for each. */
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

test("a visitor is ranked by what the visitor did, and the page changes with it", async () => {
  for (const department of ["tea", "tool", "toy", "book"]) {
    const cookies = await visitorOf(`${department}-03`, `${department}-05`);
    const { decision: home } = await decision("/v1/recommend/home", { cookies });
    assert.deepEqual(departments(home), new Set([department]));
    assert.equal(home.scope, "visitor");
    assert.equal(home.items[0].reason.kind, "because");
    const key = await server.fetch("/v1/key/home", { cookies });
    assert.equal(key.headers.get("selvedge-scope"), "visitor");
    assert.equal(key.headers.get("selvedge-segment"), String(home.segment));
    assert.equal(key.headers.get("selvedge-model"), home.model);
  }
});

test("a personal answer is never stored, by us or by anybody", async () => {
  const cookies = await visitorOf("tea-00", "tea-02");
  for (let turn = 0; turn < 3; turn += 1) {
    const response = await server.fetch("/v1/recommend/home", { cookies });
    assert.equal(response.headers.get("cache-control"), "private, no-store");
    assert.equal(status(response), "selvedge; fwd=bypass; detail=visitor");
    assert.equal(response.headers.get("etag"), null);
  }
});

test("a segment's slate is stored once and then shared by another visitor of the segment, without a word about the first", async () => {
  const first = await decision("/v1/recommend/shelf?n=5", { cookies: await visitorOf("tool-00", "tool-02") });
  assert.match(status(first.response), /^selvedge; fwd=miss; stored; key="v1\/[^"]+\/shelf\/s1\/-\/-\/-\/5"$/);
  assert.equal(first.response.headers.get("cache-control"), "private, no-cache");
  assert.deepEqual(first.decision.explanation.history, []);

  const second = await decision("/v1/recommend/shelf?n=5", { cookies: await visitorOf("tool-09", "tool-11", "tool-13") });
  assert.match(status(second.response), /^selvedge; hit; ttl=\d+; key=/);
  assert.equal(second.response.headers.get("etag"), first.response.headers.get("etag"));
  assert.deepEqual(second.decision, first.decision);

  const other = await decision("/v1/recommend/shelf?n=5", { cookies: await visitorOf("book-00", "book-02") });
  assert.match(status(other.response), /fwd=miss; stored; key="v1\/[^"]+\/shelf\/s3/);
  assert.deepEqual(departments(other.decision), new Set(["book"]));
});

test("a stale slate answers at once, and says that it is stale", async () => {
  const cookies = await visitorOf("toy-00", "toy-02");
  const first = await decision("/v1/recommend/stale", { cookies });
  assert.match(status(first.response), /fwd=miss; stored/);
  const second = await decision("/v1/recommend/stale", { cookies });
  assert.match(status(second.response), /^selvedge; hit; ttl=(0|-\d+); key=/);
  assert.deepEqual(second.decision, first.decision);
});

test("a client that has a shared answer already is told so, and gets the new one when its scope changes", async () => {
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
  const anonymous = await server.fetch("/v1/recommend/home");
  const etag = anonymous.headers.get("etag");
  const personal = await server.fetch("/v1/recommend/home", { cookies, headers: { "if-none-match": etag } });
  assert.equal(personal.status, 200);
});

test("items near an item are public for as long as they are fresh", async () => {
  const { response, decision: similar } = await decision("/v1/similar/tea-03?n=4");
  assert.match(response.headers.get("cache-control"), /^public, max-age=\d+, stale-while-revalidate=\d+, stale-if-error=\d+$/);
  assert.equal(similar.items.length, 4);
  assert.deepEqual(departments(similar), new Set(["tea"]));
  assert.ok(!ids(similar).includes("tea-03"));
  assert.deepEqual(similar.items[0].reason.kind, "similar");
  const again = await decision("/v1/similar/tea-03?n=4");
  assert.match(status(again.response), /^selvedge; hit;/);
});

test("objecting by Sec-GPC or by cookie leaves the context only, and nothing is read, written or named", async () => {
  const cookies = await visitorOf("tea-00", "tea-02");
  const objections = [{ cookies, headers: { "sec-gpc": "1" } }, { cookies: { ...cookies, "selvedge-consent": "off" } }];
  for (const objection of objections) {
    const { decision: home } = await decision("/v1/recommend/home", objection);
    assert.equal(home.scope, "context");
    assert.equal(home.segment, null);
    assert.equal((await server.fetch("/v1/key/home", objection)).headers.get("selvedge-segment"), null);
    const events = json({ events: [{ type: "click", item: "tea-00" }] });
    const receipt = await server.fetch("/v1/events", { ...events, ...objection, headers: { ...events.headers, ...objection.headers } });
    assert.equal(receipt.status, 202);
    assert.deepEqual(receipt.headers.getSetCookie(), []);
    assert.equal((await receipt.json()).segment, null);
  }
});

test("categories and exclusions narrow an answer down; an answer with exclusions is not shared", async () => {
  const green = await decision("/v1/recommend/home?category=green%20TEA&n=5");
  for (const item of green.decision.items) assert.deepEqual(item.categories, ["TEA", "Green tea"]);
  assert.match(status(green.response), /key="v1\/[^"]+\/c\d+\/-\/-\/5"$/);

  const all = await decision("/v1/recommend/home?n=3");
  const [first, second] = ids(all.decision);
  const narrowed = await decision(`/v1/recommend/home?n=3&exclude=${first},%20${second},unknown`);
  assert.equal(narrowed.decision.items.length, 3);
  assert.ok(!ids(narrowed.decision).includes(first) && !ids(narrowed.decision).includes(second));
  assert.equal(status(narrowed.response), "selvedge; fwd=bypass; detail=request");
});

test("what is sold out is not shown", async () => {
  const { decision: teas } = await decision("/v1/recommend/home?category=tea&n=24");
  assert.ok(!ids(teas).includes("tea-29"));
  assert.equal(teas.explanation.excluded, 120 - 29);
});

test("the caller's candidates are ranked for the visitor, unknown ones come last in their order", async () => {
  const cookies = await visitorOf("book-00", "book-02");
  const candidates = ["x", "tea-04", "book-07", "tool-01", "y", "book-07", "x"];
  const { response, decision: ranked } = await decision("/v1/rank", { ...json({ candidates }), cookies });
  assert.equal(ids(ranked)[0], "book-07");
  assert.deepEqual(new Set(ids(ranked)), new Set(["tea-04", "book-07", "tool-01"]));
  assert.deepEqual(ranked.unknown, ["x", "y"]);
  assert.equal(response.headers.get("cache-control"), "private, no-store");
  assert.equal(status(response), "selvedge; fwd=method");

  const { decision: one } = await decision("/v1/rank", { ...json({ candidates, n: 1 }), cookies });
  assert.deepEqual(ids(one), ["book-07"]);
});

test("what the model does not know is a problem with what it knows", async () => {
  for (const [path, expected, slug] of [
    ["/v1/recommend/nowhere", 404, "no-such-slot"],
    ["/v1/similar/nothing", 404, "no-such-item"],
    ["/v1/recommend/home?n=0", 400, "bad-parameter"],
    ["/v1/recommend/home?n=25", 400, "bad-parameter"],
    ["/v1/recommend/home?category=nowhere", 400, "bad-parameter"],
    [`/v1/recommend/home?exclude=${Array.from({ length: 101 }, (_, i) => i).join(",")}`, 400, "bad-parameter"],
    ["/v1/similar/tea-00?n=101", 400, "bad-parameter"],
  ]) {
    const response = await server.fetch(path);
    assert.equal(response.status, expected, path);
    const problem = await response.json();
    assert.equal(problem.type, `https://selvedge.dev/problems/${slug}`, path);
    assert.match(problem.detail, /expected .+, found /, path);
  }
  for (const candidates of [[], Array.from({ length: 1001 }, (_, i) => `${i}`)]) {
    assert.equal((await server.fetch("/v1/rank", json({ candidates }))).status, 400);
  }
});

test("Server-Timing names the stages, in milliseconds", async () => {
  const response = await server.fetch("/v1/recommend/shelf");
  assert.match(
    response.headers.get("server-timing"),
    /^model;dur=[\d.]+, plan;dur=[\d.]+, cache;dur=[\d.]+, (decide;dur=[\d.]+, )?total;dur=[\d.]+$/,
  );
});

test("the probe tells the model", async () => {
  const response = await server.fetch("/readyz");
  assert.equal(response.status, 200);
  const readiness = await response.json();
  assert.equal(readiness.ready, true);
  assert.match(readiness.model, /^20260101T000000Z-[0-9a-f]{8}$/);
  assert.ok(Math.abs(Date.now() - readiness.loaded_at_ms) < 3_600_000);
});
