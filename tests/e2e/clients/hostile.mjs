// Hostile clients: each gets the protocol's own refusal, is counted, leaves nothing behind, and harms nobody: a neighbour beside them gets all its messages.
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { check, equal, runAll, sleep, test, until } from "./harness.mjs";
import { Neighbour } from "./neighbour.mjs";
import { backendToken, gatewayUse, metric, otherProduct, post, strangersKey, strictOrigin, strictProduct, token, uniqueId } from "./platform.mjs";
import { CONTINUATION, frame, PING, RawSocket, text, TEXT, upgradeHead } from "./raw_socket.mjs";

const connectCommand = (value) => text(JSON.stringify({ id: 1, connect: { token: value } }));
const closes = (code) => metric("trivium_gateway_closes_total", { code: String(code) });

/** A raw connection that is connected as a user. */
async function connected(undo, uid = uniqueId("u")) {
  const raw = await RawSocket.upgraded();
  undo(() => raw.end());
  raw.write(connectCommand(token(uid)));
  await raw.wait(() => raw.received.includes('"connect"'));
  return raw;
}

/** A test with a neighbour: its messages all come, and the gateway lives on. */
function hostile(name, body, options) {
  test(`hostile: ${name}`, async (undo) => {
    const neighbour = await Neighbour.start();
    undo(() => neighbour.client.disconnect());
    const { pid } = gatewayUse();
    await body(undo);
    const { messages, p50, max } = await neighbour.finish();
    console.log(`# neighbour: ${messages} messages, ${p50} ms at the median, ${max} ms at most`);
    equal(gatewayUse().pid, pid, "the gateway's process");
  }, options);
}

/** Many at once, a few hundred at a time, so that the listener's backlog is not the limit. */
async function many(count, make) {
  const all = [];
  while (all.length < count) all.push(...(await Promise.all(Array.from({ length: Math.min(100, count - all.length) }, make))));
  return all;
}

// Slow ones begin here and end in the last tests: their patience is the gateway's, 10 to 30 s.
const slow = {};
let useBefore;
test("hostile: slow ones begin", async () => {
  await fetchOnce();
  useBefore = gatewayUse();
  slow.began = performance.now();
  slow.refusedBefore = await metric("trivium_gateway_connections_refused_total");
  slow.staleBefore = await closes(3502);
  slow.silent = await many(500, () => RawSocket.open());
  slow.upgraded = await many(500, () => RawSocket.upgraded());
  slow.half = await many(100, async () => {
    const raw = await RawSocket.open();
    raw.write(upgradeHead().slice(0, 60));
    return raw;
  });
  slow.loris = await many(20, async () => {
    const raw = await RawSocket.open();
    drip(raw, Buffer.from(upgradeHead({ "X-Padding": "x".repeat(2000) })), 100);
    return raw;
  });
  slow.frames = await many(20, async () => {
    const raw = await RawSocket.upgraded();
    raw.write(connectCommand(token(uniqueId("u"))));
    await raw.wait(() => raw.received.includes('"connect"'));
    raw.frameBegan = performance.now();
    drip(raw, text(`{"id":2,"ping":{},"x":"${"*".repeat(3000)}"}`), 100);
    return raw;
  });
}, { timeoutMs: 60_000 });

// One byte at a time.
function drip(raw, bytes, everyMs) {
  let at = 0;
  const timer = setInterval(() => {
    if (raw.closed || at >= bytes.length) clearInterval(timer);
    else raw.write(bytes.subarray(at, ++at));
  }, everyMs);
}

const fetchOnce = () => post("/command/no.such", {}).catch(() => undefined);

hostile("handshakes that are none are refused by HTTP, and the connection ends", async (undo) => {
  const heads = {
    "no key": [upgradeHead({ "Sec-WebSocket-Key": undefined }), [400]],
    "a short key": [upgradeHead({ "Sec-WebSocket-Key": "c2hvcnQ=" }), [400]],
    "version 8": [upgradeHead({ "Sec-WebSocket-Version": "8" }), [426, 400]],
    "POST": [upgradeHead({ method: "POST" }), [400, 405]],
    "another path": [upgradeHead({ path: "/connection/other" }), [404, 405]],
    "no upgrade": [upgradeHead({ Upgrade: undefined, Connection: undefined }), [400, 426]],
    "two lengths": [upgradeHead({ "Content-Length": "5", "Transfer-Encoding": "chunked" }), [400]],
    "a long header": [upgradeHead({ "X-Padding": "x".repeat(70_000) }), [400, 431]],
    "no HTTP at all": ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n", [400, 0]],
  };
  for (const [what, [head, wanted]] of Object.entries(heads)) {
    const raw = await RawSocket.open();
    undo(() => raw.end());
    raw.write(Buffer.from(head, "latin1"));
    const status = await raw.status();
    check(wanted.includes(status), `${what}: ${status}, want ${wanted}`);
  }
});

