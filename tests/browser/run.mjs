// What a person can do on the console, and what nobody can.
import { call, check, env, equal, noHorizontalScroll, runAll, screenshot, showAll, signIn, test } from "./harness.mjs";

const refused = [/Failed to load resource.*(401|403|404|409|429|503|400)/];
const views = [
  { width: 1440, height: 900, language: "zh" },
  { width: 1440, height: 900, language: "en" },
  { width: 390, height: 844, language: "zh" },
  { width: 390, height: 844, language: "en" },
];
const words = {
  zh: { wrong: "用户名或密码不对", locked: "暂时锁定", balanced: "借贷相等", metrics: "Prometheus 没有应答", reason: "请写明原因", conflict: "刚被别人改过" },
  en: { wrong: "Wrong user name or password", locked: "locked for now", balanced: "Balanced", metrics: "Prometheus does not answer", reason: "Say why", conflict: "Somebody has just changed the plan" },
};
const day = (product) => `/products/${product}`;
const csrfOf = async (page) => ({ "x-trivium-csrf": (await call(page, "GetSession", {})).json.csrfToken });
const range = () => ({ startTime: new Date(Date.now() - 900_000).toISOString(), endTime: new Date().toISOString() });

test("sign-in page: Chinese first, English by a switch, safe headers", async (newPage) => {
  const page = await newPage({});
  const response = await page.goto(`${env.url}/sign-in`);
  const headers = response.headers();
  check(/script-src 'self'/.test(headers["content-security-policy"]) && !/script-src[^;]*unsafe/.test(headers["content-security-policy"]), "Content-Security-Policy forbids inline scripts");
  equal(headers["x-frame-options"], "DENY", "X-Frame-Options");
  check(headers["referrer-policy"], "Referrer-Policy is set");
  equal(await page.getAttribute("html", "lang"), "zh-CN", "lang");
  await screenshot(page, "sign-in-zh-1440");
  await page.click("button[lang=en]");
  equal(await page.getAttribute("html", "lang"), "en", "lang");
  await page.setViewportSize({ width: 390, height: 844 });
  await noHorizontalScroll(page);
  await screenshot(page, "sign-in-en-390");
}, { allowed: refused });

test("a wrong password is refused in words, in both languages, and an unknown name the same way", async (newPage) => {
  const page = await newPage({});
  await page.goto(`${env.url}/sign-in`);
  await page.fill("#name", env.admin.name);
  await page.fill("#password", "certainly-wrong");
  await page.press("#password", "Enter");
  await page.waitForFunction((text) => document.querySelector("[data-test=sign-in-words]").textContent.includes(text), words.zh.wrong);
  await page.click("button[lang=en]");
  check((await page.textContent("[data-test=sign-in-words]")).includes(words.en.wrong), "English words");
  const known = await call(page, "SignIn", { userName: env.admin.name, password: "wrong-again" });
  const unknown = await call(page, "SignIn", { userName: "nobody-of-that-name", password: "wrong-again" });
  equal(`${unknown.status} ${unknown.reason} ${unknown.json.message}`, `${known.status} ${known.reason} ${known.json.message}`, "answer for an unknown name");
}, { allowed: refused });

test("sign-in by keyboard, session survives a reload, sign-out ends it", async (newPage) => {
  const page = await newPage({});
  await signIn(page, env.admin);
  await page.reload();
  await page.waitForSelector("nav .person");
  const cookie = (await page.context().cookies()).find((each) => each.httpOnly);
  check(cookie && cookie.sameSite === "Strict" && cookie.path === "/", "session cookie is HttpOnly, SameSite=Strict, Path=/");
  check(!env.url.startsWith("https:") || cookie.secure, "session cookie is Secure under TLS");
  await page.keyboard.press("Tab");
  equal(await page.evaluate(() => document.activeElement.className), "skip", "first focus is the skip link");
  await page.click("nav .person button");
  await page.waitForSelector("#password");
  await page.context().addCookies([cookie]);
  equal((await call(page, "GetSession", {})).reason, "SESSION_REQUIRED", "the old cookie after sign-out");
}, { allowed: refused });

test("without a session every method is refused", async (newPage) => {
  const page = await newPage({});
  await page.goto(`${env.url}/sign-in`);
  for (const method of ["GetSession", "ListBoards", "QueryPanel", "GetProductDay", "ListActivities", "GetPlatform", "SetRoute", "ListAudit", "SignOut"]) {
    const { status, reason } = await call(page, method, {});
    equal(`${status} ${reason}`, "401 SESSION_REQUIRED", method);
  }
}, { allowed: refused });

