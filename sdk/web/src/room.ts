import type { Centrifuge, ClientInfo, Subscription } from "centrifuge";
import { fromSocket, type TriviumError } from "./error.js";
import { Events } from "./events.js";
import { messageOf, payloadOf, type Message } from "./message.js";

/** A connection in a room. */
export interface Person {
  /** The connection, unique. */
  client: string;
  uid: string;
  /** What its device said when it connected. */
  device: unknown;
}

export interface RoomEvents {
  message: Message;
  /** In the room, for the first time or again. recovered: nothing was missed; else ORDERED messages may have been: read history(). RELIABLE ones come again. */
  joined: { recovered: boolean; rejoined: boolean };
  /** Out of it for now; the client joins again by itself. */
  rejoining: { code: number; reason: string };
  /** Out of it for good: leave() was called, or the platform said so. */
  left: { code: number; reason: string };
  enter: Person;
  exit: Person;
  error: TriviumError;
}

export type RoomState = "joining" | "joined" | "left";

const personOf = ({ client, user, connInfo }: ClientInfo): Person => ({ client, uid: user, device: payloadOf(connInfo) });

/** A room that this client is in, or wants to be in. */
export class Room {
  readonly channel: string;
  readonly #events = new Events<RoomEvents>();
  readonly #receive: (message: Message, deliver: () => Promise<unknown>[]) => void;
  #subscription: Subscription | undefined;
  #wanted = true;
  #wasIn = false;

  /** By Trivium.join. */
  constructor(
    readonly id: string,
    receive: (message: Message, deliver: () => Promise<unknown>[]) => void,
  ) {
    this.channel = `room:${id}`;
    this.#receive = receive;
  }

  get state(): RoomState {
    if (!this.#wanted) return "left";
    return this.#subscription?.state === "subscribed" ? "joined" : "joining";
  }

  /** Returns what takes the handler off again. A RELIABLE message is acknowledged when all handlers of "message" have returned, and their promises are fulfilled. */
  on<Name extends keyof RoomEvents>(event: Name, handler: (value: RoomEvents[Name]) => unknown): () => void {
    return this.#events.on(event, handler);
  }

  /** Who is there now. */
  async presence(): Promise<Person[]> {
    const { clients } = await this.#ask((subscription) => subscription.presence());
    return Object.values(clients ?? {}).map(personOf);
  }

  /** How many are there now. */
  async presenceCounts(): Promise<{ connections: number; users: number }> {
    const { numClients, numUsers } = await this.#ask((subscription) => subscription.presenceStats());
    return { connections: numClients ?? 0, users: numUsers ?? 0 };
  }

  /** The room's last messages that are still kept, newest first; RELIABLE ones among them are not acknowledged by being read here. */
  async history(limit = 100): Promise<Message[]> {
    const { publications } = await this.#ask((subscription) => subscription.history({ limit, reverse: true }));
    return publications.map(messageOf);
  }

  leave(): void {
    this.#wanted = false;
    this.#subscription?.unsubscribe();
  }

  /** Trivium's: again after leave(). */
  enter(socket: Centrifuge | undefined): void {
    this.#wanted = true;
    if (socket) this.attach(socket);
  }

  /** Trivium's: there is a socket now. */
  attach(socket: Centrifuge): void {
    if (!this.#wanted) return;
    this.#subscription ??= this.#subscribe(socket);
    this.#subscription.subscribe();
  }

  #subscribe(socket: Centrifuge): Subscription {
    const subscription = socket.newSubscription(this.channel, { recoverable: true, positioned: true, joinLeave: true });
    subscription.on("publication", (publication) => {
      const message = messageOf(publication);
      this.#receive(message, () => this.#events.emit("message", message));
    });
    subscription.on("subscribed", ({ recovered }) => {
      this.#tell("joined", { recovered, rejoined: this.#wasIn });
      this.#wasIn = true;
    });
    subscription.on("subscribing", ({ code, reason }) => {
      if (this.#wasIn) this.#tell("rejoining", { code, reason });
    });
    subscription.on("unsubscribed", ({ code, reason }) => {
      this.#wanted = false;
      this.#wasIn = false;
      this.#tell("left", { code, reason });
    });
    subscription.on("join", ({ info }) => this.#tell("enter", personOf(info)));
    subscription.on("leave", ({ info }) => this.#tell("exit", personOf(info)));
    subscription.on("error", ({ error }) => this.#tell("error", fromSocket(error)));
    return subscription;
  }

  // A handler that fails tells "error"; one of "error" that fails tells nobody.
  #tell<Name extends keyof RoomEvents>(event: Name, value: RoomEvents[Name]): void {
    for (const result of this.#events.emit(event, value)) {
      result.catch((error: unknown) => {
        if (event !== "error") this.#tell("error", fromSocket(error));
      });
    }
  }

  async #ask<Result>(question: (subscription: Subscription) => Promise<Result>): Promise<Result> {
    if (!this.#subscription) throw fromSocket({ code: 3, message: `${this.channel}: not connected` });
    try {
      return await question(this.#subscription);
    } catch (error) {
      throw fromSocket(error);
    }
  }
}
