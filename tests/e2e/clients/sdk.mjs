// sdk/web against the real gateway: nothing is lost, nothing is shown twice, all is acknowledged, over cuts and reloads.
import WebSocket from "ws";
import { Trivium, httpCaller } from "../../../sdk/web/dist/index.js";
import { makeCommands } from "./gen/commands.ts";
import { Cutter } from "./cutter.mjs";
import { check, equal, rejected, runAll, sleep, test, until } from "./harness.mjs";
import { delivery, gatewayPort, gatewayUrl, host, publish, push, token, uniqueId } from "./platform.mjs";

function start(undo, { uid = uniqueId("u"), url = gatewayUrl, ...options } = {}) {
  const client = new Trivium({ url, getToken: () => token(uid), websocket: WebSocket, reconnectMs: { min: 50, max: 300 }, device: { platform: "web", deviceId: "d-1" }, ...options });
  const errors = [];
  client.on("error", (error) => errors.push(error.message));
  undo(() => client.disconnect());
  return { client, uid, errors };
}

const memoryStorage = () => {
  let state;
  return { load: () => state, save: (next) => void (state = structuredClone(next)) };
};

async function memberOf(uid) {
  const room = uniqueId("room");
  await push("AddRoomMembers", { requestId: uniqueId("request"), roomId: room, userIds: [uid] });
  return room;
}