hostile("a page of an origin that the product does not name is refused, over both ways", async (undo) => {
  const page = async (origin) => {
    const raw = await RawSocket.upgraded({ Origin: origin });
    undo(() => raw.end());
    raw.write(connectCommand(token(uniqueId("u"), { of: strictProduct })));
    await raw.wait(() => raw.closeCode !== undefined || raw.received.includes('"connect"'));
    return raw;
  };
  // The product has just been added.
  await until("its own page connects", async () => (await page(strictOrigin)).closeCode === undefined, 20_000);
  equal((await page("https://evil.example")).closeCode, 3507, "close code");
  const call = (origin) => post("/command/push.ack", { messageIds: [] }, { bearer: token("u1", { of: strictProduct }), headers: { origin } });
  const { status, body } = await call("https://evil.example");
  equal([status, body.code], [403, "permission_denied"], "answer over HTTP");
  check((await call(strictOrigin)).status !== 403, "its own page may call");
});

hostile("an oversized frame is refused by its head: 1009", async (undo) => {
  const before = await closes(1009);
  for (const length of [65_537, 1 << 20, 2 ** 40, 2 ** 62]) {
    const raw = await connected(undo);
    raw.write(frame(TEXT, Buffer.from("{"), { length }));
    equal(await raw.refused(), 1009, `close code of ${length} bytes`);
  }
  check((await closes(1009)) >= before + 4, "counted");
});

hostile("a message of endless fragments ends with 1009, a flood of frames with 3013", async (undo) => {
  const big = await connected(undo);
  for (let i = 0; i < 150; ++i) big.write(frame(i === 0 ? TEXT : CONTINUATION, Buffer.alloc(1000, 0x20), { fin: false }));
  equal(await big.refused(), 1009, "fragments of 150 KB");
  for (const [what, one] of [["pings", frame(PING)], ["empty fragments", frame(CONTINUATION, Buffer.alloc(0), { fin: false })]]) {
    const before = await closes(3013);
    const raw = await connected(undo);
    if (what !== "pings") raw.write(frame(TEXT, Buffer.from("{"), { fin: false }));
    for (let i = 0; i < 20_000 && !raw.closed; ++i) raw.write(one);
    equal(await raw.refused(), 3013, what);
    check((await closes(3013)) > before, "counted");
  }
});

hostile("a flood of commands in few frames is held down, too", async (undo) => {
  const raw = await connected(undo);
  const lines = Array.from({ length: 200 }, (_, index) => `{"id":${index + 10},"rpc":{"method":"no.such","data":{}}}`).join("\n");
  for (let i = 0; i < 200; ++i) raw.write(text(lines));
  await raw.wait(() => raw.closeCode !== undefined || raw.received.includes('"code":111'));
});

hostile("bytes that are no UTF-8 end with 1007, commands that are none with 3501", async (undo) => {
  const utf8 = await connected(undo);
  utf8.write(text(Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x7d])));
  equal(await utf8.refused(), 1007, "no UTF-8");
  const nested = `{"id":2,"rpc":{"method":"x","data":${"[".repeat(5000)}${"]".repeat(5000)}}}`;
  for (const wrong of ["{", "[]", '{"id":1}}', '{"id":-1,"ping":{}}', '{"id":2,"ping":{},"ping":{}}', nested, '{"id":1,"connect":{}}', ""]) {
    const raw = await connected(undo);
    raw.write(text(wrong));
    equal(await raw.refused(), 3501, `close code of ${wrong.slice(0, 40)}`);
  }
});

hostile("tokens that are none are refused over HTTP, each the same way", async () => {
  const wrong = [
    "x", token("u1", { key: strangersKey() }), token("u1", { signer: otherProduct }), token("u1", { lifetimeSeconds: -3600 }), token("u1", { header: { kid: "../../etc" } }),
    token("u1", { of: "no-such-product", signer: "ketang" }), token("u1", { claims: { product: undefined } }), token("u1", { claims: { sub: undefined } }), token("u1", { header: { crit: ["x"] } }), "a".repeat(7000),
  ];
  for (const bearer of wrong) {
    const { status, body } = await post("/command/push.ack", { messageIds: [] }, { bearer });
    equal([status, body.code], [401, "unauthenticated"], `answer to ${bearer.slice(0, 40)}`);
  }
});

hostile("a gzip bomb over Connect is not unpacked", async () => {
  const before = gatewayUse().residentKb;
  const bomb = await promisify(gzip)(Buffer.alloc(200 << 20)); // Not in this thread: the neighbour lives in it.
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => post("/trivium.push.v1.PushService/Publish", {}, { bearer: backendToken(), headers: { "content-encoding": "gzip" }, body: bomb }).catch((error) => ({ status: 0, body: {}, error }))),
  );
  for (const { status, body, error } of answers) check([413, 429, 501, 415].includes(status) && (body.code === undefined || ["unimplemented", "resource_exhausted"].includes(body.code)), `${status} ${JSON.stringify(body)} ${error ?? ""}`);
  const small = await promisify(gzip)(Buffer.alloc(30 << 20));
  const { status, body } = await post("/trivium.push.v1.PushService/Publish", {}, { bearer: backendToken(), headers: { "content-encoding": "gzip" }, body: small });
  check(status >= 400 && ["unimplemented", "resource_exhausted"].includes(body.code), `${status} ${JSON.stringify(body)}`);
  const grown = gatewayUse().residentKb - before;
  check(grown < 32 << 10, `the gateway grew by ${grown} KB, want < 32768`);
});

