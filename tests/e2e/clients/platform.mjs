// The platform under test: its addresses, its products' keys, its processes.
import { createPrivateKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

const home = process.env.TRIVIUM_HOME ?? new URL("../../../.trv", import.meta.url).pathname;
const base = Number(/^TRIVIUM_PORT_BASE=(\d+)$/m.exec(readFileSync(`${home}/env`, "utf8"))[1]);

export const host = "127.0.0.1";
export const gatewayPort = base + 92;
export const gatewayUrl = `http://${host}:${gatewayPort}`;
export const socketUrl = `ws://${host}:${gatewayPort}/connection/websocket`;
const gatewayAdmin = `http://${host}:${base + 91}`;

/** Two products of the school day. */
export const product = "ketang";
export const otherProduct = "fudao";
/** One that run.sh has added, whose pages come from this origin alone. */
export const strictProduct = "e2e-origins";
export const strictOrigin = "https://class.example";

const keys = new Map();
function keyOf(name) {
  if (!keys.has(name)) keys.set(name, createPrivateKey(readFileSync(`${home}/products/${name}/token.key`, "utf8")));
  return keys.get(name);
}

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A token. claims: more than sub, product and exp. signer: whose key signs it. */
export function token(uid, { of = product, signer = of, lifetimeSeconds = 600, claims = {}, header = {}, key = keyOf(signer) } = {}) {
  const head = `${encode({ alg: "EdDSA", typ: "JWT", kid: "dev-1", ...header })}.${encode({ sub: uid, product: of, exp: Math.floor(Date.now() / 1000) + lifetimeSeconds, ...claims })}`;
  return `${head}.${sign(null, Buffer.from(head), key).toString("base64url")}`;
}

export const backendToken = (of = product, more = {}) => token("e2e-backend", { of, ...more, claims: { aud: "trivium-backend", ...more.claims } });
export const strangersKey = () => generateKeyPairSync("ed25519").privateKey;

/** Connect in JSON, by hand. Returns {status, body}. */
export async function post(path, request, { bearer, headers = {}, body = JSON.stringify(request) } = {}) {
  const response = await fetch(`${gatewayUrl}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(bearer ? { authorization: `Bearer ${bearer}` } : {}), ...headers },
    body,
    signal: AbortSignal.timeout(15_000),
  });
  const text = await response.text();
  let parsed;
  try {
    parsed = JSON.parse(text);
  } catch {
    parsed = text;
  }
  return { status: response.status, body: parsed };
}

/** A call of push as the product's backend. Rejects when it is refused. */
export async function push(method, request, of = product) {
  const { status, body } = await post(`/trivium.push.v1.PushService/${method}`, request, { bearer: backendToken(of) });
  if (status !== 200) throw new Error(`${method}: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** target: {roomId}, {userId} or {product: true}. Returns the message. */
export const publish = (target, messageClass, data, of = product) =>
  push("Publish", { requestId: randomUUID(), target, class: messageClass, data: Buffer.from(JSON.stringify(data)).toString("base64") }, of);

/** The RELIABLE message's counts. */
export async function delivery(messageId, of = product) {
  const counts = await push("GetDelivery", { messageId }, of);
  return Object.fromEntries(["accepted", "acked", "expired", "pending", "vendor"].map((name) => [name, Number(counts[name] ?? 0)]));
}

export const uniqueId = (prefix) => `${prefix}-${randomUUID().slice(0, 12)}`;

/** The sum of a counter or gauge of the gateway over all label sets that have these labels. */
export async function metric(name, labels = {}) {
  const text = await (await fetch(`${gatewayAdmin}/metrics`)).text();
  let sum = 0;
  for (const line of text.split("\n")) {
    const [, found, set = "", value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (found === name && Object.entries(labels).every(([label, want]) => set.includes(`${label}="${want}"`))) sum += Number(value);
  }
  return sum;
}

const gatewayPid = () => Number(readFileSync(`${home}/sv/gateway/supervise/pid`, "utf8"));

/** What the gateway holds: {pid, residentKb, descriptors}. */
export function gatewayUse() {
  const pid = gatewayPid();
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return { pid, residentKb: Number(/VmRSS:\s+(\d+)/.exec(status)[1]), descriptors: readdirSync(`/proc/${pid}/fd`).length };
}

/** Pays as the user would on the pay page of the sandbox. */
export async function sandboxPay(payUrl) {
  const answer = await fetch(`http://${host}:${base + 30}/control/pay`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ pay_url: payUrl, outcome: "success" }),
  });
  if (!answer.ok) throw new Error(`the sandbox: ${answer.status} ${await answer.text()}`);
}
