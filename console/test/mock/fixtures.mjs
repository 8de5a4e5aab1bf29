// What the mock answers: three products of a made-up platform. Deterministic but for time.

export const products = [
  { product: "acme", displayNameZh: "极点课堂", displayNameEn: "Acme Classroom", timeZone: "Asia/Shanghai", pays: true, sendsMessages: true, hasClients: true, hasRooms: true },
  { product: "globex", displayNameZh: "环宇辅导", displayNameEn: "Globex Tutoring", timeZone: "Asia/Shanghai", pays: true, sendsMessages: true, hasClients: true, hasRooms: true },
  { product: "initech", displayNameZh: "初芽英语", displayNameEn: "Initech English", timeZone: "America/Los_Angeles", pays: true },
];

export const people = {
  admin: { password: "admin-password", role: "platform_admin", sees: products.map((each) => each.product) },
  viewer: { password: "viewer-password", role: "platform_viewer", sees: products.map((each) => each.product) },
  "owner-acme": { password: "owner-password", role: "owner", sees: ["acme"] },
  "owner-globex": { password: "owner-password", role: "owner", sees: ["globex"] },
};

const panel = (panelId, titleZh, titleEn, unit, chart, series, base) => ({
  panelId, titleZh, titleEn, unit, chart, series, base,
  emptyZh: "这段时间没有数据。换一个更长的时间范围，或运行 ./trv school-day。",
  emptyEn: "Nothing in this range. Choose a longer one, or run ./trv school-day.",
});

const methods = ["payment CreatePayment", "payment GetPayment", "payment CreateRefund", "payment ListEvents", "control SetRoute"];
export const boards = [
  { boardId: "payment", titleZh: "支付", titleEn: "Payments", platform: false, panels: [
    panel("state_changes", "支付状态变化", "Payments by state change", "per_second", "area", ["REQUIRES_ACTION", "SUCCEEDED", "EXPIRED", "CANCELED"], 6),
    panel("success_rate", "支付成功率", "Success rate", "ratio", "line", ["success"], 0.93),
    panel("refunds", "退款状态变化", "Refunds by state change", "per_second", "area", ["PROCESSING", "SUCCEEDED"], 1.2),
    panel("callbacks", "支付渠道回调", "PSP callbacks", "per_second", "line", ["sandbox applied", "sandbox duplicate", "sandbox bad_signature"], 5),
    panel("unknown", "结果未知的支付", "Payments with an unknown outcome", "count", "line", [], 0),
    panel("api_latency", "支付接口耗时 p99", "Payment API latency p99", "seconds", "line", methods.slice(0, 4).map((each) => each.split(" ")[1]), 0.012),
  ] },
  { boardId: "service", titleZh: "服务", titleEn: "Services", platform: false, panels: [
    panel("rate", "每秒调用", "Calls per second", "per_second", "area", ["payment", "control", "ops"], 40),
    panel("errors", "错误比例", "Error ratio", "ratio", "line", ["payment", "control", "ops"], 0.002),
    panel("latency_p50", "耗时 p50", "Latency p50", "seconds", "line", ["payment", "control", "ops"], 0.003),
    panel("latency_p99", "耗时 p99", "Latency p99", "seconds", "line", ["payment", "control", "ops"], 0.02),
    panel("method_rate", "各方法每秒调用", "Calls per second by method", "per_second", "line", methods, 20),
    panel("codes", "非 OK 的返回码", "Answers other than OK", "per_second", "bar", ["ALREADY_EXISTS", "NOT_FOUND"], 0.4),
  ] },
  { boardId: "push", titleZh: "消息", titleEn: "Messages", platform: false, panels: [
    panel("accepted", "受理消息", "Messages accepted", "per_second", "area", ["RELIABLE", "ORDERED", "LOSSY"], 30),
    panel("fates", "送达结果", "Deliveries by fate", "per_second", "area", ["acked", "vendor", "expired"], 80),
    panel("sent_p99", "送达客户端耗时 p99", "Time to the client p99", "seconds", "line", ["RELIABLE", "ORDERED"], 0.02),
  ] },
  { boardId: "gateway", titleZh: "连接与命令", titleEn: "Connections and commands", platform: false, panels: [
    panel("connections", "当前连接", "Connections", "count", "area", ["acme"], 1200),
    panel("commands", "每秒命令", "Commands per second", "per_second", "area", ["push.ack", "course.roll_call"], 50),
  ] },
  { boardId: "live", titleZh: "直播", titleEn: "Live", platform: false, panels: [
    panel("rooms", "开着的房间", "Open rooms", "count", "area", ["acme"], 3),
    panel("viewers", "在房人数，按档位", "People in rooms by rung", "count", "area", ["RTC", "FAST", "STANDARD"], 90),
    panel("joins", "进房，按档位", "Joins by rung", "per_second", "area", ["RTC", "FAST", "STANDARD", "WAITING"], 8),
    panel("decisions", "准入决定，按原因", "Admission decisions by reason", "per_second", "area", ["BEST", "STAFF", "FULL", "SEATS_TAKEN", "FROM_QUEUE"], 6),
    panel("refusals", "进房被拒，按原因", "Refused joins by reason", "per_second", "bar", ["GRANT_EXPIRED", "ROOM_QUEUE_FULL"], 0.2),
    panel("join_p99", "进房耗时 p99", "Join latency p99", "seconds", "line", ["p99"], 0.012),
  ] },
  { boardId: "platform", titleZh: "平台", titleEn: "Platform", platform: true, panels: [
    panel("instances", "注册的实例", "Registered instances", "count", "line", ["payment · cell-a", "payment · cell-b", "ops · cell-a"], 1),
    panel("outbox_lag", "事件发件箱滞后", "Outbox lag", "seconds", "line", ["payment"], 0.08),
    panel("pool", "数据库连接使用中", "Database connections in use", "count", "line", ["payment", "control", "ops"], 3),
    panel("memory", "常驻内存", "Resident memory", "bytes", "line", ["payment", "control", "ops"], 6e7),
  ] },
];

