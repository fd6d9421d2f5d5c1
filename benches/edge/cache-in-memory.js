// The Cache API's back end for a bare workerd. `put` arrives as a PUT whose body is the response as an HTTP/1.1 message, `match` as a
// GET. In a data centre this runs on another machine; here its CPU counts as the Worker's.

const stored = new Map();

export default {
  async fetch(request) {
    const { url, method } = request;
    if (method === "PUT") {
      stored.set(url, parse(new Uint8Array(await request.arrayBuffer())));
      return new Response(null, { status: 204 });
    }
    const found = stored.get(url);
    if (method === "PURGE") return new Response(null, { status: stored.delete(url) ? 200 : 404 });
    if (!found || found.expires <= Date.now()) return new Response(null, { status: 504, headers: { "cf-cache-status": "MISS" } });
    return new Response(found.body, { status: found.status, headers: [...found.headers, ["cf-cache-status", "HIT"]] });
  },
};

function parse(message) {
  let end = 0;
  while (!(message[end] === 13 && message[end + 2] === 13)) end++;
  const [first, ...lines] = new TextDecoder().decode(message.subarray(0, end)).split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  const control = headers.find(([name]) => name.toLowerCase() === "cache-control")?.[1] ?? "";
  const seconds = Number(/s-maxage=(\d+)/.exec(control)?.[1] ?? /max-age=(\d+)/.exec(control)?.[1] ?? 0);
  const chunked = headers.some(([name, value]) => name.toLowerCase() === "transfer-encoding" && value === "chunked");
  const rest = message.subarray(end + 4);
  return {
    status: Number(first.split(" ")[1]),
    headers: headers.filter(([name]) => !/^(transfer-encoding|content-length|connection)$/i.test(name)),
    body: chunked ? unchunk(rest) : rest,
    expires: Date.now() + seconds * 1000,
  };
}

function unchunk(bytes) {
  const parts = [];
  for (let at = 0; ; ) {
    let line = at;
    while (bytes[line] !== 13) line++;
    const size = parseInt(new TextDecoder().decode(bytes.subarray(at, line)), 16);
    if (size === 0) break;
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
