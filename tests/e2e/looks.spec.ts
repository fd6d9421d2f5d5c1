/** Screenshots of both pages for people to look at, and measurements of their layout. */

import { addFrom, expect, open, test } from "./shop.ts";

const PICTURES = "test-results/pages";

for (const [device, width, height] of [["desktop", 1440, 900], ["phone", 390, 844]] as const) {
  for (const colorScheme of ["light", "dark"] as const) {
    test(`the shop on a ${device}, ${colorScheme}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await page.addInitScript(() => {
        const shifts: number[] = [];
        Object.assign(globalThis, { shifts });
        new PerformanceObserver((list) => {
          for (const entry of list.getEntries() as (PerformanceEntry & { value: number; hadRecentInput: boolean })[]) if (!entry.hadRecentInput) shifts.push(entry.value);
        }).observe({ type: "layout-shift", buffered: true });
      });
      await open(page);
      await expect(page.locator("#departments a").first()).toBeVisible();
      await page.screenshot({ path: `${PICTURES}/shop-${device}-${colorScheme}.png` });
      const shift = await page.evaluate(() => (globalThis as unknown as { shifts: number[] }).shifts.reduce((sum, value) => sum + value, 0));
      // Core Web Vitals rates a layout shift of up to 0.1 as good.
      expect(shift).toBeLessThan(0.05);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);

      await addFrom(page, 3);
      await page.screenshot({ path: `${PICTURES}/shop-${device}-${colorScheme}-personal.png`, fullPage: true });
      if (device === "phone") {
        await page.getByRole("button", { name: "Why this page" }).click();
        await page.screenshot({ path: `${PICTURES}/shop-${device}-${colorScheme}-label.png` });
      }
    });

    test(`the browser page on a ${device}, ${colorScheme}`, async ({ page }) => {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await open(page, "/browser/");
      await page.locator(".shelf[data-slot=home] .add").nth(3).click();
      await expect(page.locator(".shelf[data-slot=home]")).toHaveAttribute("data-scope", "visitor");
      await page.screenshot({ path: `${PICTURES}/browser-${device}-${colorScheme}.png` });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    });
  }
}

test("tiles move to their new places, and stand still for who asked for that", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await page.addInitScript(() => {
    const moves: string[] = [];
    const animate = Element.prototype.animate;
    Element.prototype.animate = function (...given) {
      if (this.matches(".tile")) moves.push(this.id);
      return animate.apply(this, given);
    };
    Object.assign(globalThis, { moves });
  });
  const moves = (): Promise<number> => page.evaluate(() => (globalThis as unknown as { moves: string[] }).moves.length);
  await open(page);
  expect(await moves()).toBe(0);
  await addFrom(page, 3);
  const moved = await moves();
  expect(moved).toBeGreaterThan(3);

  await page.emulateMedia({ reducedMotion: "reduce" });
  await addFrom(page, 7);
  expect(await moves()).toBe(moved);
  // The marks show it instead.
  await expect(page.locator(".shelf[data-slot=home] .moved").first()).toBeVisible();
});

test("the chosen colours stay after a reload", async ({ page }) => {
  await open(page);
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Use dark colours" }).click();
  const dark = await ground();
  expect(dark).not.toBe(light);
  await open(page);
  expect(await ground()).toBe(dark);
});
