// The three configurations, started with the very commands of docs/operations.md: what answers at `/`, and what answers at the API.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { unstable_readConfig as readConfig } from "wrangler";

import { ROOT } from "./harness.mjs";
import { startOrigin } from "./origin.mjs";

const home = mkdtempSync(join(tmpdir(), "selvedge-deployments-"));
after(() => rmSync(home, { recursive: true, force: true }));

const DOCUMENT = readFileSync(`${ROOT}docs/operations.md`, "utf8");

/** The commands of a section, as lists of arguments to wrangler. */
function commands(heading) {
  const section = DOCUMENT.split(`\n### ${heading}\n`)[1]?.split(/\n##/)[0];
  assert.ok(section, `docs/operations.md has no section ${heading}`);
  const lines = [...section.matchAll(/```sh\n([^`]*)```/g)].flatMap(([, block]) => block.trim().split("\n"));
  const [dev, deploy] = ["dev", "deploy"].map((verb) => lines.find((line) => line.startsWith(`npx wrangler ${verb} `)));
  assert.ok(dev && deploy, `${heading}: expected \`npx wrangler dev\` and \`npx wrangler deploy\``);
  return [dev, deploy].map((line) => line.replace(/ +#.*/, "").split(" ").slice(2));
}

const WRANGLER = `${ROOT}node_modules/wrangler/bin/wrangler.js`;
const ENVIRONMENT = { ...process.env, WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_LOG: "error", CI: "1" };

/** Runs `wrangler dev` as documented, with values of this machine in the place of the document's examples. */
async function dev(args, instead) {
  const port = await freePort();
  const own = args.map((arg) => instead[arg] ?? arg);
  const child = spawn(
    process.execPath,
    [WRANGLER, ...own, "--ip=127.0.0.1", `--port=${port}`, "--inspector-port=0", "--show-interactive-dev-session=false", `--persist-to=${mkdtempSync(join(home, "state-"))}`],
    { cwd: ROOT, env: ENVIRONMENT, detached: true, stdio: ["ignore", "pipe", "pipe"] },
  );
  let log = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (log += text));
  let ended = false;
  const exit = new Promise((resolve) => child.once("exit", () => resolve((ended = true))));
  const url = `http://127.0.0.1:${port}`;
  for (;;) {
    if (ended) throw new Error(`wrangler ${own.join(" ")} ended:\n${log}`);
    if (await fetch(url).then((response) => response.arrayBuffer(), () => null)) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    log: () => log,
    get: (path, init) => fetch(url + path, { redirect: "manual", ...init }),
    async close() {
      // wrangler and the workerd that it started are one process group.
      process.kill(-child.pid, "SIGTERM");
      await exit;
    },
  };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Has wrangler check what it would deploy; returns what it prints. */
function dryRun(args, instead) {
  const own = args.map((arg) => instead[arg] ?? arg);
  return execFileSync(process.execPath, [WRANGLER, ...own, "--dry-run", `--outdir=${mkdtempSync(join(home, "out-"))}`], { cwd: ROOT, env: { ...ENVIRONMENT, WRANGLER_LOG: "log" }, encoding: "utf8" });
}

function folder(files) {
  const path = mkdtempSync(join(home, "site-"));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

test("the demo: / is the shop, and the API answers beside it", async () => {
  const shop = folder({ "index.html": "<title>Selvedge shop</title>" });
  const [documented, deploy] = commands("The demo");
  const server = await dev([...documented, "--assets", shop], {});
  try {
    assert.match(await (await server.get("/")).text(), /Selvedge shop/);
    assert.equal((await server.get("/healthz")).status, 200);
    assert.equal((await server.get("/v1/recommend/home")).status, 200);
  } finally {
    await server.close();
  }
  assert.match(dryRun([...deploy, "--assets", shop], {}), /SELVEDGE_REFRESH_S/);
});

test("a static site: every page runs the Worker, and files that are none do not", async () => {
  const site = folder({
    "index.html": "<title>My site</title>",
    "about/index.html": "<title>About</title>",
    "assets/a.css": "b{}",
  });
  const [documented, deploy] = commands("A static site");
  const server = await dev(documented, { public: site });
  try {
    for (const [path, title] of [["/", /My site/], ["/about/", /About/]]) {
      const page = await server.get(path);
      assert.match(await page.text(), title);
      assert.equal(page.headers.get("cache-control"), "private, no-cache", "the Worker has read it");
      assert.equal(page.headers.get("etag"), null);
    }
    const style = await server.get("/assets/a.css");
    assert.equal(await style.text(), "b{}");
    assert.notEqual(style.headers.get("etag"), null);
    assert.equal((await server.get("/v1/recommend/home")).status, 200);
    assert.equal((await server.get("/nothing")).status, 404);
  } finally {
    await server.close();
  }
  assert.match(dryRun(deploy, { public: site }), /ASSETS/);
});

test("in front of a server: every path outside the API is the server's, / and paths like the API's too", async () => {
  const origin = await startOrigin();
  const [documented, deploy] = commands("In front of a server");
  const instead = { "SELVEDGE_ORIGIN:http://127.0.0.1:3000": `SELVEDGE_ORIGIN:${origin.url}` };
  assert.ok(documented.some((arg) => arg in instead), "the document names an origin on this machine");
  for (const path of ["/", "/shop", "/v1/recommend/home", "/healthz", "/readyz", "/index.html", "/favicon.svg"]) origin.page(path, `<title>Server ${path}</title>`);
  const server = await dev(documented, instead);
  try {
    for (const path of origin.answers.keys()) assert.match(await (await server.get(path)).text(), new RegExp(`<title>Server ${path}</title>`));
    assert.equal((await server.get("/_selvedge/healthz")).status, 200);
    assert.equal((await server.get("/_selvedge/readyz")).status, 503, "it has no model yet");
    assert.equal((await (await server.get("/_selvedge/v1/recommend/home")).json()).slot, "home");
  } finally {
    await server.close();
    origin.close();
  }
  assert.match(dryRun(deploy, {}), /SELVEDGE_ORIGIN/);
});

test("the three differ in what they serve, and in nothing else", () => {
  const read = (name) => {
    const { name: own, assets, configPath, userConfigPath, topLevelName, definedEnvironments, vars, ...shared } = readConfig({ config: `${ROOT}${name}` });
    const { SELVEDGE_ORIGIN, ...same } = vars;
    return { own, assets, origin: SELVEDGE_ORIGIN, shared: { ...shared, vars: same } };
  };
  const [demo, site, proxy] = ["wrangler.toml", "wrangler.site.toml", "wrangler.proxy.toml"].map(read);
  assert.deepEqual(site.shared, demo.shared);
  assert.deepEqual(proxy.shared, demo.shared);
  assert.equal(new Set([demo.own, site.own, proxy.own]).size, 3, "a deployment of one does not replace another");
  assert.equal(proxy.assets, undefined, "a path of an asset would never reach the server");
  assert.deepEqual([demo.origin, site.origin, proxy.origin], [undefined, undefined, ""]);
  assert.deepEqual([demo.shared.workers_dev, demo.shared.preview_urls], [false, false], "no address outside the zone, where its rules do not hold");
});
