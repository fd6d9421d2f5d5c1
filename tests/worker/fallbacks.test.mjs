// Bindings that are missing or throw have a fall-back. Which one it is is tested natively, in edge/tests/application/fallbacks.rs.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { R2, fallbacks, json, planted, profileCookie, publish, publishInto, start, until } from "./harness.mjs";

const model = planted();
let server;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const vars = { SELVEDGE_PUBLIC_KEYS: model.publicKey, SELVEDGE_REFRESH_S: "0" };

async function counters() {
  return (await (await server.fetch("/readyz")).json()).counters;
}

/** Requests all resources that list items; their answers must all be 200 and empty. */
async function assertEmptyLists(fallback) {
  const answers = {
    home: await server.fetch("/v1/recommend/home"),
    similar: await server.fetch("/v1/similar/tea-00"),
    rank: await server.fetch("/v1/rank", json({ candidates: ["b", "a"] })),
  };
  for (const [slot, response] of Object.entries(answers)) {
    assert.equal(response.status, 200, slot);
    assert.deepEqual(fallbacks(response), [fallback], slot);
    assert.equal(response.headers.get("cache-control"), "no-store", slot);
    const decision = await response.json();
    assert.deepEqual([decision.slot, decision.scope, decision.items], [slot, "everyone", []]);
    assert.deepEqual(decision.unknown, slot === "rank" ? ["b", "a"] : []);
  }
  assert.equal((await server.fetch("/readyz")).status, 503);
  assert.ok((await counters())[fallback] >= 3);
}

test("without a snapshot, lists are empty and candidates come back in their order", async () => {
  server = await start({ vars });
  await assertEmptyLists("no-snapshot");
});

test("without any binding, everything is still answered", async () => {
  server = await start({ config: {}, vars });
  await assertEmptyLists("no-snapshot");
  const response = await server.fetch("/v1/events", json({ events: [{ type: "click", item: "tea-00" }] }));
  assert.equal(response.status, 202);
  assert.deepEqual(fallbacks(response), ["no-snapshot", "no-queue"]);
  const receipt = await response.json();
  assert.deepEqual([receipt.accepted, receipt.collected], [1, 0]);
  assert.ok(profileCookie(response));
});

test("without a queue, events go straight to the bucket", async () => {
  server = await start({ config: { r2_buckets: R2 }, vars });
  await publish(server.env, model.snapshot);
  const response = await server.fetch("/v1/events", json({ events: [{ type: "click", item: "tea-00" }] }));
  assert.deepEqual(fallbacks(response), ["no-queue"]);
  assert.equal((await response.json()).collected, 1);
  assert.equal((await server.env.EVENTS.list({ prefix: "events/date=" })).objects.length, 1);
});

// A variable in place of a binding, so that every call of the binding throws.
const BROKEN_BINDING = { broken: true };

test("when the queue throws, events go straight to the bucket", async () => {
  server = await start({ config: { r2_buckets: R2 }, vars: { ...vars, EVENT_QUEUE: BROKEN_BINDING } });
  await publish(server.env, model.snapshot);
  const response = await server.fetch("/v1/events", json({ events: [{ type: "click", item: "tea-00" }] }));
  assert.deepEqual(fallbacks(response), ["queue-failed"]);
  assert.equal((await response.json()).collected, 1);
  assert.equal((await server.env.EVENTS.list({ prefix: "events/date=" })).objects.length, 1);
});

test("when queue and bucket throw, the answer says that nothing was collected, but the cookie still gets the profile", async () => {
  server = await start({ config: {}, vars: { ...vars, EVENT_QUEUE: BROKEN_BINDING, EVENTS: BROKEN_BINDING } });
  const response = await server.fetch("/v1/events", json({ events: [{ type: "click", item: "tea-00" }] }));
  assert.equal(response.status, 202);
  assert.deepEqual(fallbacks(response), ["no-snapshot", "queue-failed"]);
  assert.deepEqual(await response.json(), { accepted: 1, collected: 0, rejected: [], segment: null });
  assert.ok(profileCookie(response));
});

