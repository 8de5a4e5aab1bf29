import { expect, test } from "vitest";
import { AckQueue, type AckQueueOptions } from "../src/ack_queue.js";
import { TriviumError } from "../src/error.js";
import { ManualClock } from "./manual_clock.js";

function fixture(options: Partial<AckQueueOptions> = {}) {
  const clock = new ManualClock();
  const sent: string[][] = [];
  const errors: TriviumError[] = [];
  const confirmed: string[] = [];
  const outcomes: (Error | undefined)[] = []; // Of the next calls; fulfilled when empty.
  const queue = new AckQueue({
    send: async (ids) => {
      sent.push(ids);
      const outcome = outcomes.shift();
      if (outcome) throw outcome;
    },
    delayMs: 50,
    batchMax: 3,
    waitingMax: 10,
    retryMinMs: 1000,
    retryMaxMs: 4000,
    clock,
    random: () => 1,
    changed: () => {},
    confirmed: (ids) => confirmed.push(...ids),
    failed: (error) => errors.push(error),
    ...options,
  });
  return { clock, sent, errors, confirmed, outcomes, queue };
}

test("ids that come together go together, once, after the delay", async () => {
  const { queue, clock, sent, confirmed } = fixture();
  queue.resume();
  for (const id of ["a", "b", "a"]) queue.add(id);
  await clock.advance(49);
  expect(sent).toEqual([]);
  await clock.advance(1);
  expect(sent).toEqual([["a", "b"]]);
  expect(confirmed).toEqual(["a", "b"]);
  expect(queue.waiting).toEqual([]);
  await clock.advance(10_000);
  expect(sent).toHaveLength(1);
});

test("a full batch does not wait, and what is above follows", async () => {
  const { queue, clock, sent } = fixture();
  queue.resume();
  for (const id of ["a", "b", "c", "d"]) queue.add(id);
  await clock.advance(0);
  expect(sent).toEqual([["a", "b", "c"]]);
  await clock.advance(50);
  expect(sent).toEqual([["a", "b", "c"], ["d"]]);
});

test("a failed batch comes again after 1, 2, 4 and then every 4 seconds, with what came meanwhile", async () => {
  const { queue, clock, sent, outcomes, errors } = fixture();
  outcomes.push(...Array<Error>(4).fill(new TriviumError("unavailable", "gone")));
  queue.resume();
  queue.add("a");
  await clock.advance(50);
  queue.add("b");
  await clock.advance(999);
  expect(sent).toEqual([["a"]]);
  await clock.advance(1);
  expect(sent[1]).toEqual(["a", "b"]);
  await clock.advance(1999);
  expect(sent).toHaveLength(2);
  await clock.advance(1);
  expect(sent).toHaveLength(3);
  await clock.advance(4000);
  expect(sent).toHaveLength(4);
  expect(queue.waiting).toEqual(["a", "b"]);
  await clock.advance(4000);
  expect(sent).toHaveLength(5);
  expect(queue.waiting).toEqual([]);
  expect(errors).toHaveLength(4);
});

test("after a success, and after a new connection, the waits begin anew", async () => {
  const { queue, clock, sent, outcomes } = fixture();
  const gone = new TriviumError("unavailable", "gone");
  outcomes.push(gone, gone, undefined, gone);
  queue.resume();
  queue.add("a");
  await clock.advance(50 + 1000 + 2000);
  queue.add("b");
  await clock.advance(50);
  expect(sent).toHaveLength(4);
  await clock.advance(1000);
  expect(sent).toHaveLength(5);
  outcomes.push(gone, gone, gone, gone);
  queue.add("c");
  await clock.advance(50 + 1000 + 2000);
  queue.pause();
  queue.resume();
  await clock.advance(0);
  const calls = sent.length;
  await clock.advance(1000);
  expect(sent).toHaveLength(calls + 1);
});

test("half of the wait is random", async () => {
  const { queue, clock, sent, outcomes } = fixture({ random: () => 0 });
  outcomes.push(new TriviumError("unavailable", "gone"));
  queue.resume();
  queue.add("a");
  await clock.advance(50 + 500);
  expect(sent).toHaveLength(2);
});

test("without a connection nothing is sent; a new one sends at once what was left, without the old wait", async () => {
  const { queue, clock, sent, outcomes } = fixture();
  queue.add("a");
  await clock.advance(60_000);
  expect(sent).toEqual([]);
  outcomes.push(new TriviumError("unavailable", "gone"));
  queue.resume();
  await clock.advance(0);
  expect(sent).toEqual([["a"]]);
  queue.pause();
  await clock.advance(60_000);
  expect(sent).toHaveLength(1);
  queue.resume();
  await clock.advance(0);
  expect(sent).toHaveLength(2);
  expect(queue.waiting).toEqual([]);
});

test("a call that is under way is not doubled", async () => {
  let finish = () => {};
  const calls: string[][] = [];
  const { queue, clock } = fixture({ send: (ids) => (calls.push(ids), new Promise<void>((resolve) => (finish = resolve))) });
  queue.resume();
  queue.add("a");
  await clock.advance(50);
  for (const id of ["b", "c", "d"]) queue.add(id);
  await clock.advance(1000);
  expect(calls).toEqual([["a"]]);
  finish();
  await clock.advance(0);
  expect(calls).toEqual([["a"], ["b", "c", "d"]]);
});

test("a batch whose form is refused is given up", async () => {
  const { queue, clock, sent, outcomes, errors, confirmed } = fixture();
  outcomes.push(new TriviumError("invalid_argument", "message_ids[0]: x"));
  queue.resume();
  queue.add("x");
  await clock.advance(60_000);
  expect(sent).toHaveLength(1);
  expect([queue.waiting, confirmed]).toEqual([[], []]);
  expect(errors[0]?.code).toBe("invalid_argument");
});

test("at most waitingMax ids wait: the oldest goes", () => {
  const { queue } = fixture({ waitingMax: 2 });
  for (const id of ["a", "b", "c"]) queue.add(id);
  expect(queue.waiting).toEqual(["b", "c"]);
});
