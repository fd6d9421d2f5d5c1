// What npm would publish: its parts, its declarations, and what the two common checkers say of it.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { project, root, run, tarball, tools } from "./support.mjs";

const without = (tool) => (existsSync(join(tools, "node_modules", tool, "package.json")) ? false : `${tool} is not installed: the npm registry could not be reached`);

test("the tarball holds licences, a guide and the package, and nothing else", async () => {
  const { stdout } = await run("tar", ["-tzf", tarball]);
  const files = stdout.trim().split("\n").map((path) => path.replace("package/", ""));
  for (const name of ["LICENSE-APACHE", "LICENSE-MIT", "README.md", "package.json", "dist/index.js", "dist/index.d.ts", "dist/cjs/index.js", "dist/cjs/index.d.ts", "dist/selvedge.wasm"]) assert.ok(files.includes(name), `${name} is missing`);
  const strange = files.filter((path) => !/^(LICENSE-(APACHE|MIT)|README\.md|package\.json|dist\/(cjs\/)?[\w-]+\.(js|d\.ts)|dist\/selvedge\.wasm|dist\/cjs\/package\.json)$/.test(path));
  assert.deepEqual(strange, []);
});

test("publint finds nothing", { skip: without("publint") }, async () => {
  await run(process.execPath, [join(tools, "node_modules/publint/src/cli.js"), tarball, "--strict"]);
});

// But for the two names of the Wasm file, which is no module.
test("the types are right for every way of resolving modules", { skip: without("@arethetypeswrong/cli") }, async () => {
  await run(process.execPath, [join(tools, "node_modules/@arethetypeswrong/cli/dist/index.js"), tarball, "--no-emoji", "--no-color", "--exclude-entrypoints", "wasm", "selvedge.wasm"]);
});

const USE = `
import { Engine, ModelLoader, Profile, ProfileStore, SelvedgeError, init, type Decision, type SelvedgeErrorCode } from "@selvedge/edge";
export async function use(bytes: Uint8Array): Promise<Decision> {
  await init();
  const engine = await Engine.open(bytes, ["00"]);
  const store = new ProfileStore(engine);
  store.record({ type: "click", item: "1" });
  const model = await new ModelLoader({ publicKeys: [], cache: null }).load();
  try { return model.engine.recommend({ slot: "home", n: 3 }, store.profile); }
  catch (error) { if (error instanceof SelvedgeError) { const code: SelvedgeErrorCode = error.code; const field: string | null = error.field; throw new RangeError(code + field); } throw error; }
}
// @ts-expect-error an id is text
export const wrong = (engine: Engine): Decision => engine.similar(1, 2);
`;
const WITH_DOM = `
export const real = async (engine: typeof Engine, bytes: ArrayBuffer): Promise<unknown> => {
  await init(fetch("/x.wasm")); await init(new URL("https://example.org/")); await init(await WebAssembly.compile(bytes)); await init(bytes);
  new ModelLoader({ publicKeys: [], fetch, manifest: new URL("https://example.org/") });
  new ProfileStore(await engine.open(bytes, [], { signal: new AbortController().signal }), { storage: sessionStorage });
  return AbortSignal.timeout(5);
};
`;

for (const [name, lib, module, moduleResolution, type, extra] of [
  ["without DOM and Node, ES modules", ["ES2022"], "NodeNext", "NodeNext", "module", ""],
  ["without DOM and Node, CommonJS", ["ES2022"], "NodeNext", "NodeNext", "commonjs", ""],
  ["without DOM and Node, for a bundler", ["ES2022"], "ESNext", "bundler", "module", ""],
  ["with the DOM's own values", ["ES2022", "DOM"], "ESNext", "bundler", "module", WITH_DOM],
]) {
  test(`declarations ${name}`, async () => {
    const folder = await project(`types-${name.replace(/\W+/g, "-")}`, {
      "package.json": JSON.stringify({ type }),
      "use.ts": USE.replace("", "") + extra,
      "tsconfig.json": JSON.stringify({ compilerOptions: { target: "ES2022", lib, types: [], module, moduleResolution, strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false, noEmit: true }, files: ["use.ts"] }),
    });
    await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]);
  });
}

test("the README's programs are those that a type check accepts", async () => {
  const readme = readFileSync(join(root, "www/package/README.md"), "utf8");
  const blocks = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block);
  assert.ok(blocks.length > 0);
  const folder = await project("readme", {
    "package.json": JSON.stringify({ type: "module" }),
    ...Object.fromEntries(blocks.map((block, index) => [`block${index}.ts`, `${block}\nexport {};\n`])),
    "tsconfig.json": JSON.stringify({ compilerOptions: { target: "ES2022", lib: ["ES2022", "DOM"], types: [], module: "ESNext", moduleResolution: "bundler", strict: true, noEmit: true } }),
  });
  await run(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]);
});
