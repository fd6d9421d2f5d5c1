// Starts the built Worker in workerd as `wrangler.toml` describes it, with separate bindings for each test file.
//
// `cargo xtask test` builds what this needs; by hand: `cargo xtask build worker`. Only the loopback interface is used.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.env.WRANGLER_SEND_METRICS = "false";
process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";
process.env.WRANGLER_LOG ??= "error";

const { createTestHarness } = await import("wrangler");

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A cookie key for tests only: 32 bytes of 7 under id 1. */
export const COOKIE_KEYS = `1:${Buffer.alloc(32, 7).toString("base64")}`;

/** Noon (UTC) of a Monday: the time at which Workers that stand still in time answer. */
export const NOON_MS = Date.UTC(2026, 5, 1, 12);

/**
 * The Worker in workerd.
 *
 * @param {{ vars?: Record<string, string>, secrets?: Record<string, string>, config?: object, main?: string, nowMs?: number }} [options]
 *   `config` is merged over the shape of wrangler.toml, for bindings that are to be missing. With `nowMs`, the build with the clock that tests set
 *   is started, and its time stands still there: two answers then never differ by the second or the daypart in which they were made.
 */
export async function start({ vars = {}, secrets = { SELVEDGE_COOKIE_KEYS: COOKIE_KEYS }, config, main, nowMs } = {}) {
  if (nowMs !== undefined) {
    main ??= "build/worker-panic/index.js";
    config ??= { r2_buckets: R2 };
    vars = { ...vars, SELVEDGE_TEST_NOW_MS: String(nowMs) };
  }
  const entry = `${ROOT}${main ?? "build/worker/index.js"}`;
  if (!existsSync(entry)) throw new Error(`${entry}: not there; run \`cargo xtask build worker\` first`);
  // Tests read the diagnostics of answers.
  vars = { SELVEDGE_DIAGNOSTICS: "on", ...vars };
  const worker = config
    ? { config: { ...BASE, main: entry, base_dir: entry.replace(/\/index\.js$/, ""), ...config, vars: { ...vars, ...secrets } } }
    : { configPath: `${ROOT}wrangler.toml`, vars, secrets };
  const server = createTestHarness({ root: ROOT, workers: [worker] });
  const { url } = await server.listen();
  const env = await server.getWorker().getEnv();
  return {
    origin: url.origin,
    env,
    /** Sends one request past the development server, which would turn an https URL into http. */
    direct: (url, init) => server.getWorker().fetch(url, init),
    logs: () => server.getLogs(),
    close: () => server.close(),
    /** Sends one request with `cookies` and `headers`. */
    fetch: (path, { cookies = {}, headers = {}, ...init } = {}) => {
      const cookie = Object.entries(cookies).map(([name, value]) => `${name}=${value}`).join("; ");
      return server.fetch(path, { ...init, headers: { ...(cookie && { cookie }), ...headers } });
    },
  };
}

/** The configuration of wrangler.toml without its bindings. */
const BASE = {
  name: "selvedge-test",
  compatibility_date: "2026-07-01",
  no_bundle: true,
  find_additional_modules: true,
  rules: [
    { type: "ESModule", globs: ["**/*.js"], fallthrough: false },
    { type: "CompiledWasm", globs: ["**/*.wasm"], fallthrough: false },
  ],
};

export const R2 = [
  { binding: "MODELS", bucket_name: "test-models" },
  { binding: "EVENTS", bucket_name: "test-events" },
];

/** A POST of JSON. */
export const json = (body) => ({ method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });

/** The fall-backs named in an answer. */
export const fallbacks = (response) => (response.headers.get("selvedge-fallback") ?? "").split(", ").filter(Boolean);

/** The profile cookie that an answer sets; undefined if it sets none. */
export function profileCookie(response) {
  const pairs = response.headers.getSetCookie().map((line) => /^(?:__Host-)?selvedge(?:-\d+)?=([^;]+)/.exec(line)?.[1]);
  return pairs.find((value) => value !== undefined);
}

/**
 * The planted model of examples/planted.rs: two snapshots and the public key. Made by cargo unless SELVEDGE_PLANTED names a
 * directory that holds it already.
 */
export function planted() {
  let dir = process.env.SELVEDGE_PLANTED;
  if (!dir) {
    dir = `${ROOT}build/planted`;
    execFileSync("cargo", ["run", "--quiet", "--package", "selvedge", "--example", "planted", "--", dir], { cwd: ROOT });
  }
  const read = (name) => readFileSync(`${dir}/${name}`);
  return {
    snapshot: read("planted.selvedge"),
    next: read("planted-next.selvedge"),
    publicKey: read("planted.pub").toString(),
  };
}

/** Publishes a snapshot into the bucket: the file first, then the manifest. */
export async function publish(env, snapshot, key = "models/planted.selvedge", pointer = { key, bytes: snapshot.length }) {
  await env.MODELS.put(key, snapshot);
  await env.MODELS.put("models/current.json", JSON.stringify(pointer));
}

/** Publishes a snapshot into a folder of static files. */
export function publishInto(folder, snapshot, key = "models/planted.selvedge") {
  mkdirSync(`${folder}/models`, { recursive: true });
  writeFileSync(`${folder}/${key}`, snapshot);
  writeFileSync(`${folder}/models/current.json`, JSON.stringify({ key, bytes: snapshot.length }));
}

/** Repeats a check until it holds. Each turn sends a request, so that no sleep is needed. */
export async function until(isSo) {
  for (let turn = 0; turn < 1000; turn += 1) {
    const found = await isSo();
    if (found) return found;
  }
  throw new Error("it did not come to that within 1000 turns");
}
