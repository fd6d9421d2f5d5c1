// The entry shim alone: how it notices a broken instance, and how it answers instead of it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fallback } from "../../worker/shim/fallback.js";
import { BROKEN, createInstance } from "../../worker/shim/instance.js";

function instance() {
  const resets = [];
  const logged = [];
  const made = createInstance({ reset: () => resets.push(true), log: (line) => logged.push(line) });
  return { ...made, resets, logged };
}

const trap = () => Promise.reject(new WebAssembly.RuntimeError("unreachable"));

test("a call that traps returns BROKEN, and the instance is reset before the next call", async () => {
  const { call, resets, panics } = instance();
  assert.equal(await call(trap), BROKEN);
  assert.deepEqual([resets.length, panics()], [0, 1]);
  assert.equal(await call(async () => "well"), "well");
  assert.equal(resets.length, 1);
  assert.equal(await call(async () => "well"), "well");
  assert.equal(resets.length, 1);
});

test("calls whose promise the broken instance will never settle end with BROKEN", async () => {
  const { call, markBroken } = instance();
  const hanging = [call(() => new Promise(() => {})), call(() => new Promise(() => {}))];
  markBroken("a trap somewhere else");
  assert.deepEqual(await Promise.all(hanging), [BROKEN, BROKEN]);
});

test("one panic that is noticed in several ways counts once", async () => {
  const { call, markBroken, panics, logged } = instance();
  const outcome = call(() => {
    markBroken("by the hook");
    markBroken();
    markBroken("by the error event");
    return trap();
  });
  assert.equal(await outcome, BROKEN);
  assert.equal(panics(), 1);
  assert.deepEqual(logged, ["wasm instance broken, to be reset before the next request: by the hook"]);
});

test("the error of a trap without a panic is logged, once for each instance", async () => {
  const { call, markBroken, panics, logged } = instance();
  const exhausted = () => {
    markBroken();
    throw new RangeError("Maximum call stack size exceeded");
  };
  assert.equal(call(exhausted), BROKEN);
  assert.equal(call(exhausted), BROKEN);
  assert.equal(panics(), 2);
  assert.deepEqual(logged, Array(2).fill("wasm instance broken, to be reset before the next request: RangeError: Maximum call stack size exceeded"));
});

test("a trap whose error was not reported is still logged", async () => {
  const { call, markBroken, resets, logged } = instance();
  markBroken();
  assert.equal(call(() => "well"), "well");
  assert.deepEqual([resets.length, logged.length], [1, 1]);
});

test("any other error is thrown to the caller and does not break the instance", async () => {
  const { call, resets } = instance();
  await assert.rejects(call(() => Promise.reject(new TypeError("not ours"))), TypeError);
  await call(async () => "well");
  assert.equal(resets.length, 0);
});

test("a list is answered with an empty decision, never with a 5xx", async () => {
  for (const [path, slot] of [
    ["/v1/recommend/home?n=4", "home"],
    ["/v1/recommend/%C3%A4", "ä"],
    ["/v1/recommend/%ff", "%ff"],
    ["/v1/similar/1082185", "similar"],
    ["/v1/rank", "rank"],
  ]) {
    const response = fallback(new Request(`https://shop.example${path}`), {});
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get("selvedge-fallback"), "panic");
    assert.equal(response.headers.get("cache-control"), "no-store");
    const decision = await response.json();
    assert.deepEqual([decision.slot, decision.scope, decision.items], [slot, "everyone", []]);
  }
});

test("a write gets a 503 with Retry-After", async () => {
  const response = fallback(new Request("https://shop.example/v1/events", { method: "POST" }), {});
  assert.deepEqual([response.status, response.headers.get("retry-after")], [503, "1"]);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
});

test("behind a prefix and across hosts it answers as the Worker would", async () => {
  const env = { SELVEDGE_API_PREFIX: "/_selvedge", SELVEDGE_ALLOWED_ORIGINS: "https://www.shop.example" };
  const ask = (path, origin) => fallback(new Request(`https://api.shop.example${path}`, { headers: { origin } }), env);
  const listed = ask("/_selvedge/v1/recommend/home", "https://www.shop.example");
  assert.deepEqual([listed.status, (await listed.json()).slot], [200, "home"]);
  assert.equal(listed.headers.get("access-control-allow-origin"), "https://www.shop.example");
  assert.equal(listed.headers.get("vary"), "Origin");
  const other = ask("/_selvedge/v1/recommend/home", "https://other.example");
  assert.deepEqual([other.headers.get("access-control-allow-origin"), other.headers.get("vary")], [null, "Origin"]);
  assert.equal(ask("/v1/recommend/home", "https://www.shop.example").status, 503, "the site's own path");
});
