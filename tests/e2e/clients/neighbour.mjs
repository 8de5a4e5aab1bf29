// A client that behaves, beside all others: what is published to its room must reach it, all of it, in order, over one connection.
import { Centrifuge } from "centrifuge";
import WebSocket from "ws";
import { equal, sleep, until } from "./harness.mjs";
import { publish, socketUrl, token, uniqueId } from "./platform.mjs";

const fewest = 40;

export class Neighbour {
  #got = [];
  #sent = 0;
  #latencies = [];
  #losses = [];
  #going = true;

  static async start() {
    const neighbour = new Neighbour();
    const uid = uniqueId("neighbour");
    const room = uniqueId("calm-room");
    neighbour.client = new Centrifuge(socketUrl, { websocket: WebSocket, getToken: async () => token(uid) });
    neighbour.client.on("connecting", ({ code, reason }) => code !== 0 && neighbour.#losses.push(`${code} ${reason}`));
    neighbour.client.on("disconnected", ({ code, reason }) => neighbour.#going && neighbour.#losses.push(`${code} ${reason}`));
    const subscription = neighbour.client.newSubscription(`room:${room}`, { recoverable: true, positioned: true });
    subscription.on("publication", ({ data }) => {
      neighbour.#got.push(data.n);
      neighbour.#latencies.push(Date.now() - data.at);
    });
    subscription.subscribe();
    neighbour.client.connect();
    await subscription.ready(10_000);
    neighbour.publishing = neighbour.#publish({ roomId: room });
    return neighbour;
  }

  async #publish(target) {
    while (this.#going) {
      await publish(target, "ORDERED", { n: this.#sent, at: Date.now() });
      this.#sent += 1;
      await sleep(50);
    }
  }

  /** Ends it and checks that nothing was lost, doubled or out of order. Returns how long messages took. */
  async finish() {
    await until("enough messages", () => this.#sent >= fewest, 20_000);
    this.#going = false;
    await this.publishing;
    await until(() => `${this.#sent} messages, ${this.#got.length} came`, () => this.#got.length >= this.#sent).catch(() => undefined);
    this.client.disconnect();
    equal(this.#got, [...Array(this.#sent).keys()], "what the neighbour got");
    equal(this.#losses, [], "its losses of the connection");
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    return { messages: this.#sent, p50: sorted[sorted.length >> 1], max: sorted.at(-1) };
  }
}
