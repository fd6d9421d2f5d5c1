/**
 * A shop on one host whose API and model lie on another. The Worker under test listens as `api.shop.localhost` and lists one origin
 * (`SELVEDGE_ALLOWED_ORIGINS`); there, a server of this file sends the demo's pages. `cargo xtask test` chooses the origin and passes it on in
 * `SELVEDGE_OTHER_SHOP`. Everything goes over the network, and Chromium holds it to the rules of cross-origin requests.
 */

import { createServer, type Server } from "node:http";
import { test as base } from "@playwright/test";
import { addFrom, expect, open, test, tiles } from "./shop.ts";

const SHOP = process.env["SELVEDGE_OTHER_SHOP"] ?? "http://www.shop.localhost:8788";
const STRANGER = SHOP.replace("www.shop.", "www.stranger.");

/** The Worker under test, by the name of the API's host. Chromium finds every name below `localhost` on this machine. */
const apiOf = (baseURL: string | undefined): string => `http://api.shop.localhost:${new URL(baseURL ?? "").port}`;

let server: Server;

base.beforeAll(async ({ baseURL }) => {
  const api = apiOf(baseURL);
  server = createServer(async (request, response) => {
    const answer = await fetch(`${baseURL}${request.url}`);
    const type = answer.headers.get("content-type") ?? "";
    const body = Buffer.from(await answer.arrayBuffer());
    // Without the demo's Content-Security-Policy, which allows its own host only.
    response.writeHead(answer.status, { "content-type": type });
    response.end(
      type.startsWith("text/html")
        ? body.toString()
          .replace('name="selvedge-api" content=""', `name="selvedge-api" content="${api}"`)
          .replace('name="selvedge-models" content=""', `name="selvedge-models" content="${api}/models/current.json"`)
        : body,
    );
  });
  await new Promise<void>((resolve) => server.listen(Number(new URL(SHOP).port), "127.0.0.1", resolve));
});

base.afterAll(() => {
  server.close();
});

test("the shop's shelves, basket and profile work with an API on another host", async ({ page, context, baseURL }) => {
  const api = apiOf(baseURL);
  await open(page, `${SHOP}/`);
  const { response, decision } = await addFrom(page, 3);
  expect(new URL(response.url()).origin).toBe(api);
  expect(decision.scope).toBe("visitor");
  const headers = response.headers();
  expect(headers["access-control-allow-origin"]).toBe(SHOP);
  expect(headers["access-control-allow-credentials"]).toBe("true");
  expect(headers["vary"]).toContain("Origin");

  const sealed = (await context.cookies(api)).filter(({ name }) => name.startsWith("selvedge"));
  expect(sealed.map(({ httpOnly, sameSite }) => ({ httpOnly, sameSite }))).toContainEqual({ httpOnly: true, sameSite: "Lax" });
  expect(await context.cookies(SHOP)).toEqual([]);

  // A preflight: the method is one that no form has.
  const deleted = await page.evaluate(async (url) => (await fetch(url, { method: "DELETE", credentials: "include" })).status, `${api}/v1/profile`);
  expect(deleted).toBe(204);
  const left = (await context.cookies(api)).filter(({ name }) => /^selvedge(-\d+)?$/.test(name));
  expect(left).toEqual([]);
});

test("the model on the device comes from another host", async ({ page, baseURL }) => {
  const snapshot = page.waitForResponse((answer) => answer.url().startsWith(`${apiOf(baseURL)}/models/`) && answer.url().endsWith(".selvedge"));
  await open(page, `${SHOP}/browser/`);
  expect((await (await snapshot).request().allHeaders())["cookie"]).toBeUndefined();
  await expect(tiles(page, "home").first()).toBeVisible();
});

// Not the shop's `test`: it takes the browser's messages about refused requests for faults.
base("a page of an origin that is not listed reads no answer and stores nothing", async ({ page, context, baseURL }) => {
  const api = apiOf(baseURL);
  await page.goto(`${STRANGER}/favicon.svg`);
  const outcomes = await page.evaluate(async (api) => {
    const outcome = (init: RequestInit, path: string) => fetch(api + path, { credentials: "include", ...init }).then(() => "read", (error: unknown) => (error as Error).name);
    return Promise.all([
      outcome({}, "/v1/recommend/home"),
      outcome({ method: "DELETE" }, "/v1/profile"),
      outcome({ method: "POST", headers: { "content-type": "application/json" }, body: '{"events":[]}' }, "/v1/events"),
    ]);
  }, api);
  expect(outcomes).toEqual(["TypeError", "TypeError", "TypeError"]);
  expect(await context.cookies(api)).toEqual([]);
});
