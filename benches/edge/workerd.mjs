// A Worker in workerd as `wrangler dev` runs it, addressed without wrangler's proxy in front, and what it costs.

import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.env.WRANGLER_SEND_METRICS = "false";
process.env.CLOUDFLARE_CF_FETCH_ENABLED = "false";
process.env.WRANGLER_LOG ??= "error";

const { createTestHarness } = await import("wrangler");

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Starts one Worker. `marker` is a path that only the Worker itself answers with 200, to tell its port from others. */
export async function start(worker, marker) {
  const before = new Set(workerds());
  const server = createTestHarness({ root: ROOT, workers: [worker] });
  await server.listen();
  const mine = workerds().filter((pid) => !before.has(pid));
  return {
    server,
    /** Address and process, found on first use: looking asks the Worker, and the very first request may be what is measured. */
    direct: () => find(mine, marker),
    pids: mine,
    close: () => server.close(),
  };
}

/** CPU time of processes since they began, in nanoseconds: all threads, user and system. */
export function cpuNs(pids) {
  let total = 0;
  for (const pid of pids) {
    for (const thread of readdirSync(`/proc/${pid}/task`)) {
      total += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    }
  }
  return total;
}

function workerds() {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/comm`, "utf8").trim() === "workerd" && !isZombie(name);
    } catch {
      return false;
    }
  });
}

const isZombie = (pid) => / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));

async function find(pids, marker) {
  for (const pid of pids) {
    for (const port of ports(pid)) {
      const origin = `http://127.0.0.1:${port}`;
      const others = pids.filter((other) => other !== pid);
      const before = cpuNs(others);
      try {
        const response = await fetch(origin + marker, { headers: { "accept-encoding": "identity" }, signal: AbortSignal.timeout(5_000) });
        await response.arrayBuffer();
        // The proxy answers as well, and keeps the Worker's process busy; the Worker alone keeps no other busy.
        if (response.status === 200 && cpuNs(others) - before < 200_000) return { origin, pid };
      } catch {
        // Not HTTP, or not ours: the next one.
      }
    }
  }
  throw new Error(`none of workerd ${pids.join(", ")} answers GET ${marker} with 200 by itself`);
}

/** The ports that a process listens on. */
function ports(pid) {
  const inodes = new Set();
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    try {
      const match = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`));
      if (match) inodes.add(match[1]);
    } catch {
      // Closed meanwhile.
    }
  }
  const listening = "0A";
  return readFileSync(`/proc/${pid}/net/tcp`, "utf8")
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[3] === listening && inodes.has(fields[9]))
    .map((fields) => parseInt(fields[1].split(":")[1], 16));
}
