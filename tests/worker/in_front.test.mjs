// Requests and answers byte by byte, in a bare workerd before a server that is written and read as bytes: cookies that are no text, methods with
// unusual bodies, compressed pages as they are flushed and as they break off. The rules are tested natively, in
// edge/tests/application/in_front.rs and conditions.rs.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { brotliCompressSync, constants, createBrotliCompress, createGzip, deflateSync, gzipSync } from "node:zlib";

import { selvedge, start } from "../../benches/edge/workerd.mjs";
import { planted, publishInto } from "./harness.mjs";

const SLOT = '<div data-selvedge-slot="home" data-n="3"><template><a href="/i/{{id}}">{{title}}</a></template><p>fallback</p></div>';
const HTML = "Content-Type: text/html; charset=utf-8";

let site, origin, worker, prefixed;
before(async () => {
  const model = planted();
  site = mkdtempSync(join(tmpdir(), "selvedge-site-"));
  publishInto(site, model.snapshot);
  origin = await rawOrigin();
  const description = selvedge(site, model.publicKey);
  description.vars.SELVEDGE_ORIGIN = origin.url;
  worker = await start(description);
  description.vars.SELVEDGE_API_PREFIX = "/_selvedge";
  prefixed = await start(description);
  assert.equal((await fetch(`${worker.origin}/readyz`)).status, 200);
});
after(async () => {
  await worker?.close();
  await prefixed?.close();
  origin?.close();
  rmSync(site, { recursive: true, force: true });
});

