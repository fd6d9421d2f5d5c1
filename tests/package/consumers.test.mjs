// One line, `await init()`, in every bundler and runtime: each builds or runs the same small program with the packed tarball, and what it
// built is run in Chromium or Node and must make the golden decisions.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { golden, importTool, inChromium, project, requireTool, root, run, serve, tools } from "./support.mjs";

const app = join(root, "tests/package/app");
const vectors = join(root, "tests/vectors/golden-v1.4");
const INPUT = [`${vectors}.json`, `${vectors}.selvedge`];
const expected = { lists: golden.cases.map(({ expect }) => expect.items), code: "not-found" };
const HTML = '<!doctype html><meta charset="utf-8"><title>test</title><script type="module" src="./page.js"></script>';

/** Why a test cannot run here; false if it can. */
const without = (tool) => (existsSync(join(tools, "node_modules", tool, "package.json")) ? false : `${tool} is not installed: the npm registry could not be reached`);
const browserless = process.env.SELVEDGE_CHROMIUM ? false : "there is no Chromium";

async function appIn(name, files = {}) {
  const folder = await project(name, files);
  await cp(app, folder, { recursive: true });
  return folder;
}

async function assertPage(folder) {
  const server = await serve(folder);
  try {
    assert.deepEqual(await inChromium(server.url), expected);
  } finally {
    server.close();
  }
}

const assertPrinted = ({ stdout }) => assert.deepEqual(JSON.parse(stdout), expected);

test("Node, ES modules", async () => {
  const folder = await appIn("node-esm");
  assertPrinted(await run(process.execPath, [join(folder, "program.mjs"), ...INPUT]));
});

test("Node, CommonJS", async () => {
  const folder = await project("node-cjs", { "package.json": "{}" });
  const source = (await readFile(join(app, "decide.js"), "utf8")).replace(/import (\{[^}]+\}) from ("[^"]+");/, "const $1 = require($2);").replace("export async function", "async function");
  await writeFile(join(folder, "program.js"), `${source}
    const { readFileSync } = require("node:fs");
    decide(JSON.parse(readFileSync(process.argv[2], "utf8")), new Uint8Array(readFileSync(process.argv[3]))).then((result) => console.log(JSON.stringify(result)));`);
  // Without `require` of ES modules, which only newer ones know.
  assertPrinted(await run(process.execPath, ["--no-experimental-require-module", join(folder, "program.js"), ...INPUT]));
});

for (const format of ["esm", "cjs"]) {
  test(`esbuild for Node, one ${format} file`, { skip: without("esbuild") }, async () => {
    const folder = await appIn(`esbuild-${format}`);
    const { build } = await importTool("esbuild");
    // Away from the package, so that nothing can be found beside it.
    const out = join(folder, "away", `program.${format === "esm" ? "mjs" : "cjs"}`);
    const contents = (await readFile(join(folder, "program.mjs"), "utf8")).replace(/console\.log.*/, "decide(JSON.parse(readFileSync(golden, 'utf8')), new Uint8Array(readFileSync(snapshot))).then((result) => console.log(JSON.stringify(result)));");
    await build({ stdin: { contents, resolveDir: folder }, bundle: true, platform: "node", format, outfile: out, logLevel: "error" });
    assertPrinted(await run(process.execPath, [out, ...INPUT]));
  });
}

for (const splitting of [false, true]) {
  test(`esbuild for browsers, ${splitting ? "in parts" : "one file"}`, { skip: without("esbuild") || browserless }, async () => {
    const folder = await appIn(`esbuild-browser-${splitting}`);
    const { build } = await importTool("esbuild");
    await build({ entryPoints: [join(folder, "page.js")], bundle: true, format: "esm", splitting, outdir: join(folder, "dist"), logLevel: "error" });
    await writeFile(join(folder, "dist/index.html"), HTML);
    await assertPage(join(folder, "dist"));
  });
}

