/**
 * End to end in a real browser, against the real Worker with a real snapshot. `SELVEDGE_URL` says where it listens
 * (`cargo xtask test` starts it); `SELVEDGE_CHROMIUM` names another Chromium than the system's.
 */

import { defineConfig } from "@playwright/test";

const baseURL = process.env["SELVEDGE_URL"];
if (!baseURL) throw new Error("SELVEDGE_URL is not set: start the demo (`cargo xtask demo`) and give its address, for instance SELVEDGE_URL=http://127.0.0.1:8787");

export default defineConfig({
  testDir: ".",
  outputDir: "../../test-results/e2e",
  // One after the other: the Worker under test has one cache, and tests look at its hits and misses.
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  retries: 0,
  // For a page that hangs: on a machine that is busy with something else, every step takes its time.
  timeout: 300_000,
  expect: { timeout: 60_000 },
  reporter: [["list"]],
  use: {
    baseURL,
    viewport: { width: 1440, height: 900 },
    // Nothing of ours moves in tests but where a test is about movement.
    contextOptions: { reducedMotion: "reduce" },
    launchOptions: {
      executablePath: process.env["SELVEDGE_CHROMIUM"] ?? "/usr/bin/chromium",
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    },
  },
});
