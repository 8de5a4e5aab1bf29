import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { makeCommands } from "./gen/commands.js";
import { Trivium, UnauthorizedError, type TriviumEvents, type TriviumOptions } from "../src/index.js";
import { socketUrl } from "../src/trivium.js";
import { FakeGateway } from "./fake_gateway.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function fixture(options: Partial<TriviumOptions> = {}) {
  const gateway = new FakeGateway();
  const client = new Trivium({ url: "http://gateway.test", getToken: () => "token-1", websocket: gateway.websocket, ...options });
  const told: TriviumEvents["disconnected"][] = [];
  const errors: string[] = [];
  client.on("disconnected", (why) => told.push(why));
  client.on("error", (error) => errors.push(error.message));
  return { gateway, client, told, errors };
}

const advance = (ms: number) => vi.advanceTimersByTimeAsync(ms);

test.each([
  ["https://gateway.test", "wss://gateway.test/connection/websocket"],
  ["http://127.0.0.1:21092/", "ws://127.0.0.1:21092/connection/websocket"],
  ["wss://gateway.test/edge/connection/websocket", "wss://gateway.test/edge/connection/websocket"],
])("the socket's address: %s", (url, want) => expect(socketUrl(url)).toBe(want));

test("connects with the token and the device's facts", async () => {
  const { gateway, client } = fixture({ device: { platform: "pc", appVersion: "1.2", deviceId: "d-1" } });
  expect(client.state).toBe("disconnected");
  await client.connect();
  expect(client.state).toBe("connected");
  expect(gateway.commands[0]?.connect).toMatchObject({ token: "token-1", data: { platform: "pc", app_version: "1.2", device_id: "d-1" } });
});

test("messages of the user's channel, the product's and a room's reach their handlers with class, id and repeat", async () => {
  const { gateway, client } = fixture();
  const all: unknown[] = [];
  const inRoom: unknown[] = [];
  client.on("message", ({ id, class: name, repeat, channel, data }) => all.push([id, name, repeat, channel, data]));
  client.join("r1").on("message", ({ id, offset }) => inRoom.push([id, offset]));
  await client.connect();
  await advance(0);
  gateway.publish("room:r1", "msg_1", "ORDERED", { text: "你好" }, { offset: 1 });
  gateway.publish("user:u1", "msg_2", "RELIABLE", [1], { repeat: true });
  gateway.publish("product", "msg_3", "LOSSY", "like");
  await advance(0);
  expect(all).toEqual([
    ["msg_1", "ORDERED", false, "room:r1", { text: "你好" }],
    ["msg_2", "RELIABLE", true, "user:u1", [1]],
    ["msg_3", "LOSSY", false, "product", "like"],
  ]);
  expect(inRoom).toEqual([["msg_1", 1]]);
  expect(gateway.commands[1]?.subscribe).toMatchObject({ channel: "room:r1", recoverable: true, positioned: true });
});

test("RELIABLE: acknowledged by itself in one call, repeated after a cut, shown once", async () => {
  const { gateway, client } = fixture();
  const shown: string[] = [];
  client.join("r1").on("message", ({ id }) => shown.push(id));
  await client.connect();
  await advance(0);
  gateway.rpc = () => undefined; // The answer is lost with the connection.
  gateway.publish("room:r1", "msg_1", "RELIABLE", 1, { offset: 1 });
  gateway.publish("room:r1", "msg_2", "RELIABLE", 2, { offset: 2 });
  await advance(50);
  expect(gateway.acks).toEqual([["msg_1", "msg_2"]]);
  gateway.close(1006, "");
  gateway.rpc = () => ({ data: { acked: 2 } });
  await advance(2_000);
  expect(gateway.connections).toBe(2);
  expect(gateway.acks.slice(1)).toEqual([["msg_1", "msg_2"]]);
  gateway.publish("room:r1", "msg_1", "RELIABLE", 1, { repeat: true });
  await advance(50);
  expect(shown).toEqual(["msg_1", "msg_2"]);
  expect(gateway.acks.slice(2)).toEqual([["msg_1"]]);
});

test("a handler that throws harms neither the connection nor the others, and leaves the message unacknowledged", async () => {
  const { gateway, client, errors } = fixture();
  const shown: string[] = [];
  const room = client.join("r1");
  const off = room.on("message", () => {
    throw new Error("no such element");
  });
  room.on("message", ({ id }) => shown.push(id));
  await client.connect();
  await advance(0);
  gateway.publish("room:r1", "msg_1", "RELIABLE", 1, { offset: 1 });
  await advance(1000);
  expect([client.state, shown, gateway.acks]).toEqual(["connected", ["msg_1"], []]);
  expect(errors).toEqual(["msg_1: not acknowledged, since a handler failed: no such element"]);
  off();
  gateway.publish("room:r1", "msg_1", "RELIABLE", 1, { repeat: true });
  await advance(50);
  expect(gateway.acks).toEqual([["msg_1"]]);
});