/** A server that keeps the bytes of each request, and answers by `answer(socket, request)`, which writes bytes. */
async function rawOrigin() {
  const state = { requests: [], answer: ok };
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    let bytes = Buffer.alloc(0);
    socket.on("data", (more) => {
      bytes = Buffer.concat([bytes, more]);
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = Number(/content-length: (\d+)/i.exec(bytes.toString("latin1", 0, end))?.[1] ?? 0);
      if (bytes.length < end + 4 + length) return;
      state.requests.push(bytes.toString("latin1"));
      bytes = Buffer.alloc(0);
      state.answer(socket, state.requests.at(-1));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  state.url = `http://127.0.0.1:${server.address().port}`;
  state.close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return state;
}

function ok(socket) {
  socket.end("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
}

/** Sends bytes, written as Latin-1, and returns the answer's, the same way. */
async function send(text, { port = new URL(worker.origin).port } = {}) {
  const socket = connect(Number(port), "127.0.0.1");
  socket.write(Buffer.from(text, "latin1"));
  const chunks = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => {});
  await once(socket, "close");
  return Buffer.concat(chunks).toString("latin1");
}

const request = (line, ...headers) => [line + " HTTP/1.1", "Host: shop.example", "Connection: close", ...headers, "", ""].join("\r\n");

/** What the server behind got of a request. */
async function passed(text) {
  origin.answer = ok;
  origin.requests.length = 0;
  const answer = await send(text);
  assert.match(answer, /^HTTP\/1.1 200 /, answer);
  return origin.requests[0];
}

test("cookies of others pass byte for byte, also those that are no text", async () => {
  for (const [sent, expected] of [
    ['a=caf\xe9; b="x;y"', 'a=caf\xe9; b="x;y"'],
    ["a=\xff\x80", "a=\xff\x80"],
    ['a="x;y";b=2; selvedge=sealed', 'a="x;y";b=2'],
    ["selvedge-consent=on; a=\xc3\xa9", "a=\xc3\xa9"],
  ]) {
    const got = await passed(request("GET /cart", `Cookie: ${sent}`));
    assert.ok(got.includes(`\r\nCookie: ${expected}\r\n`), got);
  }
  assert.doesNotMatch(await passed(request("GET /cart", "Cookie: selvedge=sealed")), /cookie/i);
});

test("a GET reaches the server with whatever body it has", async () => {
  assert.match(await passed(request("GET /search", "Content-Length: 0")), /^GET \/search /);
  const got = await passed(`${request("GET /search", "Content-Length: 3")}a=1`);
  assert.match(got, /^GET \/search [\s\S]*\r\n\r\na=1$/);
  assert.match(await passed(`${request("DELETE /cart", "Content-Length: 3")}a=1`), /^DELETE \/cart [\s\S]*\r\n\r\na=1$/);
  assert.match(await passed(request("POST /order", "Content-Length: 0")), /^POST \/order /);
  assert.match(await passed(request("HEAD /cart")), /^HEAD \/cart /);
});

test("claims, fields of the connection and codings that cannot be filled stop here; all others pass", async () => {
  const got = await passed(
    request(
      "GET /",
      "X_Forwarded_For: 1", "X-Forwarded-Port: 1", "X-Original-URL: /admin", "Selvedge-Key: 1", "Proxy: http://evil", "X-Real-IP: 1",
      "CF-Connecting-IP: 1", "TE: trailers", "X-Forwarded-For: 192.0.2.1,  198.51.100.7", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example",
      "Accept-Encoding: gzip, deflate, br, zstd", "X-Kept: caf\xe9",
    ).replace("Connection: close", "Connection: close, X-Hop\r\nX-Hop: 1"),
  );
  const names = [...got.matchAll(/^([^:\r\n ]+):/gm)].map(([, name]) => name.toLowerCase());
  assert.deepEqual(names.sort(), ["accept-encoding", "host", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-kept"]);
  for (const line of ["X-Kept: caf\xe9", "X-Forwarded-For: 192.0.2.1,  198.51.100.7", "X-Forwarded-Proto: https"]) {
    assert.ok(got.includes(`\r\n${line}\r\n`), `${line}: ${got}`);
  }
  assert.match(got, /\r\nx-forwarded-host: shop\.example\r\n/i);
  assert.match(got, /\r\naccept-encoding: gzip, br\r\n/i);
  assert.match(await passed(request("GET /", "Accept-Encoding: br;q=0.1")), /\r\nAccept-Encoding: br;q=0\.1\r\n/);
  assert.doesNotMatch(await passed(request("GET /")), /accept-encoding/i);
});

test("the server's own address does not pass out, and everything beside it does", async () => {
  origin.answer = (socket) =>
    socket.end(
      `HTTP/1.1 302 Found\r\nLocation: ${origin.url}/cart\r\nX-Kept: caf\xe9\r\nSet-Cookie: a=caf\xe9; Path=/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      "latin1",
    );
  const answer = await send(request("GET /add"));
  assert.match(answer, /^HTTP\/1\.1 302 /);
  assert.match(answer, /\r\nlocation: http:\/\/shop\.example\/cart\r\n/i);
  assert.ok(answer.includes("a=caf\xe9; Path=/") && /x-kept: caf\xe9\r\n/i.test(answer), answer);
});

test("a compressed page that is no page of HTML passes as the bytes that it is, also beside a changed header", async () => {
  for (const [coding, bytes] of [["gzip", gzipSync("data")], ["br", brotliCompressSync("data")], ["deflate", deflateSync("data")], ["zstd", Buffer.from("(not really)")]]) {
    origin.answer = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: ${coding}\r\nContent-Location: ${origin.url}/x\r\nContent-Length: ${bytes.length}\r\nConnection: close\r\n\r\n`);
      socket.end(bytes);
    };
    const answer = await send(request("GET /data", "Accept-Encoding: gzip, br, deflate, zstd"));
    assert.match(answer, new RegExp(`\r\ncontent-encoding: ${coding}\r\n`, "i"));
    assert.match(answer, /content-location: http:\/\/shop\.example\/x/i);
    assert.ok(answer.includes(bytes.toString("latin1")), `${coding}: ${answer}`);
  }
});

const FLUSHING = {
  gzip: () => createGzip({ flush: constants.Z_SYNC_FLUSH }),
  br: () => createBrotliCompress({ flush: constants.BROTLI_OPERATION_FLUSH }),
};

/** Compresses a text and returns what has to be sent for all of it to be readable. */
function compressed(stream, text) {
  return new Promise((resolve) => {
    const chunks = [];
    const take = (chunk) => chunks.push(chunk);
    stream.on("data", take);
    stream.write(text, () => stream.flush(() => setImmediate(() => {
      stream.off("data", take);
      resolve(Buffer.concat(chunks));
    })));
  });
}

function chunk(bytes) {
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from("\r\n")]);
}

