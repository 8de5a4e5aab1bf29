import { expect, test } from "vitest";
import { makeCommands } from "./gen/commands.js";
import { httpCaller } from "../src/index.js";

type Reply = { status: number; body: object };
const expired: Reply = { status: 401, body: { code: "unauthenticated", message: "token: expired", details: [{ type: "google.rpc.ErrorInfo", value: errorInfo("TOKEN_EXPIRED") }] } };

/** Unpadded base64 of ErrorInfo{reason}. */
function errorInfo(reason: string): string {
  return Buffer.from([0x0a, reason.length, ...Buffer.from(reason)]).toString("base64").replace(/=+$/, "");
}

function fixture(replies: Reply[], getToken: () => string | Promise<string>) {
  const requests: { url: string; authorization: string | null; body: string }[] = [];
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const headers = new Headers(init?.headers);
    requests.push({ url: String(input), authorization: headers.get("authorization"), body: new TextDecoder().decode(init?.body as Uint8Array<ArrayBuffer>) });
    const { status, body } = replies.shift() ?? { status: 500, body: {} };
    return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
  };
  return { requests, commands: makeCommands(httpCaller({ url: "https://gateway.test", getToken, fetch })) };
}

test("posts JSON to the command's method with the token", async () => {
  const { requests, commands } = fixture([{ status: 200, body: { paymentId: "pay_1" } }], () => "t1");
  expect((await commands.payment.get({ paymentId: "pay_1" })).paymentId).toBe("pay_1");
  expect(requests).toEqual([{ url: "https://gateway.test/trivium.payment.v1.PaymentService/GetPayment", authorization: "Bearer t1", body: '{"paymentId":"pay_1"}' }]);
});

test("calls that come together fetch one token; one that is over is replaced once", async () => {
  const tokens = ["t1", "t2", "t3"];
  let fetched = 0;
  const good: Reply = { status: 200, body: { paymentId: "pay_1" } };
  const { requests, commands } = fixture([good, good, expired, good, expired, expired], () => (fetched++, tokens.shift() ?? "none"));
  const get = () => commands.payment.get({ paymentId: "pay_1" });
  await Promise.all([get(), get()]);
  expect(fetched).toBe(1);
  await get();
  expect(requests.map((each) => each.authorization)).toEqual(["Bearer t1", "Bearer t1", "Bearer t1", "Bearer t2"]);
  await expect(get()).rejects.toMatchObject({ code: "unauthenticated", reason: "TOKEN_EXPIRED" });
  expect(requests.slice(4).map((each) => each.authorization)).toEqual(["Bearer t2", "Bearer t3"]);
});

test("a token that could not be fetched is asked for again by the next call", async () => {
  let calls = 0;
  const { commands } = fixture([{ status: 200, body: {} }], () => {
    calls += 1;
    if (calls === 1) throw new Error("backend is away");
    return "t1";
  });
  await expect(commands.payment.get({ paymentId: "p" })).rejects.toThrow("backend is away");
  await commands.payment.get({ paymentId: "p" });
  expect(calls).toBe(2);
});
