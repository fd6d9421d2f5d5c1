// Builds the demo site: bundles TypeScript and CSS, names the bundles by their content, and writes these names into the HTML.

import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { buildBrowserPage } from "./browser-page.mjs";

const www = join(dirname(fileURLToPath(import.meta.url)), "..");
/** Every browser engine has view transitions and `light-dark()` since 2024; older ones show the page without them. */
export const TARGET = ["es2022", "chrome123", "firefox128", "safari17.5"];

export async function buildSite({ out, packageFile, publicKeys }) {
  const assets = join(out, "assets");
  // Remove only what this build writes; the snapshot and the catalogue in this folder come from elsewhere.
  await rm(assets, { recursive: true, force: true });
  await mkdir(assets, { recursive: true });

  const site = join(www, "site");
  const written = await bundle({
    entryPoints: { main: join(site, "src/main.ts"), style: join(site, "styles/main.css"), "theme-early": join(site, "src/theme-early.js") },
    assets,
  });
  await writeFile(join(out, "index.html"), fill(await readFile(join(site, "index.html"), "utf8"), {
    "main.js": written.get("main.js"),
    "main.css": written.get("style.css"),
    "theme-early": written.get("theme-early.js"),
  }));
  await writeFile(join(out, "plain.html"), fill(await readFile(join(site, "plain.html"), "utf8"), { "main.css": written.get("style.css") }));
  await writeFile(join(out, "frontier.svg"), await readFile(join(www, "../docs/benchmarks/frontier-completejourney.svg")));
  await writeFile(join(out, "favicon.svg"), await readFile(join(site, "favicon.svg")));
  await writeFile(join(out, "_headers"), await readFile(join(site, "_headers")));

  if (packageFile) await buildBrowserPage({ www, out, assets, packageFile, publicKeys, shared: written });
}

/** Bundles and minifies; returns the URL of each output by its plain name, and prints the sizes. */
export async function bundle({ entryPoints, assets, define = {}, nodePaths = [], loader = {}, publicPath = "" }) {
  const result = await build({
    entryPoints,
    outdir: assets,
    entryNames: "[name]-[hash]",
    assetNames: "[name]-[hash]",
    bundle: true,
    minify: true,
    format: "esm",
    target: TARGET,
    metafile: true,
    define,
    nodePaths,
    loader,
    publicPath,
    legalComments: "none",
    logLevel: "warning",
    // The type check maps the package to its sources; the bundle uses the installed package.
    tsconfigRaw: {},
  });
  const written = new Map();
  for (const [path, { bytes, entryPoint }] of Object.entries(result.metafile.outputs)) {
    const name = basename(path).replace(/-[A-Z0-9]{8}(?=\.[a-z]+$)/, "");
    written.set(name, `/assets/${basename(path)}`);
    if (entryPoint || path.endsWith(".wasm")) {
      const gzip = gzipSync(await readFile(path), { level: 9 }).length;
      console.log(`${name.padEnd(24)} ${kib(bytes)}  gzip ${kib(gzip)}`);
    }
  }
  return written;
}

/** Replaces each `%name%` in a page; throws if one is left over or missing. */
export function fill(html, addresses) {
  const filled = html.replace(/%([a-z.-]+)%/g, (_, name) => {
    if (!addresses[name]) throw new Error(`the page asks for %${name}%, which the build did not write`);
    return addresses[name];
  });
  return filled;
}

const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`.padStart(10);
