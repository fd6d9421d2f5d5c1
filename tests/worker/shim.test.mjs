// The entry shim alone: how it notices a broken instance, how a new one takes over, and how it answers instead of a broken one.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fallback } from "../../worker/shim/fallback.js";
import { BROKEN, createInstances } from "../../worker/shim/instances.js";

/** Instances whose Wasm is `exports`, the first of them made by the first call. */
function instances(exports = {}) {
  const made = [];
  const logged = [];
  const make = (own) => {
    const core = { own, number: made.length, ownMemory: () => new WebAssembly.Memory({ initial: made.length }), ...exports };
    made.push(core);
    return core;
  };
  const shim = createInstances({ make, log: (line) => logged.push(line) });
  return { ...shim, made, logged };
}

const trap = () => Promise.reject(new WebAssembly.RuntimeError("unreachable"));
const number = (core) => core.number;
const REPLACED = "wasm instance broken, to be replaced before the next request: ";

test("a call that traps returns BROKEN, and the next call gets a new instance", async () => {
  const { call, made, panics } = instances();
  assert.equal(await call(trap), BROKEN);
  assert.deepEqual([made.length, panics()], [1, 1]);
  assert.equal(call(number), 1);
  assert.equal(call(number), 1);
  assert.equal(made.length, 2);
});

test("calls whose promise the broken instance will never settle end with BROKEN", async () => {
  const { call, made } = instances();
  const hanging = [call(() => new Promise(() => {})), call(() => new Promise(() => {}))];
  made[0].own.broke("a trap somewhere else");
  assert.deepEqual(await Promise.all(hanging), [BROKEN, BROKEN]);
});

test("one panic that is noticed in several ways counts once", async () => {
  const { call, trapped, panics, logged } = instances();
  const outcome = call((core) => {
    core.own.broke("by the hook");
    core.own.broke();
    trapped("by the error event");
    return trap();
  });
  assert.equal(await outcome, BROKEN);
  assert.equal(panics(), 1);
  assert.deepEqual(logged, [`${REPLACED}by the hook`]);
});

test("the error of a trap without a panic is logged, once for each instance", async () => {
  const { call, panics, logged } = instances();
  const exhausted = (core) => {
    core.own.broke();
    throw new RangeError("Maximum call stack size exceeded");
  };
  assert.equal(call(exhausted), BROKEN);
  assert.equal(call(exhausted), BROKEN);
  assert.equal(panics(), 2);
  assert.deepEqual(logged, Array(2).fill(`${REPLACED}RangeError: Maximum call stack size exceeded`));
});

test("a trap whose error was not reported is still logged", async () => {
  const { call, made, logged } = instances();
  call(number);
  made[0].own.broke();
  assert.equal(call(() => "well"), "well");
  assert.deepEqual([made.length, logged.length], [2, 1]);
});

test("any other error is thrown to the caller and does not break the instance", async () => {
  const { call, made } = instances();
  await assert.rejects(call(() => Promise.reject(new TypeError("not ours"))), TypeError);
  await call(async () => "well");
  assert.equal(made.length, 1);
});

test("a new instance takes over once it has loaded, and the one before it ends its calls", async () => {
  let loaded;
  const { call, made, logged } = instances({ load: () => new Promise((resolve) => (loaded = resolve)) });
  let end;
  const begun = call((core) => new Promise((resolve) => (end = () => resolve(core.number))));
  const renewed = made[0].own.renew({}, {});
  assert.equal(call(number), 0, "while it loads");
  loaded(0);
  assert.equal(await renewed, 0);
  assert.deepEqual([call(number), made[1].own.renewals(), logged.length], [1, 1, 1]);
  end();
  assert.equal(await begun, 0);
});

test("a new instance that has not loaded, or breaks while it loads, does not take over", async () => {
  for (const load of [async () => 1, async () => 2, trap]) {
    const { call, made } = instances({ load });
    call(number);
    const outcome = await made[0].own.renew({}, {});
    assert.equal(outcome, load === trap ? 1 : await load());
    assert.deepEqual([call(number), made[0].own.renewals()], [0, 0]);
  }
});

test("of two new instances only the later one takes over", async () => {
  const loads = [];
  const { call, made } = instances({ load: () => new Promise((resolve) => loads.push(resolve)) });
  call(number);
  const renewals = [made[0].own.renew({}, {}), made[0].own.renew({}, {})];
  loads[0](0);
  assert.equal(await renewals[0], 1);
  assert.equal(call(number), 0);
  loads[1](0);
  assert.equal(await renewals[1], 0);
  assert.deepEqual([call(number), made[0].own.renewals()], [2, 1]);
});

test("a replaced instance that traps breaks its own calls alone", async () => {
  for (const reasons of [[undefined], ["by the hook", undefined]]) {
    const { call, made, trapped, panics } = instances({ load: async () => 0 });
    const hanging = call(() => new Promise(() => {}));
    await made[0].own.renew({}, {});
    const healthy = call(async () => "well");
    for (const reason of reasons) made[0].own.broke(reason);
    for (const again of [1, 2]) trapped(new WebAssembly.RuntimeError(`unreachable, event ${again}`));
    assert.deepEqual([await hanging, await healthy, call(number), panics()], [BROKEN, "well", 1, 1]);
  }
});

test("an instance that traps while it loads a model leaves the one that answers", async () => {
  const { call, made, trapped, panics } = instances({ load: () => new Promise(() => {}) });
  const healthy = call(() => new Promise((resolve) => setTimeout(resolve, 10, "well")));
  const renewed = made[0].own.renew({}, {});
  made[1].own.broke("by the hook");
  trapped(new WebAssembly.RuntimeError("unreachable"));
  assert.deepEqual([await renewed, await healthy, call(number), panics()], [1, "well", 0, 1]);
});

test("the memory of the other instances counts until it is collected", async () => {
  const { call, made } = instances({ load: async () => 0 });
  call(number);
  assert.equal(made[0].own.otherBytes(), 0);
  await made[0].own.renew({}, {});
  assert.equal(made[1].own.otherBytes(), 65_536);
  assert.equal(made[0].own.otherBytes(), 2 * 65_536);
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
  const lists = { SELVEDGE_API_PREFIX: ["/_selvedge"], SELVEDGE_ALLOWED_ORIGINS: ["https://www.shop.example"] };
  assert.equal(fallback(new Request("https://shop.example/v1/recommend/home"), lists).status, 200, "no text counts as not set");
});
