// Builds the npm package: the TypeScript wrapper and declarations around wasm-bindgen's module of the core.

import { execFile } from "node:child_process";
import { copyFile, cp, mkdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { TARGET } from "./site.mjs";

const source = join(dirname(fileURLToPath(import.meta.url)), "../package");
const GLUE = ["selvedge.js", "selvedge.d.ts", "selvedge_bg.wasm"];

/** Writes `package.json`, `README.md`, `dist/` and `wasm/` into `out`. */
export async function buildPackage({ out, wasmDir }) {
  await rm(join(out, "dist"), { recursive: true, force: true });
  await mkdir(join(out, "wasm"), { recursive: true });
  for (const name of GLUE) {
    const from = join(wasmDir, name);
    await readFile(from).catch(() => {
      throw new Error(`${from}: expected what \`wasm-bindgen --target web --out-name selvedge\` writes, found nothing; build the core's Wasm first`);
    });
    if (join(out, "wasm", name) !== from) await copyFile(from, join(out, "wasm", name));
  }
  for (const name of ["package.json", "README.md"]) await cp(join(source, name), join(out, name));

  await build({
    entryPoints: [join(source, "src/index.ts")],
    outfile: join(out, "dist/index.js"),
    bundle: true,
    format: "esm",
    target: TARGET,
    // Not bundled: it stays a separate file beside its Wasm.
    external: ["../wasm/selvedge.js"],
    tsconfigRaw: {},
    logLevel: "warning",
  });
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  await promisify(execFile)(process.execPath, [tsc, "-p", source, "--outDir", join(out, "dist")]).catch(({ stdout, stderr }) => {
    throw new Error(`tsc could not write the declarations:\n${stdout}${stderr}`);
  });
  await copyFile(join(source, "src/wasm.d.ts"), join(out, "dist/wasm.d.ts"));
}
