import { AckQueue, type AckQueueOptions } from "./ack_queue.js";
import { TriviumError } from "./error.js";
import type { Message } from "./message.js";
import { RecentIds } from "./recent_ids.js";
import type { HandledStorage } from "./storage.js";

export interface ReceiverOptions extends Omit<AckQueueOptions, "changed"> {
  /** Ids of handled messages that are remembered. */
  handledMax: number;
  /** RELIABLE messages whose handlers have not returned yet. Above, a message waits for its next repeat. */
  inProgressMax: number;
  storage: HandledStorage | undefined;
}

/** Ids that are kept over a reload: enough for all that can be pending for one user. */
const storedMax = 300;

/** Decides what becomes of each message: RELIABLE ones reach the handlers once, and are acknowledged when these have returned. */
export class Receiver {
  readonly acks: AckQueue;
  readonly #handled: RecentIds;
  readonly #inProgress = new Set<string>();
  readonly #options: ReceiverOptions;
  #saving = false;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#handled = new RecentIds(options.handledMax);
    this.acks = new AckQueue({ ...options, changed: () => this.#save() });
  }

  /** Before the first message. What cannot be read counts as nothing. */
  async load(): Promise<void> {
    try {
      const state = await this.#options.storage?.load();
      for (const id of state?.handled ?? []) this.#handled.add(id);
      for (const id of state?.unacked ?? []) this.acks.add(id);
    } catch (error) {
      this.#fail("storage: not readable", error);
    }
  }

  /** deliver: calls the handlers, and returns a promise of each. Never throws. */
  accept(message: Message, deliver: () => Promise<unknown>[]): void {
    if (message.class !== "RELIABLE" || message.id === "") {
      for (const result of deliver()) result.catch((error: unknown) => this.#fail(`a handler of ${message.channel} failed`, error));
      return;
    }
    if (this.#handled.touch(message.id)) {
      this.acks.add(message.id);
      return;
    }
    if (this.#inProgress.has(message.id)) return;
    if (this.#inProgress.size >= this.#options.inProgressMax) {
      this.#fail(`${message.id}: left for its repeat, since ${this.#inProgress.size} messages are being handled`, undefined);
      return;
    }
    this.#inProgress.add(message.id);
    void this.#handle(message, deliver());
  }

  // Nobody took it, or a handler failed: not acknowledged, so it comes again.
  async #handle(message: Message, results: Promise<unknown>[]): Promise<void> {
    const failure = (await Promise.allSettled(results)).find((each) => each.status === "rejected");
    this.#inProgress.delete(message.id);
    if (failure) {
      this.#fail(`${message.id}: not acknowledged, since a handler failed`, failure.reason);
    } else if (results.length > 0) {
      this.#handled.add(message.id);
      this.acks.add(message.id);
    }
  }

  // Once for all changes of a turn.
  #save(): void {
    const storage = this.#options.storage;
    if (!storage || this.#saving) return;
    this.#saving = true;
    queueMicrotask(async () => {
      this.#saving = false;
      try {
        await storage.save({ handled: this.#handled.last(storedMax), unacked: this.acks.waiting.slice(-storedMax) });
      } catch (error) {
        this.#fail("storage: not writable", error);
      }
    });
  }

  #fail(what: string, cause: unknown): void {
    this.#options.failed(new TriviumError("unknown", cause instanceof Error ? `${what}: ${cause.message}` : what, { cause }));
  }
}