export function seriesOf(wanted, product, start, end, points) {
  const step = Math.max(1, (end - start) / points);
  const seed = product ? product.length : 3;
  return wanted.series.map((label, index) => {
    const times = [];
    const values = [];
    for (let time = start; time <= end; time += step) {
      const wave = Math.sin(time / 400 + index * 1.7 + seed) * 0.25 + Math.sin(time / 97 + index) * 0.12;
      const scale = wanted.base / (1 + index * 0.8);
      const value = wanted.unit === "ratio" && wanted.base > 0.5 ? Math.min(1, scale + wave * 0.08) : wanted.unit === "count" ? Math.round(scale) : Math.max(0, scale * (1 + wave));
      times.push(time);
      values.push(value);
    }
    return { label, times, values };
  });
}

export function dayOf(product, day) {
  if (day && day < "2026-01-01") return [{ currencyCode: "CNY", successRate: "NaN", ledgerOk: true, ledgerDebitsMinor: "90210300", ledgerCreditsMinor: "90210300" }];
  const tick = Math.floor(Date.now() / 3000) % 500;
  const paid = 642 + product.length * 31 + tick;
  return [{
    currencyCode: "CNY", orders: String(paid + 96), paidCount: String(paid), paidMinor: String(paid * 19900 + 4567), refundedCount: "37", refundedMinor: "736300",
    commissionMinor: String(paid * 1990), successRate: 0.9312, ledgerDebitsMinor: String(paid * 39800), ledgerCreditsMinor: String(paid * 39800), ledgerOk: true,
    paymentsByState: { SUCCEEDED: String(paid), REQUIRES_ACTION: "48", PROCESSING: "3", EXPIRED: "31", CANCELED: "9", FAILED: "5" },
  }];
}

