// A stand-in for ops, to work on the console and to test it without the platform: the same paths, headers, errors and roles.
// usage: node test/mock/server.mjs [PORT]   PROMETHEUS_PID: while that process is stopped or gone, metrics are unavailable.
import { create, toBinary } from "@bufbuild/protobuf";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

import { BadRequestSchema, ErrorInfoSchema, RequestInfoSchema, RetryInfoSchema } from "../../src/gen/external/google/rpc/error_details_pb.ts";
import { activitiesOf, audit, boards, commands, connectionsOf, dayOf, eventsOf, messagesDay, messagesOf, participantsOf, people, platform, products, recipientsOf, roomsDay, roomsOf, seriesOf, staysOf } from "./fixtures.mjs";

const dist = fileURLToPath(new URL("../../dist/", import.meta.url));
const port = Number(process.argv[2] ?? 25122);
const sessions = new Map();
const wrongTries = new Map();
const httpCodes = { unauthenticated: 401, permission_denied: 403, not_found: 404, invalid_argument: 400, aborted: 409, resource_exhausted: 429, unavailable: 503 };
const securityHeaders = {
  "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  "x-frame-options": "DENY", "referrer-policy": "same-origin", "x-content-type-options": "nosniff",
};

class Refusal extends Error {
  constructor(code, reason, message, { retrySeconds = 0, fields = [] } = {}) {
    super(message);
    Object.assign(this, { code, reason, retrySeconds, fields });
  }
}