for (const protocol of ["json", "protobuf"]) {
  test(`sdk ${protocol}: over many cuts every RELIABLE message is shown once and acknowledged, ORDERED ones in order`, async (undo) => {
    const cutter = await Cutter.start(host, gatewayPort);
    undo(() => cutter.stop());
    const { client, uid } = start(undo, { url: `http://127.0.0.1:${cutter.port}`, protocol });
    const room = await memberOf(uid);
    const shown = [];
    client.join(room).on("message", async (message) => {
      shown.push(message);
      await sleep(Math.random() * 30);
    });
    await client.connect();
    const sent = [];
    let cuts = 0;
    const cutting = (async () => {
      while (sent.length < 120) {
        await sleep(300 + Math.random() * 300);
        cutter.cut();
        cuts += 1;
        await sleep(Math.random() * 300);
        cutter.mend();
      }
    })();
    for (let n = 0; n < 120; ++n) {
      const kind = n % 2 === 0 ? "RELIABLE" : "ORDERED";
      sent.push({ n, kind, id: (await publish({ roomId: room }, kind, { n })).messageId });
      await sleep(20);
    }
    await cutting;
    await until(() => `${sent.length} messages, ${shown.length} shown`, () => shown.length >= sent.length, 30_000);
    await sleep(500);
    const of = (kind) => shown.filter((message) => message.class === kind).map(({ data }) => data.n);
    equal(of("ORDERED"), sent.filter(({ kind }) => kind === "ORDERED").map(({ n }) => n), "ORDERED");
    equal(of("RELIABLE").sort((a, b) => a - b), sent.filter(({ kind }) => kind === "RELIABLE").map(({ n }) => n), "RELIABLE, each once");
    for (const { id, kind } of sent.filter((each) => each.kind === "RELIABLE")) {
      await until(() => `${kind} ${id} acked`, async () => (await delivery(id)).acked === 1, 30_000);
    }
    check(cuts >= 5, `${cuts} cuts, want >= 5`);
  }, { timeoutMs: 120_000 });

  test(`sdk ${protocol}: a message that nobody handled is shown after a reload; one that was handled is not`, async (undo) => {
    const uid = uniqueId("u");
    const storage = memoryStorage();
    const room = await memberOf(uid);
    const first = start(undo, { uid, storage, protocol, ackDelayMs: 600_000 }); // It never comes to acknowledge.
    const shown = [];
    let failing = true;
    first.client.join(room).on("message", ({ data }) => {
      if (data.n === 2 && failing) throw new Error("the page has a defect");
      shown.push(data.n);
    });
    await first.client.connect();
    const messages = [];
    for (const n of [1, 2, 3]) messages.push(await publish({ roomId: room }, "RELIABLE", { n }));
    await until("two are shown", () => shown.length === 2);
    await sleep(100);
    first.client.disconnect();
    failing = false;

    const second = start(undo, { uid, storage, protocol });
    const again = [];
    second.client.join(room).on("message", ({ data, repeat }) => again.push([data.n, repeat]));
    await second.client.connect();
    await until("the one that was left", () => again.length >= 1, 20_000);
    for (const { messageId } of messages) await until("acked", async () => (await delivery(messageId)).acked === 1, 20_000);
    await sleep(300);
    equal([shown, again], [[1, 3], [[2, true]]], "shown before and after");
  }, { timeoutMs: 90_000 });

  test(`sdk ${protocol}: a repeat within one connection, because the handler is slow, is not shown twice`, async (undo) => {
    const { client, uid } = start(undo, { protocol });
    const room = await memberOf(uid);
    let calls = 0;
    client.join(room).on("message", async () => {
      calls += 1;
      await sleep(13_000); // Longer than the product's ack_timeout of 5 s: the platform repeats.
    });
    await client.connect();
    const { messageId } = await publish({ roomId: room }, "RELIABLE", { n: 1 });
    await until("acked", async () => (await delivery(messageId)).acked === 1, 30_000);
    equal(calls, 1, "calls of the handler");
  }, { timeoutMs: 60_000 });

  test(`sdk ${protocol}: typed commands over the socket and over HTTP; errors have code and reason`, async (undo) => {
    const { client, uid } = start(undo, { protocol });
    await client.connect();
    for (const caller of [client, httpCaller({ url: gatewayUrl, getToken: () => token(uid), protocol })]) {
      const error = await rejected(makeCommands(caller).e2e.payment.get({ paymentId: "pay_00000000000000000000000000" }), "payment");
      equal([error.name, error.code, error.reason], ["TriviumError", "not_found", "PAYMENT_NOT_FOUND"], "no such payment");
    }
  });

  test(`sdk ${protocol}: the socket tells as HTTP does why a command cannot be done now, and when to ask again`, async (undo) => {
    const { client, uid } = start(undo, { protocol });
    await client.connect();
    for (const [way, caller] of Object.entries({ socket: client, http: httpCaller({ url: gatewayUrl, getToken: () => token(uid), protocol }) })) {
      const { payment, refund } = makeCommands(caller).e2e;
      const off = await rejected(refund.off({ refundId: "ref_00000000000000000000000000" }), `${way}: a disabled command`);
      equal([off.code, off.reason, off.retryAfterMs, off.temporary], ["unavailable", "COMMAND_DISABLED", 90_000, true], `${way}: a disabled command`);
      equal(off.message, "command e2e.refund.off: 测试：已关闭", `${way}: its words`);
      let limited = {};
      for (let n = 0; n < 200 && limited.reason !== "RATE_LIMITED"; ++n) limited = await rejected(payment.get({ paymentId: "pay_00000000000000000000000000" }), `${way}: a payment`);
      equal([limited.code, limited.reason, limited.temporary], ["resource_exhausted", "RATE_LIMITED", true], `${way}: a limit`);
      check(limited.retryAfterMs > 0 && limited.retryAfterMs <= 1000, `${way}: ${limited.retryAfterMs} ms at 5 a second, want 1 to 1000`);
    }
  });

  test(`sdk ${protocol}: presence of a room, now and when it changes`, async (undo) => {
    const one = start(undo, { protocol, presenceMs: 300 });
    const other = start(undo, { protocol });
    const id = uniqueId("room");
    const room = one.client.join(id);
    let seen = [];
    room.on("presence", (people) => (seen = people.map(({ uid }) => uid)));
    await one.client.connect();
    await until("joined", () => room.state === "joined");
    const theirs = other.client.join(id);
    await other.client.connect();
    await until("the other", () => theirs.state === "joined");
    const both = [one.uid, other.uid].sort();
    await until(() => `the other comes: ${seen}`, () => seen.join() === both.join());
    const people = await room.presence();
    equal(people.map(({ uid, platform }) => `${uid} ${platform}`), both.map((uid) => `${uid} web`), "presence");
    equal(await room.presenceCounts(), { connections: 2, users: 2 }, "counts");
    theirs.leave();
    await until(() => `the other goes: ${seen}`, () => seen.join() === one.uid, 20_000);
  }, { timeoutMs: 60_000 });
}

test("sdk: the platform ends a user's connection for good, and the client stays away", async (undo) => {
  const { client, uid } = start(undo);
  const told = [];
  client.on("disconnected", (why) => told.push(why));
  await client.connect();
  await push("DisconnectUser", { userId: uid });
  await until("disconnected", () => told.length > 0);
  await sleep(1500);
  equal([told.map(({ code, reconnects }) => [code, reconnects]), client.state], [[[3503, false]], "disconnected"], "what the client was told");
});

await runAll();
