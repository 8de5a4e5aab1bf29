/** What survives a reload of the page, so that no message is shown twice: a few kilobytes. */
export interface Handled {
  /** Ids of RELIABLE messages that were shown, oldest first. */
  handled: string[];
  /** Those of them whose acknowledgement the platform has not confirmed yet. */
  unacked: string[];
}

/** Where it is kept. One for each user and tab family: two open tabs with the same storage each show a message. */
export interface HandledStorage {
  load(): Handled | undefined | Promise<Handled | undefined>;
  save(state: Handled): void | Promise<void>;
}

const isIds = (value: unknown): value is string[] => Array.isArray(value) && value.every((each) => typeof each === "string");

/** In the browser's localStorage (or another Storage) under this key: name the product and the user in it. What it can't read counts as nothing. */
export function webStorage(key: string, storage: Pick<Storage, "getItem" | "setItem"> = globalThis.localStorage): HandledStorage {
  return {
    load() {
      try {
        const state = JSON.parse(storage.getItem(key) ?? "null") as Partial<Handled> | null;
        return isIds(state?.handled) && isIds(state.unacked) ? { handled: state.handled, unacked: state.unacked } : undefined;
      } catch {
        return undefined;
      }
    },
    save: (state) => storage.setItem(key, JSON.stringify(state)),
  };
}
