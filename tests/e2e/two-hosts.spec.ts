/**
 * A shop on one host whose API and model lie on another. The Worker under test listens as `api.shop.localhost` and lists one origin
 * (`SELVEDGE_ALLOWED_ORIGINS`, which `cargo xtask test` sets); the page's own files come from the test, under the origin of the shop. What the page asks
 * of the other host goes over the network, and Chromium holds it to the rules of cross-origin requests.
 */

import { test as base, type Page } from "@playwright/test";
import { addFrom, expect, open, test, tiles } from "./shop.ts";

const SHOP = "http://www.shop.localhost";
const STRANGER = "http://www.stranger.localhost";

/** The same server under the name of the API's host. Chromium finds every name below `localhost` on this machine. */
const apiOf = (baseURL: string | undefined): string => `http://api.shop.localhost:${new URL(baseURL ?? "").port}`;

/** Serves the demo's files at an origin, with pages that name the other host. */
async function serve(page: Page, origin: string, baseURL: string | undefined): Promise<void> {
  await page.route(`${origin}/**`, async (route) => {
    const { pathname, search } = new URL(route.request().url());
    const answer = await fetch(`${baseURL}${pathname}${search}`);
    const type = answer.headers.get("content-type") ?? "";
    let body = Buffer.from(await answer.arrayBuffer());
    if (type.startsWith("text/html")) {
      const api = apiOf(baseURL);
      const html = body.toString()
        .replace('name="selvedge-api" content=""', `name="selvedge-api" content="${api}"`)
        .replace('name="selvedge-models" content=""', `name="selvedge-models" content="${api}/models/current.json"`);
      body = Buffer.from(html);
    }
    // Without the demo's Content-Security-Policy, which allows its own host only.
    await route.fulfill({ status: answer.status, contentType: type, body });
  });
}

test("the shop's shelves, basket and profile work with an API on another host", async ({ page, context, baseURL }) => {
  const api = apiOf(baseURL);
  await serve(page, SHOP, baseURL);
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
  await serve(page, SHOP, baseURL);
  const snapshot = page.waitForResponse((answer) => answer.url().startsWith(`${apiOf(baseURL)}/models/`) && answer.url().endsWith(".selvedge"));
  await open(page, `${SHOP}/browser/`);
  expect((await (await snapshot).request().allHeaders())["cookie"]).toBeUndefined();
  await expect(tiles(page, "home").first()).toBeVisible();
});

// Not the shop's `test`: it takes the browser's messages about refused requests for faults.
base("a page of an origin that is not listed reads no answer and stores nothing", async ({ page, context, baseURL }) => {
  const api = apiOf(baseURL);
  await page.route(`${STRANGER}/**`, (route) => route.fulfill({ contentType: "text/html", body: "<!doctype html><title>Stranger</title>" }));
  await page.goto(`${STRANGER}/`);
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
