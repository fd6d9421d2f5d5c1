// The clock that tests set: built into build/worker-panic alone (feature `test-clock`); `cargo xtask test` makes both builds.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";

import { R2, ROOT, planted, publish, start } from "./harness.mjs";

const BEGIN_MS = Date.UTC(2026, 5, 1, 9);
const ADVANCE = "selvedge-test-advance-ms";
const model = planted();
let server;
before(async () => {
  const vars = { SELVEDGE_PUBLIC_KEYS: model.publicKey, SELVEDGE_REFRESH_S: "3600", SELVEDGE_TEST_NOW_MS: String(BEGIN_MS) };
  server = await start({ main: "build/worker-panic/index.js", vars, config: { r2_buckets: R2 } });
  await publish(server.env, model.snapshot);
});
after(() => server.close());

const age = async (advance_ms) => {
  const response = await server.fetch("/v1/recommend/home", { headers: { [ADVANCE]: String(advance_ms) } });
  assert.equal(response.status, 200);
  return response.headers.get("age");
};

test("time stands still between requests, and goes on by as much as a request says", async () => {
  assert.equal(await age(0), null);
  assert.equal(await age(0), "0");
  assert.equal(await age(7_000), "7");
  assert.equal(await age(0), "0");
});

test("what is deployed has no such clock", () => {
  const wasm = (build) => readFileSync(`${ROOT}build/${build}/index_bg.wasm`, "latin1");
  for (const name of [ADVANCE, "SELVEDGE_TEST_NOW_MS"]) {
    assert.ok(wasm("worker-panic").includes(name), name);
    assert.ok(!wasm("worker").includes(name), name);
  }
});
