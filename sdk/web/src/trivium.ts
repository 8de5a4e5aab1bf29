import { create, fromBinary, fromJson, toBinary, toJson, type DescMessage, type JsonValue, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import * as json from "centrifuge";
import type { Centrifuge, Options } from "centrifuge";
import type { Caller, CommandSpec } from "./caller.js";
import { realClock, type Clock } from "./clock.js";
import { fromSocket, TriviumError } from "./error.js";
import { Events } from "./events.js";
import { messageOf, type Message } from "./message.js";
import { Receiver } from "./receiver.js";
import { Room } from "./room.js";
import type { HandledStorage } from "./storage.js";

/** What the platform is told of the device: presence and boards show it. */
export interface Device {
  /** "web", "pc", "ios", ... */
  platform: string;
  appVersion?: string;
  /** The same each time that this device connects. */
  deviceId?: string;
}

export interface TriviumOptions {
  /** The gateway: "https://gateway.example.com", or the whole address of its socket. */
  url: string;
  /** A token of the product's backend for this user. Called before the first connection, before the token ends, and when the platform says that it is over.
   * Throw UnauthorizedError to stay disconnected; another error is tried again. */
  getToken: () => string | Promise<string>;
  device?: Device;
  /** Form of the frames: JSON text, or Protobuf. Default: json. */
  protocol?: "json" | "protobuf";
  /** Keeps the ids of handled messages over a reload of the page. Default: they live as long as the page. */
  storage?: HandledStorage;
  /** A WebSocket class, where there is none: ws under Node 20. */
  websocket?: unknown;
  /** Time for a call, and for a connection to open. Default: 10,000. */
  timeoutMs?: number;
  /** How long an acknowledgement waits for others. Default: 50. */
  ackDelayMs?: number;
  /** First and longest wait before a new connection. Default: 500 and 20,000. */
  reconnectMs?: { min: number; max: number };
  /** Between questions for a room's presence. Default: 10,000. */
  presenceMs?: number;
  /** For tests. */
  clock?: Clock;
  random?: () => number;
}

export interface TriviumEvents {
  /** Of any channel: the user's own, the product's and all rooms'. A RELIABLE message is acknowledged when all handlers of it have returned. */
  message: Message;
  connected: { client: string };
  /** The platform has taken the acknowledgement of these messages. */
  acknowledged: { messageIds: string[] };
  /** reconnects: whether the client comes back by itself. code: docs/reference/api.md. */
  disconnected: { code: number; reason: string; reconnects: boolean };
  /** What went wrong beside any call: a connection that did not open, a handler that threw, storage that is full. For logs. */
  error: TriviumError;
}

export type ConnectionState = "disconnected" | "connecting" | "connected";

const ackBatchMax = 300; // What the platform takes at once.
const ackCommand = "push.ack";

/** "wss://host/connection/websocket" of the gateway's address in any form. */
export function socketUrl(url: string): string {
  const parsed = new URL(url);
  parsed.protocol = parsed.protocol.replace(/^http/, "ws");
  if (parsed.pathname === "/") parsed.pathname = "/connection/websocket";
  return parsed.toString();
}

/** What getToken throws when there is no token to be had, so that the client stays disconnected. */
export class UnauthorizedError extends Error {
  override readonly name = "UnauthorizedError";
}

/** A connection to Trivium for one user, which comes back by itself. */
export class Trivium implements Caller {
  readonly #events = new Events<TriviumEvents>();
  readonly #rooms = new Map<string, Room>();
  readonly #options: TriviumOptions;
  readonly #receiver: Receiver;
  #socket: Centrifuge | undefined;
  #opening: Promise<Centrifuge> | undefined;
  #wasConnected = false;

  constructor(options: TriviumOptions) {
    this.#options = options;
    this.#receiver = new Receiver({
      send: (messageIds) => this.#rpc(ackCommand, this.#json({ message_ids: messageIds })),
      delayMs: options.ackDelayMs ?? 50,
      batchMax: ackBatchMax,
      waitingMax: 10_000,
      retryMinMs: 1_000,
      retryMaxMs: 30_000,
      handledMax: 10_000,
      inProgressMax: 1_000,
      storage: options.storage,
      clock: options.clock ?? realClock,
      random: options.random ?? Math.random,
      confirmed: (messageIds) => this.#tell("acknowledged", { messageIds }),
      failed: (error) => this.#tell("error", error),
    });
  }

  get state(): ConnectionState {
    return this.#socket?.state ?? (this.#opening ? "connecting" : "disconnected");
  }

  /** Returns what takes the handler off again. */
  on<Name extends keyof TriviumEvents>(event: Name, handler: (value: TriviumEvents[Name]) => unknown): () => void {
    return this.#events.on(event, handler);
  }

  /** Fulfilled when connected; rejected when the platform refuses this client for good. A connection that does not open is tried again, for ever. */
  async connect(): Promise<void> {
    const socket = await (this.#opening ??= this.#open());
    socket.connect();
    try {
      await socket.ready();
    } catch (error) {
      throw fromSocket(error);
    }
  }

  /** Ends the connection. Rooms are joined again by the next connect(). */
  disconnect(): void {
    this.#socket?.disconnect();
  }

  /** The room, entered when there is a connection; the same object for the same id. */
  join(roomId: string): Room {
    let room = this.#rooms.get(roomId);
    if (!room) {
      const { clock = realClock, presenceMs = 10_000 } = this.#options;
      room = new Room(roomId, { receive: (message, deliver) => this.#receive(message, deliver), clock, presenceMs });
      this.#rooms.set(roomId, room);
    }
    room.enter(this.#socket);
    return room;
  }

  /** A typed command: what makeCommands(client) calls. */
  async call<Input extends DescMessage, Output extends DescMessage>(
    { name, method: { input, output } }: CommandSpec<Input, Output>,
    request: MessageInitShape<Input>,
  ): Promise<MessageShape<Output>> {
    const message = create(input, request);
    if (this.#options.protocol === "protobuf") return fromBinary(output, (await this.#rpc(name, toBinary(input, message))) as Uint8Array);
    return fromJson(output, ((await this.#rpc(name, toJson(input, message))) ?? {}) as JsonValue, { ignoreUnknownFields: true });
  }

  /** A command by its name, for those that have no types here: JSON, or bytes of Protobuf in the Protobuf form. Waits for a connection, at most timeoutMs. */
  async rpc(name: string, request: unknown): Promise<unknown> {
    if (this.#options.protocol === "protobuf" && !(request instanceof Uint8Array)) throw new TriviumError("invalid_argument", `${name}: want a Uint8Array in the Protobuf form`);
    return this.#rpc(name, request);
  }

  async #rpc(name: string, data: unknown): Promise<unknown> {
    if (!this.#socket) throw new TriviumError("unavailable", `${name}: not connected: connect() first`);
    try {
      return (await this.#socket.rpc(name, data)).data;
    } catch (error) {
      throw fromSocket(error);
    }
  }

  // What is JSON in both forms: push.ack, and what is said at connect.
  #json(value: unknown): unknown {
    return this.#options.protocol === "protobuf" ? new TextEncoder().encode(JSON.stringify(value)) : value;
  }

  async #open(): Promise<Centrifuge> {
    const { url, getToken, device, protocol, websocket, timeoutMs = 10_000, reconnectMs } = this.#options;
    await this.#receiver.load();
    // Each form has classes of its own.
    const stock = protocol === "protobuf" ? ((await import("centrifuge/build/protobuf")) as unknown as typeof json) : json;
    const options: Partial<Options> = {
      getToken: async () => {
        try {
          return await getToken();
        } catch (error) {
          throw error instanceof UnauthorizedError ? new stock.UnauthorizedError(error.message) : error;
        }
      },
      data: this.#json({ platform: device?.platform ?? "web", app_version: device?.appVersion ?? "", device_id: device?.deviceId ?? "" }),
      name: "trivium-web",
      timeout: timeoutMs,
      minReconnectDelay: reconnectMs?.min ?? 500,
      maxReconnectDelay: reconnectMs?.max ?? 20_000,
    };
    if (websocket) options.websocket = websocket;
    const socket = new stock.Centrifuge(socketUrl(url), options);
    this.#listen(socket);
    this.#socket = socket;
    for (const room of this.#rooms.values()) room.attach(socket);
    return socket;
  }

  #listen(socket: Centrifuge): void {
    socket.on("connected", ({ client }) => {
      this.#wasConnected = true;
      this.#receiver.acks.resume();
      this.#tell("connected", { client });
    });
    socket.on("connecting", ({ code, reason }) => this.#lost({ code, reason, reconnects: true }));
    socket.on("disconnected", ({ code, reason }) => {
      this.#wasConnected = true; // A refusal of the first connection is told, too.
      this.#lost({ code, reason, reconnects: false });
    });
    socket.on("publication", (publication) => this.#receive(messageOf(publication), () => []));
    socket.on("error", ({ error }) => this.#tell("error", fromSocket(error)));
  }

  #lost(why: TriviumEvents["disconnected"]): void {
    this.#receiver.acks.pause();
    if (this.#wasConnected) this.#tell("disconnected", why);
    this.#wasConnected = false;
  }

  // Rooms' handlers first, then those for all messages.
  #receive(message: Message, deliver: () => Promise<unknown>[]): void {
    this.#receiver.accept(message, () => [...deliver(), ...this.#events.emit("message", message)]);
  }

  #tell<Name extends keyof TriviumEvents>(event: Name, value: TriviumEvents[Name]): void {
    for (const result of this.#events.emit(event, value)) {
      result.catch((error: unknown) => {
        if (event !== "error") this.#tell("error", fromSocket(error));
      });
    }
  }
}
