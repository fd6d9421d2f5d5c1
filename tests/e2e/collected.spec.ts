/**
 * Events that leave for the lake. After the Worker has stopped, `cargo xtask test` looks in R2 for the item that was clicked here: it
 * reads its id from test-results/clicked.json.
 */

import { mkdirSync, writeFileSync } from "node:fs";
import { expect, ids, open, test, tiles } from "./shop.ts";

const CLICKED = new URL("../../test-results/clicked.json", import.meta.url);

test("a click in the shop is collected", async ({ page }) => {
  await open(page);
  const item = (await ids(page, "home"))[3] ?? "";
  expect(item).not.toBe("");
  const answered = page.waitForResponse((response) => response.url().endsWith("/v1/events") && (response.request().postData() ?? "").includes(`"${item}"`) && (response.request().postData() ?? "").includes('"click"'));
  await tiles(page, "home").nth(3).getByRole("link").click();
  const response = await answered;
  expect(response.status()).toBe(202);
  const receipt = (await response.json()) as { accepted: number; collected: number };
  expect(receipt.collected).toBe(receipt.accepted);
  mkdirSync(new URL(".", CLICKED), { recursive: true });
  writeFileSync(CLICKED, JSON.stringify({ item }));
});