function metricsDown() {
  const pid = process.env.PROMETHEUS_PID;
  if (!pid) return false;
  try {
    return /\) [TZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}

function seen(person, product) {
  if (!person.sees.includes(product)) throw new Refusal("not_found", "PRODUCT_NOT_FOUND", `product: "${product}", want one that you see`);
  return products.find((each) => each.product === product);
}

function platformOnly(person) {
  if (!person.role.startsWith("platform_")) throw new Refusal("permission_denied", "ROLE_REQUIRED", "role: owner, want a platform role");
}

function platformNow() {
  const instance = (service, n, cell, alive = true) => ({
    instanceId: `${service}-${n}`, service, cell, address: `127.0.0.1:210${n}0`, version: "0.1.0", alive,
    startTime: new Date(Date.now() - 7_200_000).toISOString(), lastHeartbeatTime: new Date(Date.now() - (alive ? 400 : 95_000)).toISOString(),
  });
  return { ...platform, routeEpoch: String(platform.routeEpoch), instances: [instance("control", 0, "cell-a"), instance("ops", 2, "cell-a"), instance("payment", 1, "cell-a"), instance("payment", 3, "cell-b"), instance("payment", 4, "cell-b", false)] };
}

function roomOf(body, person) {
  seen(person, body.product);
  const room = roomsOf(body.product).find((each) => each.roomId === body.roomId);
  if (!room) throw new Refusal("not_found", "ROOM_NOT_FOUND", "room_id: not found");
  return room;
}

const sessionOf = (name, person, csrf) => ({
  userName: name, role: person.role, products: person.sees.map((each) => products.find((product) => product.product === each)), csrfToken: csrf,
  expireTime: new Date(Date.now() + 43_200_000).toISOString(),
});

function adminOnly(person) {
  if (person.role !== "platform_admin") throw new Refusal("permission_denied", "ROLE_REQUIRED", `role: ${person.role}, want platform_admin`);
}

// A page of a list: the token is the place to go on at.
function pageOf(list, body, most = 50) {
  const start = Number(body.pageToken || 0);
  const end = start + Math.min(body.pageSize || most, 200);
  return [list.slice(start, end), end < list.length ? String(end) : ""];
}

const seesCommand = (person, { value }) => value.product === "*" || person.sees.includes(value.product);
function versionsOf(person, name) {
  const versions = (commands.get(name) ?? []).filter((each) => seesCommand(person, each));
  if (versions.length === 0) throw new Refusal("not_found", "CONFIG_NOT_FOUND", `config: command/${name}, want one that exists`);
  return versions;
}

// Some of control's checks, in its words.
function checkCommand({ name = "", value, percentage = 100, expectedVersion = "0" }, versions) {
  const fields = [];
  const wrong = (field, description) => fields.push({ field, description });
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)*(@[a-z0-9-]+)?$/.test(name)) wrong("name", `"${name}", want 1-64 characters of a-z 0-9 _ - in parts joined by "."`);
  if (!/^\w+(\.\w+)+$/.test(value.service ?? "")) wrong("value.service", `"${value.service ?? ""}", want a gRPC service, like acme.v1.CourseService`);
  if (!/^\w+$/.test(value.method ?? "")) wrong("value.method", `"${value.method ?? ""}", want a method's name, like RollCall`);
  const seconds = value.timeout ? Number.parseFloat(value.timeout) : 5;
  if (seconds < 0.01 || seconds > 60) wrong("value.timeout", `${Math.floor(seconds)} s, want 10 ms to 60 s`);
  if (!value.authScope) wrong("value.auth_scope", "0, want USER, BACKEND or NONE");
  for (const title of ["titleZh", "titleEn"]) if (!value[title]) wrong(`value.${title.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`)}`, "0 characters, want 1 to 40");
  if (fields.length) throw new Refusal("invalid_argument", "FIELD_INVALID", fields.map((each) => `${each.field}: ${each.description}`).join("; "), { fields });
  if (Number(expectedVersion) !== versions.length) throw new Refusal("aborted", "VERSION_CONFLICT", `expected_version: ${expectedVersion}, want ${versions.length} (the newest)`);
  if (percentage < 100 && versions.length === 0) throw new Refusal("invalid_argument", "FIELD_INVALID", "percentage", { fields: [{ field: "percentage", description: "want 100" }] });
}

function append(name, person, version) {
  const versions = commands.get(name) ?? [];
  const made = { name, percentage: 100, actor: `person:${person.name}`, createTime: new Date().toISOString(), ...version, version: String(versions.length + 1) };
  return { versions: [...versions, made], made };
}

const methods = {
  SignIn(body, _person, response) {
    const tries = wrongTries.get(body.userName) ?? 0;
    if (tries >= 5) throw new Refusal("resource_exhausted", "SIGN_IN_LOCKED", "too many wrong tries", { retrySeconds: 540 });
    const person = people[body.userName];
    if (!person || person.password !== body.password) {
      wrongTries.set(body.userName, tries + 1);
      throw new Refusal("unauthenticated", "CREDENTIALS_INVALID", "user_name or password is wrong");
    }
    const token = randomBytes(32).toString("base64url");
    const csrf = randomBytes(32).toString("base64url");
    sessions.set(token, { name: body.userName, csrf });
    response.setHeader("set-cookie", `trivium_session=${token}; HttpOnly; SameSite=Strict; Path=/`);
    return sessionOf(body.userName, person, csrf);
  },
  SignOut: (_body, person) => (sessions.delete(person.token), {}),
  GetSession: (_body, person) => sessionOf(person.name, person, person.csrf),
  ListBoards: (_body, person) => ({ boards: boards.filter((each) => !each.platform || person.role !== "owner").map((each) => ({ ...each, panels: each.panels.map(({ series: _s, base: _b, ...rest }) => rest) })) }),
  QueryPanel(body, person) {
    const board = boards.find((each) => each.boardId === body.boardId);
    if (board?.platform) platformOnly(person);
    else if (body.product || person.role === "owner") seen(person, body.product);
    if (metricsDown()) throw new Refusal("unavailable", "METRICS_UNAVAILABLE", "Prometheus does not answer");
    const wanted = board?.panels.find((each) => each.panelId === body.panelId);
    if (!wanted) throw new Refusal("not_found", "PANEL_NOT_FOUND", `panel_id: "${body.panelId}"`);
    const [start, end] = [Date.parse(body.startTime) / 1000, Date.parse(body.endTime) / 1000];
    return { series: seriesOf(wanted, body.product, start, end, body.maxPoints || 120) };
  },
  GetProductDay(body, person) {
    const product = seen(person, body.product);
    const today = new Intl.DateTimeFormat("sv-SE", { timeZone: product.timeZone, dateStyle: "short" }).format(new Date());
    return { product, day: body.day || today, currencies: dayOf(body.product, body.day), asOfTime: new Date().toISOString() };
  },
  ListActivities: (body, person) => (seen(person, body.product), { activities: activitiesOf(body.product, Math.min(body.pageSize || 50, 40)) }),
  GetPlatform: (_body, person) => (platformOnly(person), platformNow()),
  SetRoute(body, person) {
    platformOnly(person);
    if (person.role !== "platform_admin") throw new Refusal("permission_denied", "ROLE_REQUIRED", "role: platform_viewer, want platform_admin");
    if (Number(body.expectedEpoch) !== platform.routeEpoch) throw new Refusal("aborted", "EPOCH_CONFLICT", `expected_epoch: ${body.expectedEpoch}, want ${platform.routeEpoch}`);
    platform.routeEpoch += 1;
    const route = platform.routes.find((each) => each.product === body.product && each.service === body.service);
    Object.assign(route, { cells: body.cells, epoch: String(platform.routeEpoch) });
    audit.unshift({ ...audit[0], auditId: String(Number(audit[0].auditId) + 1), time: new Date().toISOString(), actor: `person:${person.name}`, action: "SetRoute", object: `route/${body.product}/${body.service}`, reason: body.reason });
    return platformNow();
  },
  GetMessagesDay(body, person) {
    const product = seen(person, body.product);
    return { product, day: body.day || "2026-09-01", classes: body.day && body.day < "2026-01-01" ? [] : messagesDay, ledgerOk: true, asOfTime: new Date().toISOString() };
  },
  ListMessages(body, person) {
    seen(person, body.product);
    const fits = messagesOf(body.product).filter((each) => (!body.channel || each.channel === body.channel) && (!body.class || each.class === body.class) && (!body.state || each.state === body.state));
    const [messages, nextPageToken] = pageOf(fits, body);
    return { messages, nextPageToken };
  },
  GetMessage(body, person) {
    seen(person, body.product);
    const message = messagesOf(body.product).find((each) => each.messageId === body.messageId);
    if (!message) throw new Refusal("not_found", "MESSAGE_NOT_FOUND", "message_id: not found");
    return { message, dataBytes: "412", ledgerOk: true };
  },
  ListRecipients(body, person) {
    seen(person, body.product);
    const [recipients, nextPageToken] = pageOf(recipientsOf(body.messageId, 120).filter((each) => !body.state || each.state === body.state), body);
    return { recipients, nextPageToken };
  },
  GetUserConnections(body, person) {
    seen(person, body.product);
    const connections = connectionsOf(body.userId);
    return { connections, numConnections: connections.length };
  },
  ListUserMessages(body, person) {
    seen(person, body.product);
    if (body.userId !== "u-1001") return {};
    const all = messagesOf(body.product).filter((each) => each.class === "RELIABLE").map((each, i) => ({ ...recipientsOf(each.messageId, 6)[i % 6], userId: body.userId }));
    const [recipients, nextPageToken] = pageOf(all.filter((each) => !body.state || each.state === body.state), body);
    return { recipients, nextPageToken };
  },
  GetRoomsDay: (body, person) => ({ product: seen(person, body.product), summary: roomsDay(body.day) }),
  ListRooms(body, person) {
    seen(person, body.product);
    const fits = roomsOf(body.product).filter((each) => (body.search ? [each.roomId, each.roomRef].includes(body.search) : (!body.state || each.state === body.state) && (!body.institutionId || each.institutionId === body.institutionId)));
    const [rooms, nextPageToken] = pageOf(fits, body);
    return { rooms, nextPageToken };
  },
  GetRoom: (body, person) => roomOf(body, person),
  ListParticipants(body, person) {
    const [participants, nextPageToken] = pageOf(participantsOf(roomOf(body, person)), body);
    return { participants, nextPageToken };
  },
  ListRoomStays(body, person) {
    const [stays, nextPageToken] = pageOf(staysOf(roomOf(body, person)), body);
    return { stays, nextPageToken };
  },
  ListRoomEvents(body, person) {
    const [events, nextPageToken] = pageOf(eventsOf(body.product, roomOf(body, person)), body);
    return { events, nextPageToken };
  },
  ListUserStays(body, person) {
    seen(person, body.product);
    const all = roomsOf(body.product).flatMap((room) => staysOf(room).filter((stay) => stay.userId === body.userId));
    const [stays, nextPageToken] = pageOf(all, body);
    return { stays, nextPageToken, rooms: roomsOf(body.product).filter((room) => stays.some((stay) => stay.roomId === room.roomId)) };
  },
  ListCommands(body, person) {
    if (body.product) seen(person, body.product);
    const search = (body.search ?? "").toLowerCase();
    const newest = [...commands.values()].map((versions) => versions.at(-1)).filter((each) => seesCommand(person, each));
    const fits = newest.filter(({ name, value }) => (!body.product || ["*", body.product].includes(value.product)) && (!search || String(value.number) === search || [name, value.titleZh, value.titleEn, value.service, value.method].some((text) => text.toLowerCase().includes(search))));
    const [page, nextPageToken] = pageOf(fits.sort((a, b) => (a.name < b.name ? -1 : 1)), body);
    return { commands: page, nextPageToken };
  },
  GetCommand: (body, person) => (Number(body.version) ? versionsOf(person, body.name)[Number(body.version) - 1] : versionsOf(person, body.name).at(-1)),
  ListCommandVersions(body, person) {
    const [versions, nextPageToken] = pageOf([...versionsOf(person, body.name)].reverse(), body);
    return { versions, nextPageToken };
  },
  PublishCommand(body, person) {
    adminOnly(person);
    checkCommand(body, commands.get(body.name) ?? []);
    const percentage = body.percentage || 100;
    const { versions, made } = append(body.name, person, { value: body.value, percentage, reason: body.reason, ...(percentage < 100 ? { previousValue: commands.get(body.name).at(-1).value } : {}) });
    if (!body.validateOnly) commands.set(body.name, versions);
    return made;
  },
  RollBackCommand(body, person) {
    adminOnly(person);
    const { versions, made } = append(body.name, person, { value: versionsOf(person, body.name)[Number(body.toVersion) - 1].value, reason: body.reason });
    commands.set(body.name, versions);
    return made;
  },
  ListAudit: (_body, person) => (platformOnly(person), { entries: audit, nextPageToken: "" }),
};

function detail(schema, init) {
  return { type: schema.typeName, value: Buffer.from(toBinary(schema, create(schema, init))).toString("base64").replace(/=+$/, "") };
}

function call(name, request, response, text) {
  try {
    const method = methods[name];
    if (!method) throw new Refusal("not_found", "METHOD_NOT_FOUND", name);
    const token = /trivium_session=([^;]+)/.exec(request.headers.cookie ?? "")?.[1];
    const session = sessions.get(token);
    if (name !== "SignIn" && !session) throw new Refusal("unauthenticated", "SESSION_REQUIRED", "sign in first");
    if (["SignOut", "SetRoute", "PublishCommand", "RollBackCommand"].includes(name) && request.headers["x-trivium-csrf"] !== session.csrf) throw new Refusal("permission_denied", "CSRF_TOKEN_INVALID", "x-trivium-csrf: wrong");
    const person = session && { ...people[session.name], name: session.name, csrf: session.csrf, token };
    answer(response, 200, method(JSON.parse(text || "{}"), person, response));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const details = [detail(ErrorInfoSchema, { reason: error.reason, domain: "trivium" }), detail(RequestInfoSchema, { requestId: randomBytes(16).toString("hex") })];
    if (error.fields.length) details.push(detail(BadRequestSchema, { fieldViolations: error.fields }));
    if (error.retrySeconds) details.push(detail(RetryInfoSchema, { retryDelay: { seconds: BigInt(error.retrySeconds), nanos: 0 } }));
    answer(response, httpCodes[error.code] ?? 500, { code: error.code, message: error.message, details });
  }
}

function answer(response, status, value) {
  response.writeHead(status, { "content-type": "application/json", ...securityHeaders });
  response.end(JSON.stringify(value));
}

const types = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
function file(path, response) {
  const wanted = normalize(join(dist, path));
  const name = extname(wanted) && wanted.startsWith(dist) && existsSync(wanted) ? wanted : join(dist, "index.html");
  response.writeHead(200, { "content-type": types[extname(name)] ?? "application/octet-stream", "cache-control": path.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache", ...securityHeaders });
  response.end(readFileSync(name));
}

createServer((request, response) => {
  const { pathname } = new URL(request.url, "http://localhost");
  const method = /^\/trivium\.ops\.v1\.OpsService\/(\w+)$/.exec(pathname)?.[1];
  if (!method) return file(pathname, response);
  let text = "";
  request.on("data", (chunk) => (text += chunk));
  request.on("end", () => call(method, request, response, text));
}).listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}`));
