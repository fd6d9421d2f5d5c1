// The core's search inside workerd: `/load?variant=int8` streams a snapshot into Wasm memory, `/search?runs=N` searches. It
// is timed from outside, because a Worker's clock stands still while it computes.

import module from "./scan.wasm";
import { MODES, instantiate, open, search } from "./searcher.js";

const K = 20;
let wasm;
let queries = [];

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/load") return Response.json(await load(env.ASSETS, searchParams.get("variant")));
    if (pathname !== "/search") return new Response("not here", { status: 404 });
    const runs = Number(searchParams.get("runs"));
    const mode = MODES[searchParams.get("mode") ?? "exact"];
    let checksum = 0;
    for (let at = 0; at < runs; at++) checksum ^= search(wasm, queries[at % queries.length], K, mode);
    return Response.json({ checksum });
  },
};

async function load(assets, variant) {
  const file = (name) => assets.fetch(`http://assets/${name}`);
  const { dims, ...meta } = await (await file("meta.json")).json();
  const floats = new Float32Array(await (await file(`queries${variant === "int8" ? "" : "-int4"}.f32`)).arrayBuffer());
  queries = Array.from({ length: floats.length / dims }, (_, at) => floats.subarray(at * dims, (at + 1) * dims));
  wasm = await instantiate(module);
  const { rows } = await open(wasm, meta.bytes[variant], async (memory) => {
    const reader = (await file(`${variant}.selvedge`)).body.getReader();
    for (let at = 0; ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      memory().set(value, at);
      at += value.length;
    }
  });
  return { rows, wasm_bytes: wasm.memory.buffer.byteLength };
}
