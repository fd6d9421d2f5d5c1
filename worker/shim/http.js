// Requests in and answers out, each in one call: what one header costs is mostly the way between Wasm and JS.

/** What nearly every request is asked for. Others are read one by one. */
const HEADERS = ["cookie", "sec-gpc", "accept-language", "sec-ch-ua-mobile", "user-agent", "if-none-match", "selvedge-key"];

/**
 * Method, URL and time zone, then name and value of each of HEADERS, a line each; empty where there is none. None of them can
 * hold the end of a line.
 */
export function read(request) {
  const { headers } = request;
  let text = `${request.method}\n${request.url}\n${request.cf?.timezone ?? ""}`;
  for (const name of HEADERS) text += `\n${name}\n${headers.get(name) ?? ""}`;
  return text;
}

/**
 * @param {number} status
 * @param {string} lines name and value of each header, a line each
 * @param {Uint8Array | undefined} body a view of the instance's memory, which may have moved on when the runtime sends
 */
export function respond(status, lines, body) {
  const headers = {};
  const parts = lines.split("\n");
  for (let at = 0; at + 1 < parts.length; at += 2) headers[parts[at]] = parts[at + 1];
  return new Response(body?.slice(), { status, headers });
}