const states = ["SUCCEEDED", "REQUIRES_ACTION", "SUCCEEDED", "EXPIRED", "SUCCEEDED", "PROCESSING", "FAILED"];
export function activitiesOf(product, count) {
  const now = Date.now();
  return Array.from({ length: count }, (_, i) => ({
    eventId: `${product}-${Math.floor(now / 3000) - i}`, time: new Date(now - i * 7400).toISOString(), kind: i % 6 === 4 ? "refund" : "payment",
    subjectId: `pay_06asn3v4k1f7s8t9v0w1x2y3z${i % 10}`, orderRef: `${product}-20260901-${String(10420 - i).padStart(6, "0")}`,
    state: states[i % states.length], amountMinor: String(19900 + (i % 5) * 10050), currencyCode: "CNY",
  }));
}

export const platform = {
  routeEpoch: 7,
  cells: ["cell-a", "cell-b"],
  routes: [
    { product: "*", service: "payment", cells: [{ cell: "cell-a" }, { cell: "cell-b" }], epoch: "1" },
    { product: "acme", service: "payment", cells: [{ cell: "cell-b" }, { cell: "cell-a", drained: true }], epoch: "7" },
    { product: "*", service: "ops", cells: [{ cell: "cell-a" }], epoch: "0" },
  ],
};

export const audit = Array.from({ length: 7 }, (_, i) => ({
  auditId: String(107 - i), time: new Date(Date.now() - i * 3_600_000).toISOString(), actor: i % 2 ? "operator:dev" : "person:admin", caller: i % 2 ? "operator:dev" : "service:ops",
  action: i % 2 ? "PublishConfig" : "SetRoute", object: i % 2 ? "config/product_profile/acme" : "route/acme/payment", reason: i % 2 ? "提高单笔上限" : "单元 a 维护，先切到 b",
  beforeJson: '{"cells":[{"cell":"cell-a"},{"cell":"cell-b"}]}', afterJson: '{"cells":[{"cell":"cell-b"},{"cell":"cell-a","drained":true}]}',
}));

// Messages: of each product 130, newest first.
const ledger = (accepted, acked, vendor, expired, dropped, pending) => ({ accepted: String(accepted), acked: String(acked), vendor: String(vendor), expired: String(expired), dropped, pending: String(pending) });
export function messagesOf(product) {
  const now = Date.now();
  return Array.from({ length: 130 }, (_, i) => {
    const klass = ["RELIABLE", "ORDERED", "LOSSY", "RELIABLE", "RELIABLE"][i % 5];
    const reliable = klass === "RELIABLE";
    const state = !reliable ? "SENT" : i < 3 ? "SENT" : i % 11 === 0 ? "CANCELED" : "COMPLETED";
    const channel = ["room:math-7-1", "user:u-1001", "product", ""][i % 4];
    const delivery = !reliable ? ledger(300, 298, 0, 0, { SLOW_READER: "2" }, 0) : state === "SENT" ? ledger(120, 96, 3, 4, { COLLAPSED: "2", SLOW_READER: "1" }, 14) : state === "CANCELED" ? ledger(120, 40, 0, 0, { CANCELED: "80" }, 0) : ledger(120, 112, 5, 3, {}, 0);
    return {
      messageId: `msg_06asn3v4k1f7s8t9v0w1x2${product.slice(0, 1)}${String(999 - i)}`, class: klass, state, channel,
      target: channel.startsWith("room:") ? { roomId: channel.slice(5) } : channel.startsWith("user:") ? { userId: channel.slice(5) } : channel ? { product: true } : { audience: "grade=7 AND city=深圳 AND NOT trial" },
      sequence: reliable ? String(1000 - i) : "0", priority: i % 7 === 0 ? "HIGH" : "NORMAL", createTime: new Date(now - i * 41_000).toISOString(), expireTime: new Date(now + 3_600_000).toISOString(),
      delivery, traceId: i % 6 === 5 ? "" : "4bf92f3577b34da6a3ce929d0e0e4736", version: "3",
    };
  });
}

