// @connectrpc/connect-web, unmodified, with stubs of protoc-gen-es: every public API of the command table, in JSON and in Protobuf.
import { randomUUID } from "node:crypto";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { ErrorInfoSchema } from "./gen/external/google/rpc/error_details_pb.js";
import { PaymentService } from "./gen/trivium/payment/v1/payment_pb.js";
import { MessageClass, PushService } from "./gen/trivium/push/v1/push_pb.js";
import { check, equal, rejected, runAll, test, until } from "./harness.mjs";
import { backendToken, gatewayUrl, otherProduct, product, sandboxPay, strangersKey, token, uniqueId } from "./platform.mjs";

const services = [PaymentService, PushService];

/** Clients of both services. called: gets the names of methods that were answered. */
function clients({ bearer, binary, called = new Set() }) {
  const interceptors = [
    (next) => async (request) => {
      if (bearer) request.header.set("authorization", `Bearer ${bearer}`);
      else request.header.set("x-trivium-product", product); // Without a credential, the product must be said.
      const answer = await next(request);
      called.add(`${request.service.typeName}/${request.method.name}`);
      return answer;
    },
  ];
  const transport = createConnectTransport({ baseUrl: gatewayUrl, useBinaryFormat: binary, interceptors, defaultTimeoutMs: 15_000 });
  return { payment: createClient(PaymentService, transport), push: createClient(PushService, transport) };
}

const requestId = () => randomUUID();
const money = (minor) => ({ currencyCode: "CNY", amountMinor: BigInt(minor) });
const bytes = (value) => new TextEncoder().encode(JSON.stringify(value));

async function refusal(promise, what) {
  const error = ConnectError.from(await rejected(promise, what));
  const [info] = error.findDetails(ErrorInfoSchema);
  return [Code[error.code], info?.reason ?? ""];
}

/** A payment of an order that is paid, refunded, listed; and one that is canceled. */
async function callPayment({ payment }) {
  const orderRef = uniqueId("order");
  const order = { orderRef, amount: money(12_300), subject: "数学课", institutionId: "inst-1" };
  const created = await payment.createPayment({ requestId: requestId(), ...order });
  check(/^pay_/.test(created.paymentId) && created.payUrl !== "", `created: ${created.paymentId} ${created.payUrl}`);
  equal((await payment.getPayment({ paymentId: created.paymentId })).orderRef, orderRef, "order");
  await sandboxPay(created.payUrl);
  const { paymentId } = created;
  const paid = await until("paid", async () => {
    const now = await payment.getPayment({ paymentId });
    return now.paidTime ? now : undefined;
  });
  equal(Number(paid.amount.amountMinor), 12_300, "amount");
  const refund = await payment.createRefund({ requestId: requestId(), paymentId, amount: money(300), reason: "一节课" });
  equal((await payment.getRefund({ refundId: refund.refundId })).paymentId, paymentId, "the refund's payment");
  equal((await payment.listRefunds({ paymentId })).refunds.map(({ refundId }) => refundId), [refund.refundId], "refunds");
  equal((await payment.listPayments({ orderRef })).payments.map((each) => each.paymentId), [paymentId], "payments");

  const other = await payment.createPayment({ requestId: requestId(), ...order, orderRef: uniqueId("order") });
  await payment.cancelPayment({ requestId: requestId(), paymentId: other.paymentId });
  const summary = await payment.getDailySummary({});
  check(/^\d{4}-\d{2}-\d{2}$/.test(summary.day), `day ${summary.day}`);
  check((await payment.listEvents({ pageSize: 5 })).events.length > 0, "events");
}

