// `node benches/digest-wasm/run.mjs BUILT_DIR`: asks the Worker built there, in workerd, and prints its JSON on one line.

import { resolve } from "node:path";
import { start } from "../edge/workerd.mjs";

const dir = resolve(process.argv[2]);
const worker = await start(
  {
    config: {
      name: "digest",
      main: `${dir}/worker.js`,
      base_dir: dir,
      compatibility_date: "2026-07-01",
      no_bundle: true,
      find_additional_modules: true,
      rules: [
        { type: "ESModule", globs: ["**/*.js"], fallthrough: false },
        { type: "CompiledWasm", globs: ["**/*.wasm"], fallthrough: false },
      ],
    },
  },
  "/?mib=1",
);
try {
  const { origin } = await worker.direct();
  const result = await (await fetch(`${origin}/?mib=10`)).json();
  if (!result.same) throw new Error("WebCrypto and sha2 disagree on the same bytes");
  console.log(JSON.stringify({ bench: "digest", ...result }));
} finally {
  await worker.close();
}
