// The npm package centrifuge, unmodified, in both of its forms.
import { Centrifuge as Json } from "centrifuge";
import { Centrifuge as Protobuf } from "centrifuge/build/protobuf";
import WebSocket from "ws";
import { Cutter } from "./cutter.mjs";
import { check, equal, rejected, runAll, sleep, test, until } from "./harness.mjs";
import { delivery, gatewayPort, host, metric, otherProduct, product, publish, push, socketUrl, strangersKey, token, uniqueId } from "./platform.mjs";

const text = new TextDecoder();
const forms = [
  { form: "json", Centrifuge: Json, encode: (value) => value, decode: (value) => value },
  { form: "protobuf", Centrifuge: Protobuf, encode: (value) => Buffer.from(JSON.stringify(value)), decode: (value) => JSON.parse(text.decode(value)) },
];

/** A client of its own user that keeps what it is told. */
function start(undo, { Centrifuge, encode, decode }, { uid = uniqueId("u"), getToken = () => token(uid), url = socketUrl, ...options } = {}) {
  const told = { connected: 0, disconnected: [], connecting: [], publications: [], subscribed: [], errors: [], tokens: 0 };
  const client = new Centrifuge(url, {
    websocket: WebSocket,
    data: encode({ platform: "pc", app_version: "e2e", device_id: "d-1" }),
    getToken: async () => {
      told.tokens += 1;
      return getToken(told.tokens);
    },
    minReconnectDelay: 100,
    maxReconnectDelay: 500,
    ...options,
  });
  const keep = ({ channel, data, offset, tags }) => told.publications.push({ channel, data: decode(data), offset: offset ?? 0, id: tags?.id, class: tags?.class, repeat: tags?.repeat === "1" });
  client.on("connected", () => (told.connected += 1));
  client.on("disconnected", (why) => told.disconnected.push(why));
  client.on("connecting", (why) => told.connecting.push(why));
  client.on("subscribed", (each) => told.subscribed.push(each));
  client.on("error", ({ error }) => told.errors.push(error));
  client.on("publication", keep);
  undo(() => client.disconnect());
  client.connect();
  return { client, told, uid, keep };
}

/** Joins a room; what comes goes where the other publications go. */
async function join({ client, keep }, room, options = { recoverable: true, positioned: true }) {
  const subscription = client.newSubscription(`room:${room}`, options);
  const seen = { subscribed: [], unsubscribed: [], errors: [] };
  for (const event of Object.keys(seen)) subscription.on(event === "errors" ? "error" : event, (each) => seen[event].push(each));
  subscription.on("publication", keep);
  subscription.subscribe();
  await subscription.ready(10_000);
  return { subscription, seen };
}

const reason = async (promise) => {
  const error = await rejected(promise, "call");
  return { code: error.code, message: error.message };
};

