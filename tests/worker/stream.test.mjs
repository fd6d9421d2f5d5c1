// Streaming of pages, in a bare workerd. wrangler's development server reads every HTML answer to its end before it passes it on,
// follows redirects of the origin, and adds errors of its own.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, test } from "node:test";

import { selvedge, start } from "../../benches/edge/workerd.mjs";
import { ROOT, planted, publishInto } from "./harness.mjs";
import { startOrigin } from "./origin.mjs";

let site, origin, worker;
before(async () => {
  const model = planted();
  site = mkdtempSync(join(tmpdir(), "selvedge-site-"));
  publishInto(site, model.snapshot);
  origin = await startOrigin();
  worker = selvedge(site, model.publicKey);
  worker.vars.SELVEDGE_ORIGIN = origin.url;
  worker = await start(worker);
  assert.equal((await fetch(`${worker.origin}/readyz`)).status, 200);
});
afterEach(() => origin.answers.clear());
after(async () => {
  await worker?.close();
  origin?.close();
  rmSync(site, { recursive: true, force: true });
});

const HTML = { "content-type": "text/html; charset=utf-8" };
const SLOT = '<div data-selvedge-slot="home" data-n="3"><template><a href="/i/{{id}}">{{title}}</a></template><p>fallback</p></div>';
const page = (inner) => `<!doctype html><title>Shop</title><h1>Tea &amp; tools</h1>${inner}<footer>end</footer>`;
const get = (path) => fetch(worker.origin + path);

/** Makes a path answer with the first part, and with the rest once the returned function is called. */
function inTwo(path, first, rest, headers = HTML) {
  let finish;
  origin.answers.set(path, (_, response) => {
    response.writeHead(200, headers);
    response.write(first);
    finish = () => response.end(rest);
  });
  return () => finish();
}

async function readAll(reader) {
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) text += Buffer.from(part.value).toString();
  return text;
}

test("the result does not depend on the pieces in which the server sends its page", async () => {
  origin.page("/whole", page(SLOT));
  const whole = await (await get("/whole")).text();
  assert.equal(whole.match(/<a href/g).length, 4, "three items and the template");
  for (const size of [1, 7, 64]) {
    origin.answers.set("/cut", async (_, response) => {
      response.writeHead(200, HTML);
      response.socket.setNoDelay(true);
      const bytes = Buffer.from(page(SLOT));
      for (let at = 0; at < bytes.length; at += size) {
        response.write(bytes.subarray(at, at + size));
        await new Promise(setImmediate);
      }
      response.end();
    });
    assert.equal(await (await get("/cut")).text(), whole, `${size}`);
  }
});