export const messagesDay = [
  { class: "LOSSY", messages: "5210", delivery: ledger(1563000, 1561800, 0, 0, { SLOW_READER: "1200" }, 0) },
  { class: "ORDERED", messages: "1822", delivery: ledger(546600, 546600, 0, 0, {}, 0) },
  { class: "RELIABLE", messages: "412", delivery: ledger(49440, 48102, 611, 320, { COLLAPSED: "88", SLOW_READER: "12" }, 307) },
];

const fates = [["ACKED", "", 1], ["ACKED", "", 2], ["PENDING", "", 3], ["VENDOR", "", 4], ["EXPIRED", "", 6], ["DROPPED", "COLLAPSED", 1]];
export const recipientsOf = (messageId, count) => Array.from({ length: count }, (_, i) => {
  const [state, reason, attempts] = fates[i % fates.length];
  return { userId: `u-${1001 + i}`, messageId, state, reason, attempts, updateTime: new Date(Date.now() - i * 9000).toISOString() };
});

export const connectionsOf = (userId) => userId === "u-1001" ? [
  { connectionId: "c_06asn3v4k1f7s8t9v0w1x2y3z4", userId, deviceId: "iPad-7f21", platform: "ios", connectTime: new Date(Date.now() - 1_800_000).toISOString() },
  { connectionId: "c_06asn3v4k1f7s8t9v0w1x2y3z5", userId, deviceId: "", platform: "web", connectTime: new Date(Date.now() - 320_000).toISOString() },
] : [];

// The command table: versions of each item, oldest first.
const versionOf = (name, version, value, extra = {}) => ({ name, version: String(version), value, percentage: 100, actor: "operator:dev", reason: "trv up", createTime: new Date(Date.now() - (9 - version) * 86_400_000).toISOString(), ...extra });
const ack = { number: 1, service: "trivium.push.v1.DeliveryService", method: "Acknowledge", product: "*", authScope: "AUTH_SCOPE_USER", timeout: "3s", idempotent: true, maxRequestBytes: 65536, titleZh: "确认收到", titleEn: "Acknowledge", limits: { perUser: { rate: 20, burst: 60 } } };
const rollCall = { number: 20, service: "acme.v1.CourseService", method: "RollCall", product: "acme", authScope: "AUTH_SCOPE_USER", routingKey: { source: "FIELD", fieldPath: "room.room_id" }, titleZh: "点名", titleEn: "Roll call" };
export const commands = new Map([
  ["course.roll_call", [versionOf("course.roll_call", 1, rollCall), versionOf("course.roll_call", 2, { ...rollCall, timeout: "2s" }, { actor: "person:admin", reason: "点名要快，超时放短" })]],
  ["course.old_quiz", [versionOf("course.old_quiz", 1, { ...rollCall, number: 21, method: "Quiz", titleZh: "旧版答题", titleEn: "Old quiz", deprecated: true, replacedBy: "course.roll_call", disabled: { message: "请升级客户端", retryAfter: "60s" } })]],
  ["globex.report", [versionOf("globex.report", 1, { ...rollCall, number: 30, product: "globex", method: "Report", titleZh: "学情报告", titleEn: "Report", authScope: "AUTH_SCOPE_BACKEND" })]],
  ["push.ack", [versionOf("push.ack", 1, ack), versionOf("push.ack", 2, { ...ack, limits: { perUser: { rate: 50, burst: 100 } } }, { percentage: 20, previousValue: ack, actor: "person:admin", reason: "放宽限流，先给两成用户" })]],
]);

