import { expect, test } from "vitest";
import type { TriviumError } from "../src/error.js";
import type { Message, MessageClass } from "../src/message.js";
import { Receiver, type ReceiverOptions } from "../src/receiver.js";
import { webStorage, type Handled } from "../src/storage.js";
import { ManualClock, settle } from "./manual_clock.js";

const message = (id: string, messageClass: MessageClass = "RELIABLE", repeat = false): Message => ({ id, class: messageClass, repeat, channel: "room:r1", offset: 0, data: id });

function fixture(options: Partial<ReceiverOptions> = {}) {
  const clock = new ManualClock();
  const shown: string[] = [];
  const acked: string[] = [];
  const errors: TriviumError[] = [];
  const receiver = new Receiver({
    send: async (ids) => void acked.push(...ids),
    delayMs: 50,
    batchMax: 300,
    waitingMax: 1000,
    retryMinMs: 1000,
    retryMaxMs: 1000,
    handledMax: 100,
    inProgressMax: 2,
    storage: undefined,
    clock,
    random: () => 1,
    confirmed: () => {},
    failed: (error) => errors.push(error),
    ...options,
  });
  receiver.acks.resume();
  const show = (each: Message) => receiver.accept(each, () => [Promise.resolve(shown.push(each.id))]);
  return { clock, shown, acked, errors, receiver, show };
}

test("a RELIABLE message is shown once and acknowledged; each repeat is acknowledged again and not shown", async () => {
  const { clock, shown, acked, show } = fixture();
  show(message("a"));
  await clock.advance(50);
  expect([shown, acked]).toEqual([["a"], ["a"]]);
  show(message("a", "RELIABLE", true));
  await clock.advance(50);
  expect([shown, acked]).toEqual([["a"], ["a", "a"]]);
});

test("LOSSY and ORDERED messages are shown as they come, and not acknowledged", async () => {
  const { clock, shown, acked, show } = fixture();
  for (const each of [message("a", "LOSSY"), message("b", "ORDERED"), message("b", "ORDERED")]) show(each);
  await clock.advance(1000);
  expect([shown, acked]).toEqual([["a", "b", "b"], []]);
});

test("the acknowledgement waits for the handler's promise; a repeat meanwhile is not shown", async () => {
  const { clock, acked, receiver } = fixture();
  let finish = () => {};
  let calls = 0;
  const deliver = () => [new Promise<void>((resolve) => (calls++, (finish = resolve)))];
  receiver.accept(message("a"), deliver);
  receiver.accept(message("a", "RELIABLE", true), deliver);
  await clock.advance(60_000);
  expect([calls, acked]).toEqual([1, []]);
  finish();
  await clock.advance(50);
  expect([calls, acked]).toEqual([1, ["a"]]);
});

test("a message whose handler failed, or that nobody takes, is not acknowledged and is shown when it comes again", async () => {
  const { clock, shown, acked, errors, receiver, show } = fixture();
  receiver.accept(message("a"), () => [Promise.resolve(), Promise.reject(new Error("no room on the page"))]);
  receiver.accept(message("b"), () => []);
  await clock.advance(1000);
  expect(acked).toEqual([]);
  expect(errors.map((each) => each.message)).toEqual(["a: not acknowledged, since a handler failed: no room on the page"]);
  show(message("a", "RELIABLE", true));
  show(message("b", "RELIABLE", true));
  await clock.advance(50);
  expect([shown, acked]).toEqual([["a", "b"], ["a", "b"]]);
});

test("above inProgressMax a message is left for its repeat", async () => {
  const { shown, errors, receiver, show } = fixture();
  for (const id of ["a", "b"]) receiver.accept(message(id), () => [new Promise(() => {})]);
  show(message("c"));
  await settle();
  expect(shown).toEqual([]);
  expect(errors[0]?.message).toContain("c: left for its repeat");
});

test("after a reload nothing is shown twice, and what was not confirmed is acknowledged", async () => {
  let stored: Handled | undefined;
  const storage = { load: () => stored, save: (state: Handled) => void (stored = state) };
  const before = fixture({ storage });
  before.receiver.acks.pause();
  before.show(message("a"));
  before.show(message("b"));
  await settle();
  expect(stored).toEqual({ handled: ["a", "b"], unacked: ["a", "b"] });

  const after = fixture({ storage });
  await after.receiver.load();
  after.show(message("a", "RELIABLE", true));
  await after.clock.advance(50);
  expect([after.shown, after.acked]).toEqual([[], ["a", "b"]]);
  expect(stored).toEqual({ handled: ["b", "a"], unacked: [] });
});

test("storage that fails is told, and harms nothing else", async () => {
  const storage = {
    load: () => Promise.reject(new Error("denied")),
    save: () => {
      throw new Error("full");
    },
  };
  const { clock, shown, acked, errors, receiver, show } = fixture({ storage });
  await receiver.load();
  show(message("a"));
  await clock.advance(50);
  expect([shown, acked]).toEqual([["a"], ["a"]]);
  expect(errors.map((each) => each.message)).toContain("storage: not readable: denied");
  expect(errors.map((each) => each.message)).toContain("storage: not writable: full");
});

test("web storage keeps what it was given, and takes damaged text for nothing", () => {
  const items = new Map<string, string>();
  const storage = webStorage("trivium.acme.u1", { getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value) });
  expect(storage.load()).toBeUndefined();
  void storage.save({ handled: ["a"], unacked: [] });
  expect(storage.load()).toEqual({ handled: ["a"], unacked: [] });
  for (const damaged of ["{", "[]", '{"handled":"a","unacked":[]}', '{"handled":[1],"unacked":[]}', "null"]) {
    items.set("trivium.acme.u1", damaged);
    expect(storage.load()).toBeUndefined();
  }
});
