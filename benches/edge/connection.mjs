// A minimal keep-alive connection for one request at a time. It takes half the CPU of Node's own client, so that the load generator
// distorts the requests per second less.

import { connect } from "node:net";

/** Opens a connection to an origin such as `http://127.0.0.1:8080`. */
export function open(origin) {
  const { hostname, port } = new URL(origin);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(connection(socket, `${hostname}:${port}`));
    });
  });
}

function connection(socket, host) {
  let waiting;
  /** The part of the response head received so far. */
  let head = "";
  /** Bytes of the body still to come; undefined while the head is incomplete. */
  let left;

  const fail = (error) => waiting?.reject(error);
  socket.on("error", fail);
  socket.on("close", () => fail(new Error("the Worker closed the connection")));
  socket.on("data", (bytes) => {
    if (left === undefined) {
      const text = bytes.latin1Slice();
      const before = head.length;
      head += text;
      const end = head.indexOf("\r\n\r\n");
      if (end < 0) return;
      const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
      if (length === undefined) return fail(new Error(`expected an answer with a Content-Length, found ${head}`));
      left = Number(length) - (before + bytes.length - end - 4);
      head = head.slice(0, end);
    } else {
      left -= bytes.length;
    }
    if (left > 0) return;
    const answered = head;
    [head, left] = ["", undefined];
    waiting.resolve(answered);
  });

  return {
    /** Sends one GET and resolves to the head of its answer once the body has arrived. Rejects a status other than 200 and a fall-back. */
    async get({ path, headers = {} }) {
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${lines.join("")}\r\n`);
      const answered = await new Promise((resolve, reject) => (waiting = { resolve, reject }));
      if (!answered.startsWith("HTTP/1.1 200 ") || /\r\nselvedge-fallback:/i.test(answered)) throw new Error(`${path}: ${answered}`);
      return answered;
    },
    close() {
      waiting = undefined;
      socket.destroy();
    },
  };
}