test("Vite, built", { skip: without("vite") || browserless }, async () => {
  const folder = await appIn("vite", { "index.html": HTML });
  const { build } = await importTool("vite");
  await build({ root: folder, base: "./", configFile: false, logLevel: "error" });
  const parts = readdirSync(join(folder, "dist/assets"));
  assert.ok(parts.some((name) => name.startsWith("embedded")), `the Wasm is a part of its own that is loaded with init(), found ${parts}`);
  await assertPage(join(folder, "dist"));
});

test("Vite, its development server", { skip: without("vite") || browserless }, async () => {
  const folder = await appIn("vite-dev", { "index.html": HTML });
  await mkdir(join(folder, "public"));
  await cp(INPUT[0], join(folder, "public/golden.json"));
  await cp(INPUT[1], join(folder, "public/golden.selvedge"));
  const { createServer } = await importTool("vite");
  const server = await createServer({ root: folder, configFile: false, logLevel: "error", cacheDir: join(folder, ".vite"), server: { port: 0, host: "127.0.0.1" } });
  try {
    await server.listen();
    assert.deepEqual(await inChromium(`http://127.0.0.1:${server.httpServer.address().port}/`), expected);
  } finally {
    await server.close();
  }
});

test("webpack", { skip: without("webpack") || browserless }, async () => {
  const folder = await appIn("webpack");
  const webpack = requireTool("webpack");
  const stats = await new Promise((resolve, reject) =>
    webpack({ mode: "production", context: folder, entry: "./page.js", output: { path: join(folder, "dist"), filename: "page.js" }, performance: { hints: "error", maxAssetSize: 300_000, maxEntrypointSize: 50_000 } }, (error, result) => (error ? reject(error) : resolve(result))),
  );
  // Warnings, too: a user sees each of them at every build.
  assert.equal(stats.hasErrors() || stats.hasWarnings(), false, stats.toString());
  await writeFile(join(folder, "dist/index.html"), HTML);
  await assertPage(join(folder, "dist"));
});

test("Rollup", { skip: without("rollup") || browserless }, async () => {
  const folder = await appIn("rollup");
  const [{ rollup }, { nodeResolve }] = [await importTool("rollup"), await importTool("@rollup/plugin-node-resolve")];
  const warnings = [];
  const bundle = await rollup({ input: join(folder, "page.js"), plugins: [nodeResolve({ browser: true })], onwarn: ({ message }) => warnings.push(message) });
  await bundle.write({ dir: join(folder, "dist"), format: "es" });
  await bundle.close();
  assert.deepEqual(warnings, []);
  await writeFile(join(folder, "dist/index.html"), HTML);
  await assertPage(join(folder, "dist"));
});

test("Parcel", { skip: without("parcel") || browserless }, async () => {
  const folder = await appIn("parcel", { "index.html": HTML, "package.json": JSON.stringify({ private: true, browserslist: "last 2 Chrome versions", "@parcel/resolver-default": { packageExports: true } }) });
  await run(process.execPath, [join(tools, "node_modules/parcel/lib/bin.js"), "build", "index.html", "--no-cache", "--no-source-maps", "--public-url", "./", "--dist-dir", "dist"], { cwd: folder, env: { PARCEL_DISABLE_TELEMETRY: "1", NODE_ENV: "production" } });
  await assertPage(join(folder, "dist"));
});

