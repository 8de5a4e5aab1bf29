/** Handlers by event. The stock client ends its connection for good when a handler throws; here a handler harms nobody but itself. */
export class Events<Types extends object> {
  readonly #handlers = new Map<keyof Types, Set<(value: never) => unknown>>();

  /** Returns what takes the handler off again. */
  on<Name extends keyof Types>(event: Name, handler: (value: Types[Name]) => unknown): () => void {
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers.add(handler));
    return () => handlers.delete(handler);
  }

  has(event: keyof Types): boolean {
    return (this.#handlers.get(event)?.size ?? 0) > 0;
  }

  /** Calls every handler, in the order of registration. One promise for each: rejected when its handler threw, or returned a promise that was rejected. */
  emit<Name extends keyof Types>(event: Name, value: Types[Name]): Promise<unknown>[] {
    const results: Promise<unknown>[] = [];
    for (const handler of [...(this.#handlers.get(event) ?? [])]) {
      try {
        results.push(Promise.resolve((handler as (value: Types[Name]) => unknown)(value)));
      } catch (error) {
        results.push(Promise.reject(error));
      }
    }
    return results;
  }
}
