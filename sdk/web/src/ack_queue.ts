import { backoffMs, type Clock } from "./clock.js";
import { TriviumError } from "./error.js";

export interface AckQueueOptions {
  /** Tells the platform; at most batchMax ids. */
  send: (messageIds: string[]) => Promise<unknown>;
  /** How long the first id waits for others. */
  delayMs: number;
  /** Ids of one call. The platform takes 300. */
  batchMax: number;
  /** Ids that may wait. Above, the oldest goes: its message comes again and is acknowledged then. */
  waitingMax: number;
  retryMinMs: number;
  retryMaxMs: number;
  clock: Clock;
  random: () => number;
  /** After an id came or went. */
  changed: () => void;
  /** After the platform has taken them. */
  confirmed: (messageIds: string[]) => void;
  failed: (error: TriviumError) => void;
}

/** Acknowledgements on their way: in batches, one call at a time, again after a failure and after a new connection. An id leaves when the platform has confirmed it. */
export class AckQueue {
  readonly #waiting = new Set<string>(); // Oldest first.
  readonly #options: AckQueueOptions;
  #open = false;
  #sending = false;
  #attempts = 0; // Failures in a row.
  #timer: unknown; // undefined: none.

  constructor(options: AckQueueOptions) {
    this.#options = options;
  }

  get waiting(): string[] {
    return [...this.#waiting];
  }

  add(id: string): void {
    if (this.#waiting.has(id)) return;
    if (this.#waiting.size >= this.#options.waitingMax) this.#waiting.delete(this.#waiting.values().next().value as string);
    this.#waiting.add(id);
    this.#options.changed();
    if (this.#waiting.size >= this.#options.batchMax && this.#attempts === 0) this.#schedule(0);
    else if (this.#timer === undefined) this.#schedule(this.#options.delayMs);
  }

  /** There is a connection: what waits goes at once. */
  resume(): void {
    this.#open = true;
    this.#attempts = 0;
    if (this.#waiting.size > 0) this.#schedule(0);
  }

  /** There is none. */
  pause(): void {
    this.#open = false;
    this.#clear();
  }

  #clear(): void {
    if (this.#timer !== undefined) this.#options.clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(delayMs: number): void {
    if (!this.#open || this.#sending) return;
    this.#clear();
    this.#timer = this.#options.clock.setTimeout(() => {
      this.#timer = undefined;
      void this.#flush();
    }, delayMs);
  }

  async #flush(): Promise<void> {
    const batch = [...this.#waiting].slice(0, this.#options.batchMax);
    this.#sending = true;
    try {
      await this.#options.send(batch);
      this.#attempts = 0;
      this.#remove(batch);
      this.#options.confirmed(batch);
    } catch (error) {
      this.#fail(batch, error as TriviumError);
    }
    this.#sending = false;
    if (this.#waiting.size === 0) return;
    const { retryMinMs, retryMaxMs, random, delayMs, batchMax } = this.#options;
    if (this.#attempts > 0) this.#schedule(backoffMs(this.#attempts, retryMinMs, retryMaxMs, random));
    else this.#schedule(this.#waiting.size >= batchMax ? 0 : delayMs);
  }

  #remove(batch: string[]): void {
    for (const id of batch) this.#waiting.delete(id);
    this.#options.changed();
  }

  // A batch whose form the platform refuses would be refused for ever: it is given up, and what it acknowledged comes again.
  #fail(batch: string[], error: TriviumError): void {
    if (error.code === "invalid_argument") this.#remove(batch);
    this.#attempts = error.code === "invalid_argument" ? 0 : this.#attempts + 1;
    this.#options.failed(error);
  }
}
