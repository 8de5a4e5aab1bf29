// A WebSocket client that can misbehave: raw bytes over TCP, a handshake, frames of any shape.
import { createHash, randomBytes } from "node:crypto";
import { connect } from "node:net";
import { gatewayPort, host } from "./platform.mjs";

export const [TEXT, BINARY, CLOSE, PING, CONTINUATION] = [1, 2, 8, 9, 0];

/** The bytes of one masked frame. length: what its head says, if not the truth. */
export function frame(opcode, payload = Buffer.alloc(0), { fin = true, length = payload.length } = {}) {
  const head = Buffer.alloc(length < 126 ? 2 : length < 65536 ? 4 : 10);
  head[0] = (fin ? 0x80 : 0) | opcode;
  head[1] = 0x80 | (length < 126 ? length : length < 65536 ? 126 : 127);
  if (head.length === 4) head.writeUInt16BE(length, 2);
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2);
  const mask = randomBytes(4);
  return Buffer.concat([head, mask, Buffer.from(payload).map((byte, index) => byte ^ mask[index & 3])]);
}

export const text = (value, more) => frame(TEXT, Buffer.from(value), more);

export class RawSocket {
  closed = false;
  received = Buffer.alloc(0);

  /** A TCP connection and nothing else. */
  static async open() {
    const raw = new RawSocket();
    raw.socket = connect(gatewayPort, host);
    raw.socket.on("data", (data) => (raw.received = Buffer.concat([raw.received, data])));
    raw.socket.on("error", () => undefined);
    raw.socket.on("close", () => (raw.closed = true));
    await new Promise((resolve, reject) => {
      raw.socket.once("connect", resolve);
      raw.socket.once("error", reject);
    });
    return raw;
  }

  /** One after the WebSocket handshake. Rejects with the status line when there is none. */
  static async upgraded(headers = {}) {
    const raw = await RawSocket.open();
    const key = randomBytes(16).toString("base64");
    raw.write(upgradeHead({ key, ...headers }));
    await raw.wait(() => raw.received.includes("\r\n\r\n") || raw.closed);
    const end = raw.received.indexOf("\r\n\r\n");
    const head = raw.received.subarray(0, end).toString();
    const accept = createHash("sha1").update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
    if (!head.startsWith("HTTP/1.1 101 ") || !head.includes(accept)) throw new Error(head.split("\r\n")[0] || "closed without an answer");
    raw.received = raw.received.subarray(end + 4);
    return raw;
  }

  write(data) {
    if (!this.closed) this.socket.write(data);
  }

  /** Until the condition holds; rejects after the time. */
  async wait(condition, timeoutMs = 10_000) {
    const end = performance.now() + timeoutMs;
    while (!condition()) {
      if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** The code of the close frame that came; 0: the connection ended without one; undefined: neither yet. */
  get closeCode() {
    for (let at = 0; at + 2 <= this.received.length; ) {
      let length = this.received[at + 1] & 127;
      let head = 2;
      if (length === 126) [length, head] = [at + 4 <= this.received.length ? this.received.readUInt16BE(at + 2) : Infinity, 4];
      else if (length === 127) [length, head] = [at + 10 <= this.received.length ? Number(this.received.readBigUInt64BE(at + 2)) : Infinity, 10];
      if ((this.received[at] & 15) === CLOSE && at + head + 2 <= this.received.length) return this.received.readUInt16BE(at + head);
      at += head + length;
    }
    return this.closed ? 0 : undefined;
  }

  /** The close code, as soon as there is one. */
  async refused(timeoutMs = 10_000) {
    await this.wait(() => this.closeCode !== undefined, timeoutMs).catch(() => undefined);
    return this.closeCode;
  }

  /** The status of the HTTP answer, as soon as there is one; 0: the connection ended without one. */
  async status(timeoutMs = 10_000) {
    await this.wait(() => this.closed || this.received.includes("\r\n"), timeoutMs);
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.received.toString("latin1"))?.[1] ?? 0);
  }

  end() {
    this.socket.destroy();
  }
}

/** The head of a handshake; each part can be replaced, or left out with undefined. */
export function upgradeHead({ method = "GET", path = "/connection/websocket", key = randomBytes(16).toString("base64"), ...headers } = {}) {
  const all = { Host: `${host}:${gatewayPort}`, Upgrade: "websocket", Connection: "Upgrade", "Sec-WebSocket-Key": key, "Sec-WebSocket-Version": "13", ...headers };
  const lines = Object.entries(all).filter(([, value]) => value !== undefined).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}