/** A room with a member; messages that are published, scheduled and canceled, looked up, listed; presence, tags, ends. */
async function callPush({ push }) {
  const roomId = uniqueId("room");
  const userId = uniqueId("u");
  equal((await push.addRoomMembers({ requestId: requestId(), roomId, userIds: [userId] })).added, 1, "added");
  equal((await push.listRoomMembers({ roomId })).userIds, [userId], "members");
  const target = { kind: { case: "roomId", value: roomId } };
  const message = await push.publish({ requestId: requestId(), target, class: MessageClass.RELIABLE, data: bytes({ text: "点名" }) });
  check(/^msg_/.test(message.messageId) && message.channel === `room:${roomId}`, `published: ${message.messageId} in ${message.channel}`);
  const { outcomes } = await push.publishBatch({
    requests: ["ORDERED", "LOSSY"].map((name) => ({ requestId: requestId(), target, class: MessageClass[name], data: bytes({ name }) })),
  });
  equal(outcomes.map(({ code }) => code), [0, 0], "outcomes");
  const later = await push.publish({
    requestId: requestId(), target, class: MessageClass.RELIABLE, data: bytes(1), scheduleTime: { seconds: BigInt(Math.floor(Date.now() / 1000) + 3600), nanos: 0 },
  });
  await push.cancelMessage({ requestId: requestId(), messageId: later.messageId });
  const { messageId } = message;
  equal(new TextDecoder().decode((await push.getMessage({ messageId })).data), JSON.stringify({ text: "点名" }), "data");
  check((await push.listMessages({ channel: `room:${roomId}` })).messages.some((each) => each.messageId === messageId), "listed");
  const ledger = await push.getDelivery({ messageId });
  equal([ledger.accepted, ledger.pending].map(Number), [1, 1], "ledger");
  equal((await push.listRecipients({ messageId })).recipients.map((each) => each.userId), [userId], "recipients");
  check((await push.listUserMessages({ userId })).recipients.some((each) => each.messageId === messageId), "the user's messages");
  check((await push.getDailySummary({})).classes.length > 0, "summary");
  equal((await push.updateUserTags({ requestId: requestId(), userId, set: { grade: "7" } })).tags, { grade: "7" }, "tags");
  equal((await push.getUser({ userId })).tags, { grade: "7" }, "user");
  equal((await push.getPresence({ of: { case: "roomId", value: roomId } })).numConnections, 0, "presence");
  await push.disconnectUser({ userId });
  await push.listEvents({ pageSize: 5 });
  equal((await push.removeRoomMembers({ requestId: requestId(), roomId, userIds: [userId] })).removed, 1, "removed");
}

for (const binary of [false, true]) {
  const form = binary ? "protobuf" : "json";
  test(`connect-web ${form}: a backend calls every public API`, async () => {
    const called = new Set();
    const all = clients({ bearer: backendToken(), binary, called });
    await callPayment(all);
    await callPush(all);
    const wanted = services.flatMap((service) => service.methods.filter(({ methodKind }) => methodKind === "unary").map(({ name }) => `${service.typeName}/${name}`));
    equal(wanted.filter((each) => !called.has(each)), [], "public APIs that were not called");
  }, { timeoutMs: 60_000 });

  test(`connect-web ${form}: errors have the platform's code and reason`, async () => {
    const { payment, push } = clients({ bearer: backendToken(), binary });
    equal(await refusal(payment.getPayment({ paymentId: "pay_00000000000000000000000000" }), "payment"), ["NotFound", "PAYMENT_NOT_FOUND"], "no such payment");
    equal((await refusal(push.publish({}), "message"))[0], "InvalidArgument", "an empty message");
  });

  test(`connect-web ${form}: a user's token passes for no backend, and no credential for neither`, async () => {
    const refund = { requestId: requestId(), paymentId: "pay_00000000000000000000000000", amount: money(1), reason: "x" };
    const user = clients({ bearer: token(uniqueId("u")), binary });
    equal(await refusal(user.payment.createRefund(refund), "refund"), ["PermissionDenied", "SCOPE_DENIED"], "a user's refund");
    equal(await refusal(user.push.publish({ requestId: requestId() }), "publish"), ["PermissionDenied", "SCOPE_DENIED"], "a user's message");
    equal(await refusal(clients({ binary }).payment.createRefund(refund), "refund"), ["Unauthenticated", "CREDENTIAL_MISSING"], "nobody's refund");
    const wrong = { "a stranger's key": { key: strangersKey() }, "another product's key": { signer: otherProduct }, "an old one": { lifetimeSeconds: -120 } };
    for (const [what, more] of Object.entries(wrong)) {
      const bad = clients({ bearer: backendToken(product, more), binary });
      equal((await refusal(bad.payment.createRefund(refund), what))[0], "Unauthenticated", what);
    }
  });

  test(`connect-web ${form}: a backend sees nothing of another product`, async () => {
    const own = clients({ bearer: backendToken(), binary });
    const other = clients({ bearer: backendToken(otherProduct), binary });
    const { messageId } = await own.push.publish({
      requestId: requestId(), target: { kind: { case: "roomId", value: uniqueId("room") } }, class: MessageClass.RELIABLE, data: bytes(1),
    });
    equal(await refusal(other.push.getMessage({ messageId }), "message"), ["NotFound", "MESSAGE_NOT_FOUND"], "another product's message");
  });
}

await runAll();