hostile("bodies above the limit are refused: by their length, and by what comes", async (undo) => {
  const head = (more) => `POST /command/push.ack HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token("u1")}\r\n${more}\r\n\r\n`;
  const announced = await RawSocket.open();
  undo(() => announced.end());
  announced.write(head(`Content-Length: ${2 ** 33}`));
  check([400, 413].includes(await announced.status()), `a body of 8 GB: ${await announced.status()}`);
  const chunked = await RawSocket.open();
  undo(() => chunked.end());
  chunked.write(head("Transfer-Encoding: chunked"));
  const chunk = `10000\r\n${" ".repeat(65536)}\r\n`;
  for (let i = 0; i < 200 && !chunked.closed; ++i) {
    chunked.write(chunk);
    await sleep(1);
  }
  check([400, 413, 0].includes(await chunked.status()), `endless chunks: ${await chunked.status()}`);
});

hostile("10,000 subscribe calls: 128 rooms, then refusals, then the end with 3505", async (undo) => {
  const before = await closes(3505);
  const raw = await connected(undo);
  const room = uniqueId("r");
  for (let start = 0; start < 10_000 && !raw.closed; start += 100) {
    raw.write(text(Array.from({ length: 100 }, (_, index) => `{"id":${start + index + 10},"subscribe":{"channel":"room:${room}-${start + index}"}}`).join("\n")));
    await sleep(20);
  }
  const code = await raw.refused();
  check([3505, 3013].includes(code), `close code ${code}, want 3505`);
  const joined = raw.received.toString("latin1").match(/"subscribe":/g)?.length ?? 0;
  check(joined <= 128, `${joined} rooms joined, want <= 128`);
  if (code === 3505) await until("counted", async () => (await closes(3505)) > before);
});

hostile("one user's connections above the limit are refused with 3504, another user's are not", async (undo) => {
  const uid = uniqueId("u");
  const all = await many(12, () => RawSocket.upgraded());
  for (const raw of all) undo(() => raw.end());
  for (const raw of all) raw.write(connectCommand(token(uid)));
  await until("12 answers", () => all.every((raw) => raw.closeCode !== undefined || raw.received.includes('"connect"')));
  equal(all.filter((raw) => raw.closeCode === 3504).length, 4, "refused of 12, want those above 8");
  await connected(undo);
});

test("hostile: 500 that only opened TCP and 100 with half a handshake are ended", async () => {
  for (const [what, sockets] of [["silent", slow.silent], ["half a handshake", slow.half], ["a header byte by byte", slow.loris]]) {
    await until(() => `${what}: ${sockets.filter((raw) => !raw.closed).length} are still open`, () => sockets.every((raw) => raw.closed), 60_000);
    const answers = [...new Set(await Promise.all(sockets.map((raw) => raw.status())))].sort();
    check(answers.every((status) => [0, 408].includes(status)), `${what}: answers ${answers}, want 408 or none`);
  }
}, { timeoutMs: 90_000 });

test("hostile: 500 that never send connect end with 3502, counted", async () => {
  await until("all ended", () => slow.upgraded.every((raw) => raw.closeCode !== undefined), 30_000);
  equal([...new Set(slow.upgraded.map((raw) => raw.closeCode))], [3502], "close codes");
  check((await closes(3502)) >= slow.staleBefore + 500, "counted");
}, { timeoutMs: 60_000 });

test("hostile: messages that come byte by byte end with 1008", async () => {
  await until("all ended", () => slow.frames.every((raw) => raw.closeCode !== undefined), 60_000);
  equal([...new Set(slow.frames.map((raw) => raw.closeCode))], [1008], "close codes");
}, { timeoutMs: 90_000 });

test("hostile: nothing is left: descriptors are back, memory is", async () => {
  for (const raw of [...slow.silent, ...slow.half, ...slow.loris, ...slow.upgraded, ...slow.frames]) raw.end();
  await until(() => `${gatewayUse().descriptors} descriptors, ${useBefore.descriptors} before`, () => gatewayUse().descriptors <= useBefore.descriptors + 20, 30_000);
  const grown = gatewayUse().residentKb - useBefore.residentKb;
  console.log(`# the gateway has ${grown} KB more than before`);
  check(grown < 48 << 10, `the gateway grew by ${grown} KB, want < 49152`);
  equal(await metric("trivium_gateway_connections"), 0, "open connections by the metric");
}, { timeoutMs: 60_000 });

await runAll();