for (const coding of Object.keys(FLUSHING)) {
  const head = `HTTP/1.1 200 OK\r\n${HTML}\r\nContent-Encoding: ${coding}\r\nETag: "1"\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`;

  test(`a ${coding} page arrives as its server flushes it`, async () => {
    const stream = FLUSHING[coding]();
    let socketOfOrigin;
    const asked = new Promise((resolve) => {
      origin.answer = (socket) => {
        socketOfOrigin = socket;
        socket.write(head);
        resolve();
      };
    });
    const response = fetch(`${worker.origin}/slow`, { headers: { "accept-encoding": coding } });
    await asked;
    const reading = (await response).body.getReader();
    assert.equal((await response).headers.get("content-encoding"), null);
    assert.equal((await response).headers.get("etag"), null);
    for (const part of ["<h1>first</h1>", "<p>second</p>", SLOT, "<p>third</p>"]) {
      // The next part is sent only after this one has arrived: a page that is held back would wait here for ever.
      socketOfOrigin.write(chunk(await compressed(stream, part)));
      const end = part === SLOT ? "</a></div>" : part;
      let text = "";
      while (!text.endsWith(end)) {
        const { value, done } = await reading.read();
        assert.ok(!done, `${text} instead of ${part}`);
        text += Buffer.from(value).toString();
      }
    }
    socketOfOrigin.end("0\r\n\r\n");
    await reading.cancel().catch(() => {});
  });

  test(`a ${coding} page that breaks off sends all that could be read, and breaks off`, async () => {
    const page = `<h1>first</h1>${SLOT}${"<p>text</p>".repeat(200)}`;
    const bytes = await compressed(FLUSHING[coding](), page);
    origin.answer = (socket) => {
      socket.write(head);
      // The whole of what was flushed, and then no end.
      socket.write(chunk(bytes), () => setTimeout(() => socket.end(), 50));
    };
    const answer = await send(request("GET /cut", `Accept-Encoding: ${coding}`));
    const text = answer.replace(/\r\n[0-9a-f]+\r\n/gi, "");
    assert.ok(text.includes("</a></div>") && text.includes("<p>text</p>".repeat(200)), `${answer.length} bytes: ${answer.slice(-300)}`);
    assert.doesNotMatch(answer, /\r\n0\r\n\r\n$/, "the end of a whole page");
  });
}

test("a page in a coding that cannot be read, or that is written as none is, passes unfilled", async () => {
  const bytes = { deflate: deflateSync(SLOT), "gzip, br": brotliCompressSync(gzipSync(SLOT)), GZIP: gzipSync(SLOT) };
  for (const [coding, body] of Object.entries(bytes)) {
    origin.answer = (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${HTML}\r\nContent-Encoding: ${coding}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`);
      socket.end(body);
    };
    const answer = await send(request("GET /page"));
    assert.ok(answer.includes(body.toString("latin1")), coding);
  }
});

test("an old copy of an unfilled page does not stay", async () => {
  origin.answer = (socket, text) => {
    const not = /if-none-match/i.test(text);
    const body = not ? "" : SLOT;
    socket.end(`HTTP/1.1 ${not ? "304 Not Modified" : "200 OK"}\r\n${HTML}\r\nETag: "abc"\r\nConnection: close\r\n${not ? "" : `Content-Length: ${body.length}\r\n`}\r\n${body}`);
  };
  for (const accept of ["text/html", "*/*"]) {
    const answer = await send(request("GET /shop", 'If-None-Match: "abc"', `Accept: ${accept}`));
    assert.match(answer, /^HTTP\/1.1 200 [\s\S]*<\/a><\/div>/);
  }
});

test("what is no page is answered 304 by its own entity tag, without its body", async () => {
  origin.answer = (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nETag: "abc"\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}');
  const answer = await send(request("GET /data", 'If-None-Match: W/"abc"'));
  assert.match(answer, /^HTTP\/1.1 304 [\s\S]*etag: "abc"[\s\S]*\r\n\r\n$/i);
});

test("with a prefix, the site's own /v1/*, /healthz and /readyz reach it", async () => {
  const { port } = new URL(prefixed.origin);
  origin.answer = ok;
  for (const path of ["/v1/recommend/home", "/healthz", "/readyz"]) assert.match(await send(request(`GET ${path}`), { port }), /\r\n\r\n(2\r\n)?ok/);
  assert.equal((await fetch(`${prefixed.origin}/_selvedge/readyz`)).status, 200);
  assert.equal((await (await fetch(`${prefixed.origin}/_selvedge/v1/recommend/home?n=3`)).json()).items.length, 3);
});
