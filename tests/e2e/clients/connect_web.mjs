// @connectrpc/connect-web, unmodified, with stubs of protoc-gen-es: every public API of the command table, in JSON and in Protobuf.
import { randomUUID } from "node:crypto";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { ErrorInfoSchema } from "./gen/external/google/rpc/error_details_pb.js";
import { Event_Type, LiveService, Participant_State, Role, Room_State, Room_Type, Rung } from "./gen/trivium/live/v1/live_pb.js";
import { PaymentService } from "./gen/trivium/payment/v1/payment_pb.js";
import { MessageClass, PushService } from "./gen/trivium/push/v1/push_pb.js";
import { check, equal, rejected, runAll, test, until } from "./harness.mjs";
import { backendToken, gatewayUrl, otherProduct, product, sandboxPay, strangersKey, token, uniqueId } from "./platform.mjs";

const services = [PaymentService, PushService, LiveService];

/** Clients of all services. called: gets the names of methods that were answered. */
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
  return { payment: createClient(PaymentService, transport), push: createClient(PushService, transport), live: createClient(LiveService, transport) };
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

const seconds = (n) => ({ seconds: BigInt(n), nanos: 0 });

/** A class with a stage, to start now. */
const newRoom = () => ({
  requestId: requestId(), roomRef: uniqueId("class"), type: Room_Type.LARGE, title: "直播课", institutionId: "inst-1",
  startTime: seconds(Math.floor(Date.now() / 1000)), duration: seconds(3600), stageSize: 2, staffSlots: 2,
});

/** Id of a room that is LIVE. */
async function openRoom(live) {
  const { roomId } = await live.createRoom(newRoom());
  await live.startRoom({ requestId: requestId(), roomId });
  return roomId;
}

/** A class from its creation to its end: a teacher, a student on the stage, one who is removed; who was in, and what happened. */
async function callLive({ live }) {
  const room = newRoom();
  const { roomId, state } = await live.createRoom(room);
  check(/^room_/.test(roomId) && state === Room_State.SCHEDULED, `created: ${roomId} ${Room_State[state]}`);
  equal((await live.updateRoom({ requestId: requestId(), roomId, title: "直播大课" })).title, "直播大课", "title");
  equal((await live.startRoom({ requestId: requestId(), roomId })).state, Room_State.LIVE, "started");

  const [teacher, student, guest] = [uniqueId("t"), uniqueId("u"), uniqueId("u")];
  const join = (userId, role) => live.joinRoom({ requestId: requestId(), roomId, userId, role, platform: "web" });
  equal((await join(teacher, Role.TEACHER)).participant.state, Participant_State.JOINED, "the teacher");
  const joined = await join(student, Role.STUDENT);
  const { joinId, epoch } = joined.participant;
  equal([joined.participant.rung, joined.media.userSig !== "", joined.media.privateMapKey !== ""], [Rung.RTC, true, true], "the student's place");
  const stay = { roomId, userId: student, joinId, epoch };
  const beat = await live.heartbeat({ ...stay, resumeToken: joined.resumeToken });
  equal([beat.participant.joinId, beat.roomState], [joinId, Room_State.LIVE], "heartbeat");
  equal((await live.listParticipants({ roomId })).participants.map(({ userId }) => userId), [student, teacher].sort(), "participants");
  const moved = await live.moveParticipant({ roomId, userId: student, onStage: true });
  equal([moved.onStage, moved.seat], [true, 1], "on the stage");
  equal((await live.muteParticipant({ roomId, userId: student, audioMuted: true })).audioMuted, true, "muted");
  await live.leaveRoom(stay);
  await join(guest, Role.STUDENT);
  await live.removeParticipant({ roomId, userId: guest, banFor: seconds(60) });
  equal(await refusal(join(guest, Role.STUDENT), "the removed"), ["PermissionDenied", "PARTICIPANT_BANNED"], "the removed");

  const { occupancy } = await live.getRoom({ roomRef: room.roomRef });
  equal([occupancy.rtc, occupancy.staff], [1, 1], "occupancy");
  const listed = await live.listRooms({ state: Room_State.LIVE, institutionId: "inst-1", pageSize: 200 });
  check(listed.rooms.some((each) => each.roomId === roomId), "listed");
  const reasonOf = new Map();
  await until(() => `three stays, two of them over: ${[...reasonOf]}`, async () => {
    for (const each of (await live.listStays({ roomId })).stays) reasonOf.set(each.userId, each.leaveReason);
    return reasonOf.size === 3 && reasonOf.get(student) === "LEFT" && reasonOf.get(guest) === "REMOVED" && reasonOf.get(teacher) === "";
  });
  equal((await live.endRoom({ requestId: requestId(), roomId })).state, Room_State.ENDED, "ended");
  const wanted = ["ROOM_CREATED", "ROOM_UPDATED", "ROOM_STARTED", "PARTICIPANT_JOINED", "PARTICIPANT_MOVED", "PARTICIPANT_MUTED", "PARTICIPANT_LEFT", "ROOM_ENDED"];
  let seen = new Set();
  await until(() => `events: ${[...seen]}`, async () => {
    seen = new Set((await live.listRoomEvents({ roomId })).events.map(({ type }) => Event_Type[type]));
    return wanted.every((type) => seen.has(type));
  });
  check((await live.listEvents({ pageSize: 5 })).events.length > 0, "events");
  check(/^\d{4}-\d{2}-\d{2}$/.test((await live.getDailySummary({})).day), "summary");
}

