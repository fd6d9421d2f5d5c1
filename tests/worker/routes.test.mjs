// Requests as the runtime gives them: methods, paths, bodies as streams. The routes themselves are tested natively, in
// edge/tests/application/routes.rs.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { json, start } from "./harness.mjs";

let server;
before(async () => {
  server = await start();
});
after(() => server.close());

/** Asserts a problem document and returns it. */
async function problem(response, status, slug) {
  assert.equal(response.status, status);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const document = await response.json();
  assert.equal(document.type, `https://selvedge.dev/problems/${slug}`);
  assert.equal(document.status, status);
  for (const field of ["title", "detail", "instance"]) assert.equal(typeof document[field], "string", field);
  return document;
}

test("HEAD is answered as GET is, without a body", async () => {
  const response = await server.fetch("/healthz", { method: "HEAD" });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), "");
});

test("a known path with another method names the methods", async () => {
  for (const [path, method, allow] of [
    ["/v1/recommend/home", "POST", "GET, HEAD"],
    ["/v1/rank", "GET", "POST"],
    ["/v1/events", "PUT", "POST"],
    ["/v1/profile", "GET", "DELETE"],
    // workers-rs would take an unknown method for GET.
    ["/healthz", "PROPFIND", "GET, HEAD"],
  ]) {
    const response = await server.fetch(path, { method });
    assert.equal(response.headers.get("allow"), allow);
    await problem(response, 405, "method-not-allowed");
  }
});

test("a path that is no percent-encoded UTF-8 is a problem", async () => {
  await problem(await server.fetch("/v1/recommend/%ff"), 400, "bad-parameter");
  await problem(await server.fetch("/v1/similar/%E0%A4"), 400, "bad-parameter");
});

test("an unknown path and a body that is none are problems", async () => {
  await problem(await server.fetch("/v1/nothing"), 404, "no-such-path");
  for (const body of ["", "{", "\u0000".repeat(40)]) {
    await problem(await server.fetch("/v1/events", { method: "POST", body }), 400, "bad-body");
  }
});

test("a query is decoded as the runtime's own URLSearchParams does it", async () => {
  for (const query of ["n=a+b%2Bc%2f", "%6E=%zz%4", "&&n", "n=%e2%82%ac%ff", "n=%%41=1+", "other=%&n=%+f", "n=\u00e4"]) {
    const document = await problem(await server.fetch(`/v1/recommend/home?${query}`), 400, "bad-parameter");
    const decoded = new URLSearchParams(query).get("n");
    assert.equal(document.detail, `n: expected a whole number from 1, found ${JSON.stringify(decoded)}`);
  }
});

test("a write from a page of this site is let through, from another one's not", async () => {
  const event = json({ events: [{ type: "click", item: "1" }] });
  const own = await server.fetch("/v1/events", { ...event, headers: { origin: server.origin } });
  assert.equal(own.status, 202);
  await problem(await server.fetch("/v1/events", { ...event, headers: { origin: "https://elsewhere.example" } }), 403, "cross-site");
});

test("a body over the limit is refused, whether its length is told or not", async () => {
  const padding = "x".repeat(64 * 1024);
  await problem(await server.fetch("/v1/events", json({ events: [], padding })), 413, "body-too-long");
  const stream = new Blob([JSON.stringify({ events: [], padding })]).stream();
  await problem(await server.fetch("/v1/events", { method: "POST", body: stream, duplex: "half" }), 413, "body-too-long");
});