// Rooms: of each product 60, newest first. The first is a large class with 170 people, the second a small one whose seats are taken.
const roomStates = ["LIVE", "LIVE", "SCHEDULED", "ENDED"];
const roomReasons = { ENDED: "ENDED_BY_PRODUCT", CLOSED: "TIME_OVER", CANCELED: "CANCELED_BY_PRODUCT" };
export function roomsOf(product) {
  const now = Date.now();
  const at = (ms) => new Date(ms).toISOString();
  return Array.from({ length: 60 }, (_, i) => {
    const state = roomStates[i] ?? (i % 9 === 0 ? "CANCELED" : "CLOSED");
    const small = i % 2 === 1;
    const start = now - i * 3_600_000 - 1_200_000 + (state === "SCHEDULED" ? 7_200_000 * 2 : 0);
    const began = state !== "SCHEDULED" && state !== "CANCELED";
    const over = !["SCHEDULED", "LIVE"].includes(state);
    return {
      roomId: `room_06asn3v4k1f7s8t9v0w1x2${product.slice(0, 1)}${String(999 - i)}`, roomRef: `math-7-${60 - i}`, type: small ? "SMALL" : "LARGE", title: small ? `小班口语 第 ${60 - i} 课` : `七年级数学 第 ${60 - i} 课`,
      institutionId: i % 3 === 2 ? "school-2" : "school-1", startTime: at(start), endTime: at(start + 2_700_000), autoStart: !small, autoEnd: true, seats: small ? 6 : 0, stageSize: small ? 0 : 6, staffSlots: 2,
      capacity: small ? { rtc: 14 } : { rtc: 50, fast: 100, standard: 5000 }, queueSize: 100, closeDelay: "600s", state, stateReason: roomReasons[state] ?? "", node: began ? "node-a" : "",
      ...(began ? { liveTime: at(start + 3000) } : {}), ...(over ? { endedTime: at(start + 2_700_000), closeTime: at(start + 3_300_000) } : {}), createTime: at(start - 86_400_000), updateTime: at(start), version: over ? "4" : "2",
      ...(i === 0 ? { occupancy: { rtc: 50, fast: 100, standard: 20, waiting: 0, staff: 2, seated: 2 } } : i === 1 ? { occupancy: { rtc: 8, waiting: 3, staff: 2, seated: 6 } } : state === "ENDED" ? { occupancy: {} } : {}),
    };
  });
}

const stayOf = (room, i, more) => ({ roomId: room.roomId, userId: `u-${1001 + i}`, joinId: `join_06asn3v4k1f7s8t9v0w1x2y${String(1000 + i)}`, epoch: String(100 + i), role: "STUDENT", state: "JOINED", joinTime: new Date(Date.parse(room.startTime) + i * 900).toISOString(), sequence: String(i), ...more });
// Who is in a LIVE room, by user.
export function participantsOf(room) {
  if (!room.occupancy) return [];
  const lease = { leaseExpireTime: new Date(Date.now() + 21_000).toISOString() };
  const staff = [stayOf(room, 0, { userId: "t-liu", role: "TEACHER", rung: "RTC", reason: "STAFF", ...lease }), stayOf(room, 1, { userId: "t-wang", role: "ASSISTANT", rung: "RTC", reason: "STAFF", videoMuted: true, ...lease })];
  const { rtc = 0, fast = 0, standard = 0, waiting = 0, seated = 0 } = room.occupancy;
  if (rtc === 0) return [];
  const full = [{ rung: "RTC", level: "ROOM" }, { rung: "FAST", level: "PRODUCT" }];
  const places = [
    ...Array.from({ length: rtc - 2 }, (_, i) => (i < seated ? { rung: "RTC", reason: room.type === "LARGE" ? "MOVED" : "BEST", seat: i + 1, onStage: room.type === "LARGE", audioMuted: i === 1 } : { rung: "RTC", reason: "BEST" })),
    ...Array.from({ length: fast }, () => ({ rung: "FAST", reason: "FULL", fullLevels: full.slice(0, 1) })),
    ...Array.from({ length: standard }, () => ({ rung: "STANDARD", reason: "FULL", fullLevels: full })),
    ...Array.from({ length: waiting }, (_, i) => ({ rung: "WAITING", reason: i === 0 ? "SEATS_TAKEN" : "BEHIND_QUEUE", state: "QUEUED", queuePosition: i + 1 })),
  ];
  return [...staff, ...places.map((place, i) => stayOf(room, i, { ...place, ...lease }))].sort((a, b) => (a.userId < b.userId ? -1 : 1));
}