for (const binary of [false, true]) {
  const form = binary ? "protobuf" : "json";
  test(`connect-web ${form}: a backend calls every public API`, async () => {
    const called = new Set();
    const all = clients({ bearer: backendToken(), binary, called });
    await callPayment(all);
    await callPush(all);
    await callLive(all);
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

  test(`connect-web ${form}: users join a room with a grant, and do there what their role may`, async (undo) => {
    const backend = clients({ bearer: backendToken(), binary }).live;
    const roomId = await openRoom(backend);
    undo(() => backend.endRoom({ requestId: requestId(), roomId }));
    const grant = (uid, role, { room = roomId, ...more } = {}) => token(uid, { ...more, claims: { aud: "trivium-live", room, role } });
    const [teacherId, studentId] = [uniqueId("t"), uniqueId("u")];
    const [teacher, student] = [teacherId, studentId].map((uid) => clients({ bearer: token(uid), binary }).live);

    const join = (more) => student.joinRoom({ requestId: requestId(), roomId, ...more });
    const wrong = {
      GRANT_MISSING: {},
      GRANT_OTHER_ROOM: { grant: grant(studentId, "student", { room: "room_00000000000000000000000000" }) },
      GRANT_OTHER_USER: { grant: grant(teacherId, "student") },
      GRANT_EXPIRED: { grant: grant(studentId, "student", { lifetimeSeconds: -3600 }) },
      GRANT_INVALID: { grant: grant(studentId, "student", { key: strangersKey() }) },
      GRANT_ROLE_INVALID: { grant: grant(studentId, "headmaster") },
    };
    for (const [reason, request] of Object.entries(wrong)) equal(await refusal(join(request), reason), ["PermissionDenied", reason], "a join");
    equal(await refusal(student.startRoom({ requestId: requestId(), roomId }), "start"), ["PermissionDenied", "SCOPE_DENIED"], "a user's start");
    equal(await refusal(student.listParticipants({ roomId }), "list"), ["NotFound", "PARTICIPANT_NOT_IN_ROOM"], "a list from outside");

    const { participant, resumeToken } = await join({ grant: grant(studentId, "student"), platform: "web" });
    equal([participant.userId, participant.role, participant.state], [studentId, Role.STUDENT, Participant_State.JOINED], "the student");
    const { participant: lead } = await teacher.joinRoom({ requestId: requestId(), roomId, grant: grant(teacherId, "teacher") });
    equal([lead.userId, lead.role], [teacherId, Role.TEACHER], "the teacher");
    equal((await student.listParticipants({ roomId })).participants.map(({ userId }) => userId), [studentId, teacherId].sort(), "participants");
    equal(await refusal(student.muteParticipant({ roomId, userId: teacherId, audioMuted: true }), "mute"), ["PermissionDenied", "ROLE_NOT_ALLOWED"], "a student's mute");
    equal((await teacher.moveParticipant({ roomId, userId: studentId, onStage: true })).onStage, true, "on the stage");
    equal((await teacher.muteParticipant({ roomId, userId: studentId, videoMuted: true })).videoMuted, true, "muted");
    const { joinId, epoch } = participant;
    const beat = await student.heartbeat({ roomId, joinId, epoch, resumeToken });
    equal([beat.participant.onStage, beat.participant.videoMuted], [true, true], "what the student hears of it");
    const back = await join({ resumeToken });
    equal([back.participant.joinId, back.participant.seat], [joinId, 1], "the same place again, by the resume token");
    equal(await refusal(student.heartbeat({ roomId, joinId, epoch }), "superseded"), ["FailedPrecondition", "CONNECTION_SUPERSEDED"], "the connection before");
    await student.leaveRoom({ roomId, joinId });
    equal(await refusal(student.heartbeat({ roomId, joinId, epoch: back.participant.epoch }), "left"), ["NotFound", "PARTICIPANT_NOT_IN_ROOM"], "after leaving");
    await teacher.removeParticipant({ roomId, userId: studentId });
    equal(await refusal(join({ grant: grant(studentId, "student") }), "removed"), ["PermissionDenied", "PARTICIPANT_BANNED"], "the removed");
  });

  test(`connect-web ${form}: a backend sees nothing of another product`, async () => {
    const own = clients({ bearer: backendToken(), binary });
    const other = clients({ bearer: backendToken(otherProduct), binary });
    const { roomId } = await own.live.createRoom(newRoom());
    equal(await refusal(other.live.getRoom({ roomId }), "room"), ["NotFound", "ROOM_NOT_FOUND"], "another product's room");
    await own.live.endRoom({ requestId: requestId(), roomId });
    const { messageId } = await own.push.publish({
      requestId: requestId(), target: { kind: { case: "roomId", value: uniqueId("room") } }, class: MessageClass.RELIABLE, data: bytes(1),
    });
    equal(await refusal(other.push.getMessage({ messageId }), "message"), ["NotFound", "MESSAGE_NOT_FOUND"], "another product's message");
  });
}

await runAll();