test.each([
  [3001, "shutdown"],
  [3008, "slow"],
  [3012, "no pong"],
  [1006, ""],
  [4000, "of the application"],
])("close code %i: comes back by itself, joins its rooms again from where it was", async (code, reason) => {
  const { gateway, client, told } = fixture();
  const room = client.join("r1");
  const joined: unknown[] = [];
  room.on("joined", (each) => joined.push(each));
  await client.connect();
  await advance(0);
  gateway.publish("room:r1", "msg_1", "ORDERED", 1, { offset: 7 });
  await advance(0);
  gateway.subscribe = () => ({ subscribe: { recoverable: true, positioned: true, epoch: "e", offset: 7, recovered: true, was_recovering: true } });
  gateway.close(code, reason);
  expect(told[0]).toMatchObject({ reconnects: true });
  expect([client.state, room.state]).toEqual(["connecting", "joining"]);
  await advance(2_000);
  expect([client.state, room.state]).toEqual(["connected", "joined"]);
  expect(gateway.commands.filter(({ subscribe }) => subscribe).map(({ subscribe }) => [subscribe?.recover ?? false, subscribe?.offset ?? 0])).toEqual([
    [false, 0],
    [true, 7],
  ]);
  expect(joined).toEqual([
    { recovered: false, rejoined: false },
    { recovered: true, rejoined: true },
  ]);
});

test.each([
  [3500, "invalid token"],
  [3503, "force disconnect"],
  [3504, "connection limit"],
  [4500, "of the application"],
])("close code %i: stays away, and says so", async (code, reason) => {
  const { gateway, client, told } = fixture();
  await client.connect();
  gateway.close(code, reason);
  await advance(120_000);
  expect(told).toEqual([{ code, reason, reconnects: false }]);
  expect([client.state, gateway.connections]).toEqual(["disconnected", 1]);
  await client.connect();
  expect([client.state, gateway.connections]).toEqual(["connected", 2]);
});

test("a token that is over is fetched anew", async () => {
  const tokens = ["old", "new"];
  const { gateway, client } = fixture({ getToken: async () => tokens.shift() ?? "none" });
  const answer = gateway.connect;
  gateway.connect = (token) => (token === "old" ? { error: { code: 109, message: "token expired" } } : answer(token));
  const connected = client.connect();
  await advance(2_000);
  await connected;
  expect(gateway.tokens).toEqual(["old", "new"]);
});

test("getToken: an error is tried again, UnauthorizedError is not", async () => {
  let calls = 0;
  const { client, errors } = fixture({
    getToken: () => {
      calls += 1;
      if (calls === 1) throw new Error("backend is away");
      throw new UnauthorizedError("signed out");
    },
  });
  const connected = client.connect();
  connected.catch(() => {});
  await advance(1_000);
  await expect(connected).rejects.toMatchObject({ code: "unavailable" });
  await advance(120_000);
  expect([calls, client.state]).toEqual([2, "disconnected"]);
  expect(errors[0]).toContain("backend is away");
});

test("rooms: join() twice is one room; leave() leaves; a refusal is told and is final", async () => {
  const { gateway, client } = fixture();
  const room = client.join("r1");
  expect(client.join("r1")).toBe(room);
  await client.connect();
  await advance(0);
  room.leave();
  await advance(0);
  expect(room.state).toBe("left");
  expect(gateway.commands.at(-1)?.unsubscribe).toEqual({ channel: "room:r1" });
  client.join("r1");
  await advance(0);
  expect(room.state).toBe("joined");

  gateway.subscribe = () => ({ error: { code: 103, message: "permission denied" } });
  const closed = client.join("r2");
  const left: unknown[] = [];
  closed.on("left", (each) => left.push(each));
  await advance(0);
  expect([closed.state, left]).toEqual(["left", [{ code: 103, reason: "permission denied" }]]);
});

test("rooms: presence now, and when it changes, as long as somebody listens", async () => {
  const { gateway, client } = fixture({ presenceMs: 1000 });
  const room = client.join("r1");
  const told: string[][] = [];
  await client.connect();
  await advance(0);
  expect(await room.presence()).toEqual([{ client: "c1", uid: "u1", platform: "web" }]);
  const off = room.on("presence", (people) => told.push(people.map(({ uid }) => uid)));
  await advance(2500);
  expect(told).toEqual([["u1"]]);
  gateway.people = { c3: { user: "u3", client: "c3" }, ...gateway.people };
  await advance(1000);
  expect(told).toEqual([["u1"], ["u1", "u3"]]);
  off();
  const asked = () => gateway.commands.filter(({ presence }) => presence).length;
  await advance(1000);
  const before = asked();
  await advance(60_000);
  expect(asked()).toBe(before);
});

test("in the Protobuf form, rpc takes bytes alone", async () => {
  await expect(fixture({ protocol: "protobuf" }).client.rpc("x.y", {})).rejects.toMatchObject({ code: "invalid_argument" });
});

test("typed commands: the request in JSON by the protos, the answer as a message, a refusal as a TriviumError", async () => {
  const { gateway, client } = fixture();
  const commands = makeCommands(client);
  await client.connect();
  gateway.rpc = (method, data) => {
    expect([method, data]).toEqual(["payment.get", { paymentId: "pay_1" }]);
    return { data: { paymentId: "pay_1", amount: { units: "12" }, addedInALaterRelease: true } };
  };
  expect((await commands.payment.get({ paymentId: "pay_1" })).paymentId).toBe("pay_1");
  gateway.rpc = () => ({ error: { code: 405, message: "PAYMENT_NOT_FOUND: pay_1: none" } });
  await expect(commands.payment.get({ paymentId: "pay_1" })).rejects.toMatchObject({ name: "TriviumError", code: "not_found", reason: "PAYMENT_NOT_FOUND" });
});

test("a call without connect() says what is missing", async () => {
  await expect(fixture().client.rpc("x.y", {})).rejects.toThrow("x.y: not connected: connect() first");
});
