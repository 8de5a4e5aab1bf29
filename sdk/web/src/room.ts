import type { Centrifuge, ClientInfo, Subscription } from "centrifuge";
import type { Clock } from "./clock.js";
import { fromSocket, type TriviumError } from "./error.js";
import { Events } from "./events.js";
import { messageOf, payloadOf, type Message } from "./message.js";

/** A connection in a room. */
export interface Person {
  /** The connection, unique. */
  client: string;
  uid: string;
  /** Kind of its device: "web", "ios"; what else a device said, others are not told. */
  platform: string;
}

export interface RoomEvents {
  message: Message;
  /** In the room, for the first time or again. recovered: nothing was missed; else ORDERED messages may have been: read history(). RELIABLE ones come again. */
  joined: { recovered: boolean; rejoined: boolean };
  /** Out of it for now; the client joins again by itself. */
  rejoining: { code: number; reason: string };
  /** Out of it for good: leave() was called, or the platform said so. */
  left: { code: number; reason: string };
  /** Who is there, when that has changed: asked for every presenceMs while somebody listens and this client is in the room. */
  presence: Person[];
  error: TriviumError;
}

export type RoomState = "joining" | "joined" | "left";

function personOf({ client, user, connInfo }: ClientInfo): Person {
  const info = payloadOf(connInfo) as { platform?: unknown } | undefined;
  return { client, uid: user, platform: typeof info?.platform === "string" ? info.platform : "" };
}

/** What a room needs of its Trivium. */
export interface RoomParts {
  receive: (message: Message, deliver: () => Promise<unknown>[]) => void;
  clock: Clock;
  presenceMs: number;
}

/** A room that this client is in, or wants to be in. */
export class Room {
  readonly channel: string;
  readonly #events = new Events<RoomEvents>();
  readonly #parts: RoomParts;
  #subscription: Subscription | undefined;
  #wanted = true;
  #wasIn = false;
  #asking: unknown; // The timer of the next question for presence; undefined: none.
  #there = ""; // Who was there last.

  /** By Trivium.join. */
  constructor(
    readonly id: string,
    parts: RoomParts,
  ) {
    this.channel = `room:${id}`;
    this.#parts = parts;
  }

  get state(): RoomState {
    if (!this.#wanted) return "left";
    return this.#subscription?.state === "subscribed" ? "joined" : "joining";
  }

  /** Returns what takes the handler off again. A RELIABLE message is acknowledged when all handlers of "message" have returned, and their promises are fulfilled. */
  on<Name extends keyof RoomEvents>(event: Name, handler: (value: RoomEvents[Name]) => unknown): () => void {
    const off = this.#events.on(event, handler);
    if (event === "presence") this.#askPresence();
    return off;
  }

  /** Who is there now. */
  async presence(): Promise<Person[]> {
    const { clients } = await this.#ask((subscription) => subscription.presence());
    return Object.values(clients ?? {}).map(personOf).sort((a, b) => (a.uid < b.uid || (a.uid === b.uid && a.client < b.client) ? -1 : 1));
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
    const subscription = socket.newSubscription(this.channel, { recoverable: true, positioned: true });
    subscription.on("publication", (publication) => {
      const message = messageOf(publication);
      this.#parts.receive(message, () => this.#events.emit("message", message));
    });
    subscription.on("subscribed", ({ recovered }) => {
      this.#tell("joined", { recovered, rejoined: this.#wasIn });
      this.#wasIn = true;
      this.#askPresence();
    });
    subscription.on("subscribing", ({ code, reason }) => {
      if (this.#wasIn) this.#tell("rejoining", { code, reason });
    });
    subscription.on("unsubscribed", ({ code, reason }) => {
      this.#wanted = false;
      this.#wasIn = false;
      this.#tell("left", { code, reason });
    });
    subscription.on("error", ({ error }) => this.#tell("error", fromSocket(error)));
    return subscription;
  }

  // Now, and then again and again, as long as somebody listens.
  #askPresence(): void {
    const { clock, presenceMs } = this.#parts;
    if (this.#asking !== undefined) clock.clearTimeout(this.#asking);
    this.#asking = undefined;
    if (this.state !== "joined" || !this.#events.has("presence")) return;
    this.#asking = clock.setTimeout(() => this.#askPresence(), presenceMs);
    this.presence().then(
      (people) => {
        const there = JSON.stringify(people);
        if (there !== this.#there) this.#tell("presence", people);
        this.#there = there;
      },
      () => undefined, // The next question comes.
    );
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
