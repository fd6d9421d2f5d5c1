#!/usr/bin/env node
// Builds the contents of www/. The caller gives every path; nothing is downloaded.
//
//   node www/build.mjs --out build/site [--package-file build/selvedge-edge-0.1.0.tgz --public-key HEX]
//       the shop, and with --package-file the page that runs the engine in the browser
//   node www/build.mjs --package --wasm-dir build/browser-glue --out build/pkg
//       the npm package around the core's Wasm, ready for `npm pack`

import { parseArgs } from "node:util";
import { buildPackage } from "./build/package.mjs";
import { buildSite } from "./build/site.mjs";

const { values } = parseArgs({
  options: {
    out: { type: "string" },
    package: { type: "boolean", default: false },
    "wasm-dir": { type: "string" },
    "package-file": { type: "string" },
    "public-key": { type: "string", multiple: true, default: [] },
  },
});

try {
  if (!values.out) throw new Error("--out is missing: name the folder to write to, for instance --out build/site");
  if (values.package) {
    if (!values["wasm-dir"]) throw new Error("--wasm-dir is missing: name the folder that wasm-bindgen wrote, for instance --wasm-dir build/browser-glue");
    await buildPackage({ out: values.out, wasmDir: values["wasm-dir"] });
  } else {
    await buildSite({ out: values.out, packageFile: values["package-file"], publicKeys: values["public-key"] });
  }
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