const leaves = ["LEFT", "LEASE_EXPIRED", "LEFT", "REMOVED", "ROOM_CLOSED"];
export function staysOf(room) {
  if (["SCHEDULED", "CANCELED"].includes(room.state)) return [];
  const gone = Array.from({ length: 30 }, (_, i) => stayOf(room, 300 + i, { rung: i % 3 ? "FAST" : "RTC", reason: i % 3 ? "FULL" : "FROM_QUEUE", ...(i % 3 ? { fullLevels: [{ rung: "RTC", level: "ROOM" }] } : {}), state: "LEFT", leaveReason: leaves[i % 5], leaveTime: new Date(Date.parse(room.startTime) + 600_000 + i * 1000).toISOString() }));
  return [...participantsOf(room).map(({ leaseExpireTime: _l, queuePosition: _q, ...rest }) => rest), ...gone].sort((a, b) => (a.joinTime < b.joinTime ? 1 : -1));
}

export function eventsOf(product, room) {
  const event = (i, type, time, subject) => ({ eventId: `evt_06asn3v4k1f7s8t9v0w1x2y${String(1000 + i)}`, product, type, time: new Date(time).toISOString(), ...subject });
  const start = Date.parse(room.startTime);
  const list = [event(0, "ROOM_CREATED", start - 86_400_000, { room: { ...room, version: "1", stateReason: "" } })];
  if (room.liveTime) list.push(event(1, "ROOM_STARTED", Date.parse(room.liveTime), { room: { ...room, version: "2", stateReason: "" } }));
  for (const stay of [...staysOf(room)].reverse()) {
    list.push(event(list.length, stay.state === "QUEUED" ? "PARTICIPANT_QUEUED" : "PARTICIPANT_JOINED", Date.parse(stay.joinTime), { participant: stay }));
    if (stay.audioMuted) list.push(event(list.length, "PARTICIPANT_MUTED", Date.parse(stay.joinTime) + 500, { participant: stay }));
    if (stay.leaveTime) list.push(event(list.length, "PARTICIPANT_LEFT", Date.parse(stay.leaveTime), { participant: stay }));
  }
  if (room.endedTime) list.push(event(list.length, room.state === "CANCELED" ? "ROOM_CANCELED" : "ROOM_ENDED", Date.parse(room.endedTime), { room }));
  return list.sort((a, b) => (a.time < b.time ? 1 : -1));
}

export const roomsDay = (day) => (day && day < "2026-01-01" ? { day, timeZone: "Asia/Shanghai" } : {
  day: day || "2026-09-01", timeZone: "Asia/Shanghai", rooms: { CREATED: "41", LIVE: "38", ENDED: "33", CLOSED: "31", CANCELED: "2" },
  joins: [["RTC", "BEST", 812], ["RTC", "STAFF", 61], ["FAST", "FULL", 403], ["STANDARD", "FULL", 120], ["RTC", "FROM_QUEUE", 37]].map(([rung, reason, count]) => ({ rung, reason, count: String(count) })),
  queued: "44", reconnections: "118", leaves: { LEFT: "901", LEASE_EXPIRED: "72" }, refusals: { GRANT_EXPIRED: "6", ROOM_NOT_LIVE: "3", ROOM_QUEUE_FULL: "1" }, asOfTime: new Date().toISOString(),
});
