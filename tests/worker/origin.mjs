// An origin for the Worker: a real HTTP server whose answers each test sets.

import { once } from "node:events";
import { createServer } from "node:http";
import { after, afterEach } from "node:test";

import { NOON_MS, publish, start } from "./harness.mjs";

/**
 * Starts a server on the loopback interface. `answers` maps paths to functions of (request, response); every request is kept
 * in `requests`.
 */
export async function startOrigin() {
  const answers = new Map();
  const requests = [];
  const server = createServer((request, response) => {
    requests.push(request);
    const answer = answers.get(request.url.split("?")[0]);
    if (answer) return answer(request, response);
    response.writeHead(404, { "content-type": "text/plain" });
    response.end("not here");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    answers,
    requests,
    /** Makes a path answer with a page. */
    page: (path, body, headers = {}) =>
      answers.set(path, (_, response) => {
        response.writeHead(200, { "content-type": "text/html; charset=utf-8", ...headers });
        response.end(body);
      }),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Starts the Worker in front of an origin for the tests of a file, and resets the origin between tests. */
export async function inFront(model) {
  const origin = await startOrigin();
  const server = await start({
    vars: { SELVEDGE_PUBLIC_KEYS: model.publicKey, SELVEDGE_REFRESH_S: "3600", SELVEDGE_ORIGIN: origin.url },
    nowMs: NOON_MS,
  });
  afterEach(() => {
    origin.requests.length = 0;
    origin.answers.clear();
  });
  after(async () => {
    await server.close();
    origin.close();
  });
  await publish(server.env, model.snapshot);
  if ((await server.fetch("/readyz")).status !== 200) throw new Error("expected the planted model to be ready");
  return { origin, server };
}
