// A load generator on keep-alive connections: so many requests, so many at a time.

import { Agent, request } from "node:http";

/** Resolves to seconds and the latencies in milliseconds, sorted. A status other than 200 is an error. */
export async function load(url, { requests, connections = 8, headers = {} }) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const { hostname, port, pathname, search } = new URL(url);
  const options = { hostname, port, path: pathname + search, headers, agent };
  const latencies = [];
  let left = requests;
  const begin = performance.now();
  const lane = async () => {
    while (left-- > 0) {
      const sent = performance.now();
      await once(options);
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: connections }, lane));
  const seconds = (performance.now() - begin) / 1000;
  agent.destroy();
  return { seconds, latencies: latencies.sort((a, b) => a - b) };
}

function once(options) {
  return new Promise((resolve, reject) => {
    request(options, (response) => {
      response.resume();
      response.on("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${options.path}: status ${response.statusCode}`));
      });
      response.on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}
