// What the mock answers: three products of a made-up platform. Deterministic but for time.

export const products = [
  { product: "acme", displayNameZh: "极点课堂", displayNameEn: "Acme Classroom", timeZone: "Asia/Shanghai" },
  { product: "globex", displayNameZh: "环宇辅导", displayNameEn: "Globex Tutoring", timeZone: "Asia/Shanghai" },
  { product: "initech", displayNameZh: "初芽英语", displayNameEn: "Initech English", timeZone: "America/Los_Angeles" },
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
