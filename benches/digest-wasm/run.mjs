// `node benches/digest-wasm/run.mjs BUILT_DIR`: runs the Worker built there in workerd and prints its JSON on one line.

import { start } from "../edge/workerd.mjs";

const worker = await start({ dir: process.argv[2], entry: "worker.js" });
try {
  const result = await (await fetch(`${worker.origin}/?mib=10`)).json();
  if (!result.same) throw new Error("WebCrypto and sha2 disagree on the same bytes");
  console.log(JSON.stringify({ bench: "digest", ...result }));
} finally {
  await worker.close();
}
