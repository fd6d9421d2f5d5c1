// The limit on requests of one client by the real binding. What a limit refuses is tested natively, in edge/tests/application/events.rs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { R2, json, start } from "./harness.mjs";

const LIMIT = { name: "SELVEDGE_EVENT_LIMIT", namespace_id: "1", simple: { limit: 2, period: 60 } };
const EVENT = { type: "click", item: "tea-03" };

/** The statuses of six batches that a client at this address sends. */
async function statuses(server, address) {
  const found = [];
  for (let turn = 0; turn < 6; turn += 1) {
    const { headers, ...batch } = json({ events: [EVENT] });
    const response = await server.fetch("/v1/events", { ...batch, headers: { ...headers, "cf-connecting-ip": address } });
    found.push(response.status);
    if (response.status === 429) {
      assert.equal(response.headers.get("retry-after"), "60");
      assert.match((await response.json()).type, /too-many-requests/);
    } else {
      await response.arrayBuffer();
    }
  }
  return found;
}

test("a client beyond the limit is told to wait; another client and lists are served", async () => {
  const server = await start({ config: { r2_buckets: R2, ratelimits: [LIMIT] } });
  try {
    // Of six in a row, at least three fall into one minute of the limit's clock.
    for (const address of ["192.0.2.7", "192.0.2.8", "2001:db8::1"]) {
      const found = await statuses(server, address);
      assert.deepEqual(found.slice(0, 2), [202, 202], address);
      assert.ok(found.includes(429), `${address}: ${found}`);
    }
    const neighbour = await statuses(server, "2001:db8::2");
    assert.ok(neighbour.includes(429), "one /64 network is one client");
    assert.equal((await server.fetch("/v1/recommend/home", { headers: { "cf-connecting-ip": "192.0.2.7" } })).status, 200);
  } finally {
    await server.close();
  }
});

for (const [what, config] of [
  ["no binding", {}],
  ["text in its place", { vars: { SELVEDGE_EVENT_LIMIT: "120" } }],
  ["a binding of another kind", { r2_buckets: [...R2, { binding: "SELVEDGE_EVENT_LIMIT", bucket_name: "test-wrong" }] }],
]) {
  test(`${what}: every request passes`, async () => {
    const { vars = {}, ...bindings } = config;
    const server = await start({ vars, config: { r2_buckets: R2, ...bindings } });
    try {
      assert.deepEqual(await statuses(server, "192.0.2.7"), [202, 202, 202, 202, 202, 202]);
    } finally {
      await server.close();
    }
  });
}
