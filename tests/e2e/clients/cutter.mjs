// A TCP proxy whose lines can be cut, and kept from being joined again.
import { connect, createServer } from "node:net";

export class Cutter {
  #server;
  #sockets = new Set();
  #open = true;
  connections = 0;

  /** A proxy to host:port. */
  static async start(host, port) {
    const cutter = new Cutter();
    cutter.#server = createServer((client) => cutter.#join(client, connect(port, host)));
    await new Promise((resolve) => cutter.#server.listen(0, "127.0.0.1", resolve));
    return cutter;
  }

  get port() {
    return this.#server.address().port;
  }

  #join(client, server) {
    if (!this.#open) {
      client.destroy();
      server.destroy();
      return;
    }
    this.connections += 1;
    const both = [client, server];
    for (const [from, to] of [both, [...both].reverse()]) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on("error", () => undefined);
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }

  /** Hard: both sides see a reset or an end at once, and new connections fail until mend(). */
  cut() {
    this.#open = false;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  mend() {
    this.#open = true;
  }

  async stop() {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
