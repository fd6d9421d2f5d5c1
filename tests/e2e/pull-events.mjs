// Copies the events that a local Worker collected from the R2 bucket of `wrangler dev --persist-to STATE` into a folder with the same
// layout, which `selvedge ingest` reads (`preset = "selvedge-collector"`). Prints the number of files.
//
// usage: node tests/e2e/pull-events.mjs STATE_DIR OUT_DIR     (stop the Worker first)

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { getPlatformProxy } from "wrangler";

const [state, out] = process.argv.slice(2);
if (!state || !out) {
  console.error("usage: node tests/e2e/pull-events.mjs STATE_DIR OUT_DIR");
  process.exit(2);
}

// The bindings of wrangler.toml over the Worker's own state.
const { env, dispose } = await getPlatformProxy({ configPath: "wrangler.toml", persist: { path: join(resolve(state), "v3") } });
try {
  const events = env.EVENTS;
  let files = 0;
  for (let cursor, more = true; more; ) {
    const page = await events.list({ prefix: "events/", cursor });
    for (const { key } of page.objects) {
      const path = resolve(out, key);
      // An object key used as a path must stay inside the folder.
      if (!path.startsWith(resolve(out) + sep)) throw new Error(`${key}: expected a key without "..", found one that leaves ${out}`);
      const object = await events.get(key);
      if (object === null) throw new Error(`${key}: listed, but not there`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, new Uint8Array(await object.arrayBuffer()));
      files += 1;
    }
    cursor = page.cursor;
    more = page.truncated;
  }
  console.log(files);
} finally {
  await dispose();
}
