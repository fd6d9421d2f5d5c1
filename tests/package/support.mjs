// What the tests of the npm package share: where things are, and a small web server.

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
/** Bundlers and runtimes of package-lock.json beside this file, as far as they could be installed. */
export const tools = join(root, ".selvedge/package-tools");
/** A project in which the packed tarball is installed as a user would install it. `cargo xtask test` makes it. */
export const work = join(tools, "work");
export const installed = join(work, "node_modules/@selvedge/edge");
export const tarball = join(root, "build/selvedge-edge.tgz");

if (!existsSync(installed)) throw new Error(`${installed}: expected the installed package, found nothing; run \`cargo xtask test --only "npm package"\``);

/** The installed package, in this process. */
export const edge = await import(pathToFileURL(join(installed, "dist/index.js")).href);

const vectors = join(root, "tests/vectors/golden-v1.4");
export const golden = JSON.parse(readFileSync(`${vectors}.json`, "utf8"));
export const snapshot = new Uint8Array(readFileSync(`${vectors}.selvedge`));

export const requireTool = createRequire(join(tools, "package.json"));
export const importTool = async (name) => import(pathToFileURL(requireTool.resolve(name)).href);

export async function run(program, args, options = {}) {
  return promisify(execFile)(program, args, { maxBuffer: 64 * 2 ** 20, ...options, env: { ...process.env, ...options.env } }).catch((error) => {
    throw new Error(`${program} ${args.join(" ")}: ${error.message}\n${error.stdout ?? ""}\n${error.stderr ?? ""}`);
  });
}

/** An empty project folder in `work`. */
export async function project(name, files = {}) {
  const folder = join(work, name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
  return folder;
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };

/** Serves a folder below `/shop/`: not at the root, because shops are not either. */
export async function serve(folder) {
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const file = path.startsWith("/shop/") ? join(folder, path.slice("/shop/".length) || "index.html") : path.startsWith("/golden.") ? `${vectors}${path.slice("/golden".length)}` : null;
    try {
      if (file === null) throw new Error("no such path");
      const body = await readFile(file);
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { url: `http://127.0.0.1:${server.address().port}/shop/`, close: () => server.close() };
}

const { chromium } = createRequire(join(root, "package.json"))("@playwright/test");

/** Opens a page in Chromium and returns what it leaves in `globalThis.result`. */
export async function inChromium(url) {
  const browser = await chromium.launch({ executablePath: process.env.SELVEDGE_CHROMIUM, args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage();
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => message.type() === "error" && errors.push(`${message.text()} ${message.location().url}`));
    await page.goto(url);
    const result = await page.waitForFunction(() => globalThis.result, null, { timeout: 120_000 }).catch((error) => {
      throw new Error(`${url}: ${error.message}\n${errors.join("\n")}`);
    });
    return await result.jsonValue();
  } finally {
    await browser.close();
  }
}
