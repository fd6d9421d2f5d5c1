// What an attacker would try and a runtime could let through: other visitors' answers under load, foreign hosts and headers. The rest is
// tested natively, in edge/tests/application/attack.rs.

import assert from "node:assert/strict";
import { test } from "node:test";

import { json, planted, profileCookie } from "./harness.mjs";
import { inFront } from "./origin.mjs";

const model = planted();
const { origin, server } = await inFront(model);

const key = (response) => response.headers.get("cache-status").match(/key="([^"]*)"/)?.[1];
const departments = (decision) => [...new Set(decision.items.map((item) => item.id.split("-")[0]))];

async function visitorOf(...items) {
  const events = items.map((item) => ({ type: "click", item }));
  return { selvedge: profileCookie(await server.fetch("/v1/events", json({ events }))) };
}

test("concurrent visitors never get each other's personal list", async () => {
  const visitors = await Promise.all(
    Array.from({ length: 40 }, async (_, turn) => {
      const department = ["tea", "tool", "toy", "book"][turn % 4];
      return { department, cookies: await visitorOf(`${department}-0${turn % 10}`, `${department}-1${turn % 10}`) };
    }),
  );
  await Promise.all(
    visitors.map(async ({ department, cookies }) => {
      const response = await server.fetch("/v1/recommend/home", { cookies });
      assert.deepEqual(departments(await response.json()), [department]);
    }),
  );
});

test("what is not in the key cannot poison it", async () => {
  const victim = await (await server.fetch("/v1/similar/tea-05?n=6")).text();
  const evil = {
    host: "evil.example",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "http",
    "x-original-url": "/v1/similar/book-05",
    "x-rewrite-url": "/v1/similar/book-05",
    "x-http-method-override": "DELETE",
    forwarded: "host=evil.example",
    "accept-language": "<script>alert(1)</script>",
    "user-agent": "<script>alert(1)</script>",
    "sec-ch-ua-mobile": "?9",
    range: "bytes=0-1",
    "accept-encoding": "evil",
  };
  for (const path of ["/v1/similar/tea-06?n=6", "/v1/recommend/shelf?n=6"]) {
    const poisoned = await server.direct(`http://evil.example${path}`, { headers: evil });
    const attempt = await poisoned.text();
    const clean = await server.fetch(path);
    assert.equal(await clean.text(), attempt, "the first answer was the honest one");
    assert.ok(!attempt.includes("evil") && !attempt.includes("<script>"));
    for (const [name, value] of poisoned.headers) assert.ok(!value.includes("evil") && !value.includes("<script>"), name);
  }
  for (const odd of ["/v1/similar/tea-05?n=6&n=7", "/v1/similar/tea-05?n=6&utm_source=x", "/v1/similar/tea-05?n=6;n=7", "/v1/similar/tea-05?%6e=6", "/v1/similar/tea-05?n=6#n=7"]) {
    const response = await server.fetch(odd);
    if (response.status === 200) {
      const { items } = await response.json();
      assert.ok(items.length === 6 || !key(response).endsWith("/6"), `${odd}: ${items.length} under ${key(response)}`);
    }
  }
  assert.equal(await (await server.fetch("/v1/similar/tea-05?n=6")).text(), victim);
});

test("the server behind is told the true host, and nothing of the profile", async () => {
  origin.page("/shop", "<p>shop</p>");
  const cookies = { ...(await visitorOf("tea-00", "tea-02")), basket: "7", "selvedge-consent": "on" };
  const headers = { "x-forwarded-host": "evil.example", "x-original-url": "/admin", forwarded: "host=evil.example" };
  await server.fetch("/shop", { cookies, headers });
  const [request] = origin.requests;
  assert.equal(request.url, "/shop");
  assert.equal(request.headers.cookie, "basket=7");
  assert.equal(request.headers["x-forwarded-host"], new URL(server.origin).host);
  assert.equal(request.headers["x-original-url"], undefined);
  assert.equal(request.headers.forwarded, undefined);
});