for (const owner of env.owners) {
  test(`${owner.name} sees the own product and nothing of the others, by address or by API`, async (newPage) => {
    const admin = await newPage({});
    await signIn(admin, env.admin);
    const all = (await call(admin, "GetSession", {})).json.products.map((each) => each.product);
    const page = await newPage({});
    await signIn(page, owner);
    const own = (await call(page, "GetSession", {})).json.products.map((each) => each.product);
    equal(own.length, 1, "products of an owner");
    check((await page.locator("nav a[href^='/products/']").count()) === 1, "one product in the menu");
    check((await page.locator("nav a[href='/platform'], nav a[href='/audit']").count()) === 0, "no platform pages in the menu");
    const headers = await csrfOf(page);
    for (const other of [...all.filter((each) => !own.includes(each)), "no-such-product", ".*", `${own[0]}"} or vector(1) #`, `${own[0]}|.*`, ""]) {
      for (const [method, body] of [["GetProductDay", { product: other }], ["ListActivities", { product: other }], ["QueryPanel", { boardId: "payment", panelId: "state_changes", product: other, ...range() }]]) {
        const { status } = await call(page, method, body, headers);
        check(status === 404 || (other === "" && status === 400), `${method} of ${JSON.stringify(other)}: status ${status}, want 404`);
      }
    }
    for (const [method, body] of [["GetPlatform", {}], ["ListAudit", {}], ["QueryPanel", { boardId: "platform", panelId: "pool", ...range() }], ["SetRoute", { requestId: "browser-test-1", product: "*", service: "payment", cells: [{ cell: "cell-a" }], reason: "x", expectedEpoch: 1 }]]) {
      equal((await call(page, method, body, headers)).status, 403, `${method} by an owner`);
    }
    const other = all.find((each) => !own.includes(each));
    await page.goto(env.url + day(other));
    await page.waitForSelector("[role=alert]");
    equal(await page.locator("[data-test=kpis]").count(), 0, "figures of another product");
    await page.goto(`${env.url}/audit`);
    await page.waitForURL(/products/);
  }, { allowed: refused });
}

test("changes need the CSRF token", async (newPage) => {
  const page = await newPage({});
  await signIn(page, env.admin);
  const body = { requestId: "browser-test-csrf", product: "*", service: "payment", cells: [{ cell: "cell-a" }], reason: "x", expectedEpoch: 1 };
  for (const headers of [{}, { "x-trivium-csrf": "guess" }]) equal((await call(page, "SetRoute", body, headers)).reason, "CSRF_TOKEN_INVALID", "SetRoute");
  equal((await call(page, "SignOut", {})).reason, "CSRF_TOKEN_INVALID", "SignOut");
}, { allowed: refused });

for (const view of views) {
  const name = `${view.language}-${view.width}`;
  test(`the boards show the day, ${name}`, async (newPage) => {
    const page = await newPage(view);
    await signIn(page, env.admin);
    const products = (await call(page, "GetSession", {})).json.products.map((each) => each.product);
    for (const product of products) {
      await page.goto(env.url + day(product));
      await page.waitForSelector("[data-test=states] li");
      await showAll(page);
      const orders = Number((await page.textContent("[data-test=kpi-orders] .value")).replace(/\D/g, ""));
      check(orders > 0, `${product}: ${orders} orders`);
      check(/^¥[\d,]+\.\d\d$/.test((await page.textContent("[data-test=kpi-paid] .value")).trim()), `${product}: paid amount as ¥1,234.56`);
      check((await page.textContent("[data-test=kpi-ledger]")).includes(words[view.language].balanced), `${product}: ledger balanced`);
      check((await page.locator("[data-panel=state_changes] canvas").count()) === 1, `${product}: a chart`);
      check((await page.locator("[data-test=activity] li").count()) > 0, `${product}: activity`);
      await noHorizontalScroll(page);
      await screenshot(page, `product-${product}-${name}`);
    }
  });
  test(`services, platform and audit, ${name}`, async (newPage) => {
    const page = await newPage(view);
    await signIn(page, env.admin);
    for (const [path, ready] of [["services", "[data-panel=rate] canvas"], ["platform", "[data-test=instances] tbody tr"], ["audit", "[data-test=audit]"]]) {
      await page.goto(`${env.url}/${path}`);
      await page.waitForSelector(ready);
      if (path !== "audit") await showAll(page);
      await noHorizontalScroll(page);
      await screenshot(page, `${path}-${name}`);
    }
  });
}

test("an empty day says what to do", async (newPage) => {
  const page = await newPage({ language: "en" });
  await signIn(page, env.admin);
  const product = (await call(page, "GetSession", {})).json.products[0].product;
  await page.goto(env.url + day(product));
  const input = page.locator(".day input").first();
  await input.fill("2025-01-15");
  await input.press("Enter");
  await page.waitForFunction(() => document.querySelector("[data-test=states]")?.textContent.includes("No order on this day"));
  await screenshot(page, "empty-day-en-1440");
});