test("bytes before a slot are sent before the rest of the page arrives, and a slot before the bytes behind it arrive", async () => {
  for (const [first, expected, rest] of [
    ["<h1>first</h1>", /^<h1>first<\/h1>$/, SLOT],
    [SLOT, /<\/template><a href="\/i\/.*<\/a><\/div>$/, "<p>rest"],
  ]) {
    const finish = inTwo("/slow", first, rest);
    const reader = (await get("/slow")).body.getReader();
    let text = "";
    while (!expected.test(text)) text += Buffer.from((await reader.read()).value).toString();
    finish();
    assert.match(await readAll(reader), rest === SLOT ? /<\/template><a href="\/i\// : /^<p>rest$/);
  }
});

test("bytes before an included part are sent before the part arrives", async () => {
  origin.page("/esi", 'front<esi:include src="/part"/>behind', { "surrogate-control": 'content="ESI/1.0"' });
  const asked = new Promise((resolve) => origin.answers.set("/part", (_, response) => resolve(response)));
  const reader = (await get("/esi")).body.getReader();
  assert.equal(Buffer.from((await reader.read()).value).toString(), "front");
  (await asked).writeHead(200, HTML).end("part");
  assert.equal(await readAll(reader), "partbehind");
});

test("a page that breaks off does not end as if it were complete, and all its bytes are sent", async () => {
  origin.answers.set("/shop", (_, response) => {
    response.writeHead(200, { ...HTML, "content-length": 100_000 });
    response.write("<h1>first</h1><b", () => response.socket.destroy());
  });
  let text = "";
  await assert.rejects(async () => {
    const reader = (await get("/shop")).body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += Buffer.from(part.value).toString();
  });
  assert.ok("<h1>first</h1><b".startsWith(text), text);
});

test("of a part that breaks off the received bytes stay, and the page goes on", async () => {
  origin.page("/esi", 'a<esi:include src="/part"/>b', { "surrogate-control": 'content="ESI/1.0"' });
  origin.answers.set("/part", (_, response) => {
    response.writeHead(200, { ...HTML, "content-length": 100_000 });
    response.write("part ", () => response.socket.destroy());
  });
  assert.match(await (await get("/esi")).text(), /^a(part )?b$/);
});

test("a page in an encoding that does not contain ASCII passes unchanged", async () => {
  const body = Buffer.from(page(SLOT), "utf16le");
  origin.page("/utf16", body, { "content-type": "text/html; charset=utf-16le" });
  assert.deepEqual(Buffer.from(await (await get("/utf16")).arrayBuffer()), body);
});

test("a redirect is passed to the browser", async () => {
  origin.answers.set("/moved", (_, response) => response.writeHead(302, { ...HTML, location: "/shop" }).end(page(SLOT)));
  const response = await fetch(`${worker.origin}/moved`, { redirect: "manual" });
  assert.equal(response.status, 302);
  assert.equal(response.headers.get("location"), "/shop");
  assert.equal(await response.text(), page(SLOT));
});

test("a server that cannot be reached is a problem, and the API goes on", async () => {
  const alone = await start({ dir: `${ROOT}build/worker`, entry: "index.js", vars: { SELVEDGE_ORIGIN: "http://127.0.0.1:9" } });
  try {
    const response = await fetch(`${alone.origin}/shop`);
    assert.equal(response.status, 502);
    assert.equal((await response.json()).type, "https://selvedge.dev/problems/no-origin");
    assert.equal((await fetch(`${alone.origin}/v1/recommend/home`)).status, 200);
  } finally {
    await alone.close();
  }
});

test("pages of the html5lib tests pass unchanged", async (context) => {
  const dir = `${ROOT}../shared/conformance/html5lib`;
  if (!existsSync(dir)) return context.skip(`${dir}: not there`);
  const tests = ["test1", "test2", "domjs", "escapeFlag"].flatMap((name) => JSON.parse(readFileSync(`${dir}/${name}.test`)).tests);
  const all = Buffer.from(tests.map((test) => test.input).join("\n</plaintext></script></style></textarea></title></xmp>--><p>\n"));
  assert.ok(all.length > 5_000);
  origin.page("/shop", all);
  assert.deepEqual(Buffer.from(await (await get("/shop")).arrayBuffer()), all);
});

test("a page that was streaming when the instance broke breaks off and does not hang", async () => {
  const panicking = await start({ dir: `${ROOT}build/worker-panic`, entry: "index.js", vars: { SELVEDGE_ORIGIN: origin.url } });
  try {
    inTwo("/slow", "<h1>first</h1>", "");
    const reader = (await fetch(`${panicking.origin}/slow`)).body.getReader();
    assert.equal(Buffer.from((await reader.read()).value).toString(), "<h1>first</h1>");
    // Requests that wait for the origin at that moment: a page, and an order that must not be sent twice.
    const asked = new Promise((resolve) => origin.answers.set("/shop", () => resolve()));
    const ordered = new Promise((resolve) => origin.answers.set("/order", () => resolve()));
    const [shop, order] = [fetch(`${panicking.origin}/shop`), fetch(`${panicking.origin}/order`, { method: "POST", body: "tea" })];
    await Promise.all([asked, ordered]);
    assert.equal((await fetch(`${panicking.origin}/v1/panic`)).status, 503);
    await assert.rejects(reader.read());
    assert.deepEqual([(await shop).status, (await shop).headers.get("content-type")], [503, "text/html"]);
    assert.deepEqual([(await order).status, (await order).headers.get("retry-after")], [503, null]);
    assert.match((await (await order).json()).detail, /not known/);
  } finally {
    await panicking.close();
  }
});
