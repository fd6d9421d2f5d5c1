// Builds the page that runs the engine in the browser, with `@selvedge/edge` packed and installed as a user would.

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { bundle, fill } from "./site.mjs";

/** Installs the packed file into an empty project, bundles the page against it and writes `browser/index.html`. */
export async function buildBrowserPage({ www, out, assets, packageFile, publicKeys, shared }) {
  if (publicKeys.length === 0) {
    // Without a public key, the page would trust no snapshot.
    console.log("browser page             left out: no --public-key was given");
    return;
  }
  const wrong = publicKeys.find((key) => !/^[0-9a-f]{64}$/i.test(key));
  if (wrong !== undefined) throw new Error(`--public-key: expected the 64 hexadecimal digits of an Ed25519 key, found ${JSON.stringify(wrong)}`);
  const project = await mkdtemp(join(tmpdir(), "selvedge-browser-"));
  try {
    await writeFile(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
    const arguments_ = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--offline", resolve(packageFile)];
    await promisify(execFile)("npm", arguments_, { cwd: project }).catch(({ stderr }) => {
      throw new Error(`npm could not install ${packageFile}:\n${stderr}`);
    });
    const written = await bundle({
      entryPoints: { browser: join(www, "browser/src/main.ts") },
      assets,
      define: { SELVEDGE_PUBLIC_KEYS: JSON.stringify(publicKeys) },
      nodePaths: [join(project, "node_modules")],
      loader: { ".wasm": "file" },
      publicPath: "/assets",
    });
    await mkdir(join(out, "browser"), { recursive: true });
    await writeFile(join(out, "browser/index.html"), fill(await readFile(join(www, "browser/index.html"), "utf8"), {
      "browser.js": written.get("browser.js"),
      "main.css": shared.get("style.css"),
      "theme-early": shared.get("theme-early.js"),
      // Inlined, because with a URL it would be requested again whenever the page's URL changes.
      favicon: `data:image/svg+xml;base64,${(await readFile(join(www, "site/favicon.svg"))).toString("base64")}`,
    }));
  } finally {
    await rm(project, { recursive: true, force: true });
  }
}
