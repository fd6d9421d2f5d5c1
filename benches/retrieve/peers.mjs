// Times the vector searches of other JavaScript packages (peers) on the rows, queries and answers of a folder, and prints
// one line of JSON: an entry for each peer and each setting of its search effort, to be compared at equal recall. A peer
// that cannot hold the rows, or takes too long, gets an entry that says so.
//
//   npm ci --ignore-scripts --prefix benches/retrieve
//   node benches/retrieve/peers.mjs DIR [--only NAME,NAME] [--seconds S] [--build S]
//
//   --only     names of peers or of their packages; all of them by default
//   --seconds  how long to time each setting, 2 by default
//   --build    seconds that a peer may take to build its index, and each setting beyond its timing; 120 by default
//
// DIR holds, little-endian:
//   meta.json     {"name", "rows": N, "dims": D, "queries": Q, "k": 20, "kind": "trained" or "random"}
//   rows.f32      N x D float32
//   queries.f32   Q x D float32
//   expected.u32  Q x 20 uint32, the rows of the greatest inner products, best first
//
// `memory_of` says how `memory_bytes` was measured. `shipped_bytes` is the size of the published JavaScript and Wasm (of usearch, the
// native addon), each file after gzip at its best level. `recall_queries` is the number of queries that the recall was computed from.

import { fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';

import { K, MODULES } from './peers/common.mjs';
import { fail, readMeta } from './peers/data.mjs';
import { PEERS } from './peers/list.mjs';

const MEASURE = join(import.meta.dirname, 'peers/measure.mjs');

await main();

async function main() {
  const { dir, only, seconds, buildSeconds } = readArguments();
  const meta = readMeta(dir);
  if (!existsSync(MODULES)) fail('the peers are not installed', 'npm ci --ignore-scripts --prefix benches/retrieve');
  const scratch = await mkdtemp(join(tmpdir(), 'retrieve-peers-'));
  const entries = [];
  try {
    for (const peer of only) {
      console.error(`${peer.name} ...`);
      entries.push(...(await measureInChild(peer, { dir, meta, seconds, buildSeconds, scratch })));
    }
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  console.log(JSON.stringify({ bench: 'retrieve-peers', node: process.version, data: meta, seconds, k: K, entries }));
}

function readArguments() {
  const options = { only: { type: 'string' }, seconds: { type: 'string' }, build: { type: 'string' } };
  let given;
  try {
    given = parseArgs({ options, allowPositionals: true });
  } catch (error) {
    fail(error.message, 'the head of this file shows the usage');
  }
  const { values, positionals } = given;
  if (positionals.length !== 1) fail('one folder of data is needed', 'the head of this file shows what it holds');
  const names = values.only?.split(',');
  const unknown = names?.find((name) => !PEERS.some((peer) => isNamed(peer, name)));
  if (unknown !== undefined) fail(`no peer is named "${unknown}"`, PEERS.map((peer) => peer.name).join(', '));
  return {
    dir: positionals[0],
    only: PEERS.filter((peer) => !names || names.some((name) => isNamed(peer, name))),
    seconds: positive('--seconds', values.seconds ?? '2'),
    buildSeconds: positive('--build', values.build ?? '120'),
  };
}

function isNamed(peer, name) {
  return peer.name === name || peer.package === name;
}

function positive(option, text) {
  const number = Number(text);
  if (!(number > 0 && number < 1e5)) fail(`${option} ${text} is no number of seconds`, 'give one above 0');
  return number;
}

// Each peer has its own process, so that one that runs out of memory or time does not affect the others.
function measureInChild(peer, { dir, meta, seconds, buildSeconds, scratch }) {
  const child = fork(MEASURE, [], {
    execArgv: ['--max-old-space-size=8192', '--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const entries = [];
  let built = {};
  let phase = 'loading the data';
  let reason = null;
  let spoken = '';
  let timer;

  const enter = (next, limit) => {
    phase = next;
    clearTimeout(timer);
    timer = setTimeout(() => {
      reason = `${phase} was not done within ${limit} s`;
      child.kill('SIGKILL');
    }, limit * 1000);
  };
  const add = (setting, measured) => entries.push(describe(peer, meta, built, setting, measured));

  enter(phase, buildSeconds);
  child.stderr.setEncoding('utf8').on('data', (text) => (spoken = (spoken + text).slice(-10_000)));
  child.on('message', (message) => {
    if (message.building) enter('building the index', buildSeconds);
    if (message.built) built = message.built;
    if (message.searching) enter(`searching at ${JSON.stringify(message.searching)}`, buildSeconds + 2 * seconds);
    if (message.measured) add(message.setting, message.measured);
    if (message.failed) reason = `${phase}: ${message.failed}`;
    if (message.done) phase = null;
  });
  child.send({ name: peer.name, dir, seconds, file: join(scratch, peer.name) });

  return new Promise((resolve) => {
    // `close` comes after the last message and the end of stderr.
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      if (phase !== null) {
        const ended = reason ?? `${phase}: the process ended with ${signal ?? `status ${code}`}`;
        add({}, { skipped: [ended, ...complaint(spoken)].join(': ') });
      }
      resolve(entries);
    });
  });
}

// The error that a panic or a failed allocation left on stderr.
function complaint(spoken) {
  const lines = spoken.split('\n').map((line) => line.trim());
  const found = lines.find((line) => /panicked at|cannot enlarge|out of memory|allocation failed/i.test(line));
  return found ? [found.slice(0, 200)] : [];
}

function describe(peer, meta, built, setting, measured) {
  return {
    name: peer.name,
    version: peer.package ? packageJson(peer.package).version : null,
    exact: peer.exact,
    metric: peer.metric,
    settings: { ...peer.settings, ...setting },
    rows: meta.rows,
    dims: meta.dims,
    build_s: built.seconds ?? null,
    memory_bytes: built.memory ?? null,
    memory_of: peer.memoryOf,
    shipped_bytes: shippedBytes(peer),
    recall_at_10: null,
    recall_at_20: null,
    recall_queries: null,
    median_ms: null,
    p99_ms: null,
    runs: null,
    skipped: null,
    ...measured,
  };
}

function packageJson(name) {
  return JSON.parse(readFileSync(join(MODULES, name, 'package.json'), 'utf8'));
}

function shippedBytes({ package: name, shipped }) {
  const files = shipped.map((file) => join(MODULES, name, file));
  if (files.length === 0 || !files.every((file) => existsSync(file))) return null;
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);
}
