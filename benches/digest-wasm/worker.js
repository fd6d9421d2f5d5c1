// Times WebCrypto, sha2 in Wasm and BLAKE3 in Wasm on the same bytes, for `cargo xtask bench digest`. The times are wall-clock times:
// a local workerd's clock advances while a Worker computes.

import wasm from "./digest_bg.wasm";
import { initSync, Input } from "./digest.js";

initSync({ module: wasm });

export default {
  async fetch(request) {
    const mebibytes = Number(new URL(request.url).searchParams.get("mib") ?? 10);
    const rounds = 9;
    // The clock counts whole milliseconds.
    const repeats = 10;
    const input = new Input(mebibytes * 1024 * 1024);
    const bytes = input.bytes();
    const digests = {
      "SHA-256, WebCrypto": async () => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)),
      "SHA-256, sha2 in Wasm": () => input.sha256(),
      "BLAKE3 with simd128, Wasm": () => input.blake3(),
    };
    const results = [];
    const found = {};
    for (const [name, digest] of Object.entries(digests)) {
      const took = [];
      for (let round = 0; round < rounds; round++) {
        const begin = performance.now();
        for (let repeat = 0; repeat < repeats; repeat++) found[name] = await digest();
        took.push((performance.now() - begin) / repeats);
      }
      results.push({ name, ms: took.sort((a, b) => a - b)[rounds >> 1] });
    }
    // Both SHA-256 must agree, which shows that each read all the bytes.
    const same = String(found["SHA-256, WebCrypto"]) === String(found["SHA-256, sha2 in Wasm"]);
    return Response.json({ mebibytes, rounds, same, results });
  },
};
