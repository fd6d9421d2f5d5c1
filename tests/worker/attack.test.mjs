// What an attacker would try: see another visitor's page, choose a segment, poison a cache, be remembered against one's will.

import assert from "node:assert/strict";
import { test } from "node:test";

import { fallbacks, json, planted, profileCookie } from "./harness.mjs";
import { inFront } from "./origin.mjs";

const model = planted();
const { origin, server } = await inFront(model);

const key = (response) => response.headers.get("cache-status").match(/key="([^"]*)"/)?.[1];
const departments = (decision) => [...new Set(decision.items.map((item) => item.id.split("-")[0]))];

async function visitorOf(...items) {
  const events = items.map((item) => ({ type: "click", item }));
  return { selvedge: profileCookie(await server.fetch("/v1/events", json({ events }))) };
}

test("two visitors see the same slate only where they share its key", async () => {
  const answers = new Map();
  for (const department of ["tea", "tool", "toy", "book"]) {
    for (const item of ["00", "04", "09"]) {
      const cookies = await visitorOf(`${department}-${item}`, `${department}-02`);
      for (const path of ["/v1/recommend/shelf?n=4", "/v1/recommend/shelf?n=5"]) {
        const response = await server.fetch(path, { cookies });
        const body = await response.text();
        assert.deepEqual(departments(JSON.parse(body)), [department]);
        const known = answers.get(key(response)) ?? body;
        assert.equal(body, known, "one key, one answer");
        answers.set(key(response), body);
      }
    }
  }
  assert.equal(answers.size, 8);
  assert.equal(new Set(answers.values()).size, 8, "different keys, different answers");
});

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

test("nothing that a client sends but its sealed profile chooses the segment", async () => {
  const plain = await server.fetch("/v1/recommend/shelf?n=4");
  const expected = await plain.text();
  for (const headers of [
    { "selvedge-segment": "3" },
    { "selvedge-scope": "segment" },
    { "x-selvedge-segment": "3" },
    { "selvedge-model": "x" },
  ]) {
    const response = await server.fetch("/v1/recommend/shelf?n=4", { headers });
    assert.equal(await response.text(), expected, JSON.stringify(headers));
    assert.equal(key(response), key(plain));
  }
  for (const query of ["segment=3", "scope=segment", "selvedge=3", "key=v1", "n=4&segment=3", "visitor=1"]) {
    const response = await server.fetch(`/v1/recommend/shelf?n=4&${query}`);
    // An unknown parameter may be refused; it may not change the answer.
    if (response.status === 200) assert.equal(await response.text(), expected, query);
    else assert.equal(response.status, 400, query);
  }
});

test("a forged, cut, mixed or repeated profile cookie is as good as none", async () => {
  const [tea, book] = [await visitorOf("tea-00", "tea-02"), await visitorOf("book-00", "book-02")];
  const expected = await (await server.fetch("/v1/recommend/shelf?n=4")).text();
  const [a, b] = [tea.selvedge, book.selvedge];
  const flipped = [...a];
  flipped[30] = flipped[30] === "A" ? "B" : "A";
  for (const forged of ["3", "segment=3", a.slice(0, -1), `${a}A`, flipped.join(""), a.slice(0, 40) + b.slice(40), Buffer.from('{"segment":3}').toString("base64"), "%00", "v1"]) {
    const response = await server.fetch("/v1/recommend/shelf?n=4", { cookies: { selvedge: forged } });
    assert.deepEqual(fallbacks(response), ["bad-cookie"], forged);
    assert.equal(await response.text(), expected, forged);
  }
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

test("a client cannot fill the cache with keys of its own making", async () => {
  const keys = new Set();
  for (const language of ["de", "DE-at", "de_CH", "zz-evil", "../../x", "a".repeat(100), "x", "12", "<b>"]) {
    for (const path of ["/v1/recommend/shelf?n=4", "/v1/recommend/shelf?n=4&x=1", "/v1/recommend/shelf?x=2&n=4"]) {
      const response = await server.fetch(path, { headers: { "accept-language": language } });
      if (response.status === 200) keys.add(key(response));
    }
  }
  assert.equal(keys.size, 1, [...keys].join(" "));
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

test("objecting leaves contextual ranking in pages as well, and deleting ends what is remembered", async () => {
  origin.page("/shop", '<div data-selvedge-slot="home" data-n="4"><template>[{{id}} {{reason}}]</template></div>');
  const cookies = await visitorOf("tea-00", "tea-02");
  const shown = async (options) => (await (await server.fetch("/shop", options)).text()).match(/\[\S+ \w+\]/g);
  assert.ok((await shown({ cookies })).every((item) => item.endsWith(" because]") && item.startsWith("[tea-")));
  const anonymous = await shown({});
  for (const objection of [{ cookies, headers: { "sec-gpc": "1" } }, { cookies: { ...cookies, "selvedge-consent": "off" } }]) {
    assert.deepEqual(await shown(objection), anonymous);
  }
  const deleted = await server.fetch("/v1/profile", { method: "DELETE", cookies });
  assert.equal(deleted.status, 204);
  const [cookie] = deleted.headers.getSetCookie();
  assert.match(cookie, /^selvedge=; Path=\/; Max-Age=0;/);
  assert.deepEqual(await shown({ cookies: { selvedge: "" } }), anonymous);
});

test("no header of a shared answer, and no key, tells anything of a visitor", async () => {
  const cookies = await visitorOf("tea-07", "tea-11");
  const response = await server.fetch("/v1/recommend/shelf?n=3", { cookies });
  const body = await response.text();
  const secret = cookies.selvedge;
  for (const [name, value] of response.headers) assert.ok(!value.includes(secret.slice(0, 16)), name);
  assert.ok(!body.includes(secret.slice(0, 16)));
  assert.deepEqual(JSON.parse(body).explanation.history, []);
  assert.equal(JSON.parse(body).explanation.segment_cosine, null);
  assert.match(key(response), /^v1\/[\w-]+\/shelf\/s\d+\/-\/-\/-\/3$/);
});

test("the catalogue's texts cannot run in a page, whatever a template does with them", async () => {
  const template = '<a href="{{id}}" title="{{title}}">{{title}}</a><a href="/x?q={{title}}">{{attributes.brand}}</a>';
  origin.page("/shop", `<div data-selvedge-slot="home"><template>${template}</template></div>`);
  const text = await (await server.fetch("/shop")).text();
  const filled = text.slice(text.indexOf("</template>"));
  assert.match(filled, /<a href="\.\/[a-z]+-\d\d" title="/);
  assert.doesNotMatch(filled, /q=[^"]* /, "a part of a URL is encoded");
});
