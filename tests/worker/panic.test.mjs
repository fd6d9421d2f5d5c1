// A Wasm panic fails only the requests that the instance was serving; the next request gets a new instance.
//
// Needs the Worker built with the feature `panic-route` in build/worker-panic; `cargo xtask test` makes it.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { R2, fallbacks, json, planted, profileCookie, publish, start } from "./harness.mjs";

const model = planted();
let server;
before(async () => {
  const vars = { SELVEDGE_PUBLIC_KEYS: model.publicKey, SELVEDGE_REFRESH_S: "3600" };
  server = await start({ main: "build/worker-panic/index.js", vars, config: { r2_buckets: R2 } });
  await publish(server.env, model.snapshot);
});
after(() => server.close());

const panics = async () => (await (await server.fetch("/readyz")).json()).counters.panic;

test("the request that panics is answered at once, with a problem that says to try again", async () => {
  const response = await server.fetch("/v1/panic");
  assert.equal(response.status, 503);
  assert.deepEqual(fallbacks(response), ["panic"]);
  assert.equal(response.headers.get("retry-after"), "1");
  assert.equal((await response.json()).type, "https://selvedge.dev/problems/interrupted");
});

test("the log says what panicked and where, once for each panic", async () => {
  const said = /broken, [^"]*: panicked at worker\/src\/lib\.rs:\d+:\d+:\\nthe panic route was asked for/g;
  const times = () => JSON.stringify(server.logs()).match(said)?.length ?? 0;
  const before = times();
  for (const more of [1, 2]) {
    await server.fetch("/v1/panic");
    assert.equal(times(), before + more);
  }
});

test("the next request is answered from the model again, personally", async () => {
  const before = await panics();
  const events = json({ events: [{ type: "click", item: "tea-00" }, { type: "click", item: "tea-02" }] });
  const cookie = profileCookie(await server.fetch("/v1/events", events));
  await server.fetch("/v1/panic");
  const response = await server.fetch("/v1/recommend/home", { cookies: { selvedge: cookie } });
  assert.equal(response.status, 200);
  assert.deepEqual(fallbacks(response), []);
  const decision = await response.json();
  assert.equal(decision.scope, "visitor");
  assert.equal(decision.items.length, 8);
  assert.equal(await panics(), before + 1);
});

test("requests that the instance was serving when it broke are answered too, never by a 5xx for a list", async () => {
  await server.fetch("/v1/panic");
  // The first request after a reset loads the model; the panic happens while these requests wait for it.
  const answers = await Promise.all([
    ...Array.from({ length: 8 }, () => server.fetch("/v1/recommend/home")),
    server.fetch("/v1/panic"),
    ...Array.from({ length: 8 }, () => server.fetch("/v1/recommend/shelf")),
  ]);
  for (const [index, response] of answers.entries()) {
    if (index === 8) {
      assert.equal(response.status, 503);
      continue;
    }
    assert.equal(response.status, 200);
    const decision = await response.json();
    const named = fallbacks(response).includes("panic");
    assert.equal(decision.items.length, named ? 0 : 8, JSON.stringify(fallbacks(response)));
  }
  assert.equal((await (await server.fetch("/v1/recommend/home")).json()).items.length, 8);
});

test("a hundred panics later the isolate still answers", async () => {
  const before = await panics();
  for (let turn = 0; turn < 100; turn += 1) await server.fetch("/v1/panic");
  const response = await server.fetch("/v1/recommend/home");
  assert.equal((await response.json()).items.length, 8);
  assert.equal(await panics(), before + 100);
});
