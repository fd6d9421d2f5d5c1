/** The engine on the device: it gives the same lists as the edge and sends nothing. */

import type { Page } from "@playwright/test";
import type { Engine, Profile } from "../../www/package/src/index.ts";
import type { Decision } from "../../www/package/src/types.ts";
import { expect, fact, ids, open, settled, shelf, test, tiles } from "./shop.ts";

/** The object that the browser page offers to the console. */
interface OnPage {
  selvedge: { engine: Engine; Profile: typeof Profile };
}

interface Act {
  readonly type: "click" | "add_to_cart" | "conversion" | "view";
  readonly item: string;
  readonly timestamp_ms: number;
}

/** A moment of each daypart, as if local time were UTC; 1 January 2024 was a Monday. */
function momentOf(daypart: string): number {
  const [day = "", part = ""] = daypart.split("-");
  const quarter = ["night", "morning", "afternoon", "evening"].indexOf(part);
  return Date.UTC(2024, 0, day === "weekend" ? 6 : 1, quarter * 6 + 3);
}

const list = (decision: Decision): string[] => decision.items.map(({ id }) => id);

async function atTheEdge(page: Page, path: string, body?: unknown): Promise<Decision> {
  const response = body === undefined ? await page.request.get(path) : await page.request.post(path, { data: body });
  expect(response.ok(), `${path}: ${response.status()}`).toBe(true);
  return (await response.json()) as Decision;
}

test("edge and browser give the same item lists for the same profile and time", async ({ page }) => {
  await open(page, "/browser/");
  const catalogue = (await (await page.request.get("/data/catalogue.json")).json()) as { items: [string, string, number][] };
  const some = [0, 7, 40, 120, 333].flatMap((row) => catalogue.items[row]?.[0] ?? []);
  expect(some).toHaveLength(5);
  const now = Date.now();
  const kinds = ["click", "add_to_cart", "conversion", "view", "click"] as const;
  const acts: Act[] = some.map((item, index) => ({ type: kinds[index] ?? "click", item, timestamp_ms: now - index * 3_600_000 }));
  const candidates = catalogue.items.slice(100, 160).map(([id]) => id);

  const cold = await atTheEdge(page, "/v1/recommend/home?n=15");
  await page.request.post("/v1/events", { data: { events: acts } });
  const edge = {
    home: await atTheEdge(page, "/v1/recommend/home?n=15"),
    segment: await atTheEdge(page, "/v1/recommend/segment?n=12"),
    similar: await atTheEdge(page, `/v1/similar/${some[0]}?n=12`),
    rank: await atTheEdge(page, "/v1/rank", { candidates: [...candidates, "no such item"], n: 30 }),
  };
  expect(edge.home.scope).toBe("visitor");

  const device = await page.evaluate(
    ({ acts, candidates, nowMs, coldMs }) => {
      const { engine, Profile } = (globalThis as unknown as OnPage).selvedge;
      const stranger = new Profile();
      const profile = new Profile();
      engine.record(profile, acts.map(({ type, item, timestamp_ms }) => ({ type, item, timestampMs: timestamp_ms })), nowMs);
      return {
        cold: engine.recommend({ slot: "home", n: 15, nowMs, localMs: coldMs }, stranger),
        home: engine.recommend({ slot: "home", n: 15, nowMs }, profile),
        segment: engine.recommend({ slot: "segment", n: 12, nowMs }, profile),
        similar: engine.similar(acts[0]?.item ?? "", 12, nowMs),
        rank: engine.rank([...candidates, "no such item"], 30, profile, { nowMs }),
      };
    },
    { acts, candidates, nowMs: now, coldMs: momentOf(cold.context ?? "weekday-morning") },
  );
  expect(list(device.cold)).toEqual(list(cold));
  for (const name of ["home", "segment", "similar", "rank"] as const) {
    expect(list(device[name]), name).toEqual(list(edge[name]));
    expect(device[name].scope, name).toBe(edge[name].scope);
    expect(device[name].segment, name).toBe(edge[name].segment);
    expect(device[name].model, name).toBe(edge[name].model);
  }
  expect(device.rank.unknown).toEqual(["no such item"]);
  // Decisions have the same shape through JSON and through serde-wasm-bindgen.
  expect(Object.keys(device.home).sort()).toEqual(Object.keys(edge.home).sort());
  expect(Object.keys(device.home.items[0] ?? {}).sort()).toEqual(Object.keys(edge.home.items[0] ?? {}).sort());
});

test("a click re-ranks on the device, is remembered, and no request tells anyone", async ({ page, context }) => {
  await open(page, "/browser/");
  const before = await ids(page, "home");
  const requests: string[] = [];
  page.on("request", (request) => requests.push(`${request.method()} ${request.url()}`));

  await tiles(page, "home").nth(4).getByRole("button").click();
  await expect(shelf(page, "home")).toHaveAttribute("data-scope", "visitor");
  expect(await ids(page, "home")).not.toEqual(before);
  await tiles(page, "home").nth(2).getByRole("link").click();
  await expect(page.locator("#product-title")).toBeVisible();
  await expect(page.locator("#why-history [data-item]")).toHaveCount(2);
  expect(requests).toEqual([]);
  await expect(fact(page, "requests")).toHaveText("none since the page was ready");
  await expect(fact(page, "decision-ms")).toHaveText(/^([\d.]+|< 1) ms$/);
  expect(await context.cookies()).toEqual([]);

  const personal = await ids(page, "home");
  await open(page, "/browser/");
  expect(await ids(page, "home")).toEqual(personal);
  await page.getByRole("button", { name: "Forget me" }).click();
  await settled(page);
  await expect(page.locator("#why-history [data-item]")).toHaveCount(0);
  await expect(shelf(page, "home")).not.toHaveAttribute("data-scope", "visitor");
  expect(await page.evaluate(() => localStorage.getItem("selvedge-profile"))).toBeNull();
});

test("a changed snapshot is refused with a reason", async ({ browser }) => {
  const page = await browser.newPage();
  await page.route("**/models/*.selvedge", async (route) => {
    const response = await route.fetch();
    const body = await response.body();
    const at = Math.floor(body.length / 2);
    body[at] = (body[at] ?? 0) ^ 1;
    await route.fulfill({ response, body });
  });
  await page.goto("/browser/");
  await expect(shelf(page, "home").getByRole("alert")).toContainText("Engine.open: snapshot section");
  await expect(tiles(page, "home")).toHaveCount(0);
  await page.close();
});