test("refreshing moves nothing", async (newPage) => {
  const page = await newPage({});
  await signIn(page, env.admin);
  await page.waitForSelector("[data-test=states] li");
  await page.waitForTimeout(2500);
  const shift = await page.evaluate(() => new Promise((resolve) => {
    let sum = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (sum += entry.value))).observe({ type: "layout-shift" });
    setTimeout(() => resolve(sum), 9000);
  }));
  check(shift < 0.02, `layout shift of ${shift} in nine seconds of refreshing`);
});

test("a route changes in the person's name, with a reason; a conflict is shown", async (newPage) => {
  const page = await newPage({});
  await signIn(page, env.admin, "/platform");
  await page.goto(`${env.url}/platform`);
  const row = page.locator("[data-test=routes] tbody tr").first();
  await row.locator("button").click();
  await page.click(".el-dialog .el-button--primary");
  await page.waitForFunction((text) => document.querySelector(".el-dialog .words").textContent.includes(text), words.zh.reason);
  await screenshot(page, "route-dialog-zh-1440");
  const platform = (await call(page, "GetPlatform", {})).json;
  const { product, service, cells } = platform.routes[0];
  const meanwhile = { requestId: `browser-${Date.now()}`, product, service, cells, reason: "browser test: meanwhile", expectedEpoch: platform.routeEpoch };
  equal((await call(page, "SetRoute", meanwhile, await csrfOf(page))).status, 200, "SetRoute");
  const reason = `browser test ${Date.now()}`;
  await page.fill("#route-reason", reason);
  await page.click(".el-dialog .el-button--primary");
  await page.waitForFunction((text) => document.querySelector(".el-dialog .conflict")?.textContent.includes(text), words.zh.conflict);
  await page.click(".el-dialog .el-button--primary");
  await page.waitForSelector("[data-test=routes] .tag.good");
  await page.goto(`${env.url}/audit`);
  await page.waitForSelector("[data-test=audit] tbody tr");
  const newest = await page.locator("[data-test=audit] tbody tr").first().textContent();
  check(newest.includes(reason) && newest.includes(`person:${env.admin.name}`), `newest audit row: ${newest}`);
}, { allowed: refused });

test("a viewer looks at the platform and cannot change it", async (newPage) => {
  const page = await newPage({});
  await signIn(page, env.viewer);
  await page.goto(`${env.url}/platform`);
  await page.waitForSelector("[data-test=routes] tbody tr");
  equal(await page.locator("[data-test=routes] tbody button").count(), 0, "edit buttons");
  const body = { requestId: "browser-test-viewer", product: "*", service: "payment", cells: [{ cell: "cell-a" }], reason: "x", expectedEpoch: 1 };
  equal((await call(page, "SetRoute", body, await csrfOf(page))).reason, "ROLE_REQUIRED", "SetRoute by a viewer");
}, { allowed: refused, skip: env.viewer ? "" : "no VIEWER given" });

test("charts say that Prometheus is down, the exact figures stay, and all comes back", async (newPage) => {
  const page = await newPage({});
  await signIn(page, env.admin);
  await page.waitForSelector("[data-panel=state_changes] canvas");
  process.kill(env.prometheusPid, "SIGSTOP");
  try {
    await page.waitForFunction((text) => document.querySelector("[data-panel=state_changes]").textContent.includes(text), words.zh.metrics, { timeout: 40_000 });
    check(/\d/.test(await page.textContent("[data-test=kpi-orders] .value")), "figures from the database stay");
    await screenshot(page, "metrics-down-zh-1440");
  } finally {
    process.kill(env.prometheusPid, "SIGCONT");
  }
  await page.waitForSelector("[data-panel=state_changes] canvas", { timeout: 40_000 });
}, { allowed: refused, skip: env.prometheusPid ? "" : "no PROMETHEUS_PID given" });

// Last: it locks this address out.
test("five wrong tries lock the name, in words", async (newPage) => {
  const page = await newPage({});
  await page.goto(`${env.url}/sign-in`);
  const name = `guess-${Date.now() % 100000}`;
  for (let i = 0; i < 6; i += 1) await call(page, "SignIn", { userName: name, password: `guess-${i}` });
  await page.fill("#name", name);
  await page.fill("#password", "guess-6");
  await page.press("#password", "Enter");
  await page.waitForFunction((text) => document.querySelector("[data-test=sign-in-words]").textContent.includes(text), words.zh.locked);
  await screenshot(page, "locked-zh-1440");
  await page.click("button[lang=en]");
  check((await page.textContent("[data-test=sign-in-words]")).includes(words.en.locked), "English words");
}, { allowed: refused });

process.exit(await runAll());
