// Builds the npm package: the TypeScript wrapper and declarations around wasm-bindgen's module of the core.

import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { TARGET } from "./site.mjs";

const source = join(dirname(fileURLToPath(import.meta.url)), "../package");
/** What `wasm-bindgen --target web --out-name selvedge` writes. */
const GLUE = "selvedge.js";
const WASM = "selvedge_bg.wasm";

/** The two module systems. Node's CommonJS needs declarations of its own, and so that they are found, a folder of its own. */
const FORMATS = [
  { folder: "dist", format: "esm" },
  { folder: "dist/cjs", format: "cjs" },
];

/** Writes `package.json`, `README.md` and `dist/` into `out`. */
export async function buildPackage({ out, wasmDir }) {
  await rm(join(out, "dist"), { recursive: true, force: true });
  await mkdir(join(out, "dist/cjs"), { recursive: true });
  const wasm = await readFile(join(wasmDir, WASM)).catch(() => {
    throw new Error(`${join(wasmDir, WASM)}: expected what \`wasm-bindgen --target web --out-name selvedge\` writes, found nothing; build the core's Wasm first`);
  });
  for (const name of ["package.json", "README.md"]) await cp(join(source, name), join(out, name));
  await copyFile(join(wasmDir, WASM), join(out, "dist/selvedge.wasm"));
  await writeFile(join(out, "dist/cjs/package.json"), '{ "type": "commonjs" }\n');

  // For `init()` without a source. A module of its own, so that bundlers load it only when it is imported.
  const text = gzipSync(wasm, { level: 9 }).toString("base64");
  await writeFile(join(out, "dist/embedded.js"), `export default "${text}";\n`);
  await writeFile(join(out, "dist/cjs/embedded.js"), `module.exports = "${text}";\n`);

  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  for (const { folder, format } of FORMATS) {
    await build({
      entryPoints: [join(source, "src/index.ts")],
      outfile: join(out, folder, "index.js"),
      bundle: true,
      format,
      platform: "neutral",
      target: TARGET,
      // CommonJS by `require`, which also works where a test runner forbids `import()`.
      ...(format === "cjs" && { supported: { "dynamic-import": false } }),
      // wasm-bindgen's default address by `import.meta.url`: most bundlers do not follow it, and CommonJS has none.
      define: { "import.meta.url": '""' },
      tsconfigRaw: {},
      logLevel: "warning",
      plugins: [{
        name: "parts",
        setup: ({ onResolve }) => {
          onResolve({ filter: /^\.\.\/wasm\/selvedge\.js$/ }, () => ({ path: resolve(wasmDir, GLUE) }));
          onResolve({ filter: /^\.\/embedded\.js$/ }, ({ path }) => ({ path, external: true }));
        },
      }],
    });
    await promisify(execFile)(process.execPath, [tsc, "-p", source, "--outDir", join(out, folder)]).catch(({ stdout, stderr }) => {
      throw new Error(`tsc could not write the declarations:\n${stdout}${stderr}`);
    });
  }
}