test("when the model's bucket throws, lists are empty", async () => {
  server = await start({ config: {}, vars: { ...vars, MODELS: BROKEN_BINDING } });
  await assertEmptyLists("no-snapshot");
});

const flipped = (bytes, at) => {
  const copy = Buffer.from(bytes);
  copy[at] ^= 1;
  return copy;
};
const last = model.snapshot.length - 1;
for (const [name, snapshot, pointer] of [
  ["is cut off", model.snapshot.subarray(0, 1000)],
  ["has a changed byte in its middle", flipped(model.snapshot, last >> 1)],
  ["is longer than its pointer says", model.snapshot, { bytes: 500 }],
  ["is shorter than its pointer says", model.snapshot, { bytes: last + 2 }],
  ["is not where its pointer says", model.snapshot, { key: "models/elsewhere.selvedge" }],
]) {
  test(`a snapshot that ${name} is refused, and lists are empty`, async () => {
    server = await start({ vars });
    const key = "models/planted.selvedge";
    await publish(server.env, snapshot, key, { key, bytes: snapshot.length, ...pointer });
    await assertEmptyLists("bad-snapshot");
  });
}

/** The version of the model that answers. */
async function answering() {
  return (await (await server.fetch("/v1/recommend/home")).json()).model;
}

test("the last good snapshot stays while a newer one is bad, and a later good one replaces it", async () => {
  server = await start({ vars });
  await publish(server.env, model.snapshot, "models/1.selvedge");
  const version = await answering();
  assert.ok(version);

  await publish(server.env, flipped(model.next, last), "models/2.selvedge");
  await until(async () => (await counters())["bad-snapshot"] === 1);
  const kept = await server.fetch("/v1/recommend/home");
  assert.equal((await kept.json()).model, version);
  assert.deepEqual(fallbacks(kept), []);

  await publish(server.env, model.next, "models/3.selvedge");
  await until(async () => (await answering()) !== version);
  assert.deepEqual(fallbacks(await server.fetch("/v1/recommend/home")), []);
  assert.equal((await counters())["bad-snapshot"], 1, "the refused snapshot is not fetched again and again");
});

test("the first requests of an isolate share one load, and all are answered from the model", async () => {
  server = await start({ vars: { ...vars, SELVEDGE_REFRESH_S: "3600" } });
  await publish(server.env, model.snapshot);
  const responses = await Promise.all(Array.from({ length: 20 }, () => server.fetch("/v1/recommend/home")));
  for (const response of responses) {
    assert.equal(response.status, 200);
    assert.deepEqual(fallbacks(response), []);
    assert.equal((await response.json()).items.length, 8);
  }
});

test("a snapshot may also be among the static assets", async () => {
  const { mkdtempSync, rmSync } = await import("node:fs");
  const { tmpdir } = await import("node:os");
  const directory = mkdtempSync(`${tmpdir()}/selvedge-assets-`);
  try {
    publishInto(directory, model.snapshot);
    server = await start({ config: { r2_buckets: R2, assets: { directory, binding: "ASSETS", run_worker_first: ["/v1/*"] } }, vars });
    const response = await server.fetch("/v1/recommend/home");
    assert.deepEqual(fallbacks(response), []);
    assert.equal((await response.json()).items.length, 8);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("without a usable cookie key nothing is remembered, and the log does not show the key", async () => {
  server = await start({ vars, secrets: { SELVEDGE_COOKIE_KEYS: "1:c2hvcnQ=" } });
  await publish(server.env, model.snapshot);
  const response = await server.fetch("/v1/events", json({ events: [{ type: "click", item: "tea-00" }] }));
  assert.deepEqual(fallbacks(response), ["no-cookie-key"]);
  assert.deepEqual(response.headers.getSetCookie(), []);
  const logs = JSON.stringify(server.logs());
  assert.match(logs, /SELVEDGE_COOKIE_KEYS/);
  assert.doesNotMatch(logs, /c2hvcnQ/);
});