test("Next, in the browser and on its server", { skip: without("next") || browserless }, async () => {
  const folder = await appIn("next", {
    "package.json": JSON.stringify({ private: true }),
    "next.config.mjs": `export default { turbopack: { root: ${JSON.stringify(tools)} }, typescript: { ignoreBuildErrors: true } };`,
    "app/layout.js": "export default function Layout({ children }) { return <html><body>{children}</body></html>; }",
    "app/page.js": '"use client";\nimport { useEffect } from "react";\nexport default function Page() { useEffect(() => { import("../page.js"); }, []); return <p>test</p>; }',
    "app/golden.json/route.js": 'import { readFile } from "node:fs/promises";\nexport const dynamic = "force-dynamic";\nexport const GET = async () => new Response(await readFile(process.env.GOLDEN + ".json"));',
    "app/golden.selvedge/route.js": 'import { readFile } from "node:fs/promises";\nexport const dynamic = "force-dynamic";\nexport const GET = async () => new Response(await readFile(process.env.GOLDEN + ".selvedge"));',
    "app/server/route.js": 'import { readFile } from "node:fs/promises";\nimport { decide } from "../../decide.js";\nexport const dynamic = "force-dynamic";\nexport const GET = async () => Response.json(await decide(JSON.parse(await readFile(process.env.GOLDEN + ".json", "utf8")), new Uint8Array(await readFile(process.env.GOLDEN + ".selvedge"))));',
  });
  const next = join(tools, "node_modules/next/dist/bin/next");
  const env = { NEXT_TELEMETRY_DISABLED: "1", GOLDEN: vectors, NODE_ENV: "production" };
  await run(process.execPath, [next, "build"], { cwd: folder, env });
  const server = spawn(process.execPath, [next, "start", "--port", "0", "--hostname", "127.0.0.1"], { cwd: folder, env: { ...process.env, ...env } });
  try {
    const address = await new Promise((resolve, reject) => {
      let said = "";
      const hear = (chunk) => {
        said += chunk;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(said);
        if (found && /Ready/.test(said)) resolve(found[0]);
      };
      server.stdout.on("data", hear);
      server.stderr.on("data", hear);
      server.on("exit", () => reject(new Error(said)));
    });
    const answer = await fetch(`${address}/server`);
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.deepEqual(await answer.json(), expected);
    assert.deepEqual(await inChromium(`${address}/`), expected);
  } finally {
    server.kill();
  }
});

/** The program of a runtime that npm carries; its package needs no install script this way. */
function binary(folder, name) {
  const scope = join(tools, "node_modules", folder);
  const found = existsSync(scope) ? readdirSync(scope).map((part) => [join(scope, part, name), join(scope, part, "bin", name)]).flat() : [];
  return found.find((path) => existsSync(path));
}

/** Programs from npm come without the right to be run, where no script gives it to them. */
const runnable = async (path) => (await run("chmod", ["+x", path]), path);

test("Deno", { skip: binary("@deno", "deno") ? false : "npm carries no Deno for this system, or could not be reached" }, async () => {
  const folder = await appIn("deno", { "package.json": JSON.stringify({ type: "module" }), "deno.json": JSON.stringify({ nodeModulesDir: "manual" }) });
  const deno = await runnable(binary("@deno", "deno"));
  assertPrinted(await run(deno, ["run", "--cached-only", "--allow-read", join(folder, "program.mjs"), ...INPUT], { cwd: folder, env: { DENO_DIR: join(folder, ".deno"), DENO_NO_UPDATE_CHECK: "1" } }));
});

test("Bun", { skip: binary("@oven", "bun") ? false : "npm carries no Bun for this system, or could not be reached" }, async () => {
  const folder = await appIn("bun");
  assertPrinted(await run(await runnable(binary("@oven", "bun")), ["run", "--no-install", join(folder, "program.mjs"), ...INPUT]));
});

test("the Wasm from an address, a response, bytes, a module or a promise of one", async () => {
  const folder = await project("sources", { "package.json": JSON.stringify({ type: "module" }) });
  const wasm = 'const address = import.meta.resolve("@selvedge/edge/wasm"); const { readFile } = await import("node:fs/promises"); const bytes = await readFile(new URL(address));';
  for (const source of ["address", "new URL(address)", "bytes", "new Uint8Array(bytes).buffer", "new WebAssembly.Module(bytes)", "Promise.resolve(bytes)", 'new Response(bytes, { headers: { "content-type": "application/wasm" } })', "new Response(bytes)"]) {
    await writeFile(join(folder, "program.js"), `${wasm} const { init, Profile } = await import("@selvedge/edge"); await init(${source}); console.log(new Profile().events);`);
    const { stdout } = await run(process.execPath, [join(folder, "program.js")]);
    assert.equal(stdout, "0\n", source);
  }
});
