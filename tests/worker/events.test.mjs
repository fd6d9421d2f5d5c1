// How accepted events reach the bucket through the real queue. What is accepted is tested natively, in edge/tests/application/events.rs.

import assert from "node:assert/strict";
import { gunzipSync } from "node:zlib";
import { after, before, test } from "node:test";

import { R2, fallbacks, json, planted, profileCookie, publish, start, until } from "./harness.mjs";

const model = planted();
let server;
before(async () => {
  server = await start({
    vars: { SELVEDGE_PUBLIC_KEYS: model.publicKey, SELVEDGE_REFRESH_S: "3600" },
    config: {
      r2_buckets: R2,
      queues: {
        producers: [{ binding: "EVENT_QUEUE", queue: "test-events" }],
        consumers: [{ queue: "test-events", max_batch_size: 100, max_batch_timeout: 0 }],
      },
    },
  });
  await publish(server.env, model.snapshot);
});
after(() => server.close());

const post = async (events, options = {}) => {
  const { headers, ...body } = json({ events });
  const response = await server.fetch("/v1/events", { ...body, ...options, headers: { ...headers, ...options.headers } });
  return { response, receipt: await response.json() };
};

/** All events in the bucket so far, with the names of their objects. */
async function collected() {
  const { objects } = await server.env.EVENTS.list();
  const events = [];
  for (const { key } of objects) {
    const object = await server.env.EVENTS.get(key);
    const text = gunzipSync(Buffer.from(await object.arrayBuffer())).toString();
    assert.ok(text.endsWith("\n"));
    for (const line of text.trimEnd().split("\n")) events.push({ key, ...JSON.parse(line) });
  }
  return events;
}

const arrived = (id) => until(async () => (await collected()).find((event) => event.id === id));

test("an accepted event reaches the bucket through the queue, with who, what, when and where", async () => {
  const now = Date.now();
  const sent = { type: "add_to_cart", item: "tea-03", timestamp_ms: now - 1000, value: 1.99, slot: "home", position: 3, id: "event-1" };
  const { response, receipt } = await post([sent]);
  assert.equal(response.status, 202);
  assert.deepEqual(fallbacks(response), []);
  assert.deepEqual(receipt, { accepted: 1, collected: 1, rejected: [], segment: 0 });

  const { key, user, model: version, ...event } = await arrived("event-1");
  assert.match(key, /^events\/date=\d{4}-\d{2}-\d{2}\/hour=\d{2}\/[0-9a-f-]{36}\.ndjson\.gz$/);
  assert.match(user, /^[0-9a-f]{32}$/);
  assert.match(version, /^20260101T000000Z-/);
  assert.deepEqual(event, {
    schema_version: 1,
    id: "event-1",
    returning: false,
    item: "tea-03",
    type: "add_to_cart",
    timestamp_ms: now - 1000,
    value: 1.99,
    slot: "home",
    position: 3,
    segment: 0,
    decision: null,
    context: {},
  });
});

test("an event without an id gets one, and every event its own", async () => {
  await post(Array.from({ length: 3 }, () => ({ type: "click", item: "toy-11" })));
  const events = await until(async () => {
    const found = (await collected()).filter((event) => event.item === "toy-11");
    return found.length === 3 && found;
  });
  assert.equal(new Set(events.map((event) => event.id)).size, 3);
  for (const event of events) assert.match(event.id, /^[0-9a-f-]{36}$/);
});

test("a hundred events of the longest ids stay within the queue's and the cookie's limits", async () => {
  const events = Array.from({ length: 100 }, (_, index) => ({ type: "click", item: `${index}-`.padEnd(256, "x"), id: `long-${index}` }));
  const { response, receipt } = await post(events);
  assert.deepEqual([receipt.accepted, receipt.collected], [100, 100]);
  assert.deepEqual(fallbacks(response), []);
  assert.ok(response.headers.getSetCookie()[0].length <= 2048);
  await arrived("long-99");
});

test("scripts and other sites cannot read the profile cookie, and it is Secure on https", async () => {
  const { response } = await post([{ type: "click", item: "tea-00" }]);
  assert.match(response.headers.getSetCookie()[0], /^selvedge=[\w-]+; Path=\/; Max-Age=31536000; HttpOnly; SameSite=Lax$/);
  const event = json({ events: [{ type: "click", item: "tea-00" }] });
  const https = await server.direct("https://shop.example/v1/events", event);
  assert.match(https.headers.getSetCookie()[0], /; HttpOnly; SameSite=Lax; Secure$/);
});

test("a message that is not an event is written as a line, which ingest puts into quarantine", async () => {
  await server.env.EVENT_QUEUE.send({ foreign: true, id: "foreign-1" });
  assert.equal((await arrived("foreign-1")).foreign, true);
});
