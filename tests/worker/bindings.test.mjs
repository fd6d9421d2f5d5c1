// A name of wrangler.toml that is bound to something of another kind: told apart by its class, never called.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { R2, fallbacks, json, planted, publish, start } from "./harness.mjs";

const model = planted();
let server;
before(async () => {
  const vars = { SELVEDGE_PUBLIC_KEYS: model.publicKey, SELVEDGE_REFRESH_S: "3600", SELVEDGE_ORIGIN: null };
  server = await start({ vars: { ...vars, EVENT_QUEUE: { send: "nothing" }, ASSETS: null }, config: { r2_buckets: R2 } });
  await publish(server.env, model.snapshot);
});
after(() => server.close());

test("a queue that is none costs no event: they go into the bucket, and the log says what was found", async () => {
  const response = await server.fetch("/v1/events", json({ events: [{ type: "click", item: "tea-00" }] }));
  assert.equal(response.status, 202);
  assert.deepEqual(fallbacks(response), ["queue-failed"]);
  assert.equal((await response.json()).collected, 1);
  assert.match(JSON.stringify(server.logs()), /EVENT_QUEUE: expected WorkerQueue, found Object/);
});

test("names that are bound to null are taken as not bound, and break nothing", async () => {
  const page = await server.fetch("/plain");
  assert.ok(page.status >= 400);
  assert.ok(!fallbacks(page).includes("panic"));
  assert.equal((await server.fetch("/v1/recommend/home")).status, 200);
  assert.equal((await (await server.fetch("/readyz")).json()).counters.panic, 0);
});
