// Debian's varnishd with the VCL of examples/varnish, in front of the Worker and of an application.

import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { ROOT, json, planted, profileCookie, publish, start } from "./harness.mjs";
import { startOrigin } from "./origin.mjs";

const installed = spawnSync("varnishd", ["-V"]).status === 0;
const skip = installed ? false : "varnishd is not installed (Debian: apt-get install varnish)";

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe("behind Varnish", { skip }, () => {
  const model = planted();
  let application, server, dir, varnishd, front, requests;

  before(async () => {
    application = await startOrigin();
    server = await start({ vars: { SELVEDGE_PUBLIC_KEYS: model.publicKey, SELVEDGE_REFRESH_S: "0" } });
    await publish(server.env, model.snapshot, "models/1.selvedge");
    assert.equal((await server.fetch("/readyz")).status, 200);
    dir = mkdtempSync(join(tmpdir(), "selvedge-varnish-"));
    const port = (url) => new URL(url).port;
    const vcl = readFileSync(`${ROOT}examples/varnish/selvedge.vcl`, "utf8")
      .replace('.host = "127.0.0.1"; .port = "8080"', `.host = "127.0.0.1"; .port = "${port(application.url)}"`)
      .replace('.host = "127.0.0.1"; .port = "8787"', `.host = "${new URL(server.origin).hostname}"; .port = "${port(server.origin)}"`)
      .replace('"/v1/key/segment"', '"/v1/key/shelf"');
    writeFileSync(join(dir, "selvedge.vcl"), vcl);
    const listen = await freePort();
    varnishd = spawn("varnishd", ["-j", "none", "-F", "-n", join(dir, "work"), "-a", `127.0.0.1:${listen}`, "-f", join(dir, "selvedge.vcl"), "-s", "malloc,16m", "-T", "none"], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    varnishd.stdout.on("data", (chunk) => (said += chunk));
    varnishd.stderr.on("data", (chunk) => (said += chunk));
    varnishd.once("exit", (code) => (said += `exit ${code}`));
    front = `http://127.0.0.1:${listen}`;
    for (let turn = 0; ; turn += 1) {
      const answered = await fetch(`${front}/v1/similar/tea-00`).catch(() => undefined);
      if (answered?.ok) break;
      if (turn > 600 || said.includes("exit")) throw new Error(`varnishd did not start: ${said}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    requests = (path, { cookies = {}, headers = {}, ...init } = {}) => {
      const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`).join("; ");
      return fetch(front + path, { ...init, redirect: "manual", headers: { ...(cookie && { cookie }), ...headers } });
    };
  });
  after(async () => {
    varnishd?.kill("SIGTERM");
    await server?.close();
    application?.close();
    if (dir) rmSync(dir, { recursive: true, force: true });
  });

  const cache = (response) => response.headers.get("x-cache");
  async function visitorOf(...items) {
    const events = items.map((item) => ({ type: "click", item }));
    return { selvedge: profileCookie(await requests("/v1/events", json({ events }))) };
  }

  test("visitors of a segment share one copy, and those of another have theirs", async () => {
    const [first, second, other] = [await visitorOf("tea-00", "tea-02"), await visitorOf("tea-09", "tea-11"), await visitorOf("book-00", "book-02")];
    const miss = await requests("/v1/recommend/shelf?n=4", { cookies: first });
    const hit = await requests("/v1/recommend/shelf?n=4", { cookies: second });
    const others = await requests("/v1/recommend/shelf?n=4", { cookies: other });
    assert.deepEqual([miss, hit, others].map(cache), ["miss", "hit", "miss"]);
    const texts = await Promise.all([miss, hit, others].map((response) => response.text()));
    assert.equal(texts[0], texts[1]);
    assert.match(texts[0], /"id":"tea-/);
    assert.match(texts[2], /"id":"book-/);
    assert.equal(miss.headers.get("surrogate-control"), null, "meant for Varnish");
    assert.equal(miss.headers.get("cache-control"), "private, no-cache", "meant for the browser");
    assert.match(miss.headers.get("vary"), /^Cookie, /, "meant for the browser");
    assert.equal(miss.headers.get("selvedge-vary"), null, "meant for Varnish");
  });

  test("behind a TLS proxy, a page of the site may write, one of another site may not, and the cookie is Secure", async () => {
    const write = (headers) => requests("/v1/events", { ...json({ events: [{ type: "click", item: "tea-00" }] }), headers: { "content-type": "application/json", "x-forwarded-proto": "https", ...headers } });
    const own = await write({ origin: "https://shop.example", "sec-fetch-site": "same-origin" });
    assert.equal(own.status, 202);
    assert.match(own.headers.getSetCookie()[0], /; Secure$/);
    assert.equal((await write({ origin: "https://evil.example", "sec-fetch-site": "cross-site" })).status, 403);
    assert.equal((await write({ origin: "https://evil.example" })).status, 403);
    assert.equal((await write({ origin: front.replace("http:", "https:") })).status, 202, "another scheme, the same host");
  });

  test("a personal list is never stored", async () => {
    const cookies = await visitorOf("tool-00", "tool-02");
    for (let turn = 0; turn < 2; turn += 1) {
      const response = await requests("/v1/recommend/home", { cookies });
      assert.equal(cache(response), "miss");
      assert.equal((await response.json()).scope, "visitor");
    }
  });

  test("a client cannot choose its segment by header, key or query", async () => {
    const cookies = await visitorOf("toy-00", "toy-02");
    await (await requests("/v1/recommend/shelf?n=5", { cookies })).text();
    const key = (await server.fetch("/v1/key/shelf?n=5", { cookies })).headers.get("selvedge-key");
    assert.match(key, /\/s2\//);
    const plain = await (await requests("/v1/recommend/shelf?n=5")).text();
    for (const headers of [{ "selvedge-key": key }, { "selvedge-segment": "2" }, { "selvedge-wanted": "/v1/recommend/shelf?n=5", "selvedge-key": key }]) {
      const response = await requests("/v1/recommend/shelf?n=5", { headers });
      assert.equal(await response.text(), plain, JSON.stringify(headers));
    }
    assert.equal(await (await requests("/v1/recommend/shelf?n=5&segment=2")).text(), plain);
  });

  test("pages that vary by segment are stored once for each segment, others once for all, and the application sees no profile", async () => {
    application.answers.set("/shop", (request, response) => {
      response.writeHead(200, { "content-type": "text/html", vary: "Selvedge-Segment", "cache-control": "max-age=60" });
      response.end(`segment ${request.headers["selvedge-segment"] ?? "none"}`);
    });
    application.answers.set("/about", (request, response) => {
      response.writeHead(200, { "content-type": "text/html", "cache-control": "max-age=60" });
      response.end(`about ${request.headers.cookie ?? "without a cookie"}`);
    });
    const [tea, more, book] = [await visitorOf("tea-00", "tea-02"), await visitorOf("tea-04", "tea-06"), await visitorOf("book-00", "book-02")];
    const seen = [];
    for (const cookies of [tea, more, book, {}]) {
      // Varnish's built-in rules store nothing for a request with a cookie; this VCL does, because the application never sees the cookie.
      const response = await requests("/shop", { cookies });
      seen.push([cache(response), await response.text(), response.headers.get("cache-control")]);
    }
    assert.deepEqual(seen, [
      ["miss", "segment 0", "private, no-cache"],
      ["hit", "segment 0", "private, no-cache"],
      ["miss", "segment 3", "private, no-cache"],
      ["miss", "segment none", "private, no-cache"],
    ]);
    assert.equal(await (await requests("/about", { cookies: tea })).text(), "about without a cookie");
    assert.equal(cache(await requests("/about", { cookies: book })), "hit");
    for (const name of ["__Host-selvedge", "selvedge-7", "__Host-selvedge-63", "selvedge-deleted", "__Host-selvedge-deleted", "selvedge-consent"]) {
      const cookies = { first: "1", [name]: "sealed", last: "2" };
      assert.equal(await (await requests("/about", { cookies })).text(), "about first=1; last=2", name);
    }
    const others = { "selvedge-x": "1", "my-selvedge": "2" };
    assert.equal(await (await requests("/about", { cookies: others })).text(), "about selvedge-x=1; my-selvedge=2");
  });

  test("Varnish assembles pages with includes, with each part under its own key", async () => {
    application.page("/home", '<p>a<esi:include src="/v1/recommend/shelf?n=1"/>b', {
      "surrogate-control": 'content="ESI/1.0"',
      "cache-control": "max-age=60",
      etag: '"page"',
      "last-modified": "Thu, 01 Jan 2026 00:00:00 GMT",
      expires: "Thu, 01 Jan 2099 00:00:00 GMT",
    });
    for (const department of ["tea", "book"]) {
      const response = await requests("/home", { cookies: await visitorOf(`${department}-00`, `${department}-02`) });
      const text = await response.text();
      assert.match(text, new RegExp(`^<p>a\\{"id":"[^"]+","slot":"shelf".*"id":"${department}-\\d+".*\\}b$`), text);
      assert.equal(response.headers.get("cache-control"), "private, no-cache");
      for (const name of ["etag", "last-modified", "expires", "selvedge-esi", "surrogate-control"]) {
        assert.equal(response.headers.get(name), null, name);
      }
    }
  });

  test("a page with no-store is not stored, and a stored list has no headers of the request that fetched it", async () => {
    let turn = 0;
    application.answers.set("/own", (_, response) => {
      response.writeHead(200, { "content-type": "text/html", "surrogate-control": 'no-store, content="ESI/1.0"' });
      response.end(`<p>${(turn += 1)}`);
    });
    assert.equal(await (await requests("/own")).text(), "<p>1");
    assert.equal(await (await requests("/own")).text(), "<p>2");

    const cookies = await visitorOf("tea-00", "tea-02");
    for (const outcome of ["miss", "hit"]) {
      const response = await requests("/v1/recommend/shelf?n=6", { cookies });
      assert.equal(cache(response), outcome);
      for (const name of ["server-timing", "cache-status", "set-cookie"]) assert.equal(response.headers.get(name), null, name);
    }
  });

  test("a page varies by segment, however its server spells the Vary header", async () => {
    application.answers.set("/lower", (request, response) => {
      response.writeHead(200, { "content-type": "text/html", vary: "selvedge-segment", "cache-control": "max-age=60" });
      response.end(`segment ${request.headers["selvedge-segment"] ?? "none"}`);
    });
    assert.equal((await requests("/lower")).headers.get("cache-control"), "private, no-cache");
  });

  test("a new snapshot has new keys, so that nothing old is served under them", async () => {
    const cookies = await visitorOf("tea-00", "tea-02");
    const { model: version } = await (await requests("/v1/recommend/shelf?n=7", { cookies })).json();
    await publish(server.env, model.next, "models/2.selvedge");
    for (let turn = 0; turn < 1000; turn += 1) {
      if ((await (await server.fetch("/readyz")).json()).model !== version) break;
    }
    // Another visitor of the segment, whose cache key Varnish does not know yet.
    const fresh = await visitorOf("tea-00", "tea-02");
    for (let turn = 0; turn < 1000; turn += 1) {
      const { model: answering, items } = await (await requests("/v1/recommend/shelf?n=7", { cookies: fresh })).json();
      if (answering !== version) return assert.match(items[0].title, /\(next\)/);
    }
    assert.fail("the new model never came");
  });

  test("if Selvedge is down, pages are served as for everybody", async () => {
    application.page("/alone", "alone", { "cache-control": "max-age=60" });
    await server.close();
    server = undefined;
    const response = await requests("/alone", { cookies: { selvedge: "x" } });
    assert.equal(response.status, 200);
    assert.equal(await response.text(), "alone");
  });

  test("the VCL compiles without a warning", () => {
    const compiled = execFileSync("varnishd", ["-j", "none", "-C", "-n", join(dir, "check"), "-f", join(dir, "selvedge.vcl")], { stdio: ["ignore", "pipe", "pipe"] });
    assert.ok(compiled !== undefined);
  });
});
