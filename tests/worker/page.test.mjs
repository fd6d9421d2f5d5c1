// Pages of a real server behind: its headers, codings and methods. What is filled is tested natively, in edge/tests/application/page.rs.

import assert from "node:assert/strict";
import { test } from "node:test";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { json, planted, profileCookie } from "./harness.mjs";
import { inFront } from "./origin.mjs";

const model = planted();
const { origin, server } = await inFront(model);

const SLOT = '<div data-selvedge-slot="home" data-n="3"><template><a href="/i/{{id}}">{{title}}</a></template><p>fallback</p></div>';
const page = (inner) => `<!doctype html><title>Shop</title><h1>Tea &amp; tools</h1>${inner}<footer>end</footer>`;

async function visitorOf(...items) {
  const events = items.map((item) => ({ type: "click", item }));
  return { selvedge: profileCookie(await server.fetch("/v1/events", json({ events }))) };
}

test("a slot shows what the API answers for the same visitor, and the page around it is untouched", async () => {
  origin.page("/shop", page(SLOT));
  const cookies = await visitorOf("tea-00", "tea-02");
  const { items } = await (await server.fetch("/v1/recommend/home?n=3", { cookies })).json();
  const links = items.map(({ id, title }) => `<a href="/i/${id}">${title}</a>`).join("");
  const response = await server.fetch("/shop?a=1", { cookies });
  assert.equal(response.status, 200);
  assert.equal(await response.text(), page(SLOT.replace("<p>fallback</p>", links)));
  assert.equal(origin.requests[0].url, "/shop?a=1");
});

test("a page is one visitor's: no shared cache may keep it, and nothing in it tells of the bytes before", async () => {
  origin.page("/shop", page(SLOT), {
    "cache-control": "public, max-age=600",
    "cdn-cache-control": "max-age=600",
    "surrogate-control": "max-age=600",
    etag: '"1"',
    "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT",
    "x-kept": "yes",
    "set-cookie": ["a=1", "b=2"],
  });
  for (const method of ["GET", "HEAD"]) {
    const { headers } = await server.fetch("/shop", { method });
    assert.equal(headers.get("cache-control"), "private, no-cache");
    for (const name of ["etag", "last-modified", "content-length", "cdn-cache-control", "surrogate-control"]) {
      assert.equal(headers.get(name), null, `${method} ${name}`);
    }
    assert.equal(headers.get("x-kept"), "yes");
    assert.deepEqual(headers.getSetCookie(), ["a=1", "b=2"]);
  }
});

test("what is no page of HTML passes as it is, whatever is in it", async () => {
  const answers = {
    "/data": [200, { "content-type": "application/json", etag: '"x"' }, JSON.stringify({ html: SLOT })],
    "/kept": [200, { "content-type": "text/html; charset=utf-8", "cache-control": "no-transform", etag: '"y"' }, page(SLOT)],
    "/gone": [404, { "content-type": "text/html; charset=utf-8" }, page(SLOT)],
    "/broken": [500, { "content-type": "text/html; charset=utf-8" }, page(SLOT)],
  };
  for (const [path, [status, headers, body]] of Object.entries(answers)) {
    origin.answers.set(path, (_, response) => {
      response.writeHead(status, headers);
      response.end(body);
    });
    const response = await server.fetch(path, { redirect: "manual" });
    assert.equal(response.status, status, path);
    for (const [name, value] of Object.entries(headers)) assert.equal(response.headers.get(name), value, `${path} ${name}`);
    assert.deepEqual(Buffer.from(await response.arrayBuffer()), Buffer.from(body), path);
  }
});

test("other methods and their bodies reach the server behind", async () => {
  origin.answers.set("/order", async (request, response) => {
    const chunks = await request.toArray();
    response.writeHead(201, { "content-type": "text/plain" });
    response.end(`${request.method} ${Buffer.concat(chunks)}`);
  });
  const response = await server.fetch("/order", { method: "POST", body: "three teas" });
  assert.equal(response.status, 201);
  assert.equal(await response.text(), "POST three teas");
});

test("compressed pages are filled too", async () => {
  for (const [coding, compress] of [["gzip", gzipSync], ["br", brotliCompressSync]]) {
    origin.page("/shop", compress(page(SLOT)), { "content-encoding": coding });
    const response = await server.fetch("/shop");
    const text = await response.text();
    assert.equal(text.match(/<a href/g)?.length, 4, `${coding}: three items and the template: ${text}`);
    assert.ok(text.endsWith("<footer>end</footer>"), coding);
  }
});

test("includes are fetched from the same site only, in their place, and a failing one leaves nothing or its alternative", async () => {
  const esi = { "surrogate-control": 'content="ESI/1.0"' };
  origin.page("/esi", page('1<esi:include src="/part?a=1&amp;b=2"/>2<esi:include src="/none" alt="/part"/>3<esi:include src="/none"/>4<esi:include src="http://127.0.0.1:1/x"/>5<esi:remove>gone</esi:remove><!--esi 6-->'), esi);
  origin.page("/part", `[${SLOT}<esi:include src="in/leaf"/>]`, esi);
  origin.page("/in/leaf", '<esi:include src="twig"/><esi:include src="raw"/>', esi);
  origin.page("/in/twig", "leaf");
  origin.answers.set("/in/raw", (_, response) => response.writeHead(200, { "content-type": "text/plain" }).end("<esi:remove>"));
  const text = await (await server.fetch("/esi")).text();
  const filled = text.match(/1\[(<div.*<\/div>)leaf<esi:remove>\]2/)?.[1];
  assert.equal(filled?.match(/<a href/g)?.length, 4, text);
  assert.equal(text, page(`1[${filled}leaf<esi:remove>]2[${filled}leaf<esi:remove>]3456`));
  assert.ok(origin.requests.some((request) => request.url === "/part?a=1&b=2"));

  origin.page("/loop", '(<esi:include src="/loop"/>)', esi);
  assert.equal(await (await server.fetch("/loop")).text(), "((((((" + "))))))");
  origin.page("/plain", page('<esi:include src="/part"/>'));
  assert.equal(await (await server.fetch("/plain")).text(), page('<esi:include src="/part"/>'), "only where the page says so");
});
