// The gateway's side of the JSON form, in memory: the stock client runs unmodified against it.

interface Command {
  id?: number;
  connect?: { token?: string; data?: unknown };
  subscribe?: { channel: string; recover?: boolean; offset?: number };
  unsubscribe?: { channel: string };
  presence?: { channel: string };
  rpc?: { method: string; data: unknown };
}

type Answer = { data: unknown } | { error: { code: number; message: string; temporary?: boolean } };

interface Socket {
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number; reason: string }) => void;
}

export class FakeGateway {
  /** What was asked, in order. */
  readonly commands: Command[] = [];
  connections = 0;
  /** How a connection, a subscription, a call is answered. */
  connect: (token: string) => object = () => ({ connect: { client: `c${this.connections}`, ping: 25, pong: true, subs: { "user:u1": {}, product: {} } } });
  subscribe: (channel: string) => object = () => ({ subscribe: { recoverable: true, positioned: true, epoch: "e", offset: 0 } });
  rpc: (method: string, data: unknown) => Answer | undefined = () => ({ data: {} });
  people: object = { c1: { user: "u1", client: "c1", conn_info: { platform: "web" } } };
  #live: Socket | undefined;

  /** To be given to the client as its WebSocket. */
  get websocket(): unknown {
    const gateway = this;
    return class implements Socket {
      onopen?: () => void;
      onmessage?: (event: { data: string }) => void;
      onclose?: (event: { code: number; reason: string }) => void;
      constructor(readonly url: string) {
        gateway.connections += 1;
        gateway.#live = this;
        queueMicrotask(() => this.onopen?.());
      }
      send(frame: string): void {
        for (const line of frame.split("\n")) gateway.#take(this, JSON.parse(line) as Command);
      }
      close(): void {
        if (gateway.#live === this) gateway.#live = undefined;
        queueMicrotask(() => this.onclose?.({ code: 1000, reason: "" }));
      }
    };
  }

  get acks(): string[][] {
    return this.commands.filter(({ rpc }) => rpc?.method === "push.ack").map(({ rpc }) => (rpc?.data as { message_ids: string[] }).message_ids);
  }

  get tokens(): (string | undefined)[] {
    return this.commands.filter(({ connect }) => connect).map(({ connect }) => connect?.token);
  }

  push(push: object): void {
    this.#send(this.#live, { push });
  }

  publish(channel: string, id: string, messageClass: string, data: unknown, more: { repeat?: boolean; offset?: number } = {}): void {
    const tags = { id, class: messageClass, ...(more.repeat ? { repeat: "1" } : {}) };
    this.push({ channel, pub: { data, tags, ...(more.offset ? { offset: more.offset } : {}) } });
  }

  close(code: number, reason: string): void {
    const socket = this.#live;
    this.#live = undefined;
    socket?.onclose?.({ code, reason });
  }

  #send(socket: Socket | undefined, reply: object): void {
    queueMicrotask(() => socket?.onmessage?.({ data: JSON.stringify(reply) }));
  }

  #take(socket: Socket, command: Command): void {
    if (!command.id) return;
    this.commands.push(command);
    const reply = this.#answer(command);
    if (reply) this.#send(socket, { id: command.id, ...reply });
  }

  #answer({ connect, subscribe, unsubscribe, presence, rpc }: Command): object | undefined {
    if (connect) return this.connect(connect.token ?? "");
    if (subscribe) return this.subscribe(subscribe.channel);
    if (unsubscribe) return { unsubscribe: {} };
    if (presence) return { presence: { presence: this.people } };
    if (!rpc) return {};
    const answer = this.rpc(rpc.method, rpc.data);
    return answer && "data" in answer ? { rpc: answer } : answer;
  }
}
