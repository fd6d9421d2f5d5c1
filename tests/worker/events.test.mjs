// Events: what is accepted, what is refused and why, and how the accepted ones reach the bucket.

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

test("a visitor keeps one id from event to event, and two visitors have two", async () => {
  const first = await post([{ type: "click", item: "tea-00", id: "same-1" }]);
  const cookies = { selvedge: profileCookie(first.response) };
  await post([{ type: "click", item: "tea-01", id: "same-2" }], { cookies });
  await post([{ type: "click", item: "tea-01", id: "other-1" }]);
  const [one, two, other] = [await arrived("same-1"), await arrived("same-2"), await arrived("other-1")];
  assert.equal(one.user, two.user);
  assert.notEqual(one.user, other.user);
});

test("without consent an event is collected without a visitor, segment or cookie", async () => {
  const { response, receipt } = await post([{ type: "view", item: "tea-00", id: "gpc-1" }], { headers: { "sec-gpc": "1" } });
  assert.equal(receipt.collected, 1);
  assert.deepEqual(response.headers.getSetCookie(), []);
  const event = await arrived("gpc-1");
  assert.deepEqual([event.user, event.segment], [null, null]);
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

test("a bad event is refused with its place and reason, and spoils no other", async () => {
  const now = Date.now();
  const good = { type: "click", item: "tea-00" };
  const { receipt } = await post([
    good,
    { type: "Click", item: "tea-00" },
    { ...good, item: "" },
    { ...good, item: "a\u0000b" },
    { ...good, item: "x".repeat(257) },
    { ...good, item: 7 },
    { ...good, timestamp_ms: now + 10 * 60_000 },
    { ...good, timestamp_ms: now - 25 * 3_600_000 },
    { ...good, timestamp_ms: -1 },
    { ...good, value: "much" },
    { ...good, position: -1 },
    { ...good, id: "" },
    { ...good, id: "with space" },
    { ...good, slot: "s".repeat(65) },
    "click",
    null,
    good,
  ]);
  assert.equal(receipt.accepted, 2);
  assert.deepEqual(receipt.rejected.map((rejection) => rejection.index), Array.from({ length: 15 }, (_, i) => i + 1));
  for (const { index, reason } of receipt.rejected) assert.match(reason, /expected|missing/, `${index}: ${reason}`);
});

test("a batch of only bad events is answered, stores nothing and sets no cookie", async () => {
  const { response, receipt } = await post([{ type: "nothing", item: "tea-00" }]);
  assert.equal(response.status, 202);
  assert.deepEqual([receipt.accepted, receipt.collected], [0, 0]);
  assert.deepEqual(response.headers.getSetCookie(), []);
});

test("a hundred events of the longest ids stay within the queue's and the cookie's limits", async () => {
  const events = Array.from({ length: 100 }, (_, index) => ({ type: "click", item: `${index}-`.padEnd(256, "x"), id: `long-${index}` }));
  const { response, receipt } = await post(events);
  assert.deepEqual([receipt.accepted, receipt.collected], [100, 100]);
  assert.deepEqual(fallbacks(response), []);
  assert.ok(response.headers.getSetCookie()[0].length <= 2048);
  await arrived("long-99");
});

test("the profile cookie is out of reach for scripts and other sites, and Secure on https", async () => {
  const { response } = await post([{ type: "click", item: "tea-00" }]);
  assert.match(response.headers.getSetCookie()[0], /^selvedge=[\w-]+; Path=\/; Max-Age=31536000; HttpOnly; SameSite=Lax$/);
  const event = json({ events: [{ type: "click", item: "tea-00" }] });
  const https = await server.direct("https://shop.example/v1/events", event);
  assert.match(https.headers.getSetCookie()[0], /; HttpOnly; SameSite=Lax; Secure$/);
});

test("DELETE ends the profile", async () => {
  const response = await server.fetch("/v1/profile", { method: "DELETE" });
  assert.equal(response.status, 204);
  assert.match(response.headers.getSetCookie()[0], /^selvedge=; Path=\/; Max-Age=0;/);
});

test("a message that is no event of ours is kept as a line, for ingest to put into quarantine", async () => {
  await server.env.EVENT_QUEUE.send({ foreign: true, id: "foreign-1" });
  assert.equal((await arrived("foreign-1")).foreign, true);
});
