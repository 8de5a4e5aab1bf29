// The product's backend: signs people in, and decides who may say what. Clients listen to the platform and speak to their product.
// usage: node backend/main.mjs --gateway http://127.0.0.1:21092 --product ketang --key .trv/products/ketang/token.key [--port 25800] [--key-id dev-1]
// For a local platform only: anybody may sign in with any name.
import { createPrivateKey, randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { readToken, signToken } from "./token.mjs";
import { Trivium } from "./trivium.mjs";

const { values: flags } = parseArgs({
  options: {
    gateway: { type: "string", default: "http://127.0.0.1:21092" },
    product: { type: "string", default: "ketang" },
    key: { type: "string", default: "../../.trv/products/ketang/token.key" },
    "key-id": { type: "string", default: "dev-1" },
    port: { type: "string", default: "25800" },
  },
});
const key = createPrivateKey(await readFile(flags.key, "utf8"));
const keyId = flags["key-id"];
const platform = new Trivium({ url: flags.gateway, product: flags.product, key, keyId });
const dist = fileURLToPath(new URL("../dist", import.meta.url));

const rooms = [
  { id: "math-7", zh: "七年级数学", en: "Mathematics, grade 7" },
  { id: "chinese-7", zh: "七年级语文", en: "Chinese, grade 7" },
  { id: "physics-8", zh: "八年级物理", en: "Physics, grade 8" },
];
const maxBodyBytes = 16 << 10;
const maxTextLength = 500;

class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}
const want = (condition, message, status = 400) => {
  if (!condition) throw new Refused(status, message);
};

// path -> what it does; {user, body, room}. Without a user: only sign-in.
const routes = {
  "POST sign-in": async ({ body }) => {
    want(/^[A-Za-z0-9._-]{1,64}$/.test(body.uid ?? ""), "uid: want 1-64 characters of A-Z a-z 0-9 . _ -");
    const caps = body.teacher === true ? ["teacher"] : [];
    await Promise.all(rooms.map(({ id }) => platform.addMember(id, body.uid)));
    const claims = { sub: body.uid, product: flags.product, caps };
    return { token: signToken(claims, { key, keyId, lifetimeSeconds: 600 }), uid: body.uid, teacher: body.teacher === true, gateway: flags.gateway, rooms };
  },
  "POST token": ({ user }) => ({ token: signToken({ sub: user.sub, product: user.product, caps: user.caps }, { key, keyId, lifetimeSeconds: 600 }) }),
  "POST chat": async ({ user, room, body }) => {
    want(typeof body.text === "string" && body.text.length >= 1 && body.text.length <= maxTextLength, `text: want 1-${maxTextLength} characters`);
    await platform.publish(room, "ORDERED", { kind: "chat", from: user.sub, text: body.text, time: Date.now() });
    return {};
  },
  "POST like": async ({ user, room }) => {
    await platform.publish(room, "LOSSY", { kind: "like", from: user.sub });
    return {};
  },
  "POST roll-call": async ({ user, room }) => {
    want((user.caps ?? []).includes("teacher"), "only a teacher calls the roll", 403);
    const { messageId } = await platform.publish(room, "RELIABLE", { kind: "roll_call", from: user.sub, time: Date.now() });
    return { messageId };
  },
  "POST confirmations": async ({ user, body }) => {
    want((user.caps ?? []).includes("teacher"), "only a teacher sees who is here", 403);
    return { recipients: await platform.recipients(String(body.messageId)) };
  },
};

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    want(size <= maxBodyBytes, `body: want <= ${maxBodyBytes} bytes`, 413);
    chunks.push(chunk);
  }
  try {
    const body = JSON.parse(Buffer.concat(chunks).toString() || "{}");
    want(typeof body === "object" && body !== null, "body: want a JSON object");
    return body;
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(400, "body: want JSON");
  }
}

// A token that is over signs nobody in again: its owner signs in anew.
async function answerApi(request, name) {
  const route = routes[`${request.method} ${name}`];
  want(route, "no such call", 404);
  const user = readToken((request.headers.authorization ?? "").replace(/^Bearer /, ""), { key });
  want(user || name === "sign-in", "sign in first", 401);
  const body = await readBody(request);
  want(body.room === undefined || rooms.some(({ id }) => id === body.room), "room: no such room", 404);
  want(!["chat", "like", "roll-call"].includes(name) || body.room, "room: not given");
  return route({ user, body, room: body.room });
}

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
async function answerFile(path) {
  const file = join(dist, normalize(path === "/" ? "/index.html" : path));
  want(file.startsWith(`${dist}/`), "no such file", 404);
  const body = await readFile(file).catch(() => undefined);
  want(body, "no such file", 404);
  return { body, type: types[extname(file)] ?? "application/octet-stream" };
}

const socketOrigin = flags.gateway.replace(/^http/, "ws");
const policy = `default-src 'self'; connect-src 'self' ${flags.gateway} ${socketOrigin}; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'`;

const server = createServer(async (request, response) => {
  response.setHeader("content-security-policy", policy);
  response.setHeader("x-content-type-options", "nosniff");
  try {
    const { pathname } = new URL(request.url, "http://localhost");
    if (pathname.startsWith("/api/")) {
      const answer = await answerApi(request, pathname.slice("/api/".length));
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    } else {
      const { body, type } = await answerFile(decodeURIComponent(pathname));
      response.writeHead(200, { "content-type": type }).end(body);
    }
  } catch (error) {
    const id = randomUUID().slice(0, 8);
    if (!(error instanceof Refused)) console.error(`${id} ${request.method} ${request.url}:`, error.message);
    const message = error instanceof Refused ? error.message : `the platform did not take it (${id})`;
    response.writeHead(error.status === undefined || error.status >= 500 ? 502 : error.status, { "content-type": "application/json" }).end(JSON.stringify({ message }));
  }
});
server.requestTimeout = 15_000;
server.headersTimeout = 5_000;
server.listen(Number(flags.port), "127.0.0.1", () => console.log(`classroom: http://127.0.0.1:${server.address().port}/`));