for (const each of forms) {
  const { form, encode, decode } = each;
  const name = (what) => `centrifuge ${form}: ${what}`;

  test(name("connects with a token, and is subscribed to the user's channel and the product's"), async (undo) => {
    const { client, told, uid } = start(undo, each);
    await client.ready(10_000);
    await until(() => `subscribed to ${told.subscribed.map(({ channel }) => channel)}`, () => told.subscribed.length === 2);
    equal(told.subscribed.map(({ channel }) => channel).sort(), ["product", `user:${uid}`], "channels");
    const { messageId } = await publish({ userId: uid }, "RELIABLE", { n: 1 });
    await publish({ product: true }, "ORDERED", { n: 2, of: uid });
    // What is pending when a client connects comes as a repeat, too: the first message may have come in between.
    const live = (wanted) => told.publications.find(({ data, repeat }) => !repeat && wanted(data));
    await until("both publications", () => live(({ n }) => n === 1) && live(({ of }) => of === uid));
    const own = live(({ n }) => n === 1);
    equal([own.channel, own.id, own.class, own.repeat], [`user:${uid}`, messageId, "RELIABLE", false], "publication");
    check(own.offset >= 1, `offset ${own.offset}, want >= 1`);
  });

  test(name("joins a room: all classes come, in order; presence and history show them"), async (undo) => {
    const one = start(undo, each);
    const other = start(undo, each);
    await Promise.all([one.client.ready(10_000), other.client.ready(10_000)]);
    const room = uniqueId("room");
    const { subscription } = await join(one, room);
    await join(other, room);
    for (let n = 1; n <= 20; ++n) await publish({ roomId: room }, n % 5 === 0 ? "RELIABLE" : "ORDERED", { n });
    await publish({ roomId: room }, "LOSSY", { n: 21 });
    // What is pending when a client joins comes as a repeat, too: a first message may have come in between.
    const inRoom = () => one.told.publications.filter(({ channel, repeat }) => channel === `room:${room}` && !repeat);
    await until(() => `21 publications, now ${inRoom().length}`, () => inRoom().length === 21);
    // A RELIABLE message is durable when it is accepted, and may enter the channel a moment after an ORDERED one that came later: each class has its order.
    const numbersOf = (kind) => inRoom().filter((each) => each.class === kind).map(({ data }) => data.n);
    equal(numbersOf("RELIABLE"), [5, 10, 15, 20], "order of RELIABLE");
    equal(numbersOf("ORDERED"), [...Array(20).keys()].map((n) => n + 1).filter((n) => n % 5 !== 0), "order of ORDERED");
    const placed = inRoom().filter(({ offset }) => offset > 0);
    const offsets = placed.map(({ offset }) => offset);
    equal(offsets, offsets.map((_, index) => offsets[0] + index), "offsets without gap");
    equal(inRoom().filter(({ class: kind }) => kind === "LOSSY").map(({ offset }) => offset), [0], "LOSSY has no place");

    const { clients } = await subscription.presence();
    equal(Object.values(clients).map(({ user }) => user).sort(), [one.uid, other.uid].sort(), "presence");
    const info = Object.values(clients).find(({ user }) => user === one.uid);
    equal([info.client.length > 0, info.connInfo === undefined ? "" : decode(info.connInfo).platform], [true, "pc"], "device in presence");
    const stats = await subscription.presenceStats();
    equal([stats.numClients, stats.numUsers], [2, 2], "presence stats");
    const history = await subscription.history({ limit: 100 });
    equal(history.publications.map(({ data }) => decode(data).n), placed.map(({ data }) => data.n), "history, in the order in which it came");
    other.client.disconnect();
    await until("the other's leaving", async () => (await subscription.presenceStats()).numClients === 1);
  }, { timeoutMs: 60_000 });

  test(name("loses its connection, and recovers all that was published meanwhile, each once"), async (undo) => {
    const cutter = await Cutter.start(host, gatewayPort);
    undo(() => cutter.stop());
    const one = start(undo, each, { url: `ws://127.0.0.1:${cutter.port}/connection/websocket` });
    await one.client.ready(10_000);
    const room = uniqueId("room");
    const { seen } = await join(one, room);
    const target = { roomId: room };
    for (let round = 0; round < 3; ++round) {
      await publish(target, "ORDERED", { n: round * 10 });
      cutter.cut();
      await until("the loss", () => one.told.connecting.some(({ code }) => code !== 0));
      for (let n = 1; n < 10; ++n) await publish(target, n === 5 ? "RELIABLE" : "ORDERED", { n: round * 10 + n });
      await publish({ userId: one.uid }, "ORDERED", { user: round });
      cutter.mend();
      await until("connected again", () => one.told.connected === round + 2, 20_000);
      await until("the room again", () => seen.subscribed.length === round + 2);
      equal([seen.subscribed[round + 1].wasRecovering, seen.subscribed[round + 1].recovered], [true, true], "recovered");
    }
    const numbers = () => one.told.publications.filter(({ channel, repeat }) => channel === `room:${room}` && !repeat).map(({ data }) => data.n);
    await until(() => `30 publications: ${numbers()}`, () => numbers().length >= 30);
    await sleep(200);
    equal([...numbers()].sort((a, b) => a - b), [...Array(30).keys()], "publications, each once");
    equal(numbers().filter((n) => n % 10 !== 5), [...Array(30).keys()].filter((n) => n % 10 !== 5), "order of ORDERED");
    equal(one.told.publications.filter(({ data, repeat }) => data.user !== undefined && !repeat).map(({ data }) => data.user), [0, 1, 2], "the user's own channel");
  }, { timeoutMs: 90_000 });

  test(name("acknowledges by message id and by place; what is not acknowledged comes again to a new client"), async (undo) => {
    const uid = uniqueId("u");
    const first = start(undo, each, { uid });
    await first.client.ready(10_000);
    const room = uniqueId("room");
    await push("AddRoomMembers", { requestId: uniqueId("request"), roomId: room, userIds: [uid] });
    const { seen } = await join(first, room);
    const messages = [];
    for (let n = 1; n <= 4; ++n) messages.push(await publish({ roomId: room }, "RELIABLE", { n }));
    const inRoom = ({ told }) => told.publications.filter(({ channel }) => channel === `room:${room}`);
    await until("4 messages", () => inRoom(first).length >= 4);
    const offset = inRoom(first).find(({ data }) => data.n === 2).offset;
    const byPlace = decode((await first.client.rpc("push.ack", encode({ channel: `room:${room}`, epoch: seen.subscribed[0].streamPosition.epoch, offset }))).data);
    equal(byPlace.acked, 2, "acked by place");
    const byId = decode((await first.client.rpc("push.ack", encode({ message_ids: [messages[2].messageId] }))).data);
    equal(byId.acked, 1, "acked by id");
    for (const [index, acked] of [[0, 1], [1, 1], [2, 1], [3, 0]]) {
      await until(() => `message ${index + 1} acked ${acked}`, async () => (await delivery(messages[index].messageId)).acked === acked);
      const counts = await delivery(messages[index].messageId);
      equal([counts.accepted, counts.acked + counts.pending], [1, 1], `ledger of message ${index + 1}`);
    }
    first.client.disconnect();

    const second = start(undo, each, { uid });
    await second.client.ready(10_000);
    await join(second, room);
    await until("the message that was not acknowledged", () => inRoom(second).length >= 1);
    await sleep(500);
    equal([...new Set(inRoom(second).map(({ id, repeat, data }) => `${id} ${repeat} ${data.n}`))], [`${messages[3].messageId} true 4`], "repeats");
    equal(decode((await second.client.rpc("push.ack", encode({ message_ids: [messages[3].messageId] }))).data).acked, 1, "acked");
    await until("nothing pending", async () => (await delivery(messages[3].messageId)).pending === 0);
  }, { timeoutMs: 60_000 });

  test(name("calls that are refused say why: an unknown command, a backend's command"), async (undo) => {
    const { client } = start(undo, each);
    await client.ready(10_000);
    equal((await reason(client.rpc("no.such.command", encode({})))).code, 104, "unknown command");
    equal((await reason(client.rpc("payment.refund.create", encode({})))).code, 103, "a backend's command");
    equal((await reason(client.rpc("push.ack", encode({ message_ids: ["not-an-id"] })))).code, 403, "a wrong id is the caller's fault");
    equal((await reason(client.publish("room:r1", encode({})))).code, 108, "clients do not publish");
    equal((await reason(client.history("room:never-joined", { limit: 1 }))).code, 103, "history of a room without being in it");
  });

  test(name("a token of another key, or of nobody, is refused for good with 3500"), async (undo) => {
    const uid = uniqueId("u");
    const before = await metric("trivium_gateway_closes_total", { code: "3500" });
    const bad = {
      "a stranger's key": token(uid, { key: strangersKey() }),
      "another product's key": token(uid, { signer: otherProduct }),
      "an unknown key id": token(uid, { header: { kid: "dev-9" } }),
      "no signature": token(uid, { header: { alg: "none" } }).replace(/[^.]+$/, ""),
      "a backend's credential": token(uid, { claims: { aud: "trivium-backend" } }),
      "no token at all": "not.a.token",
    };
    for (const [what, value] of Object.entries(bad)) {
      const { client, told } = start(undo, each, { uid, getToken: () => value });
      await until(() => `${what}: disconnected ${JSON.stringify(told)}`, () => told.disconnected.length === 1);
      equal([told.disconnected[0].code, told.connected], [3500, 0], what);
      client.disconnect();
    }
    check((await metric("trivium_gateway_closes_total", { code: "3500" })) >= before + Object.keys(bad).length, "each is counted");
  });

  test(name("a token that is over: getToken is asked again, and the connection comes"), async (undo) => {
    const uid = uniqueId("u");
    const { client, told } = start(undo, each, { uid, getToken: (time) => token(uid, { lifetimeSeconds: time === 1 ? -120 : 600 }) });
    await client.ready(15_000);
    equal([told.tokens, told.connected, told.errors[0]?.code], [2, 1, 109], "tokens, connections, error");
  });

  test(name("a token that ends is renewed without losing the connection"), async (undo) => {
    const uid = uniqueId("u");
    const { client, told } = start(undo, each, { uid, getToken: (time) => token(uid, { lifetimeSeconds: time === 1 ? 3 : 600 }) });
    await client.ready(10_000);
    await until("a second token", () => told.tokens >= 2, 15_000);
    await sleep(2000);
    equal([told.connected, told.disconnected.length, told.connecting.filter(({ code }) => code !== 0).length], [1, 0, 0], "one connection");
    const { messageId } = await publish({ userId: uid }, "ORDERED", { after: "refresh" });
    await until("a message", () => told.publications.some(({ id }) => id === messageId));
  }, { timeoutMs: 40_000 });

  test(name("the room of the same name in another product gives nothing"), async (undo) => {
    const room = uniqueId("room");
    const uid = uniqueId("u");
    const stranger = start(undo, each, { uid, getToken: () => token(uid, { of: otherProduct }) });
    const own = start(undo, each, { uid });
    await Promise.all([stranger.client.ready(10_000), own.client.ready(10_000)]);
    await Promise.all([join(stranger, room), join(own, room)]);
    await publish({ roomId: room }, "ORDERED", { secret: 1 });
    await publish({ userId: uid }, "RELIABLE", { secret: 2 });
    await publish({ product: true }, "ORDERED", { secret: uid });
    await until("the product's own client", () => [1, 2, uid].every((secret) => own.told.publications.some(({ data }) => data.secret === secret)));
    await publish({ roomId: room }, "ORDERED", { theirs: 1 }, otherProduct);
    await until("the other product's own", () => stranger.told.publications.some(({ data }) => data.theirs === 1));
    equal(stranger.told.publications.filter(({ data }) => data.secret !== undefined), [], "what the stranger got");
    equal(own.told.publications.filter(({ data }) => data.theirs !== undefined), [], "what the product's own got");
    for (const channel of [`room:${product}/${room}`, `${product}:room:${room}`, "user:somebody-else", "product:x", "room:"]) {
      const subscription = stranger.client.newSubscription(channel);
      const refused = new Promise((resolve) => subscription.on("unsubscribed", resolve));
      subscription.subscribe();
      check([102, 103, 107].includes((await refused).code), `${channel}: want it refused`);
    }
  });
}

await runAll();
