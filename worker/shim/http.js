// Requests in and answers out, each in one call: what one header costs is mostly the way between Wasm and JS.

/** What nearly every request is asked for. Others are read one by one. */
const HEADERS = ["cookie", "sec-gpc", "accept-language", "sec-ch-ua-mobile", "user-agent", "if-none-match", "selvedge-key"];

/**
 * Method and URL, then name and value of each of HEADERS, a line each; empty where there is none. None of them can hold the end
 * of a line.
 */
export function read(request) {
  const { headers } = request;
  let text = `${request.method}\n${request.url}`;
  for (const name of HEADERS) text += `\n${name}\n${headers.get(name) ?? ""}`;
  return text;
}

export function timeZone(request) {
  const zone = request.cf?.timezone;
  return typeof zone === "string" ? zone : undefined;
}

/** Headers that many answers have alike, by their text: to copy them costs less than to make them. */
const made = new Map();
const MOST_MADE = 1000;

/**
 * @param {number} status
 * @param {string} lasting name and value of each header that many answers have alike, a line each
 * @param {string} own the same of the others
 * @param {Uint8Array | undefined} body a view of the instance's memory, which may have moved on when the runtime sends
 */
export function respond(status, lasting, own, body) {
  let headers = made.get(lasting);
  if (headers === undefined) {
    if (made.size === MOST_MADE) made.clear();
    headers = new Headers();
    add(headers, lasting);
    made.set(lasting, headers);
  }
  const response = new Response(body?.slice(), { status, headers });
  add(response.headers, own);
  return response;
}

function add(headers, lines) {
  const parts = lines.split("\n");
  for (let at = 0; at + 1 < parts.length; at += 2) headers.set(parts[at], parts[at + 1]);
}
